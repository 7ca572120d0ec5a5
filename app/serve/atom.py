"""A feed as Atom (RFC 4287), paged (RFC 5005). Pure."""

from __future__ import annotations

from typing import Any

from .clean import block, language, line, moment, web
from .model import Entry, Feed

MIME = "application/atom+xml; charset=utf-8"
#: Schemes of the categories that say what penchant thinks.
CHANCE, WHY, SOURCE = "urn:penchant:probability", "urn:penchant:why", "urn:penchant:source"
_ATOM = "http://www.w3.org/2005/Atom"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def write(feed: Feed) -> bytes:
    """An Atom document that any XML parser accepts, whatever the entries hold."""
    from lxml import etree

    root = etree.Element(f"{{{_ATOM}}}feed", nsmap={None: _ATOM})
    _say(root, "id", feed.id)
    _say(root, "title", line(feed.title))
    _say(root, "subtitle", line(feed.subtitle))
    _say(root, "updated", moment(feed.updated))
    _say(root, "generator", "penchant")
    _say(_under(root, "author"), "name", "penchant")
    links = {"self": feed.own, "first": feed.first, "next": feed.next, "previous": feed.previous}
    for rel, href in links.items():
        if href:
            _under(root, "link", rel=rel, href=href, type="application/atom+xml")
    if feed.home:
        _under(root, "link", rel="alternate", href=feed.home, type="text/html")
    for entry in feed.entries:
        _entry(_under(root, "entry"), entry)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    return written


def _entry(place: Any, entry: Entry) -> None:
    if language(entry.lang):
        place.set(_LANG, language(entry.lang))
    _say(place, "id", line(entry.id))
    _say(place, "title", line(entry.title) or "(without a title)")
    _say(place, "published", moment(entry.published))
    _say(place, "updated", moment(entry.updated))
    if line(entry.author):
        _say(_under(place, "author"), "name", line(entry.author))
    if web(entry.url):
        _under(place, "link", rel="alternate", href=web(entry.url), type="text/html")
    if web(entry.replies):
        _under(place, "link", rel="replies", href=web(entry.replies), type="text/html")
    for found in entry.enclosures:
        size = {"length": str(found.size)} if found.size else {}
        _under(place, "link", rel="enclosure", href=web(found.url), type=line(found.mime), **size)
    for tag in entry.tags:
        if line(tag):
            _under(place, "category", term=line(tag))
    if entry.probability is not None:
        chance = f"{100 * entry.probability:.0f}"
        _under(place, "category", scheme=CHANCE, term=chance, label=f"{chance}%")
    for scheme, said in ((SOURCE, entry.source), (WHY, entry.why)):
        if line(said):
            _under(place, "category", scheme=scheme, term=line(said))
    if line(entry.summary):
        _say(place, "summary", line(entry.summary))
    _say(place, "content", block(entry.html), type="html")


def _under(place: Any, name: str, **attributes: str) -> Any:
    from lxml import etree

    return etree.SubElement(place, f"{{{_ATOM}}}{name}", attributes)


def _say(place: Any, name: str, text: str, **attributes: str) -> None:
    _under(place, name, **attributes).text = text
