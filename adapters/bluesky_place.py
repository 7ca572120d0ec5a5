"""Which list of Bluesky a subscription means. Pure: no request is made here."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from .base import BadSettings, Settings, Suggestion
from .text import clean_line

#: Answers without an account.
PUBLIC = "https://public.api.bsky.app"
WEB = "https://bsky.app"
#: Lists of the reader's own: they need an account and take no argument.
OWN = {
    "timeline": "app.bsky.feed.getTimeline",
    "likes": "app.bsky.feed.getActorLikes",
    "bookmarks": "app.bsky.bookmark.getBookmarks",
}
OTHERS = {
    "author": "app.bsky.feed.getAuthorFeed",
    "list": "app.bsky.feed.getListFeed",
    "feed": "app.bsky.feed.getFeed",
    "tag": "app.bsky.feed.searchPosts",
    "search": "app.bsky.feed.searchPosts",
}
#: Posts asked for in one request; most services answer 100, some feed generators fail above 50.
PAGE_SIZE = 50

_HANDLE = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?", re.IGNORECASE)
_DID = re.compile(r"did:[a-z]{1,20}:[A-Za-z0-9._:%-]{1,200}")
_RKEY = re.compile(r"[A-Za-z0-9._~:-]{1,100}")
_COLLECTIONS = {"list": "app.bsky.graph.list", "feed": "app.bsky.feed.generator"}


@dataclass(frozen=True, slots=True)
class Place:
    """A list of posts. `argument`: an actor (author), "ACTOR/RKEY" (list, feed), words (tag, search).

    `account` is the handle whose session is used, "" for none; `server` is asked when there is none.
    """

    kind: str
    argument: str = ""
    account: str = ""
    server: str = PUBLIC

    @property
    def needs_account(self) -> bool:
        """Own lists, and searches: the public service refuses those to most networks."""
        return self.kind in OWN or self.kind in ("tag", "search")

    @property
    def follows_people(self) -> bool:
        """Whether the authors are people the reader chose to follow."""
        return self.kind in ("timeline", "author", "list")

    @property
    def chronological(self) -> bool:
        """Whether the newest comes first, so that reading may stop where it meets what is known."""
        return self.kind != "feed"

    @property
    def address(self) -> str:
        """The canonical address: names one subscription, is read back by `from_address`."""
        what = f"@{self.argument}" if self.kind == "author" else self.kind
        if self.argument and self.kind != "author":
            what += f"/{self.argument}"
        return f"bluesky:{self.account}/{what}" if self.account else f"bluesky:{what}"

    @property
    def web(self) -> str:
        """The page of this list for a browser."""
        if self.kind == "author":
            return f"{WEB}/profile/{self.argument}"
        if self.kind in ("list", "feed"):
            actor, _, rkey = self.argument.partition("/")
            return f"{WEB}/profile/{actor}/{'lists' if self.kind == 'list' else 'feed'}/{rkey}"
        if self.kind in ("tag", "search"):
            words = f"#{self.argument}" if self.kind == "tag" else self.argument
            return f"{WEB}/search?{urlencode({'q': words})}"
        return WEB + ("/saved" if self.kind == "bookmarks" else "")

    @property
    def words(self) -> str:
        """A title until the service tells its own."""
        if self.kind in OWN:
            return f"{self.kind.capitalize()} · {'@' + self.account if self.account else 'Bluesky'}"
        what = {"author": f"@{self.argument}", "tag": f"#{self.argument}", "search": self.argument}
        return f"{what.get(self.kind) or f'{self.kind.capitalize()} {self.argument}'} · Bluesky"

    def path(self, did: str = "", *, replies: bool = False) -> str:
        """Path and query of the newest page. `did` stands for the actor, once it is known."""
        query: dict[str, str | int] = {}
        actor, _, rkey = self.argument.partition("/")
        if self.kind == "author":
            query = {"actor": did or actor, "filter": "posts_with_replies" if replies else "posts_and_author_threads"}
        elif self.kind in _COLLECTIONS:
            query = {self.kind: f"at://{did or actor}/{_COLLECTIONS[self.kind]}/{rkey}"}
        elif self.kind == "likes":
            query = {"actor": did or self.account}
        elif self.kind == "tag":
            query = {"q": "*", "tag": self.argument, "sort": "latest"}
        elif self.kind == "search":
            query = {"q": self.argument, "sort": "latest"}
        method = OWN.get(self.kind) or OTHERS[self.kind]
        return f"/xrpc/{method}?{urlencode({**query, 'limit': PAGE_SIZE})}"


def from_settings(settings: Settings) -> Place:
    """Read {"address", "account", "server"}. Raises `BadSettings` in words."""
    address = str(settings.get("address") or "")
    place = from_address(address)
    if place is None:
        raise BadSettings(
            f"{clean_line(address, 80)!r} names no list of Bluesky",
            hint="Such as bluesky:YOU.bsky.social/timeline or @name.bsky.social.",
        )
    account = str(settings.get("account") or "").strip().lstrip("@").lower()
    if account and not (_HANDLE.fullmatch(account) and len(account) <= 253):
        raise BadSettings(f"{clean_line(account, 80)!r} is no handle", hint="Such as you.bsky.social.")
    server = str(settings.get("server") or "").rstrip("/")
    return replace(place, account=account or place.account, server=server or PUBLIC)


def from_address(address: str) -> Place | None:
    """A typed address of a list of posts, or None when it is none of ours."""
    address = clean_line(address, 1000)
    if address.startswith("bluesky:"):
        return _short(address.removeprefix("bluesky:").strip("/"))
    if address.startswith("at://"):
        return _at(address.removeprefix("at://").rstrip("/"))
    if address.startswith("@"):
        return _author(address[1:])
    return _page(address)


def recognise(address: str) -> Suggestion | None:
    """See `Source.recognise`."""
    place = from_address(address)
    return suggestion_of(place) if place else None


def suggestion_of(place: Place) -> Suggestion:
    """The subscription of a place."""
    settings = {"address": place.address, "account": place.account}
    if place.server != PUBLIC:
        settings["server"] = place.server
    return Suggestion("bluesky", place.address, place.words, {k: v for k, v in settings.items() if v})


def actor_of(text: str) -> str:
    """A handle in lower case or a DID, as typed; "" for anything else."""
    text = text.strip().removeprefix("@")
    if _HANDLE.fullmatch(text) and len(text) <= 253:
        return text.lower()
    return text if _DID.fullmatch(text) else ""


def _short(rest: str) -> Place | None:
    """What comes after "bluesky:": [ACCOUNT/]@ACTOR, KIND or KIND/ARGUMENT; an account alone is its timeline."""
    first, _, more = rest.partition("/")
    if first.startswith("@"):
        return _author(first[1:]) if not more else None
    if "." in first and (account := actor_of(first)) and not account.startswith("did:"):
        place = _short(more or "timeline")
        return replace(place, account=account) if place and not place.account else None
    if first in OWN:
        return Place(first) if not more else None
    if first in _COLLECTIONS:
        actor, _, rkey = more.partition("/")
        return _record(first, actor, rkey)
    if first == "tag":
        return _tag(more)
    return Place("search", more.strip()) if first == "search" and more.strip() else None


def _at(rest: str) -> Place | None:
    """What comes after "at://": an actor, or a list or feed generator of one."""
    actor, _, below = rest.partition("/")
    collection, _, rkey = below.partition("/")
    if not below:
        return _author(actor)
    kinds = {name: kind for kind, name in _COLLECTIONS.items()}
    return _record(kinds[collection], actor, rkey) if collection in kinds else None


def _page(address: str) -> Place | None:
    """A page of bsky.app, as copied from a browser."""
    if address.startswith("bsky.app/"):
        address = "https://" + address
    try:
        parts = urlsplit(address)
        host = parts.hostname or ""
    except ValueError:
        return None
    if parts.scheme not in ("http", "https") or host.removeprefix("www.") not in ("bsky.app", "main.bsky.dev"):
        return None
    steps = [unquote(step) for step in parts.path.split("/") if step]
    if len(steps) >= 2 and steps[0] == "profile":
        if len(steps) == 4 and steps[2] in ("lists", "feed"):
            return _record("list" if steps[2] == "lists" else "feed", steps[1], steps[3])
        return _author(steps[1])
    if len(steps) >= 2 and steps[0] == "hashtag":
        return _tag(steps[1])
    if steps == ["search"]:
        words = " ".join(parse_qs(parts.query).get("q", [""])[0].split())
        return Place("search", clean_line(words, 200)) if words else None
    return Place("bookmarks") if steps == ["saved"] else Place("timeline") if not steps else None


def _author(text: str) -> Place | None:
    actor = actor_of(text)
    return Place("author", actor) if actor else None


def _record(kind: str, who: str, rkey: str) -> Place | None:
    actor = actor_of(who)
    return Place(kind, f"{actor}/{rkey}") if actor and _RKEY.fullmatch(rkey) else None


def _tag(text: str) -> Place | None:
    tag = text.strip().lstrip("#")
    return Place("tag", tag) if tag and len(tag) <= 64 and not re.search(r"[\s/]", tag) else None
