"""`penchant export opml|jsonl|events [FILE]`."""

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
        choices=["opml", "jsonl", "events"],
        help="opml: what you follow; jsonl: everything, one JSON object a line; events: what you did, for another"
        " machine (`penchant import FILE` takes it in; FILE.gz is packed)",
    )
    parser.add_argument("file", nargs="?", help="where to (default: standard output)")
    parser.add_argument("--force", action="store_true", help="overwrite an existing file")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app import export

    if args.format == "events":
        _events(args, context)
        return None
    if args.format == "opml":
        others = sum(source.kind != "rss" for source in context.store.subscriptions.all())
        if others:
            note(f"OPML holds feeds only: {others} of your sources left out; `export jsonl` writes all of them.")
    chunks = export.opml(context.store) if args.format == "opml" else export.jsonl(context.store)
    if args.file is None:
        for chunk in chunks:
            sys.stdout.write(chunk)
        return None
    target = _target(args)
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


def _target(args: argparse.Namespace) -> Path:
    target = Path(args.file).expanduser()
    if target.exists() and not args.force:
        raise PenchantError(f"{target} exists already", hint="Choose another name, or overwrite it with --force.")
    return target


def _events(args: argparse.Namespace, context: Context) -> None:
    from penchant.app.eventlog.files import write_lines
    from penchant.app.eventlog.folder import machine_of
    from penchant.app.eventlog.writing import lines

    found = lines(context.store, machine_of(context.paths))
    if args.file is None:
        for line in found:
            sys.stdout.write(line)
        return
    target = _target(args)
    count = write_lines(target, found)
    note(f"written: {target} ({count:,} lines)")
