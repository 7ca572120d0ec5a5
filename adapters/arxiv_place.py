"""Which papers an address names: typed short forms and arXiv's own addresses. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import SplitResult, parse_qs, quote, urlencode

from .base import BadSettings, Settings, Suggestion
from .wire import address as web_address
from .wire import parts

API = "https://export.arxiv.org/api"
FEEDS = "https://rss.arxiv.org"
SITE = "https://arxiv.org"
What = Literal["query", "list", "ids"]
#: New identifiers since April 2007 (2202.12139), old ones before (astro-ph/0601001, math.GT/0309136).
ID = r"(?:\d{4}\.\d{4,5}|[a-z][a-z-]*(?:\.[A-Z]{2})?/\d{7})"
_ID = re.compile(ID)
_VERSIONED = re.compile(rf"({ID})(?:v(\d{{1,3}}))?")
_CATEGORY = re.compile(r"[a-z][a-z-]{1,15}(?:\.[A-Za-z-]{2,10})?")
#: Fields of the query language (manual, section 5.1).
_FIELDS = ("ti", "au", "abs", "co", "jr", "cat", "rn", "all")
_FIELD = re.compile(rf"\b(?:{'|'.join(_FIELDS)}):")
_SEARCH_TYPES = {"author": "au", "title": "ti", "abstract": "abs", "comments": "co", "journal_ref": "jr"}
_HOSTS = ("arxiv.org", "www.arxiv.org", "export.arxiv.org", "rss.arxiv.org")
MAX_QUERY, MAX_IDS = 500, 50


@dataclass(frozen=True, slots=True)
class Place:
    """`value` is a query of the API, categories joined by "+", or ids joined by ","."""

    what: What
    value: str
    api: str = API
    feeds: str = FEEDS

    @property
    def address(self) -> str:
        """The canonical short form; what a subscription is known by."""
        form = {"query": self.value, "list": f"list:{self.value}", "ids": f"id:{self.value}"}[self.what]
        base = {"api": self.api} if self.api != API else {}
        base |= {"feeds": self.feeds} if self.feeds != FEEDS else {}
        return f"arxiv:{form}" + (f"?{urlencode(base)}" if base else "")

    @property
    def title(self) -> str:
        words = self.value.replace("+", " + ") if self.what != "query" else _FIELD.sub("", self.value)
        words = words.replace(" AND ", " ").replace('"', "")
        return f"arXiv · {words[:80]}"

    @property
    def web(self) -> str:
        """The page that shows about the same."""
        if self.what == "ids":
            return f"{SITE}/abs/{self.value.partition(',')[0]}"
        if self.what == "list":
            return f"{SITE}/list/{self.value.partition('+')[0]}/recent"
        category = self.value.removeprefix("cat:")
        if _CATEGORY.fullmatch(category):
            return f"{SITE}/list/{category}/recent"
        return f"{SITE}/search/?query={quote(self.value)}&searchtype=all"


def from_settings(settings: Settings) -> Place:
    """The place of a subscription. Raises `BadSettings`."""
    given = str(settings.get("address") or "")
    place = parse(given)
    if place is None:
        raise BadSettings(
            f"{given[:80]!r} names nothing on arXiv",
            hint='Use arxiv:cat:cs.IR, arxiv:list:cs.CL, arxiv:au:"Jane Doe", arxiv:search:WORDS or arxiv:2202.12139.',
        )
    api, feeds = (web_address("", settings.get(key)).rstrip("/") for key in ("api", "feeds"))
    return Place(place.what, place.value, api or place.api, feeds or place.feeds)


def recognise(address: str) -> Suggestion | None:
    """A suggestion for a typed address of arXiv, without any request; None for anything else."""
    place = parse(address)
    if place is None:
        return None
    settings = {"address": place.address}
    settings |= {"api": place.api} if place.api != API else {}
    settings |= {"feeds": place.feeds} if place.feeds != FEEDS else {}
    return Suggestion("arxiv", place.address, place.title, settings)


def parse(address: str) -> Place | None:
    """The place that an address names ("arxiv:cat:cs.IR", "https://arxiv.org/abs/1605.08386")."""
    address = address.strip()
    if not address or len(address) > 1000 or not address.isprintable():
        return None
    if address[:6].lower() == "arxiv:":
        return _short(address[6:].strip())
    there = parts(address if "://" in address else f"https://{address}")
    if there.scheme in ("http", "https") and there.netloc.lower() in _HOSTS:
        return _page(there)
    return None


def _short(rest: str) -> Place | None:
    """What stands behind "arxiv:"; `?api=` and `?feeds=` at the end name other servers."""
    body, mark, tail = rest.rpartition("?")
    given = parse_qs(tail) if mark else {}
    if mark and set(given) <= {"api", "feeds"} and given:
        bases = {key: web_address("", given[key][0]).rstrip("/") for key in given}
        place = _short(body)
        return Place(place.what, place.value, bases.get("api") or API, bases.get("feeds") or FEEDS) if place else None
    form, colon, value = rest.partition(":")
    value = " ".join(value.split())
    if colon and form.lower() in ("list", "new"):
        return _list(value)
    if colon and form.lower() in ("id", "ids"):
        return _ids(value)
    if colon and form.lower() in ("search", "author"):
        return _query(value, "all" if form.lower() == "search" else "au")
    if colon and form.lower() == "query":
        return _raw(value)
    if rest.startswith(("list/", "new/")):
        return _list(rest.partition("/")[2])
    if (place := _ids(rest)) is not None:
        return place
    if colon and form.lower() in _FIELDS:
        simple = '"' not in value and not re.search(r"\b(?:AND|OR|ANDNOT)\b|:", value)
        return _query(value, form.lower()) if simple else _raw(" ".join(rest.split()))
    return None


def _query(words: str, field: str) -> Place | None:
    """A query for plain words: a person's name and a category are one term, other words all have to occur."""
    words = words.replace('"', " ").replace(":", " ").strip()
    if not words or len(words) > MAX_QUERY:
        return None
    if field == "cat":
        return Place("query", f"cat:{words}") if _CATEGORY.fullmatch(words.rstrip("*.")) else None
    if field == "au" or (field != "all" and " " in words):
        return Place("query", f'{field}:"{words}"' if " " in words else f"{field}:{words}")
    return Place("query", " AND ".join(f"{field}:{word}" for word in words.split()))


