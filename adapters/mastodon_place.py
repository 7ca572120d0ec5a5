"""Which server and timeline a Mastodon subscription means. Pure: no request is made here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, urlencode, urlsplit

from .base import BadSettings, Settings, Suggestion

#: Timelines without an argument: API path and whether it needs a signed-in account.
PLAIN = {
    "home": ("/api/v1/timelines/home", True),
    "public": ("/api/v1/timelines/public", False),
    "local": ("/api/v1/timelines/public?local=true", False),
    "bookmarks": ("/api/v1/bookmarks", True),
    "favourites": ("/api/v1/favourites", True),
    "notifications": ("/api/v2/notifications", True),
    "followed-tags": ("/api/v1/followed_tags", True),
}
#: Statuses asked for in one request; Mastodon's own maximum.
PAGE_SIZE = 40

_HANDLE = re.compile(r"@?([\w.-]{1,64})@([\w.-]+\.[\w-]{2,}|[\w.-]+:\d{1,5}|localhost)", re.ASCII)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?|\[[0-9a-fA-F:]+\](?::\d{1,5})?")
#: Well-known sites whose addresses look like /@user but are no Mastodon servers.
_OTHERS = re.compile(
    r"(?:^|\.)(?:medium\.com|youtube\.com|tiktok\.com|threads\.(?:net|com)|substack\.com|npmjs\.com|"
    r"hey\.com|vsco\.co|flipboard\.com|odysee\.com|rumble\.com|telegram\.org|t\.me|write\.as|bsky\.app)$"
)


@dataclass(frozen=True, slots=True)
class Place:
    """A timeline of a server. `base` is "https://host[:port]", `account` "user@host" or ""."""

    base: str
    kind: str
    argument: str = ""
    account: str = ""

    @property
    def host(self) -> str:
        return urlsplit(self.base).netloc

    @property
    def timeline(self) -> str:
        return f"{self.kind}:{self.argument}" if self.argument else self.kind

    @property
    def address(self) -> str:
        """The canonical address: names one subscription, is read back by `from_address`."""
        scheme, _, host = self.base.partition("://")
        user = self.account.partition("@")[0]
        where = f"{user}@{host}" if user else host
        return f"mastodon:{where if scheme == 'https' else f'{scheme}://{where}'}/{self.timeline}"

    @property
    def needs_account(self) -> bool:
        return self.kind == "list" or PLAIN.get(self.kind, ("", False))[1]

    @property
    def follows_people(self) -> bool:
        """Whether the authors on this timeline are people the reader chose to follow."""
        return self.kind in ("home", "list", "account")

    @property
    def filter_context(self) -> str:
        """The name under which the reader's own filters know this timeline."""
        return {"home": "home", "list": "home", "account": "account"}.get(self.kind, "public")

    @property
    def web(self) -> str:
        """The page of this timeline for a browser."""
        pages = {"home": "/home", "public": "/public", "local": "/public/local", "followed-tags": "/followed_tags"}
        argument = quote(self.argument, safe="@")
        if self.kind == "tag":
            return f"{self.base}/tags/{argument}"
        if self.kind == "list":
            return f"{self.base}/lists/{argument}"
        return self.base + (
            f"/{argument}" if self.kind == "account" else pages.get(self.kind, f"/{self.kind}")
        )

    @property
    def words(self) -> str:
        """A title for the sources screen."""
        names = {"public": "Federated", "followed-tags": "Followed tags", "account": self.argument}
        names["tag"] = f"#{self.argument}"
        where = self.account if self.account and self.needs_account else self.host
        return f"{names.get(self.kind, self.kind.capitalize())} · {where}"

    def path(self, account_id: str = "", replies: bool = False) -> str:
        """Path and query of the newest page. `account_id` is needed for an account only."""
        if self.kind in PLAIN:
            path = PLAIN[self.kind][0]
        elif self.kind == "account":
            path = f"/api/v1/accounts/{quote(account_id, safe='')}/statuses"
            path += "" if replies else "?exclude_replies=true"
        else:
            path = f"/api/v1/timelines/{self.kind}/{quote(self.argument, safe='')}"
        return path + ("&" if "?" in path else "?") + urlencode({"limit": PAGE_SIZE})


