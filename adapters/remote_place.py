"""Which account of which reader server a subscription means. Pure: no request is made here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from .base import BadSettings, Settings, Suggestion

#: Kinds of server and what a reader calls them.
KINDS = {"miniflux": "Miniflux", "greader": "Google Reader API", "fever": "Fever API"}
SYNC = ("both", "pull", "off")
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}(?::\d{{1,5}})?")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
#: A user name may be an e-mail address.
_USER = re.compile(r"[^\s/:?#\x00-\x1f\x7f-\x9f]{0,100}")


@dataclass(frozen=True, slots=True)
class Place:
    """A server (with the path its API lies under, without "/" at the end) and the user there."""

    kind: str
    host: str
    path: str = ""
    user: str = ""
    scheme: str = "https"

    @property
    def base(self) -> str:
        return f"{self.scheme}://{self.host}{self.path}"

    @property
    def account(self) -> str:
        """"me@host/path": one account, also in the ids of its entries."""
        return f"{quote(self.user, safe='@+')}@{self.host}{self.path}"

    @property
    def address(self) -> str:
        """The canonical address: names one subscription, is read back by `from_address`."""
        scheme = "" if self.scheme == "https" else f"{self.scheme}://"
        return f"{self.kind}:{scheme}{self.account if self.user else self.host + self.path}"

    @property
    def prefix(self) -> str:
        """What the native ids of this account's entries begin with."""
        return f"{self.account}#"

    @property
    def words(self) -> str:
        return f"{KINDS[self.kind]} · {self.user + '@' if self.user else ''}{self.host}"

    def as_user(self, user: str) -> Place:
        """The same server with another user. Raises `BadSettings`."""
        if not user or not _USER.fullmatch(user):
            raise BadSettings(f"{user[:60]!a} is no user name that penchant can keep", hint="Use another account.")
        return replace(self, user=user)


def from_url(kind: str, url: str) -> Place | None:
    """The server at a typed web address or host name, perhaps with "user@"; None where it is none."""
    scheme = "http" if url.startswith("http://") else "https"
    where = re.sub(r"^(?:https?:)?//", "", url.strip())
    found = re.fullmatch(r"(?:([^/]*)@)?([^/@]+)(/.*)?", where)
    if len(url) > 500 or not found or "\n" in url:
        return None
    user, host, path = unquote(found[1] or ""), found[2].lower(), (found[3] or "").rstrip("/")
    if not _HOST.fullmatch(host) or not _PATH.fullmatch(path) or not _USER.fullmatch(user):
        return None
    if any(part in (".", "..") for part in path.split("/")):
        return None
    return Place(kind, host, path, user, scheme)


def from_address(kind: str, address: str) -> Place | None:
    """A typed "miniflux:https://host/path" or "miniflux:me@host"; None when it is not of this kind."""
    named, colon, rest = address.strip().partition(":")
    return from_url(kind, rest) if colon and named == kind and rest else None


def from_settings(kind: str, settings: Settings) -> Place:
    """Read {"address"}. Raises `BadSettings` in words."""
    place = from_address(kind, str(settings.get("address") or ""))
    if place is None:
        raise BadSettings(
            f"{str(settings.get('address'))[:80]!a} is no address of a reader server",
            hint=f"Use {kind}:YOU@HOST or {kind}:https://HOST/PATH, or ask `penchant reader login HOST`.",
        )
    return place


def sync_of(settings: Settings) -> str:
    """Whether reading is kept in step: "both" ways, "pull" (this server is told nothing), "off"."""
    wanted = settings.get("sync")
    return wanted if wanted in SYNC else "off"


def suggestion_of(place: Place, sync: str = "") -> Suggestion:
    settings = {"address": place.address} | ({"sync": sync} if sync else {})
    return Suggestion(place.kind, place.address, place.words, settings)


def recognise(kind: str, address: str) -> Suggestion | None:
    """See `Source.recognise`."""
    place = from_address(kind, address)
    return suggestion_of(place) if place else None