def _raw(query: str) -> Place | None:
    fields = re.findall(r"(\w+):", re.sub(r"\"[^\"]*\"", "", query))
    fine = fields and all(field in _FIELDS for field in fields) and len(query) <= MAX_QUERY
    return Place("query", query) if fine else None


def _list(value: str) -> Place | None:
    names = [name for name in re.split(r"[+,\s]+", value) if name]
    if not names or len(names) > 20 or not all(_CATEGORY.fullmatch(name) for name in names):
        return None
    return Place("list", "+".join(dict.fromkeys(names)))


def _ids(value: str) -> Place | None:
    found = [paper_id(part) for part in re.split(r"[,\s]+", value) if part]
    if not found or len(found) > MAX_IDS or not all(found):
        return None
    return Place("ids", ",".join(dict.fromkeys(found)))


def _page(there: SplitResult) -> Place | None:
    """A page of arxiv.org or one of its services."""
    steps, query = [step for step in there.path.split("/") if step], parse_qs(there.query)
    if not steps:
        return None
    first, rest = steps[0].lower(), "/".join(steps[1:])
    if first in ("abs", "pdf", "html", "ps"):
        return _ids(rest.removesuffix(".pdf"))
    if first in ("list", "archive", "rss", "atom"):
        return _list(steps[1].removesuffix(".atom")) if len(steps) > 1 else None
    if first == "search" and query.get("query"):
        words = " ".join(query["query"][0].split())
        return _query(words, _SEARCH_TYPES.get(query.get("searchtype", ["all"])[0], "all"))
    if first == "api" and query.get("search_query"):
        return _raw(" ".join(query["search_query"][0].split()))
    return _ids(query["id_list"][0]) if first == "api" and query.get("id_list") else None


def paper_id(text: str) -> str:
    """ "2202.12139" of "2202.12139v3"; "" for anything else."""
    found = _VERSIONED.fullmatch(text.strip())
    return found[1] if found else ""


def split_version(text: str) -> tuple[str, int]:
    """(id, version) of the id at the end of an address or name; ("", 0) without one."""
    found = re.search(rf"({ID})(?:v(\d{{1,3}}))?\Z", text.strip())
    return (found[1], int(found[2] or 0)) if found else ("", 0)
