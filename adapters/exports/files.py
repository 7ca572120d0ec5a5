"""What readers of exports share: finding their files, and turning a broken file into words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from .archive import Archive
from .base import Broken, Entry, Trouble
from .streams import Reading

#: Reads one file: (archive, name, how it goes) -> entries.
FileReader = Callable[[Archive, str, Reading], Iterator[Entry]]


def base_name(name: str) -> str:
    """The file without its folders."""
    return name.rpartition("/")[2]


def named(archive: Archive, pattern: str) -> list[str]:
    """Files whose own name matches; parts of a list ("-part2") in the order of their numbers."""
    wanted = re.compile(pattern, re.IGNORECASE)
    found = [name for name in archive.names() if wanted.fullmatch(base_name(name))]
    return sorted(found, key=lambda name: _order(name.rpartition(".")[0]))


def _order(name: str) -> tuple[Any, ...]:
    return tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"([0-9]{1,12})", name))


def head(archive: Archive, name: str, size: int = 8192) -> str:
    """The beginning of a file as text; "" where it cannot be read."""
    from .streams import texts

    try:
        return next(texts(archive, name, Reading()), "")[:size]
    except Broken:
        return ""


def whole(archive: Archive, names: list[str], read: FileReader) -> Iterator[Entry]:
    """The entries of files one after the other; a file that breaks off says so and the next one begins."""
    for name in names:
        reading = Reading()
        try:
            yield from read(archive, name, reading)
        except Broken as error:
            kept = f"{reading.count:,} entries before it were kept" if reading.count else "nothing in it could be used"
            yield Trouble(f"{error}; {kept}")
        if reading.garbled:
            yield Trouble(f"{name} has characters in another encoding than UTF-8; they show as \ufffd")
