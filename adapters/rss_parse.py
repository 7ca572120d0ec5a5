"""Bytes of a feed in any format to cleaned items: the pure function that runs in the child process."""

from __future__ import annotations

import codecs
import html.entities
import itertools
import json
import re
from typing import Any

from .base import Malformed
from .rss_raw import Parsed, RawFeed, convert
from .text_clean import strip_escapes

#: Longer documents (characters, entries, tags) are not given to feedparser: 6 s for 500 kB of nested <item>.
MAX_FALLBACK, MAX_FALLBACK_ENTRIES, MAX_FALLBACK_TAGS = 512 << 10, 1000, 15_000
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
         (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))  # fmt: skip
_DECLARED = re.compile(rb"<\?xml[^>]{0,200}?\bencoding\s*=\s*[\"']([A-Za-z0-9._:-]{1,40})[\"']")
_DECLARATION = re.compile(r"<\?xml[^>]{0,500}>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^\[>]{0,2000}(?:\[.{0,100000}?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_DOCTYPE_START = re.compile("<!DOCTYPE", re.IGNORECASE)
_ELEMENT = re.compile("<[A-Za-z_]")
#: Characters that XML 1.0 does not allow (section 2.2).
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: Its control bytes, and how its other characters begin in UTF-8 (surrogates; U+FFFE and U+FFFF).
_CONTROLS, _SUSPICIOUS = bytes([*range(9), 11, 12, *range(14, 32)]), (b"\xed", b"\xef\xbf")
_ILLEGAL_REFERENCE = re.compile(
    r"&#(?:0*(?:[0-8]|1[124-9]|2\d|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]));", re.IGNORECASE
)
#: References to surrogates, which libxml2 takes where it forgives, and lxml cannot decode.
_SURROGATE = re.compile(
    r"&#(?:0*5(?:5(?:29[6-9]|[3-9]\d\d)|6\d{3}|7(?:[0-2]\d\d|3[0-3]\d|34[0-3]))|x0*d[89a-f][0-9a-f]{2});", re.IGNORECASE
)
#: A tag of so many attributes takes feedparser quadratic time (20,000: 2 s and more).
_CROWDED = re.compile(r"<[^<>=]*(?:=[^<>=]*){500}")
_NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_BARE_AMPERSAND = re.compile(r"&(?![A-Za-z][A-Za-z0-9]{1,31};|#\d{1,7};|#x[0-9A-Fa-f]{1,6};)")
_ENTRY = re.compile(r"<(?:\w+:)?(?:item|entry)[\s>]")
_FEED = re.compile(r"<(?:\w+:)?(?:rss|feed|rdf|channel|item|entry)[\s>]", re.IGNORECASE)
_LATIN = frozenset(("iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"))
_XML_NAMES = frozenset(("amp", "lt", "gt", "quot", "apos"))


def parse_feed(body: bytes, address: str, content_type: str, key: str, now: float) -> Parsed:
    """Read RSS, Atom, RDF or JSON Feed. Raises `Malformed` when it is none of them.

    `address` resolves relative links, `key` makes item ids unique among feeds,
    `now` (Unix seconds) judges dates in the future.
    """
    start = body[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"{":
        return convert(_json(body, address), key, now)
    text = decode(body, content_type)
    feed, whole = _lxml(text, address)
    if not whole and _worth_a_second_reading(text):
        from .rss_fallback import read

        other = read(body, content_type, address)
        if feed is None or (other is not None and len(other.entries) > len(feed.entries)):
            feed = other
    if feed is None:
        raise Malformed(_what_it_is(text))
    return convert(feed, key, now)


def _worth_a_second_reading(text: str) -> bool:
    """Whether feedparser may try: it looks like a feed, and is small enough for a slow parser."""
    entries = sum(1 for _ in itertools.islice(_ENTRY.finditer(text), MAX_FALLBACK_ENTRIES + 1))
    small = len(text) <= MAX_FALLBACK and text.count("<") <= MAX_FALLBACK_TAGS
    small = small and entries <= MAX_FALLBACK_ENTRIES and not _CROWDED.search(text)
    return small and bool(_FEED.search(text))


def decode(body: bytes, content_type: str) -> str:
    """Text of an XML document: by byte order mark, XML declaration, HTTP charset, UTF-8, Windows-1252."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body.decode(name, "replace").lstrip("\ufeff")
    if body[:4:2] == b"\0\0" or body[1:4:2] == b"\0\0":  # UTF-16 without a mark
        return body.decode("utf-16-be" if body[0] == 0 else "utf-16-le", "replace")
    declared = _DECLARED.search(body[:1024])
    charset = content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    for name in (declared[1].decode("ascii") if declared else "", charset, "utf-8"):
        if not name or name.lower().startswith(("utf-16", "utf-32", "ucs", "utf16")):
            continue  # no such bytes here, whatever it says
        try:
            # Declared Latin-1 is Windows-1252 in practice, as in HTML (WHATWG Encoding)
            return body.decode("cp1252" if name.lower() in _LATIN else name)
        except (UnicodeDecodeError, LookupError, ValueError):
            continue
    return body.decode("utf-8", "replace") if b"\xc3" in body else body.decode("cp1252", "replace")


def _lxml(text: str, address: str) -> tuple[RawFeed | None, bool]:
    """By lxml, strictly first, then repaired and forgiving: the feed, and whether it has every entry."""
    from lxml import etree

    from .rss_xml import read_feed

    text = prepare(text)
    based = "xml:base" in text
    options: dict[str, Any] = {
        "resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False,
        "remove_comments": True, "remove_pis": True,
    }  # fmt: skip
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), etree.XMLParser(**options), base_url=address)
        feed = read_feed(root, address, based)
        return feed, feed is not None and (bool(feed.entries) or not _ENTRY.search(text))
    except (etree.XMLSyntaxError, ValueError):
        pass
    try:
        forgiving = etree.XMLParser(recover=True, **options)
        root = etree.fromstring(repair(text).encode("utf-8", "replace"), forgiving, base_url=address)
    except (etree.XMLSyntaxError, ValueError):
        return None, False
    feed = read_feed(root, address, based) if root is not None else None
    return feed, feed is not None and len(feed.entries) >= len(_ENTRY.findall(text))


def prepare(text: str) -> str:
    """Without XML declaration, without DOCTYPE (so no entity is ever declared) and illegal characters."""
    text = strip_escapes(text)
    text = (text if _legal(text) else _ILLEGAL.sub("", text)).lstrip("\ufeff \t\r\n")
    if text.startswith("<?xml"):
        declaration = _DECLARATION.match(text)
        text = text[declaration.end() :] if declaration else text
    return without_doctype(text)


def _legal(text: str) -> bool:
    """Whether nothing in it is `_ILLEGAL`: looked for in bytes first, which takes a tenth of the time."""
    raw = text.encode("utf-8", "surrogatepass")
    suspicious = any(start in raw for start in _SUSPICIOUS) or len(raw.translate(None, _CONTROLS)) < len(raw)
    return not (suspicious and _ILLEGAL.search(text))


def without_doctype(text: str) -> str:
    """Without the document type that stands before the first element. Raises `Malformed` if it never ends."""
    element = _ELEMENT.search(text)
    start = _DOCTYPE_START.search(text, 0, element.start() if element else 4096)
    if not start:
        return text
    whole = _DOCTYPE.match(text, start.start())
    if not whole:
        raise Malformed(
            "The answer is XML with a document type that is too long or never ends; it was refused."
        )
    return text[: start.start()] + text[whole.end() :]


def repair(text: str) -> str:
    """The usual faults put right: HTML's entities, lone ampersands, references to illegal characters."""
    text = _SURROGATE.sub("", _ILLEGAL_REFERENCE.sub("", text))
    text = _NAMED.sub(_character, text)
    return _BARE_AMPERSAND.sub("&amp;", text)


def _character(found: re.Match[str]) -> str:
    name = found[1]
    if name in _XML_NAMES:
        return found[0]
    return html.entities.html5.get(name + ";", f"&amp;{name};")


def _json(body: bytes, address: str) -> RawFeed:
    from .rss_json import read_json

    try:
        value = json.loads(body.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError) as error:
        raise Malformed("The answer begins like JSON but is not; so it is no JSON Feed either.") from error
    feed = read_json(value, address)
    if feed is None:
        raise Malformed("The answer is JSON, but not a JSON Feed (jsonfeed.org).")
    return feed


def _what_it_is(text: str) -> str:
    """Words for the reader about a document that is no feed."""
    head = text[:2000].lower()
    if not text.strip():
        return "The answer is empty; a feed was expected."
    if "<html" in head or "<!doctype html" in head:
        return "The answer is a web page, not a feed."
    if "<opml" in head:
        return "The answer is an OPML list of feeds, not a feed; import it with `penchant import opml`."
    return "The answer is not a feed in any format penchant reads (RSS, Atom, RDF, JSON Feed)."
