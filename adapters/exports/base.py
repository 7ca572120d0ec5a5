"""The seam between an export that the reader owns and the rest of penchant.

A reader of one kind of export turns an `Archive` into entries: what was
found, what had to be left out and why, and what was broken. It stores nothing
and asks no server.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from penchant.adapters.base import Item, SourceError

from .archive import Archive

ActKind = Literal["authored", "liked", "reposted", "quoted", "replied", "saved"]


class Broken(SourceError):
    """A part of an export that cannot be read; what came before it is kept."""

    hint = "What could be read was kept. Ask the service for the export again and import that one too."


@dataclass(frozen=True, slots=True)
class Act:
    """What the reader did with an item, and when (Unix seconds UTC; None where the export does not say)."""

    kind: ActKind
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One item of an export and what the reader did with it.

    `sketch`: the export knows little of the item (a liked post without its author, a bare address), so it
    never replaces what is stored. `known_as` are (kind, native id) under which a source may have brought it.
    `unavailable` counts what the export refers to and does not hold.
    """

    item: Item
    acts: tuple[Act, ...]
    sketch: bool = False
    known_as: tuple[tuple[str, str], ...] = ()
    unavailable: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed that the reader followed elsewhere."""

    url: str
    title: str = ""
    folder: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """Entries left out on purpose, and why."""

    why: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Trouble:
    """A file that could not be read to its end: what happened and how much of it was kept."""

    what: str


Entry = Record | Feed | Skipped | Trouble


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose export it is: `address` is stable ("twitter:ada"), `title` for the sources screen."""

    address: str
    title: str


class Export(Protocol):
    """One kind of export. Instances hold no state."""

    kind: ClassVar[str]

    def members(self, archive: Archive) -> list[str]:
        """Names of the files that `read` will read, in its order; none: the archive is of another kind."""
        ...

    def owner(self, archive: Archive) -> Owner:
        """Whose it is. Raises nothing: an unreadable account has no name."""
        ...

    def read(self, archive: Archive) -> Iterator[Entry]:
        """Every entry, always in the same order. A broken file is a `Trouble`, never an exception."""
        ...
