"""Which channel or playlist of YouTube a subscription means. Pure: no request is made here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, quote, unquote, urlsplit

from .base import BadSettings, Settings, Suggestion
from .text import clean_line

WEB = "https://www.youtube.com"
_HOSTS = frozenset(("youtube.com", "www.youtube.com", "m.youtube.com", "music.youtube.com", "youtube-nocookie.com"))
_CHANNEL = re.compile(r"UC[A-Za-z0-9_-]{4,60}")
_PLAYLIST = re.compile(r"(?:PL|OL|UU|FL|UC|TL)[A-Za-z0-9_-]{4,120}")
#: Handles may be of any script: YouTube writes them percent-encoded.
_NAME = re.compile(r"[\w.·-]{1,100}")
#: Playlists of one watcher that the others cannot see.
_PRIVATE = frozenset(("WL", "LL", "LM", "HL"))


@dataclass(frozen=True, slots=True)
class Place:
    """`kind`: "channel", "playlist", "user" (each has a feed), "handle" or "c" (their page names the channel)."""

    kind: str
    name: str
    base: str = WEB

    @property
    def address(self) -> str:
        """The canonical address: names one subscription, is read back by `from_address`."""
        return f"youtube:@{self.name}" if self.kind == "handle" else f"youtube:{self.kind}/{self.name}"

    @property
    def page(self) -> str:
        """The page for a browser."""
        name = quote(self.name)
        if self.kind == "playlist":
            return f"{self.base}/playlist?list={name}"
        return f"{self.base}/@{name}" if self.kind == "handle" else f"{self.base}/{self.kind}/{name}"

    @property
    def words(self) -> str:
        """A title until the feed tells its own."""
        return f"{'@' if self.kind == 'handle' else ''}{self.name} · YouTube"

    def feed(self, channel: str = "") -> str:
        """Address of the feed; "" while the channel is unknown."""
        names = {"channel": "channel_id", "playlist": "playlist_id", "user": "user"}
        if channel:
            return f"{self.base}/feeds/videos.xml?channel_id={channel}"
        return f"{self.base}/feeds/videos.xml?{names[self.kind]}={quote(self.name)}" if self.kind in names else ""


def from_settings(settings: Settings) -> Place:
    """Read {"address", "base"}. Raises `BadSettings` in words."""
    address = str(settings.get("address") or "")
    place = from_address(address)
    if place is None:
        raise BadSettings(
            f"{clean_line(address, 80)!r} is no channel or playlist of YouTube", hint="Such as youtube:@NAME."
        )
    return replace(place, base=str(settings.get("base") or WEB).rstrip("/"))


def recognise(address: str) -> Suggestion | None:
    """See `Source.recognise`."""
    place = from_address(address)
    return Suggestion("youtube", place.address, place.words, {"address": place.address}) if place else None


def from_address(address: str) -> Place | None:
    """A typed address of a channel or playlist, or None. A single video is none."""
    address = clean_line(address, 1000)
    if address.startswith("youtube:"):
        first, _, rest = address.removeprefix("youtube:").partition("/")
        return _of(first, rest)
    if re.match(r"(?:www\.|m\.)?youtube\.com/", address):
        address = "https://" + address
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or host not in (*_HOSTS, "youtu.be"):
        return None
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    if parts.path == "/feeds/videos.xml":
        for name, kind in (("channel_id", "channel"), ("playlist_id", "playlist"), ("user", "user")):
            if name in query:
                return _of(kind, query[name])
        return None
    if "list" in query:
        return _of("playlist", query["list"])
    steps = [unquote(step) for step in parts.path.split("/") if step]
    return _of(steps[0], steps[1] if len(steps) > 1 else "") if steps and host != "youtu.be" else None


def _of(first: str, name: str) -> Place | None:
    """The place of the first steps of a path: "@NAME", "channel" and "UC...", "playlist" and "PL..."."""
    if first.startswith("@"):
        return Place("handle", first[1:]) if _NAME.fullmatch(first[1:]) else None
    if first == "channel":
        return Place("channel", name) if _CHANNEL.fullmatch(name) else None
    if first == "playlist":
        return Place("playlist", name) if _PLAYLIST.fullmatch(name) and name not in _PRIVATE else None
    if first in ("user", "c"):
        return Place(first, name) if _NAME.fullmatch(name) else None
    return None
