"""Requests and answers, as values: which address means what, for whom, and what has not changed."""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import formatdate, parsedate_to_datetime
from urllib.parse import urlencode

from penchant.adapters import opml
from penchant.app.digest.feed import feed
from penchant.app.digest.period import Kind
from penchant.app.errors import NoSuchSource, PenchantError
from penchant.app.types import View

from . import atom, jsonfeed, page
from .clean import line
from .doorman import Doorman
from .library import TITLES, Found, Library, Wanted
from .model import Feed

PLAIN = "text/plain; charset=utf-8"
#: The last page that is served, the longest query, the answers whose age is remembered.
LAST_PAGE, LONGEST, REMEMBERED = 200, 400, 512
_PATH = re.compile(r"/(for-you|newest|saved|liked|later|search|source/(\d{1,15}))(\.atom|\.json)?")
_ALWAYS = {
    "Cache-Control": "private, no-cache",
    "Content-Security-Policy": page.POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What of a request matters. `path` is unquoted; header names in `headers` are lower case; `body` of a POST."""

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def words(status: int, text: str, **headers: str) -> Answer:
    """An answer that is a sentence."""
    return Answer(status, f"{text}\n".encode(), {"Content-Type": PLAIN, **headers})


class Site:
    """Answers requests. `public`: where a reverse proxy offers this server ("" for the Host header's place)."""

    def __init__(self, library: Library, doorman: Doorman, public: str = "") -> None:
        self.library = library
        self.doorman = doorman
        self.public = public.rstrip("/")
        self._started = time.time()
        self._ages: OrderedDict[str, tuple[str, int]] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Answer:
        """Never raises for anything a request can hold, or for an archive in trouble."""
        made = self._answer(request)
        if made.status == 200:
            made = self._known(request, self._packed(request, self._aged(request, made)))
        whole = {**_ALWAYS, **made.headers}
        return replace(made, headers={name: line(value, 8_000) for name, value in whole.items()})

    def refusal(self, status: int, what: str, do: str) -> Answer:
        """What the server refuses by itself."""
        made = words(status, f"{what[:1].upper()}{what[1:]}. {do}")
        return replace(made, headers={**_ALWAYS, **made.headers})

    def _answer(self, request: Request) -> Answer:
        if not self.doorman.knows(request.headers.get("host", "")):
            return words(421, "This server does not answer under this name; docs/serve.md says how to add one.")
        path, given, in_query = request.path, "", False
        if self.doorman.token:
            head, _, rest = path.lstrip("/").partition("/")
            in_query = "token" in request.query
            given, path = (request.query["token"], path) if in_query else (head, f"/{rest}")
        if not self.doorman.admits(given):
            return words(403, "The address lacks the token: `penchant serve --addresses` prints whole ones.")
        if request.method not in ("GET", "HEAD"):
            return words(405, "Feeds can only be read.", Allow="GET, HEAD")
        base = self.public or f"http://{request.headers['host']}"
        place = Place(base, given, in_query)
        try:
            return self._found(path, request.query, place)
        except NoSuchSource as error:
            return words(404, str(error))
        except PenchantError as error:
            said = f"{error}. {error.hint}" if error.hint else str(error)
            return words(503, line(said), **{"Retry-After": "60"})

    def _found(self, path: str, query: Mapping[str, str], place: Place) -> Answer:
        if path == "/":
            feeds = [(title, place.of(path)) for title, path, _ in self._shelf()]
            field = place.token if place.in_query else ""
            body = page.write(feeds, place.of("").partition("?")[0], field)
            return Answer(200, body, {"Content-Type": page.MIME})
        if path == "/opml":
            body = opml.write(
                [opml.OpmlFeed(place.of(f"{path}.atom"), title, folder) for title, path, folder in self._shelf()],
                "penchant",
            )
            return Answer(200, body, {"Content-Type": "text/x-opml; charset=utf-8"})
        if path in ("/digest", "/digest.atom", "/digest.json"):
            return self._digest(path, query, place)
        found = _PATH.fullmatch(path)
        if not found:
            return words(404, "There is nothing at this address; / lists what there is.")
        wanted = self._wanted(found, query)
        if wanted is None:
            return words(400, "This address asks for something impossible: see docs/serve.md for what it can hold.")
        return self._feed(path, wanted, place)

    def _digest(self, path: str, query: Mapping[str, str], place: Place) -> Answer:
        """One entry for each day that is over, or with ?period=week for each week."""
        asked = query.get("period", "day")
        if asked not in ("day", "week"):
            return words(400, "A digest has the period day or week: /digest.atom?period=week")
        kind: Kind = "week" if asked == "week" else "day"
        entries = self.library.digests(kind, time.time())
        own = place.of(path, {"period": "week"} if kind == "week" else None)
        made = feed(entries, kind, own=own, home=place.of("/"))
        writer = jsonfeed if path.endswith(".json") else atom
        updated = made.updated or self._started
        return Answer(200, writer.write(replace(made, updated=updated)), {"Content-Type": writer.MIME})

    def _shelf(self) -> list[tuple[str, str, tuple[str, ...]]]:
        """(title, path without ending, folder) of every feed."""
        own: list[tuple[str, str, tuple[str, ...]]] = [
            (title, f"/{view.value}", ()) for view, title in TITLES.items() if view is not View.NEWEST
        ]
        own.append(("Digest", "/digest", ()))
        return own + [
            (title, f"/source/{number}", ("Sources", *folder))
            for number, title, folder in self.library.sources()
        ]

    @staticmethod
    def _wanted(found: re.Match[str], query: Mapping[str, str]) -> Wanted | None:
        """What is asked for; None where it makes no sense."""
        number, least = query.get("page", "1"), query.get("min", "0")
        if not (number.isascii() and number.isdigit() and 0 < len(number) < 5 and 1 <= int(number) <= LAST_PAGE):
            return None
        if not (least.isascii() and least.isdigit() and len(least) < 4 and int(least) <= 100):
            return None
        if query.get("dates", "") not in ("", "rank"):
            return None
        asked, saved = line(query.get("q", ""), LONGEST), ""
        if found[1] == "search" and not asked:
            saved = line(query.get("saved", ""), LONGEST)
            if not saved:
                return None
        view = View.FOLLOWING if found[2] else View(found[1])
        return Wanted(
            view, int(found[2]) if found[2] else None, asked, int(number), int(least) / 100, "dates" in query, saved
        )

    def _feed(self, path: str, wanted: Wanted, place: Place) -> Answer:
        made = self.library.page(wanted)
        writer = jsonfeed if path.endswith(".json") else atom
        return Answer(200, writer.write(self._of(path, wanted, made, place)), {"Content-Type": writer.MIME})

    def _of(self, path: str, wanted: Wanted, made: Found, place: Place) -> Feed:
        asked: dict[str, str] = {}
        if wanted.view is View.SEARCH:
            asked |= {"saved": wanted.saved} if wanted.saved else {"q": wanted.query}
        if wanted.least:
            asked["min"] = f"{100 * wanted.least:.0f}"
        if wanted.dated:
            asked["dates"] = "rank"

        def at(number: int) -> str:
            return place.of(path, asked | ({"page": str(number)} if number > 1 else {}))

        return Feed(
            id=f"urn:penchant:feed:{path.removesuffix('.atom').removesuffix('.json').strip('/')}"
            + (f":{urlencode(asked)}" if asked else ""),
            title=f"{made.title} - penchant",
            subtitle="Ranked by what you like",
            updated=max((entry.updated for entry in made.entries), default=self._started),
            entries=made.entries,
            own=at(wanted.page),
            home=place.of("/"),
            first=at(1),
            next=at(wanted.page + 1) if made.more and wanted.page < LAST_PAGE else "",
            previous=at(wanted.page - 1) if wanted.page > 1 else "",
        )

    # -- what a reader has already
    def _aged(self, request: Request, made: Answer) -> Answer:
        """With validators. A time is when this server first saw the content, always later for other content."""
        tag = hashlib.blake2b(made.body, digest_size=16).hexdigest()
        key = f"{request.headers.get('host', '')} {request.path}?{urlencode(sorted(request.query.items()))}"
        with self._lock:
            known, since = self._ages.pop(key, ("", 0))
            if known != tag:
                since = max(int(time.time()), since + 1)
            self._ages[key] = (tag, since)
            if len(self._ages) > REMEMBERED:
                self._ages.popitem(last=False)
        stamps = {"ETag": f'"{tag}"', "Last-Modified": formatdate(since, usegmt=True)}
        return replace(made, headers={**made.headers, **stamps})

    @staticmethod
    def _packed(request: Request, made: Answer) -> Answer:
        if len(made.body) < 1_000 or not takes_gzip(request.headers.get("accept-encoding", "")):
            return made
        tag = made.headers["ETag"].replace('"', "")
        headers = {**made.headers, "Content-Encoding": "gzip", "ETag": f'"{tag}-gzip"'}
        return replace(made, body=gzip.compress(made.body, 6, mtime=0), headers=headers)

    @staticmethod
    def _known(request: Request, made: Answer) -> Answer:
        """304 where the reader has it (RFC 9110, 13.1: If-None-Match goes before If-Modified-Since)."""
        if unchanged(request.headers, made.headers["ETag"], made.headers["Last-Modified"]):
            kept = {name: made.headers[name] for name in ("ETag", "Last-Modified")}
            return Answer(304, b"", kept)
        return made


@dataclass(frozen=True, slots=True)
class Place:
    """Where links lead: `base` with the token as its first folder, or in the query where the reader put it."""

    base: str
    token: str = ""
    in_query: bool = False

    def of(self, path: str, query: Mapping[str, str] | None = None) -> str:
        """The whole address of a path with its query."""
        asked = dict(query or {})
        if self.in_query and self.token:
            asked["token"] = self.token
        folder = f"/{self.token}" if self.token and not self.in_query else ""
        return f"{self.base}{folder}{path}" + (f"?{urlencode(asked)}" if asked else "")


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header allows gzip."""
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() in ("gzip", "*"):
            return re.fullmatch(r"\s*q=0(\.0*)?\s*", weight) is None
    return False


def unchanged(headers: Mapping[str, str], tag: str, modified: str) -> bool:
    """Whether the validators of a request name this content."""
    if "if-none-match" in headers:
        given = [each.strip().removeprefix("W/") for each in headers["if-none-match"].split(",")]
        return "*" in given or tag in given
    try:
        since = parsedate_to_datetime(headers["if-modified-since"])
        return parsedate_to_datetime(modified) <= since
    except (KeyError, ValueError, TypeError, IndexError, OverflowError):
        return False
