"""`penchant backup FILE`: a consistent copy, also while penchant runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from penchant.app.errors import PenchantError

from .context import Context
from .output import say


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", help="where to (default: a dated file beside the archive)")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.store.backup import backup, dated

    archive = context.paths.archive
    target = Path(args.file).expanduser() if args.file else dated(archive, archive.parent)
    if target.is_dir():
        target = dated(archive, target)
    if not target.parent.is_dir():
        raise PenchantError(f"there is no folder {target.parent}", hint="Make it, or choose another place.")
    written = backup(archive, target, overwrite=args.force)
    say(f"{written}  ({written.stat().st_size / 1e6:.1f} MB)")
    return None
