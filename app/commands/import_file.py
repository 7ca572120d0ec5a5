"""`penchant import PATH`: what the reader already owns; `penchant import undo SOURCE` takes an import back."""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .output import dumps, note, plain, say

if TYPE_CHECKING:
    from penchant.app.importing import Progress, Report

#: An OPML file of 100,000 feeds is about 20 MB; nothing else is read from standard input.
MAX_BYTES = 32 << 20


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words", nargs="+", metavar="PATH",
        help="an export (zip, folder or file), or a list of feeds (OPML, newsboat); `opml FILE` (- is standard input)"
        " says that it is OPML; `undo SOURCE` takes an import back; `fill` asks for what is missing, with your consent",
    )  # fmt: skip
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="fill: ask about so many items (100)")
    parser.add_argument("--yes", action="store_true", help="fill: agree to asking without a question")
    parser.add_argument("--as", dest="kind", default="", metavar="KIND", help="what it is, where that cannot be told")
    parser.add_argument("--json", action="store_true", help="the summary as one JSON object")


def run(args: argparse.Namespace, context: Context) -> int | None:
    first, *rest = args.words
    if first == "undo" and len(rest) == 1:
        return _undo(rest[0], context)
    if first == "fill" and not rest:
        from .import_fill import run as fill

        if args.limit < 1:
            raise UsageError("--limit must be 1 or more", hint="`penchant import fill --limit 500`.")
        return fill(args, context)
    if first == "opml" and len(rest) == 1:
        return _opml(rest[0], args, context)
    if rest:
        raise UsageError("`penchant import` takes one path", hint="Put a path with blanks into quotes.")
    from penchant.adapters.exports import KINDS

    if args.kind and args.kind not in KINDS:
        raise UsageError(f"{args.kind} is no kind of export", hint=f"There are {', '.join(KINDS)}.")
    return _import(Path(first).expanduser(), args.kind, args, context)


def _import(path: Path, kind: str, args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app import importing
    from penchant.app.eventlog.files import is_log

    if not kind and path.is_file() and is_log(path):
        _merge(path, args, context)
        return None
    with Bar() as bar:
        report = importing.run(context.store, path, bar.show, kind)
    if args.json:
        say(dumps(report))
    else:
        _tell(report)
    if report.troubles and not (report.found or report.feeds):
        raise PenchantError(f"{path} could not be read", hint="Nothing was imported. Ask for the export again.")
    return None


def _merge(path: Path, args: argparse.Namespace, context: Context) -> None:
    """A log of events that another machine wrote (`penchant export events`)."""
    from penchant.app.eventlog.files import read_lines
    from penchant.app.eventlog.merging import merge

    merged = merge(context.store, read_lines(path))
    if args.json:
        say(dumps({**asdict(merged), "machines": sorted(merged.machines)}))
        return
    say(f"took in {merged.events:,} events and {merged.items:,} items; {merged.known:,} events were here already")
    if merged.nameless:
        note(f"{merged.nameless:,} events name items that are gone on both machines.")
    for why, count in merged.troubles.most_common():
        note(f"{count:,} lines left out: {plain(why)}")


def _tell(report: Report) -> None:
    """The summary: what was found and what became of it, then what was left out and what was broken."""
    if report.feeds:
        for name in report.new_feeds:
            say(plain(name))
        new = len(report.new_feeds)
        note(f"{new} new, {report.feeds - new} followed already. `penchant sync` fetches them.")
    if report.source_id:
        say(f"{plain(report.title)} (source {report.source_id})")
        for name, count in _lines(report):
            say(f"{name}\t{count}" if not sys.stdout.isatty() else f"  {name:<20} {count:>9,}")
    if not (report.found or report.feeds or report.troubles):
        note("It holds nothing to import.")
    for why, count in report.skipped.most_common():
        say(f"skipped\t{count}\t{plain(why)}" if not sys.stdout.isatty() else f"  skipped {count:,}: {plain(why)}")
    for trouble in report.troubles:
        note(f"damaged: {plain(trouble)}")
    if report.resumed:
        note(f"An interrupted import went on behind entry {report.resumed:,}.")
    if report.source_id:
        note(f"`penchant import undo {report.source_id}` takes all of it back.")


def _lines(report: Report) -> list[tuple[str, int]]:
    rows = [("found", report.found), ("imported", report.new), ("already known", report.known)]
    rows += [(act, count) for act, count in report.acts.most_common()]
    return [*rows, ("unavailable", report.unavailable)]


def _opml(name: str, args: argparse.Namespace, context: Context) -> int | None:
    """A list that the reader says is OPML; it is imported whole or refused."""
    from penchant.adapters import opml
    from penchant.adapters.base import SourceError

    data = _read(name)
    try:
        feeds = opml.parse(data)
    except SourceError as error:
        raise PenchantError(f"{name}: {error}", hint=error.hint) from error
    if not feeds:
        raise PenchantError(
            f"{name} names no feeds",
            hint="An OPML file lists feeds as <outline xmlUrl=...>; export it again.",
        )
    with tempfile.TemporaryDirectory(prefix="penchant-") as folder:
        path = Path(folder, "feeds.opml")
        path.write_bytes(data)
        return _import(path, "opml", args, context)


def _read(name: str) -> bytes:
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(name).expanduser().open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise PenchantError(f"{name} cannot be read: {error.strerror}", hint="Check the name of the file.") from error
    if len(data) > MAX_BYTES:
        raise PenchantError(f"{name} is larger than {MAX_BYTES >> 20} MB", hint="That is no list of feeds.")
    return data


def _undo(name: str, context: Context) -> int | None:
    from penchant.app import importing

    source, count = importing.undo(context.store, name)
    say(f"took back {plain(source.title or source.address)}: {count:,} marks of it are gone")
    return None


class Bar:
    """A progress bar on a terminal, nothing elsewhere."""

    def __init__(self) -> None:
        self._progress: Any = None
        self._task: Any = None

    def __enter__(self) -> Bar:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

            self._progress = Progress(
                TextColumn("{task.description}", markup=False), BarColumn(bar_width=30), DownloadColumn(),
                TimeRemainingColumn(), console=Console(stderr=True, markup=False, emoji=False),
            )  # fmt: skip
            self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._progress is not None:
            self._progress.stop()

    def show(self, progress: Progress) -> None:
        """Bytes read of bytes there, and the entries found in them."""
        if self._progress is None:
            return
        if self._task is None:
            self._task = self._progress.add_task("", total=progress.total)
        words = f"{progress.report.found + progress.report.feeds:,} found"
        self._progress.update(self._task, completed=progress.done, description=words)
