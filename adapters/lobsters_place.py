"""Which listing of a Lobsters site a subscription means, and its address in each format. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from .base import BadSettings, Settings, Suggestion

HOME = "lobste.rs"
#: Sites that run the same software.
HOSTS = (HOME, "tilde.news", "gambe.ro", "journalduhacker.net", "www.journalduhacker.net", "barnacl.es")
LISTS = ("hottest", "newest", "active", "recent", "top", "comments")
_PATHS = (
    (re.compile(r"t/([A-Za-z0-9_+.-]{1,60}(?:,[A-Za-z0-9_+.-]{1,60}){0,9})"), "t"),
    (re.compile(r"(?:~|u/|@|newest/)([A-Za-z0-9_-]{1,50})(?:/stories)?"), "user"),
    (re.compile(r"(?:~|threads/)([A-Za-z0-9_-]{1,50})/threads|threads/([A-Za-z0-9_-]{1,50})"), "threads"),
    (re.compile(r"domains?/([A-Za-z0-9.-]{1,200})"), "domain"),
    (re.compile(r"top/(\d{1,3}[hdwmy])"), "top"),
)


@dataclass(frozen=True, slots=True)
class Place:
    """A listing: one of `LISTS`, "t" (tags), "user", "threads" or "domain", with its argument."""

    kind: str
    name: str = ""
    host: str = HOME

    @property
    def stem(self) -> str:
        """Path of the listing without an ending, as in the site's own addresses."""
        named = {
            "t": f"t/{self.name}", "user": f"~{self.name}/stories", "threads": f"~{self.name}/threads",
            "domain": f"domains/{self.name}",
        }.get(self.kind)  # fmt: skip
        return named or (f"{self.kind}/{self.name}" if self.name else self.kind)

    @property
    def address(self) -> str:
        site = "" if self.host == HOME else f"{self.host}/"
        return f"lobsters:{site}{self.stem.removesuffix('/stories')}"

    @property
    def chronological(self) -> bool:
        return self.kind not in ("hottest", "active", "recent", "top")

    @property
    def of_comments(self) -> bool:
        """Whether this lists comments, which the site serves as a feed only."""
        return self.kind in ("comments", "threads")

    @property
    def words(self) -> str:
        """A title for the sources screen."""
        site = "Lobsters" if self.host == HOME else self.host
        named = {"t": self.name, "user": f"~{self.name}", "threads": f"Threads of {self.name}", "domain": self.name}
        return f"{site} · {named.get(self.kind) or f'{self.kind.capitalize()} {self.name}'.strip()}"

    def path(self, way: str, page: int = 1) -> str:
        """Path of a page as "json", "html" or "rss"; "" where the site has none."""
        stem = quote(self.stem, safe="/~,@+")
        if way == "rss":
            return {"hottest": "/rss", "active": "", "recent": "", "top": "/top/rss"}.get(self.kind, f"/{stem}.rss")
        if self.kind == "hottest":
            plain = "/" if page == 1 else f"/page/{page}"
            return plain if way == "html" else "/hottest.json" + (f"?page={page}" if page > 1 else "")
        further = f"/page/{page}" if page > 1 else ""
        return f"/{stem}{further}" + (".json" if way == "json" else "")


def from_address(address: str) -> Place | None:
    """A typed address of a listing, or None when it is none of ours."""
    address = address.strip()
    if address in ("lobsters", "lobsters:"):
        return Place("hottest")
    if len(address) > 500:
        return None
    rest = address.removeprefix("lobsters:")
    try:
        if rest != address:
            first = rest.partition("/")[0].lower()
            parts = urlsplit(f"https://{rest}" if first in HOSTS else f"https://{HOME}/{rest}")
        else:
            parts = urlsplit(address if "://" in address else f"https://{address}")
        host, path = (parts.netloc.lower()), unquote(parts.path)
    except ValueError:
        return None
    # A feed with a token is the reader's own; only plain feeds ("rss") carry that.
    if parts.scheme not in ("http", "https") or host not in HOSTS or "token=" in parts.query:
        return None
    path = path.strip("/")
    path = {"rss": "", "top/rss": "top"}.get(path) or re.sub(r"^rss$|\.(?:rss|json)$", "", path)
    path = re.sub(r"(?:^|/)page/\d+$", "", path)
    if not path or path in LISTS:
        return Place(path or "hottest", host=host)
    for form, kind in _PATHS:
        if found := form.fullmatch(path):
            return Place(kind, next(g for g in found.groups() if g), host)
    return None


def from_settings(settings: Settings) -> Place:
    """Read {"address"}. Raises `BadSettings` in words."""
    place = from_address(str(settings.get("address") or ""))
    if place is None:
        raise BadSettings(
            f"{str(settings.get('address'))[:80]!r} is no listing of Lobsters",
            hint="Use lobsters:hottest, newest, active, top/1w, t/TAG, ~USER, ~USER/threads or domains/HOST.",
        )
    return place


def recognise(address: str) -> Suggestion | None:
    """See `Source.recognise`."""
    place = from_address(address)
    return Suggestion("lobsters", place.address, place.words, {"address": place.address}) if place else None
