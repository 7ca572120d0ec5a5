"""Rows of SQL as a table, as CSV and as JSON Lines; what models do meanwhile, on standard error."""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from .output import console, dumps, note, plain, say

if TYPE_CHECKING:
    from penchant.app.sql.book import Progress

#: Characters of a cell in a table, and of a blob.
CELL, BLOB = 2_000, 16
#: Cells of a column that is never cut, and between two columns.
NARROW, GAP = 14, 2
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
        _draw([plain(name) for name in names], cells)
    return len(cells)


def _draw(headings: Sequence[str], cells: Sequence[Sequence[str]]) -> None:
    """A table; where the columns do not fit beside each other, a line for each column of each row."""
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    screen = console()
    wanted = [max(cell_len(name), *(cell_len(row[place]) for row in cells)) for place, name in enumerate(headings)]
    given = widths(wanted, screen.width - GAP * (len(wanted) - 1))
    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, GAP, 0, 0), show_header=bool(given))
    if given:
        for heading, wide in zip(headings, given, strict=True):
            grid.add_column(Text(heading), no_wrap=True, overflow="ellipsis", width=wide)
        for row in cells:
            grid.add_row(*map(Text, row))
    else:
        grid.add_column(style="bold", no_wrap=True, min_width=max(map(cell_len, headings)))
        grid.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
        for row in cells:
            for heading, cell in zip(headings, row, strict=True):
                grid.add_row(Text(heading), Text(cell))
            grid.add_row()
    screen.print(grid)


def widths(wanted: Sequence[int], room: int) -> list[int]:
    """How wide each column gets: narrow ones are never cut, the others share the rest. [] where that is too little."""
    free = [place for place, wide in enumerate(wanted) if wide > NARROW]
    left = room - sum(wide for wide in wanted if wide <= NARROW)
    given = list(wanted)
    while free:
        share = left // len(free)
        if share < NARROW:
            return []
        fitting = [place for place in free if wanted[place] <= share]
        if not fitting:
            for place in free:
                given[place] = share
            break
        left -= sum(wanted[place] for place in fitting)
        free = [place for place in free if place not in fitting]
    return given if left >= 0 else []


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
