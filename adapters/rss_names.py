"""Names and texts of XML elements, whatever namespace a feed puts them in."""

from __future__ import annotations

import base64
import binascii
from functools import lru_cache
from typing import Any

from lxml import etree

from .rss_raw import Form

_PREFIXES = {
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://purl.org/rss/1.0/modules/slash/": "slash:",
    "http://purl.org/rss/1.0/modules/syndication/": "sy:",
    "http://purl.org/syndication/thread/1.0": "thr:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://search.yahoo.com/mrss": "media:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
    "http://purl.org/rss/1.0/modules/wfw/": "wfw:",
}
#: Namespaces whose elements have the plain names of RSS and Atom.
_PLAIN = (
    "http://www.w3.org/2005/Atom", "http://purl.org/atom/ns#", "http://purl.org/rss/1.0/",
    "http://backend.userland.com/", "http://my.netscape.com/", "http://channel.netscape.com/",
    "http://purl.org/net/rss", "http://blogs.law.harvard.edu/",
)  # fmt: skip
XML = "{http://www.w3.org/XML/1998/namespace}"
RDF_ABOUT = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}about"


@lru_cache(maxsize=2048)
def name_of(tag: str) -> str:
    """A Clark name as "prefix:name"; unknown namespaces become "?:", so that they match nothing."""
    if tag[0] != "{":
        return tag
    uri, _, local = tag[1:].partition("}")
    prefix = _PREFIXES.get(uri)
    if prefix is not None:
        return prefix + local
    return local if not uri or uri.startswith(_PLAIN) else "?:" + local


def words(element: Any) -> str:
    """All text of an element."""
    return (element.text or "") if not len(element) else "".join(element.itertext())


def markup(element: Any) -> str:
    """The inner XML of an element that holds elements, else its text."""
    if not len(element):
        return element.text or ""
    inner = [etree.tostring(child, encoding="unicode", method="html") for child in element]
    return _escaped(element.text) + "".join(inner)


def _escaped(text: str | None) -> str:
    return (text or "").replace("&", "&amp;").replace("<", "&lt;")


def construct(element: Any) -> tuple[str, Form]:
    """An Atom text construct or content: its value and what it is (RFC 4287 sections 3.1 and 4.1.3)."""
    kind = (element.get("type") or "text").strip().lower()
    if element.get("mode") == "base64" or (
        kind not in ("text", "html", "xhtml")
        and not kind.startswith("text/")
        and not kind.endswith(("+xml", "/xml"))
    ):
        try:
            return base64.b64decode(words(element), validate=False).decode("utf-8", "replace"), "html"
        except (binascii.Error, ValueError):
            return "", "text"
    if len(element) or kind == "xhtml":
        return markup(element), "html"
    if kind in ("html", "text/html", "application/xhtml+xml") or element.get("mode") == "escaped":
        return element.text or "", "html"
    return element.text or "", "text"


def loose(element: Any) -> tuple[str, Form]:
    """A text of RSS, which may carry Atom's `type` or `mode` by mistake."""
    if element.get("type") or element.get("mode"):
        return construct(element)
    return (markup(element), "html") if len(element) else (element.text or "", "unknown")
