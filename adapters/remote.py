"""Reader servers (Miniflux, FreshRSS and others): values, and the seam that their three APIs share."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from . import secrets
from .base import Item, NotAuthorized, SourceError
from .remote_place import Place, from_address
from .rss_raw import RawEntry, RawFeed, RawMedia, line, to_item

if TYPE_CHECKING:
    from .http import Client

_PREFIX = "reader:"
MAX_BYTES = 32 << 20
#: Entry ids that this module passes on: decimal, hexadecimal, ObjectIds.
_ENTRY = re.compile(r"-?[0-9A-Za-z]{1,40}")


@dataclass(frozen=True, slots=True)
class RemoteFeed:
    """A feed that the server follows for its user."""

    id: str
    title: str
    url: str = ""
    site: str = ""
    folder: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """How an entry stands on its server; `changed` is when it last changed (Unix seconds), where the server says."""

    read: bool
    starred: bool
    changed: float | None = None


@dataclass(frozen=True, slots=True)
class RemoteEntry:
    """An entry as a server sends it: texts not yet cleaned. `tags` holds the folder too."""

    id: str
    status: Status
    feed: RemoteFeed
    url: str = ""
    title: str = ""
    author: str = ""
    html: str = ""
    published: str = ""
    tags: tuple[str, ...] = ()
    media: tuple[tuple[str, str, int], ...] = ()
    comments_url: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """A page of entries, newest first. `following` is the token of the next one, "" at the end."""

    items: tuple[Item, ...]
    ids: tuple[str, ...]
    following: str = ""


@dataclass(frozen=True, slots=True)
class News:
    """What a server says has changed; None: the entry is gone there. `through`: the newest change (Unix seconds)."""

    changed: Mapping[str, Status | None]
    through: float = 0.0


class Remote(Protocol):
    """A signed-in server. Every call raises `SourceError` and nothing else."""

    place: Place

    async def page(self, older: str) -> Listing:
        """Entries, newest first; `older` is "" or an earlier `following`."""
        ...

    async def stars(self, older: str) -> Listing:
        """Starred entries, newest first, as `page` gives all of them."""
        ...

    async def news(self, agreed: Mapping[str, Status | None], since: float) -> News:
        """How entries stand that differ from what was `agreed` (None: nothing yet). `since` is an earlier `through`."""
        ...

    async def look(self, ids: Sequence[str]) -> dict[str, Status]:
        """How these entries stand now; those that are gone are left out."""
        ...

    async def mark(self, ids: Sequence[str], *, read: bool | None = None, starred: bool | None = None) -> None:
        """Bring entries into a state; those that are in it already, or gone, stay as they are."""
        ...

    async def feeds(self) -> list[RemoteFeed]:
        """What the user follows there."""
        ...


class FollowsHere(Protocol):
    """A server that can be told what to follow. Every call raises `SourceError` and nothing else."""

    async def feeds(self) -> list[RemoteFeed]:
        """What the user follows there."""
        ...

    async def subscribe(self, url: str, title: str, folder: str) -> None:
        """Follow a feed; one that is followed already stays as it is. `folder` is made where it is not there."""
        ...

    async def unsubscribe(self, feed: RemoteFeed) -> None:
        """Follow a feed no more; one that is gone already is fine."""
        ...


def entry_id(value: object) -> str:
    """An id of an entry, safe inside a path or a list; "" for anything else."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text if _ENTRY.fullmatch(text) else ""


def items_of(entries: Sequence[RemoteEntry], place: Place, now: float) -> tuple[Item, ...]:
    """Clean items, read exactly as the feed itself would be, so that an article met both ways is joined.

    An entry without an author is by its feed: that is whom one mutes. `now` is Unix seconds.
    """
    return tuple(_item(entry, place, now) for entry in entries)


def _item(entry: RemoteEntry, place: Place, now: float) -> Item:
    feed = entry.feed
    raw = RawEntry(
        guid=entry.id, link=entry.url, title=entry.title, body=entry.html, body_form="html",
        published=entry.published, author=entry.author, comments_url=entry.comments_url, base=entry.url,
        tags=list(entry.tags), media=[RawMedia(url, mime, size=size) for url, mime, size in entry.media],
    )  # fmt: skip
    whole = RawFeed(author=feed.title, base=feed.site or feed.url or place.base)
    item = to_item(raw, whole, place.prefix + entry.id, feed.site or feed.url, now)
    named = {"entry": entry.id, "feed": line(feed.title, "unknown", 200)}
    return replace(item, extra={**item.extra, **{k: v for k, v in named.items() if v}})


def suspects(agreed: Mapping[str, Status | None], unread: frozenset[str], starred: frozenset[str]) -> list[str]:
    """Entries that the lists of ids show otherwise than agreed, or that nothing is agreed of."""

    def odd(entry: str, status: Status | None) -> bool:
        if status is None:
            return entry not in unread or entry in starred
        return status.read != (entry not in unread) or status.starred != (entry in starred)

    return [entry for entry, status in agreed.items() if odd(entry, status)]


def token_key(place: Place) -> str:
    """Name under which `secrets` keeps the token of an account."""
    return _PREFIX + place.address


def accounts() -> tuple[Place, ...]:
    """Accounts signed in on this machine."""
    names = [name.removeprefix(_PREFIX) for name in secrets.names() if name.startswith(_PREFIX)]
    return tuple(p for name in names if (p := from_address(name.partition(":")[0], name)))


async def token_of(place: Place) -> str:
    """The token of an account (off the event loop: a keyring may take seconds). Raises `NotAuthorized`."""
    token = await asyncio.to_thread(secrets.get, token_key(place)) if place.user else None
    if not token:
        raise NotAuthorized(f"You are not signed in to {place.account} on this machine", hint=sign_in_hint(place))
    return token


def sign_in_hint(place: Place) -> str:
    return f"Sign in with `penchant reader login {place.base}`; nothing is lost meanwhile."


def refused(error: SourceError, place: Place) -> SourceError:
    """A refusal in the words of an account; other failures as they are."""
    if not isinstance(error, NotAuthorized):
        return error
    words = f"{place.host} no longer accepts the sign-in of {place.user} (token revoked or password changed)"
    return NotAuthorized(words, hint=sign_in_hint(place), retry_after=error.retry_after)


async def get(client: Client, place: Place, path: str, headers: Mapping[str, str]) -> bytes:
    """GET below the server's base with the account's own headers, which never leave the host."""
    try:
        answer = await client.get(
            place.base + path, headers=headers, typed=True, ok=(200,), api=True, max_bytes=MAX_BYTES
        )
    except SourceError as error:
        raise refused(error, place) from error
    return answer.body
