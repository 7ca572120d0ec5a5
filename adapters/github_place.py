"""Which list of GitHub an address names: typed short forms and the site's own addresses. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, parse_qs, quote, urlencode

from .base import BadSettings, Settings, Suggestion
from .wire import address as web_address
from .wire import number, parts

API = "https://api.github.com"
SITE = "https://github.com"
What = Literal[
    "received", "user", "starred", "starred-releases", "notifications", "releases", "issues", "commits",
    "stargazers", "trending",
]  # fmt: skip
OF_PEOPLE = ("received", "user", "starred", "starred-releases")
OF_REPOS = ("releases", "issues", "commits", "stargazers")
MOST_DAYS = 365
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_REPO = re.compile(r"(?!\.{1,2}/?\Z)[A-Za-z0-9._-]{1,100}")
_TOPIC = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,49}")
_LANGUAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9+#. '-]{0,39}")
_SINCE = {"daily": 1, "weekly": 7, "monthly": 30}
#: First steps of the site's own pages, which are no people.
_PAGES = frozenset((
    "about", "account", "apps", "blog", "codespaces", "collections", "contact", "copilot",
    "customer-stories", "dashboard", "discussions", "enterprise", "events", "explore", "features", "issues",
    "join", "login", "logout", "marketplace", "models", "new", "organizations", "pricing", "pulls",
    "readme", "search", "security", "sessions", "settings", "signup", "site", "sponsors", "team", "topics",
    "users", "watching",
))  # fmt: skip
_TABS = {
    "releases": "releases", "tags": "releases", "issues": "issues", "pulls": "issues", "commits": "commits",
    "stargazers": "stargazers",
}  # fmt: skip
_TITLES = {
    "received": "from people you follow", "user": "activity", "starred": "stars",
    "starred-releases": "releases of starred repositories", "notifications": "notifications",
    "releases": "releases", "issues": "issues", "commits": "commits", "stargazers": "stargazers",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """One list. `name` is a login or OWNER/REPO ("" for the reader's own), `api` the base of the REST API."""

    what: What
    name: str = ""
    topic: str = ""
    language: str = ""
    days: int = 7
    api: str = API

    @property
    def host(self) -> str:
        return parts(self.api).netloc

    @property
    def needs_token(self) -> bool:
        return self.what == "notifications" or (self.what in OF_PEOPLE and not self.name)

    @property
    def address(self) -> str:
        """The canonical short form; what a subscription is known by."""
        query = {}
        if self.what == "trending":
            query = {k: v for k, v in (("topic", self.topic), ("language", self.language)) if v}
            query["days"] = str(self.days)
        if self.api != API:
            query["api"] = self.api
        step = f"/{self.name}" if self.name else ""
        return f"github:{self.what}{step}" + (f"?{urlencode(query)}" if query else "")

    @property
    def title(self) -> str:
        if self.what == "trending":
            subject = " ".join(filter(None, (self.topic, self.language))) or "trending"
            return f"GitHub · {subject} · {self.days} days"
        words = _TITLES[self.what]
        if self.what == "received" and self.name:
            words = "from people they follow"
        return f"{self.name or 'GitHub'} · {words}"

    @property
    def web(self) -> str:
        """The page that shows about the same."""
        if self.what in OF_REPOS:
            return f"{SITE}/{self.name}/{self.what}"
        if self.what == "trending":
            return f"{SITE}/topics/{self.topic}" if self.topic else f"{SITE}/trending/{quote(self.language)}"
        if self.what == "notifications":
            return f"{SITE}/notifications"
        if self.name:
            return f"{SITE}/{self.name}" + ("?tab=stars" if self.what.startswith("starred") else "")
        return SITE if self.what == "received" else f"{SITE}/stars"


def from_settings(settings: Settings) -> Place:
    """The place of a subscription. Raises `BadSettings`."""
    given = str(settings.get("address") or "")
    place = parse(given)
    if place is None:
        raise BadSettings(
            f"{given[:80]!r} is no list of GitHub",
            hint="Use github:received, github:starred, github:releases/OWNER/REPO or github:trending?topic=rust.",
        )
    api = web_address("", settings.get("api")).rstrip("/")
    return Place(place.what, place.name, place.topic, place.language, place.days, api or place.api)


def recognise(address: str) -> Suggestion | None:
    """A suggestion for a typed address of GitHub, without any request; None for anything else."""
    place = parse(address)
    if place is None:
        return None
    settings = {"address": place.address} | ({"api": place.api} if place.api != API else {})
    return Suggestion("github", place.address, place.title, settings)


def parse(address: str) -> Place | None:
    """The place that an address names ("github:starred/ada", "https://github.com/ada/engine")."""
    address = address.strip()
    if len(address) > 1000 or not address.isascii() or not address.isprintable():
        return None
    if address.lower() in ("github", "github:"):
        return Place("received")
    if address[:7].lower() == "github:":
        return _short(address[7:])
    there = parts(address if "://" in address else f"https://{address}")
    if there.scheme in ("http", "https") and there.netloc.lower() in ("github.com", "www.github.com"):
        return _page(there)
    return None


def _short(rest: str) -> Place | None:
    """What stands behind "github:"."""
    path, _, query = rest.partition("?")
    given = parse_qs(query)
    api = web_address("", given.get("api", [""])[0]).rstrip("/") or API
    first, _, name = path.strip("/").partition("/")
    what = first.lower()
    if what == "topic" and name:
        given["topic"], what, name = [name], "trending", ""
    if what == "trending" and not name:
        return _trending(given, api)
    if what == "notifications" and not name:
        return Place("notifications", api=api)
    if what in OF_PEOPLE and (_LOGIN.fullmatch(name) or (not name and what != "user")):
        return Place(what, name, api=api)  # type: ignore[arg-type]
    if what in OF_REPOS and (full := repo_name(name)):
        return Place(what, full, api=api)  # type: ignore[arg-type]
    if what in (*OF_PEOPLE, *OF_REPOS, "trending", "topic", "notifications"):
        return None
    if full := repo_name(path):
        return Place("releases", full, api=api)
    return Place("user", path, api=api) if _LOGIN.fullmatch(path) else None


def _trending(given: dict[str, list[str]], api: str) -> Place | None:
    topic, language = (given.get(key, [""])[0].strip() for key in ("topic", "language"))
    try:
        days = int(given.get("days", ["7"])[0])
    except ValueError:
        return None
    if (topic and not _TOPIC.fullmatch(topic)) or (language and not _LANGUAGE.fullmatch(language)):
        return None
    return Place("trending", "", topic.lower(), language, min(max(days, 1), MOST_DAYS), api)


def _page(there: SplitResult) -> Place | None:
    """A page of github.com."""
    steps = [step for step in there.path.split("/") if step]
    query = parse_qs(there.query)
    if not steps:
        return Place("received")
    first = steps[0].lower()
    if first == "notifications":
        return Place("notifications")
    if first == "stars":
        return Place("starred", steps[1]) if len(steps) > 1 and _LOGIN.fullmatch(steps[1]) else Place("starred")
    if first == "topics" and len(steps) == 2:
        return _trending({"topic": [steps[1]], "days": ["30"]}, API)
    if first == "trending":
        days = _SINCE.get(query.get("since", ["daily"])[0], 1)
        return _trending({"language": steps[1:2] or [""], "days": [str(days)]}, API)
    if first == "orgs" and len(steps) > 1 and _LOGIN.fullmatch(steps[1]):
        return Place("user", steps[1])
    if first in _PAGES or first == "orgs" or not _LOGIN.fullmatch(steps[0]):
        return None
    if len(steps) == 1:
        return Place("starred" if query.get("tab") == ["stars"] else "user", steps[0])
    full = repo_name(f"{steps[0]}/{steps[1]}")
    if not full or there.path.endswith(".atom"):
        return None
    what = _TABS.get(steps[2].lower(), "releases") if len(steps) > 2 else "releases"
    return Place(what, full)  # type: ignore[arg-type]


def repo_name(text: str) -> str:
    """"owner/repo" without ".git"; "" for anything else."""
    owner, slash, repo = text.strip("/").partition("/")
    repo = repo.removesuffix(".git")
    return f"{owner}/{repo}" if slash and _LOGIN.fullmatch(owner) and _REPO.fullmatch(repo) else ""


def limit_of(settings: Settings, default: int, most: int) -> int:
    """settings["limit"] within bounds."""
    return min(number(settings.get("limit")) or default, most)
