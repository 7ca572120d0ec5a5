"""OPML lists of feeds: read tolerantly or refused whole, written so that they read back the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .base import Malformed
from .rss_parse import decode, prepare, repair
from .text_clean import clean_line
from .text_urls import absolute

MAX_BYTES, MAX_FEEDS, MAX_DEPTH = 20 << 20, 20_000, 30
_HINT = "Nothing was imported. Export the list again, or correct the file."


@dataclass(frozen=True, slots=True)
class OpmlFeed:
    """One feed: its address, its name and the folders around it, outermost first."""

    url: str
    title: str = ""
    folder: tuple[str, ...] = ()
    site_url: str = ""


@dataclass(frozen=True, slots=True)
class OpmlList:
    """A whole document. `skipped` names outlines whose address is none that a feed can have."""

    title: str
    feeds: tuple[OpmlFeed, ...]
    skipped: tuple[str, ...] = field(default=())


def parse(data: bytes) -> list[OpmlFeed]:
    """Every feed once per folder, in the order of the document. Raises `Malformed`."""
    return list(read(data).feeds)


def read(data: bytes) -> OpmlList:
    """Feeds, title and what had to be skipped. A broken or hostile document raises `Malformed`."""
    root = _root(data)
    if not isinstance(root.tag, str) or root.tag.rpartition("}")[2].lower() != "opml":
        raise Malformed("The file is not an OPML list (its root element is another).", hint=_HINT)
    title = ""
    feeds: dict[tuple[str, tuple[str, ...]], OpmlFeed] = {}
    skipped: list[str] = []
    for part in root:
        name = part.tag.rpartition("}")[2].lower()
        if name == "head":
            title = next((clean_line(c.text or "", 200) for c in part if c.tag.lower().endswith("title")), "")
        elif name == "body":
            _walk(part, feeds, skipped)
    return OpmlList(title, tuple(feeds.values()), tuple(skipped))


def _root(data: bytes) -> Any:
    from lxml import etree

    if len(data) > MAX_BYTES:
        raise Malformed(f"The file is larger than {MAX_BYTES >> 20} MiB; no list of feeds is.", hint=_HINT)
    text = decode(data, "")
    if "<!ENTITY" in text[:65536]:
        raise Malformed(
            "The file declares XML entities, which a list of feeds has no use for; it was refused.",
            hint=_HINT,
        )
    text = prepare(text)
    parser = {
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "remove_comments": True,
        "remove_pis": True,
    }
    error: Exception | None = None
    for version in (text, repair(text)):
        try:
            return etree.fromstring(version.encode("utf-8", "replace"), etree.XMLParser(**parser))  # type: ignore[arg-type]
        except (etree.XMLSyntaxError, ValueError) as problem:
            error = error or problem
    words = clean_line(str(error).partition(" (<string>")[0], 200)
    raise Malformed(f"The file is not well-formed XML ({words}).", hint=_HINT) from error


def _walk(body: Any, feeds: dict[tuple[str, tuple[str, ...]], OpmlFeed], skipped: list[str]) -> None:
    """Depth first without recursion: a stack of (element, folders around it)."""
    stack: list[tuple[Any, tuple[str, ...]]] = [(child, ()) for child in reversed(body)]
    while stack:
        outline, folder = stack.pop()
        if outline.tag.rpartition("}")[2].lower() != "outline":
            continue
        values = {name.lower(): value for name, value in outline.attrib.items()}
        title = clean_line(values.get("text", ""), 200) or clean_line(values.get("title", ""), 200)
        address = values.get("xmlurl", "").strip()
        if address:
            url = _address(address)
            if url:
                site = absolute("", values.get("htmlurl", ""))
                feeds.setdefault((url, folder), OpmlFeed(url, title, folder, site))
            else:
                skipped.append(clean_line(title or address, 200))
        if len(feeds) > MAX_FEEDS:
            raise Malformed(f"The file lists more than {MAX_FEEDS} feeds.", hint=_HINT)
        if len(outline):
            inner = folder if address or not title else (*folder, title)
            if len(inner) > MAX_DEPTH:
                raise Malformed(f"The file nests folders more than {MAX_DEPTH} deep.", hint=_HINT)
            stack.extend((child, inner) for child in reversed(outline))


def _address(text: str) -> str:
    """An http(s) address; the feed: scheme is unwrapped; "" for anything else."""
    if text.lower().startswith("feed:"):
        rest = text[5:]
        text = "http:" + rest if rest.startswith("//") else rest
    url = absolute("", text)
    return (
        url
        if url.startswith(("http://", "https://")) or url.lower().startswith(("http://", "https://"))
        else ""
    )


def write(feeds: list[OpmlFeed], title: str = "penchant subscriptions") -> bytes:
    """An OPML 2.0 document. Feeds of one folder stay together, folders in order of first use."""
    from lxml import etree

    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = _safe(title)
    places: dict[tuple[str, ...], Any] = {(): etree.SubElement(root, "body")}
    for feed in feeds:
        place = _place(places, feed.folder)
        values = {
            "type": "rss",
            "text": _safe(feed.title) or feed.url,
            "title": _safe(feed.title) or feed.url,
        }
        values["xmlUrl"] = _safe(feed.url)
        if feed.site_url:
            values["htmlUrl"] = _safe(feed.site_url)
        etree.SubElement(place, "outline", values)
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return written


def _place(places: dict[tuple[str, ...], Any], folder: tuple[str, ...]) -> Any:
    from lxml import etree

    for depth in range(len(folder)):
        path = folder[: depth + 1]
        if path not in places:
            name = _safe(path[-1])
            places[path] = etree.SubElement(places[path[:-1]], "outline", {"text": name, "title": name})
    return places[folder]


def _safe(text: str) -> str:
    return clean_line(text, 4096).replace("\ufffe", "").replace("\uffff", "")
