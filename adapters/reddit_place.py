"""Which listing a Reddit subscription means. Pure: no request is made here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlencode, urlsplit

from .base import BadSettings, Settings, Suggestion

WEB, API = "https://www.reddit.com", "https://oauth.reddit.com"
SORTS = ("hot", "new", "top", "rising", "best", "controversial")
TIMES = ("hour", "day", "week", "month", "year", "all")
#: Listings of the signed-in reader.
OWN = ("home", "saved", "upvoted")
#: Listings of any person that Reddit shows to everybody.
OF_USER = ("overview", "submitted", "comments")
#: Posts asked for in one request; Reddit's own maximum.
PAGE_SIZE = 100

_SUBREDDIT = r"[A-Za-z0-9_]{2,50}(?:\+[A-Za-z0-9_]{2,50}){0,99}"
_USER = r"[A-Za-z0-9_-]{3,30}"
_ID = r"[A-Za-z0-9]{1,13}"
_FORMS = (
    (re.compile(rf"r/({_SUBREDDIT})/comments/({_ID})(?:/.*)?"), "post"),
    (re.compile(rf"(?:r/{_SUBREDDIT}/)?(?:u|user)/{_USER}/comments/({_ID})(?:/.*)?"), "post"),
    (re.compile(rf"(?:comments|gallery)/({_ID})(?:/.*)?"), "post"),
    (re.compile(r"((?:r|u|user)/[A-Za-z0-9_-]{2,50}/s/[A-Za-z0-9]{4,20})"), "share"),
    (re.compile(rf"(?:u|user)/({_USER})/m/([A-Za-z0-9_]{{2,50}})(?:/(\w+))?"), "multi"),
    (re.compile(r"me/m/()([A-Za-z0-9_]{2,50})(?:/(\w+))?"), "multi"),
    (re.compile(rf"r/({_SUBREDDIT})(?:/(\w+))?"), "subreddit"),
    (re.compile(rf"(?:u|user)/({_USER})(?:/(\w+))?"), "user"),
)
_HOSTS = re.compile(r"(?:(?:www|old|new|np|i|m|sh|oauth|[a-z]{2})\.)?reddit\.com|redd\.it", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """A listing: `kind` (subreddit, multi, user, home, saved, upvoted, post, share) and what it is called.

    `sort` is one of `SORTS` (of `OF_USER` for a user, "comments" for a subreddit's new comments), `time` the
    span of "top". `feed` and `owner` are the token and the name of a private feed link.
    """

    kind: str
    name: str = ""
    multi: str = ""
    sort: str = ""
    time: str = ""
    account: str = ""
    feed: str = ""
    owner: str = ""

    @property
    def needs_account(self) -> bool:
        private = self.kind in OWN or (self.kind == "multi" and not self.name)
        return private and not self.feed

    @property
    def follows_people(self) -> bool:
        """Whether the authors here are people the reader chose to follow."""
        return self.kind == "user"

    @property
    def chronological(self) -> bool:
        """Whether this listing shows what came last first."""
        return self.sort in ("new", "comments", "submitted", "overview") or self.kind in ("saved", "upvoted")

    @property
    def _tail(self) -> str:
        sort = self.sort if self.sort not in ("", "overview") else ""
        return (f"/{sort}" if sort else "") + (f"/{self.time}" if self.time else "")

    @property
    def address(self) -> str:
        """The canonical address: names one subscription, is read back by `from_address`."""
        stem = {
            "subreddit": f"r/{self.name}", "user": f"u/{self.name}", "post": f"comments/{self.name}",
            "multi": f"{f'u/{self.name}' if self.name else 'me'}/m/{self.multi}", "share": self.name,
        }.get(self.kind, self.kind)  # fmt: skip
        who = f"?user={self.owner}" if self.owner else f"?account={self.account}" if self.account else ""
        return f"reddit:{stem}{self._tail}{who}"

    def listing(self, account: str = "") -> str:
        """Path of the listing on either host, without the ending; `account` is who is signed in."""
        me = account or self.owner
        if self.kind == "subreddit":
            return f"/r/{self.name}/{self.sort or 'hot'}"
        if self.kind == "multi":
            return f"/user/{self.name or me}/m/{self.multi}/{self.sort or 'hot'}"
        if self.kind == "user":
            return f"/user/{self.name}/{self.sort or 'overview'}"
        if self.kind == "post":
            return f"/comments/{self.name}"
        if self.kind == "home":
            return f"/{self.sort}" if self.sort else ""
        return f"/user/{me}/{self.kind}"

    def query(self, after: str = "", *, size: int = PAGE_SIZE, rss: bool = False) -> str:
        """The query that goes with `listing`; `size` is how many posts are wanted."""
        asked = {"limit": str(min(size, PAGE_SIZE))} | ({} if rss else {"raw_json": "1"})
        asked |= {"t": self.time} if self.time else {}
        asked |= {"sort": "new"} if self.kind == "post" else {}
        asked |= {"after": after, "count": asked["limit"]} if after else {}
        asked |= {"feed": self.feed, "user": self.owner} if self.feed else {}
        return urlencode(asked)

    @property
    def web(self) -> str:
        """The page of this listing for a browser."""
        if self.kind == "share":
            return f"{WEB}/{self.name}"
        page = self.listing(self.account or "me").removesuffix("/overview")
        return WEB + page + (f"/?t={self.time}" if self.time else "/")

    @property
    def words(self) -> str:
        """A title for the sources screen."""
        named = {
            "subreddit": f"r/{self.name}", "user": f"u/{self.name}", "multi": f"m/{self.multi}",
            "post": f"Discussion {self.name}", "share": "Shared post",
        }.get(self.kind, f"Reddit {self.kind}")  # fmt: skip
        plain = self.sort in ("", "overview") and not self.time
        return named if plain else f"{named} · {' '.join(filter(None, (self.sort, self.time)))}"


def from_settings(settings: Settings) -> Place:
    """Read {"address", "account", "feed", "owner"}. Raises `BadSettings` in words."""
    place = from_address(str(settings.get("address") or ""))
    if place is None:
        raise BadSettings(
            f"{str(settings.get('address'))[:80]!r} is no listing of Reddit",
            hint="Use r/NAME, r/NAME/new, u/NAME, u/NAME/m/MULTI, reddit:home or reddit:saved.",
        )
    account = str(settings.get("account") or place.account)
    feed, owner = str(settings.get("feed") or place.feed), str(settings.get("owner") or place.owner)
    return replace(place, account=account if re.fullmatch(_USER, account) else "", feed=feed, owner=owner)


def recognise(address: str) -> Suggestion | None:
    """See `Source.recognise`."""
    place = from_address(address)
    return suggestion_of(place) if place else None


def suggestion_of(place: Place) -> Suggestion:
    settings = {"address": place.address, "account": place.account, "feed": place.feed, "owner": place.owner}
    return Suggestion("reddit", place.address, place.words, {k: v for k, v in settings.items() if v})


def with_account(suggestion: Suggestion, account: str) -> Suggestion:
    """The same listing as seen by a signed-in account: another subscription."""
    return suggestion_of(replace(from_settings(suggestion.settings), account=account, feed="", owner=""))


def from_address(address: str) -> Place | None:
    """A typed address of a listing, or None when it is none of ours."""
    address = address.strip()
    if len(address) > 2000:
        return None
    short = address.removeprefix("reddit:")
    try:
        if short != address or re.match(r"/?(?:r|u)/\w", address):
            parts = urlsplit(short.lstrip("/"))
        else:
            parts = urlsplit(address if "://" in address else f"https://{address}")
            if parts.scheme not in ("http", "https") or not _HOSTS.fullmatch(parts.netloc):
                return None
    except ValueError:
        return None
    if parts.netloc.lower().endswith("redd.it"):
        found = re.fullmatch(rf"/({_ID})/?", parts.path)
        return Place("post", found[1]) if found else None
    return _of_path(re.sub(r"/?\.(?:rss|json)$", "", parts.path).strip("/"), parse_qs(parts.query), short != address)


def _of_path(path: str, query: dict[str, list[str]], own_words: bool) -> Place | None:
    def given(name: str) -> str:
        return (query.get(name) or [""])[0]

    feed = given("feed") if re.fullmatch(r"[0-9a-zA-Z]{10,100}", given("feed")) else ""
    owner = given("user") if re.fullmatch(_USER, given("user")) else ""
    account = given("account") if re.fullmatch(_USER, given("account")) else ""
    who = {"feed": feed, "owner": owner, "account": account}
    steps = path.split("/")
    time = given("t") if given("t") in TIMES else ""
    if steps[-1] in TIMES and len(steps) > 1 and steps[-2] in ("top", "controversial"):
        time, steps = steps[-1], steps[:-1]
        path = "/".join(steps)
    if steps[0] in OWN and (own_words or feed) and len(steps) <= 2:
        return _sorted(Place(steps[0], **who), steps[1] if len(steps) == 2 else "", time)
    if not path or (len(steps) == 1 and path in SORTS):
        home = bool(feed or own_words)
        return _sorted(Place("home" if home else "subreddit", "" if home else "popular", **who), path, time)
    for form, kind in _FORMS:
        found = form.fullmatch(path)
        if not found:
            continue
        if kind in ("post", "share"):
            return Place(kind, found[found.lastindex or 1])
        if kind == "user" and found[2] in ("saved", "upvoted"):
            return Place(found[2], **(who if feed else {"account": account or found[1]}))
        place = Place(kind, found[1], found[2] if kind == "multi" else "", **who)
        return _sorted(place, found[found.re.groups] or "", time)
    return None


def _sorted(place: Place, sort: str, time: str) -> Place | None:
    """The place with its order; None where there is no such page."""
    kinds = {"user": OF_USER, "subreddit": (*SORTS, "comments"), "saved": (), "upvoted": ()}
    if sort and sort not in kinds.get(place.kind, SORTS):
        return None
    sort = sort or ("overview" if place.kind == "user" else "")
    time = (time or "day") if sort in ("top", "controversial") else ""
    return replace(place, sort=sort, time=time)
