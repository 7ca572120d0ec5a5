"""What a feed is made of, before it is written in one format or another."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A sound, film or file. `size` in bytes, 0 where unknown."""

    url: str
    mime: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One item for another reader. Texts may hold anything; the writers make them safe. Times: Unix seconds."""

    id: str
    url: str
    title: str
    html: str
    summary: str
    published: float
    updated: float
    uid: str = ""
    author: str = ""
    source: str = ""
    lang: str = ""
    tags: tuple[str, ...] = ()
    replies: str = ""
    image: str = ""
    enclosures: tuple[Enclosure, ...] = ()
    #: The number on the card, 0 to 1; None: not ranked.
    probability: float | None = None
    #: Why it stands there, on one line; "" where there is nothing to say.
    why: str = ""
    #: The title was made from the beginning of the text.
    untitled: bool = False


@dataclass(frozen=True, slots=True)
class Feed:
    """One page of a feed. Links are absolute; "" where there is no such page (RFC 5005, section 3)."""

    id: str
    title: str
    subtitle: str
    updated: float
    entries: tuple[Entry, ...]
    own: str
    home: str
    first: str
    next: str = ""
    previous: str = ""
