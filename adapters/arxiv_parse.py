"""Answers of arXiv's API and its daily feeds to papers: pure, and run in the child that reads documents.

They are read as any other feed (`rss_parse`: decoding, no document type, no entity, strict lxml); what feeds do not
have (all authors, comment, journal, DOI, primary category, kind of announcement) is taken from the same tree.
https://info.arxiv.org/help/api/user-manual.html, https://info.arxiv.org/help/rss_specifications.html
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .arxiv_place import split_version
from .base import Malformed
from .rss_parse import decode, prepare
from .rss_raw import RawEntry
from .text import clean_line, parse_date

_ARXIV = "{http://arxiv.org/schemas/atom}"
_SEARCH = "{http://a9.com/-/spec/opensearch/1.1/}"
#: "arXiv:2409.01234v1 Announce Type: new \nAbstract: We show ..."
_ANNOUNCED = re.compile(r"\A\s*arXiv:(\S+)\s+Announce Type:\s*([a-z-]+)\s*(?:Abstract:)?\s*", re.IGNORECASE)
_AUTHORS = re.compile(r"\s*(?:,\s+and|,|;)\s+|\s+and\s+")
_WRAPPED = re.compile(r"\n(?!\n|[ \t]{2})[ \t]*")
MAX_PAPERS, MAX_AUTHORS = 5000, 300


@dataclass(frozen=True, slots=True)
class Paper:
    """One paper as arXiv tells it. `announced`: "new", "cross", "replace" or "replace-cross" in daily feeds."""

    id: str
    version: int
    title: str
    abstract: str
    authors: tuple[str, ...]
    published: float | None = None
    updated: float | None = None
    categories: tuple[str, ...] = ()
    comment: str = ""
    journal: str = ""
    doi: str = ""
    announced: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Papers in their order; `error` are arXiv's own words when the answer is a refusal.

    `count` is how many entries there were, `total` how many the whole list has.
    """

    papers: tuple[Paper, ...] = ()
    count: int = 0
    total: int = 0
    title: str = ""
    error: str = ""


def read_answer(body: bytes, content_type: str) -> Answer:
    """Papers of an Atom answer of the API or of a daily feed (RSS or Atom). Raises `Malformed`."""
    from .rss_names import name_of
    from .rss_xml import read_feed

    root = _tree(body, content_type)
    feed = read_feed(root, "https://arxiv.org/", False)
    if feed is None:
        raise Malformed("arXiv did not answer with a feed.")
    places = [x for place in (root, *root) for x in place if name_of(x.tag) in ("item", "entry")]
    pairs = list(zip(feed.entries, places, strict=False))[:MAX_PAPERS]
    for raw, _ in pairs[:1]:
        if "/api/errors" in raw.guid:
            return Answer(error=clean_line(raw.summary, 300) or "an error without words")
    total = clean_line(root.findtext(_SEARCH + "totalResults") or "", 12)
    found = {paper.id: paper for raw, x in reversed(pairs) if (paper := _paper(raw, x))}
    whole = int(total) if total.isdecimal() else len(found)
    return Answer(tuple(reversed(found.values())), len(pairs), whole, clean_line(feed.title, 200))


def _tree(body: bytes, content_type: str) -> Any:
    from lxml import etree

    text = prepare(decode(body, content_type))
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        said = clean_line(str(error), 120)
        raise Malformed(f"arXiv's answer is damaged or cut short ({said}).") from None


def _paper(raw: RawEntry, x: Any) -> Paper | None:
    """A paper; None without an id or a title."""
    summary = raw.summary or raw.body
    announced = _ANNOUNCED.match(summary)
    own, version = split_version(raw.guid)
    if announced:
        own, version = split_version(announced[1]) if not own or not version else (own, version)
        summary = summary[announced.end() :]
    if not own:
        own, version = split_version(raw.link)
    title = clean_line(raw.title, 500)
    if not own or not title:
        return None
    kind = _own(x, "announce_type") or (announced[2] if announced else "")
    primary = x.find(_ARXIV + "primary_category")
    named = [primary.get("term") or "" if primary is not None else "", *raw.tags]
    published = parse_date(raw.published) if raw.published else None
    return Paper(
        own, version or 1, title, paragraphs(summary), _people(raw, x), published,
        parse_date(raw.updated) if raw.updated else None,
        tuple(dict.fromkeys(filter(None, (clean_line(name, 60) for name in named)))),
        _own(x, "comment"), _own(x, "journal_ref") or _own(x, "journal_reference"),
        _own(x, "doi") or _own(x, "DOI"), kind.lower(),
    )  # fmt: skip


def _own(x: Any, name: str) -> str:
    return clean_line(x.findtext(_ARXIV + name) or "", 1000)


def _people(raw: RawEntry, x: Any) -> tuple[str, ...]:
    """All authors: elements of their own in the API, one string in feeds (with affiliations in brackets)."""
    from .rss_names import name_of, words

    named = [words(n) for a in x if name_of(a.tag) == "author" for n in a if name_of(n.tag) == "name"]
    if not named:
        named = _AUTHORS.split(re.sub(r"\([^()]*\)", "", raw.author))
    return tuple(dict.fromkeys(filter(None, (clean_line(name, 120) for name in named))))[:MAX_AUTHORS]


def paragraphs(text: str) -> str:
    """An abstract without its hard line breaks; an indented line begins a paragraph."""
    joined = _WRAPPED.sub(" ", text.strip().replace("\r\n", "\n"))
    return "\n\n".join(filter(None, (clean_line(part, 20_000) for part in joined.split("\n"))))