def from_settings(settings: Settings) -> Place:
    """Read {"address", "timeline", "account"}. Raises `BadSettings` in words."""
    address = str(settings.get("address") or "").strip()
    timeline = str(settings.get("timeline") or "").strip()
    place = from_address(address)
    account = str(settings.get("account") or "").strip().lstrip("@") or (place.account if place else "")
    base = place.base if place else base_of(address)
    if not base:
        raise BadSettings(
            f"{address[:80]!r} names no Mastodon server",
            hint='Give its address, such as "https://mastodon.social".',
        )
    if timeline:
        kind, argument = _timeline(timeline)
    elif place:
        kind, argument = place.kind, place.argument
    else:
        kind, argument = ("home" if account else "local"), ""
    if not kind:
        wanted = ", ".join([*PLAIN, "tag:NAME", "list:ID", "account:@user@host"])
        raise BadSettings(f"{timeline[:80]!r} is no Mastodon timeline", hint=f"Choose one of {wanted}.")
    return Place(base, kind, argument, account)


def from_address(address: str) -> Place | None:
    """A typed address of a timeline, or None when it is none of ours."""
    address = address.strip()
    if address.startswith("mastodon:"):
        where, _, timeline = _split_mastodon(address.removeprefix("mastodon:"))
        base, user = base_of(where), where.partition("://")[2] or where
        kind, argument = _timeline(timeline or "home")
        account = f"{user.partition('@')[0]}@{urlsplit(base).netloc}" if "@" in user else ""
        return Place(base, kind, argument, account) if base and kind else None
    handle = _HANDLE.fullmatch(address)
    if handle and address.startswith("@"):
        return Place(f"https://{handle[2]}", "account", f"@{handle[1]}@{handle[2]}")
    return _from_page(address)


def recognise(address: str) -> Suggestion | None:
    """See `Source.recognise`."""
    place = from_address(address)
    if place is None:
        return None
    return suggestion_of(place)


def suggestion_of(place: Place) -> Suggestion:
    """The subscription of a place; settings without what is empty."""
    settings = {"address": place.base, "timeline": place.timeline, "account": place.account}
    return Suggestion("mastodon", place.address, place.words, {k: v for k, v in settings.items() if v})


def with_account(suggestion: Suggestion, account: str) -> Suggestion:
    """The same timeline as seen by a signed-in account ("user@host"): another subscription.

    The account's host replaces the typed one, which may only redirect there:
    a redirect to another host does not carry the token.
    """
    place = from_settings(suggestion.settings)
    base = f"{place.base.partition('://')[0]}://{account.rpartition('@')[2].lower()}"
    return suggestion_of(replace(place, base=base, account=account))


def _from_page(address: str) -> Place | None:
    """A page of a Mastodon server, as copied from a browser."""
    if "://" not in address and re.match(r"[\w-]+(\.[\w-]+)+/@", address):
        address = "https://" + address
    base = base_of(address) if address.startswith(("https://", "http://")) else ""
    if not base or _OTHERS.search(urlsplit(base).hostname or ""):
        return None
    path = unquote(urlsplit(address).path)
    person = re.fullmatch(r"/@([\w.-]{1,64})(?:@([\w.-]+))?(?:/with_replies|/media)?/?", path, re.ASCII)
    if person:
        return Place(base, "account", f"@{person[1]}@{person[2] or urlsplit(base).netloc}")
    tag = re.fullmatch(r"/tags/(\w{1,200})", path)
    if tag:
        return Place(base, "tag", tag[1])
    if path.rstrip("/") in ("/public/local", "/public"):
        return Place(base, path.rstrip("/").rpartition("/")[2])
    return None


def _split_mastodon(rest: str) -> tuple[str, str, str]:
    """Parts ("http://host:1" or "host", "/", "home") of what comes after "mastodon:"."""
    scheme, mark, tail = rest.partition("://")
    if not mark:
        return rest.partition("/")
    where, slash, timeline = tail.partition("/")
    return f"{scheme}://{where}", slash, timeline


def _timeline(words: str) -> tuple[str, str]:
    """Kind and argument: ("tag", "rust") of "tag:rust"; ("", "") for what is no timeline."""
    kind, _, argument = words.strip().strip("/").partition(":")
    kind, argument = kind.lower(), argument.strip()
    if kind in PLAIN and not argument:
        return kind, ""
    if kind == "account" and (handle := _HANDLE.fullmatch(argument)):
        return kind, f"@{handle[1]}@{handle[2]}"
    if kind == "tag" and re.fullmatch(r"#?\w{1,200}", argument):
        return kind, argument.lstrip("#")
    return (kind, argument) if kind == "list" and re.fullmatch(r"\w{1,64}", argument, re.ASCII) else ("", "")


def base_of(address: str) -> str:
    """Scheme, host and port of an address or a bare host name; "" when there is none."""
    scheme, mark, rest = address.partition("://")
    if not mark:
        scheme, rest = "https", address
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2].lower()
    known = scheme.lower() in ("http", "https") and _HOST.fullmatch(host)
    return f"{scheme.lower()}://{host}" if known else ""
