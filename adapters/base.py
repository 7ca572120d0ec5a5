"""The seam between a source of items and the rest of penchant.

An adapter turns one remote service into pages of `Item`. It knows nothing of
the database, the ranking or the screen: everything it returns is a frozen
value made of cleaned plain text (see `text.py`), numbers and addresses.
"""

from __future__ import annotations

import copyreg
import hashlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from .hidden import hide

if TYPE_CHECKING:
    from .http import Client

#: Opaque JSON object handed back to `Source.fetch` next time ({} at first).
Cursor = dict[str, Any]
#: What the reader configured for one subscription: {"address": ..., ...}.
Settings = Mapping[str, Any]

#: How addresses of files inside an export of the reader's own begin (see `exports.inside`). Nobody else may use them.
INSIDE = "export:"

MediaKind = Literal["image", "video", "audio", "file"]
SightingKind = Literal["post", "boost", "link", "list", "reply", "quote"]


@dataclass(frozen=True, slots=True)
class Author:
    """A person or publication. `key` is stable and unique across services."""

    key: str
    name: str
    handle: str = ""
    url: str = ""
    avatar_url: str = ""


@dataclass(frozen=True, slots=True)
class Media:
    """A picture, video, sound or file attached to an item (never its bytes)."""

    url: str
    kind: MediaKind = "image"
    alt: str = ""
    mime: str = ""
    preview_url: str = ""
    width: int = 0
    height: int = 0
    size: int = 0
    blurhash: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A hyperlink of the text; the text shows its number as ``[1]``."""

    url: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """Who brought an item here, how and when (Unix seconds, UTC)."""

    how: SightingKind
    at: float | None = None
    by: Author | None = None


@dataclass(frozen=True, slots=True)
class Poll:
    """Options with their votes (None where the service hides them)."""

    options: tuple[tuple[str, int | None], ...]
    closes_at: float | None = None
    multiple: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to read, as its source gave it.

    `native_id` is stable and unique among all items of the adapter's kind
    (a guid, a status URI, "hn:8863"). Times are Unix seconds UTC, None where
    the source does not say. Every text field is clean plain text.
    """

    native_id: str
    url: str
    title: str = ""
    text: str = ""
    author: Author | None = None
    published: float | None = None
    updated: float | None = None
    lang: str = ""
    tags: tuple[str, ...] = ()
    media: tuple[Media, ...] = ()
    links: tuple[Link, ...] = ()
    points: int | None = None
    comments: int | None = None
    comments_url: str = ""
    in_reply_to: str = ""
    thread: str = ""
    content_warning: str = ""
    sensitive: bool = False
    poll: Poll | None = None
    sightings: tuple[Sighting, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def content_hash(self) -> bytes:
        """16 bytes over what the reader would read; points do not count."""
        parts = [self.title, self.text, self.content_warning, *(m.url + "\x1f" + m.alt for m in self.media)]
        parts += [m.preview_url for m in self.media if m.preview_url.startswith(INSIDE)]
        return hashlib.blake2b("\x1e".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


@dataclass(frozen=True, slots=True)
class Page:
    """Some items and the cursor that follows them; both are stored together.

    `deleted` names native ids that the source says are gone. `title` is the
    source's own name, `moved_to` its new permanent address, `gone` that it
    ended for good, `interval` the polling interval it asks for (seconds) and
    `total` how many items this fetch expects in all (for a progress bar).
    """

    items: tuple[Item, ...]
    cursor: Cursor
    deleted: tuple[str, ...] = ()
    title: str = ""
    site_url: str = ""
    moved_to: str = ""
    gone: bool = False
    interval: float | None = None
    total: int | None = None


def _pickled_by_position(kind: type) -> None:
    """Pickle by constructor arguments: 24 instead of 47 microseconds for an item there and back."""
    values = attrgetter(*(entry.name for entry in fields(kind)))

    def reduce(value: object) -> tuple[type, tuple[Any, ...]]:
        return kind, values(value)

    copyreg.pickle(kind, reduce)


for _kind in (Author, Media, Link, Sighting, Poll, Item):
    _pickled_by_position(_kind)


class SourceError(Exception):
    """A failure of one source, in words for the reader.

    `str(error)` says what happened; `hint` says what it means and what to do.
    `retry_after` is the number of seconds the server asked us to wait. Neither holds a credential that was read here.
    """

    hint: str = "penchant will try again later; nothing is lost."

    def __init__(self, message: str, *, hint: str = "", retry_after: float | None = None) -> None:
        super().__init__(hide(message))
        self.hint = hide(hint or self.hint)
        self.retry_after = retry_after


class Unreachable(SourceError):
    hint = "Check your network or the address; penchant will try again later."


class NotConnected(Unreachable):
    """There was no connection at all, so nothing was sent."""


class TimedOut(SourceError):
    hint = "The server is too slow or hangs; penchant will try again later."


class TooLarge(SourceError):
    hint = "The answer is larger than penchant accepts; the rest was not read."


class Malformed(SourceError):
    hint = "The answer is not a feed penchant can read; check the address in a browser."


class NotAuthorized(SourceError):
    hint = "The token or password was refused; sign in again with `penchant add`."


class NotFound(SourceError):
    hint = "Nothing is at this address; check it or remove the source."


class Gone(SourceError):
    hint = "The source says it ended for good; it is paused. Remove it when you like."


class RateLimited(SourceError):
    hint = "The server asks for patience; penchant waits as long as it says."


class ServerFailure(SourceError):
    hint = "The server has a fault of its own; penchant will try again later."


class Refused(SourceError):
    hint = "penchant does not follow a remote redirect to such an address; subscribe to it yourself if you trust it."


class BadSettings(SourceError):
    hint = "Correct the settings of this source or remove it."


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What an address that the reader typed turned out to be."""

    kind: str
    address: str
    title: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Source(Protocol):
    """One kind of source. Instances hold no state: the cursor is the state."""

    kind: ClassVar[str]
    #: Shortest polling interval this service tolerates, in seconds.
    min_interval: ClassVar[float]

    def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        """Yield pages, newest first. Raises `SourceError` and nothing else."""
        ...

    def recognise(self, address: str) -> Suggestion | None:
        """Say whether a typed address is of this kind, without any request."""
        ...
