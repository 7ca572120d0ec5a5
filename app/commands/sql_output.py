"""Rows of SQL as a table, as CSV and as JSON Lines; what models do meanwhile, on standard error."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from .output import dumps, note, plain, say, table

if TYPE_CHECKING:
    from penchant.app.sql.book import Progress

#: Characters of a cell in a table, and of a blob.
CELL, BLOB = 2_000, 16
Row = tuple[Any, ...]


def show(names: Sequence[str], rows: Iterable[Row], form: str) -> int:
    """Print rows as they come ("csv", "json"; "table" on a terminal once all are there); returns how many."""
    rows = _begun(rows)
    if form == "json":
        return _count(rows, lambda row: say(dumps(_object(names, row))))
    if form == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow([plain(name) for name in names])
        return _count(rows, lambda row: writer.writerow([_whole(value) for value in row]))
    if not sys.stdout.isatty():
        say("\t".join(plain(name) for name in names))
        return _count(rows, lambda row: say("\t".join(_cell(value) for value in row)))
    cells = [[_cell(value) for value in row] for row in rows]
    if cells:
        widths = [max(len(row[place]) for row in cells) for place in range(len(names))]
        table([plain(name) for name in names], cells, flexible=widths.index(max(widths)))
    return len(cells)


def _begun(rows: Iterable[Row]) -> Iterable[Row]:
    """The same rows, the first one taken: what fails at once prints no headings."""
    going = iter(rows)
    first = next(going, None)
    return going if first is None else chain((first,), going)


def _count(rows: Iterable[Row], write: Any) -> int:
    number = 0
    for number, row in enumerate(rows, 1):  # noqa: B007
        write(row)
        sys.stdout.flush()
    return number


def _object(names: Sequence[str], row: Row) -> dict[str, Any]:
    """Columns of the same name get numbers: nothing is lost."""
    found: dict[str, Any] = {}
    for name, value in zip(names, row, strict=True):
        key, number = name, 2
        while key in found:
            key, number = f"{name} {number}", number + 1
        found[key] = None if isinstance(value, float) and value - value != 0 else value
    return found


def _whole(value: Any) -> Any:
    """For CSV: lines of a text stay, everything else that could command a terminal goes."""
    if isinstance(value, bytes):
        return value.hex()
    return "\n".join(plain(line) for line in value.split("\n")) if isinstance(value, str) else value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, bytes):
        return value[:BLOB].hex() + ("…" if len(value) > BLOB else "")
    return plain(str(value)[: 2 * CELL], CELL)


class Asking:
    """One line on standard error while models answer, on a terminal only."""

    def __init__(self) -> None:
        self._shown = False
        self._at = 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if not sys.stderr.isatty() or (self._shown and now - self._at < 0.1):
            return
        self._at, self._shown = now, True
        sys.stderr.write(f"\r\x1b[2K{words(progress)}")
        sys.stderr.flush()

    def clear(self) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
            self._shown = False


def words(progress: Progress) -> str:
    """How far it is."""
    if not progress.asked:
        return "starting the model, which then reads the first texts …"
    about = f" of {'' if progress.exact else 'at most '}{progress.total:,}" if progress.total >= progress.asked else ""
    speed = f"; {progress.asked / progress.seconds:.1f} a second" if progress.seconds > 0 else ""
    return f"asked {progress.asked:,}{about}{speed}; Ctrl-C keeps what was answered"


def cut(rows: int, most: int) -> Iterator[str]:
    """What to say of a limit that was met."""
    if rows >= most:
        yield f"Only the first {most:,} rows were asked for: --rows N changes that."


def tell(notes: Iterable[str]) -> None:
    for each in dict.fromkeys(notes):
        note(plain(each))
