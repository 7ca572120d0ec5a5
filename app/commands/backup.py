"""`penchant backup FILE`: a consistent copy, also while penchant runs."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from penchant.app.errors import PenchantError

from .context import Context
from .output import say


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", help="where to (default: a dated file beside the archive)")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def run(args: argparse.Namespace, context: Context) -> int | None:
    archive = context.paths.archive
    if not archive.exists():
        raise PenchantError("there is no archive to copy yet", hint="`penchant add ADDRESS` makes one.")
    dated = archive.with_name(time.strftime("archive-%Y%m%d-%H%M%S.db"))
    target = Path(args.file).expanduser() if args.file else dated
    if target.is_dir():
        target = target / dated.name
    if target.exists() and not args.force:
        raise PenchantError(f"{target} exists already", hint="Choose another name, or overwrite it with --force.")
    from penchant.app.store import doctor

    doctor.backup(archive, target)
    say(f"{target}  ({target.stat().st_size / 1e6:.1f} MB)")
    return None
