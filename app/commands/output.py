"""What commands print: plain text that can carry no control byte, JSON that can carry none either."""

from __future__ import annotations

import json
import re
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

#: Everything that moves a cursor, changes colour or reorders text: C0, DEL, C1, bidi controls, line
#: separators, lone surrogates.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]")


#: Columns that are not the flexible one take at most so many cells of a terminal.
WIDEST = 24


def plain(text: str, limit: int = 0) -> str:
    """One line of `text` without control characters, cut to `limit` characters where given."""
    line = _UNSAFE.sub(" ", text)
    return line[: limit - 1] + "…" if limit and len(line) > limit else line


def dumps(value: Any) -> str:
    """One line of JSON. Unsafe characters are written as escapes, so nothing is lost."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_jsonable)
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _jsonable(value: Any) -> Any:
    import dataclasses
    from collections.abc import Mapping

    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def say(text: str = "") -> None:
    """A line on standard output."""
    print(text)


def note(text: str) -> None:
    """A line for a person, on standard error."""
    print(text, file=sys.stderr)


def console() -> Console:
    """rich's console on standard output: no colours on a pipe or with NO_COLOR, full width on a pipe."""
    from rich.console import Console

    tty = sys.stdout.isatty()
    return Console(
        markup=False,
        emoji=False,
        highlight=False,
        width=None if tty else 200,
        soft_wrap=False,
        legacy_windows=False,
    )


def table(headings: list[str], rows: list[list[str]], *, flexible: int) -> None:
    """Print rows under headings; on a pipe as tab-separated lines without any drawing.

    `flexible` is the column that is cut when the terminal is too narrow.
    """
    if not sys.stdout.isatty():
        say("\t".join(headings))
        for row in rows:
            say("\t".join(plain(cell) for cell in row))
        return
    from rich.table import Table
    from rich.text import Text

    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for number, heading in enumerate(headings):
        fluid = number == flexible
        widest = None if fluid else WIDEST
        grid.add_column(
            heading, no_wrap=True, overflow="ellipsis", ratio=1 if fluid else None, max_width=widest
        )
    for row in rows:
        grid.add_row(*(Text(plain(cell)) for cell in row))
    console().print(grid)


def age(then: float | None, now: float | None = None) -> str:
    """How long ago, in at most four characters: 5m, 3h, 12d, 2y; "" where unknown."""
    if then is None:
        return ""
    seconds = (time.time() if now is None else now) - then
    for size, unit in ((31_557_600, "y"), (86_400, "d"), (3_600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return "now"
