"""Listening to a Mastodon server's streaming API (Server-Sent Events): that something happened, and of which sort.

Only names of events are taken. What happened is read by the ordinary fetch, which alone knows cursor and gaps.
https://docs.joinmastodon.org/methods/streaming/
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from .base import Malformed, NotFound, Settings, SourceError
from .http_headers import retry_after_seconds
from .mastodon_api import open_session
from .mastodon_place import Place, from_settings
from .wire import decode, record, text

if TYPE_CHECKING:
    from .http import Client

#: The server sends ":thump" every 15 s; without a byte for so long (seconds) the connection is dead.
SILENCE = 90.0
#: Of a line nothing but its beginning matters; a line longer than this many bytes is no event stream.
KEPT, LONGEST = 64, 8 << 20
#: Events after which a timeline reads differently.
POSTS, NOTICES = frozenset({"update", "status.update", "delete"}), frozenset({"notification"})
_PATHS = {"home": "user", "notifications": "user", "public": "public", "local": "public/local"}
#: The server has no such stream, or not for us: nothing that trying again soon would change.
_NO = (400, 401, 403, 404, 405, 406, 410, 501)


class NotOffered(SourceError):
    """The server does not stream this. `whole_server`: nor anything else, whoever asks."""

    def __init__(self, message: str, *, whole_server: bool = False) -> None:
        super().__init__(message, hint="The source is polled instead.")
        self.whole_server = whole_server


@dataclass(frozen=True, slots=True)
class Channel:
    """One connection: a stream of a server as an account ("" for nobody) sees it."""

    base: str
    account: str
    path: str

    @property
    def host(self) -> str:
        return urlsplit(self.base).netloc


def channel_of(settings: Settings) -> tuple[Channel, frozenset[str]] | None:
    """The stream that tells of a source, and the events that concern it; None where there is none.

    Raises `BadSettings`.
    """
    place = from_settings(settings)
    if place.needs_account and not place.account:
        return None
    if place.kind in _PATHS:
        path = _PATHS[place.kind]
    elif place.kind in ("tag", "list"):
        path = f"{'hashtag' if place.kind == 'tag' else 'list'}?{place.kind}={quote(place.argument, safe='')}"
    else:
        return None
    return Channel(place.base, place.account, path), NOTICES if place.kind == "notifications" else POSTS


def streaming_base(document: dict[str, Any], base: str) -> str:
    """Where a server streams, by its own instance document (v2 or v1). Raises `NotOffered`.

    The token goes along, so the place must be the server itself or a name below its own (streaming.example.social
    for example.social), which only the owner of the name can hand out. Names beside it are refused: that two
    neighbours have one owner could only be told from the list of public suffixes. Never from https to http.
    """
    own = urlsplit(base)
    urls = record(record(document.get("configuration")).get("urls"))
    named = text(urls.get("streaming"), 500) or text(record(document.get("urls")).get("streaming_api"), 500)
    if not named:
        raise NotOffered(f"{own.netloc} names no streaming address", whole_server=True)
    try:
        there = urlsplit(named)
        host, netloc = there.hostname or "", there.netloc.rpartition("@")[2].lower()
    except ValueError:
        host = netloc = ""
    scheme = {"wss": "https", "https": "https", "ws": "http", "http": "http"}.get(there.scheme.lower() if host else "")
    if not scheme or (scheme == "http" and own.scheme == "https"):
        raise NotOffered(f"{own.netloc} names a streaming address that is not safe to use", whole_server=True)
    if host != own.hostname and not host.endswith(f".{own.hostname}"):
        where = f"{netloc[:100]!a}, where its sign-in must not go"
        raise NotOffered(f"{own.netloc} streams from {where}", whole_server=True)
    return f"{scheme}://{netloc}"


class Reader:
    """Names of events out of the bytes of an event stream, in constant memory."""

    def __init__(self) -> None:
        self._line, self._length, self._event = b"", 0, ""

    def feed(self, data: bytes) -> list[str]:
        """Names of the events that a piece completes. Raises `Malformed` for a line without end."""
        names = []
        # "\r\n" counts as two line ends: an event may so be told before its data are here, which nobody reads.
        *whole, rest = data.replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            self._take(line)
            done, self._line, self._length = self._line, b"", 0
            if done:
                field, _, value = done.partition(b":")
                if field == b"event":
                    self._event = value.strip().decode("ascii", "replace")
            elif self._event:
                names.append(self._event)
                self._event = ""
        self._take(rest)
        return names

    def _take(self, piece: bytes) -> None:
        self._line += piece[: KEPT - len(self._line)]
        self._length += len(piece)
        if self._length > LONGEST:
            raise Malformed("The stream sends a line without end.")


async def events(client: Client, channel: Channel, silence: float = SILENCE) -> AsyncGenerator[str, None]:
    """"" once the stream is open, then the name of each event. Ends where the server ends it.

    Raises `NotOffered`, and `SourceError` for what may be better later.
    """
    place = Place(channel.base, "home" if channel.account else "public", "", channel.account)
    session = await open_session(client, place)
    try:
        answer = await session.get("/api/v2/instance")
    except NotFound:
        answer = await session.get("/api/v1/instance")
    base = streaming_base(record(decode(answer.body, channel.host)), channel.base)
    address = f"{base}/api/v1/streaming/{channel.path}"
    typed = urlsplit(base).netloc == channel.host
    async with client.listen(address, token=session.token, typed=typed, silence=silence) as (status, headers, pieces):
        if status in _NO:
            gone = status in (404, 405, 410, 501) and "=" not in channel.path
            raise NotOffered(f"{channel.host} does not stream this ({status})", whole_server=gone)
        if status != 200:
            wait = retry_after_seconds(headers, time.time())
            raise SourceError(f"{channel.host} does not stream at the moment ({status})", retry_after=wait)
        if "text/event-stream" not in headers.get("content-type", ""):
            raise NotOffered(f"{channel.host} answers with something that is no stream", whole_server=True)
        yield ""
        reader = Reader()
        async for piece in pieces:
            for name in reader.feed(piece):
                yield name
