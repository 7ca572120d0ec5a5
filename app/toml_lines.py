"""Find the line of a key in TOML text, for error messages (tomllib keeps no positions)."""

from __future__ import annotations

import re

_HEADER = re.compile(r"^\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")


def line_of(text: str, where: tuple[str, ...]) -> int:
    """Line (from 1) where the dotted key `where` is set, else of its table, else 0.

    A best guess on correct TOML: text inside multi-line strings can mislead
    it, which costs a wrong line number in a message and nothing else.
    """
    table: tuple[str, ...] = ()
    best = 0
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            table = _parts(header[1])
            if table == where:
                return number
            if where[: len(table)] == table:
                best = number
        elif (key := _KEY.match(line)) and (full := table + _parts(key[1]))[: len(where)] == where[
            : len(full)
        ]:
            if len(full) >= len(where):
                return number
            best = number
    return best


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
