"""`penchant export opml|jsonl [FILE]`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from penchant.app.errors import PenchantError

from .context import Context
from .output import note


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "format",
        choices=["opml", "jsonl"],
        help="opml: what you follow; jsonl: everything, one JSON object a line",
    )
    parser.add_argument("file", nargs="?", help="where to (default: standard output)")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app import export

    if args.format == "opml":
        others = sum(source.kind != "rss" for source in context.store.subscriptions.all())
        if others:
            note(f"OPML holds feeds only: {others} of your sources left out; `export jsonl` writes all of them.")
    chunks = export.opml(context.store) if args.format == "opml" else export.jsonl(context.store)
    if args.file is None:
        for chunk in chunks:
            sys.stdout.write(chunk)
        return None
    target = Path(args.file).expanduser()
    if target.exists() and not args.force:
        raise PenchantError(
            f"{target} exists already", hint="Choose another name, or overwrite it with --force."
        )
    part = target.with_name(target.name + ".part")
    try:
        with open(part, "w", encoding="utf-8", newline="\n") as out:
            for chunk in chunks:
                out.write(chunk)
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise PenchantError(
            f"{target} cannot be written: {error.strerror}", hint="Choose another place; nothing was changed."
        ) from error
    note(f"written: {target}")
    return None
