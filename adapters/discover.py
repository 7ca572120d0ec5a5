"""From an address that a reader typed to the feeds behind it."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urljoin, urlsplit

from .base import Malformed, NotFound, SourceError, Suggestion, Unreachable
from .http import Client, Response
from .rss_parse import parse_feed
from .text_clean import clean_line
from .text_urls import absolute

MAX_BYTES = 8 << 20
#: Requests that one discovery may make after the first.
MAX_PROBES = 10
_WELL_KNOWN = (
    "/feed", "/rss", "/feed.xml", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json", "/feeds/posts/default",
    "/blog/feed", "/feed.atom",
)  # fmt: skip
_TYPES = (
    "application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml",
    "application/json", "application/xml", "text/xml", "application/x-rss+xml",
)  # fmt: skip
_LOOKS = re.compile(
    r"(?:^|[/._?=-])(?:rss|atom|feed|feeds|rdf)(?:$|[/._?&=-])|\.(?:rss|atom|rdf)$", re.IGNORECASE
)
_COMMENTS = re.compile(r"comment", re.IGNORECASE)
_NO_SCHEME = re.compile(
    r"(?:[\w-]+(?:\.[\w-]+)+|localhost|\[[0-9a-f:]+\])(?::\d+)?(?:[/?#].*)?", re.IGNORECASE
)


async def discover(client: Client, address: str) -> list[Suggestion]:
    """Feeds behind a typed address, best first; [] when there are none.

    Looks at the address itself, known kinds of addresses, <link
    rel="alternate">, then links and paths that look like feeds (each of these
    is read before it is suggested). At most `MAX_PROBES` + 2 requests. Raises
    `SourceError` when the address itself cannot be read.
    """
    address, guessed = normalise(address)
    known = template(address)
    try:
        answer = await _first(client, address, guessed)
    except SourceError:
        probed = await _probe(client, known, address) if known else None
        if probed:
            return [probed]
        raise
    itself = await _as_feed(client, answer, answer.moved_to or _typed(answer, address))
    if itself:
        return [itself]
    linked, maybe = await client.parse(find_links, answer.body, answer.text(), answer.url)
    if known and all(known != s.address for s in linked):
        linked.insert(0, Suggestion("rss", known, settings={"address": known}))
    if linked:
        return linked
    root = urljoin(answer.url, "/").rstrip("/")
    below = answer.url.partition("?")[0].rstrip("/")
    tries = [
        *maybe,
        *(below + path for path in _WELL_KNOWN[:4] if below != root),
        *(root + p for p in _WELL_KNOWN),
    ]
    found: list[Suggestion] = []
    for url in list(dict.fromkeys(tries))[:MAX_PROBES]:
        probed = await _probe(client, url, answer.url)
        if probed and all(probed.address != s.address for s in found):
            found.append(probed)
            if len(found) >= 3 or url not in maybe:
                break
    return found


def normalise(address: str) -> tuple[str, bool]:
    """(address with a scheme, whether the scheme was guessed). Raises `NotFound` for what is no address."""
    text = clean_line(address, 2000)
    if text.lower().startswith("feed:"):
        text = text[5:]
        text = "https:" + text if text.startswith("//") else text
    if text.lower().startswith(("http://", "https://")):
        return text, False
    if _NO_SCHEME.fullmatch(text):
        return "https://" + text, True
    raise NotFound(
        f"{clean_line(text, 80)!r} is not a web address.",
        hint="Type the address of a site or feed, like example.org/blog.",
    )


def template(address: str) -> str:
    """The feed of addresses whose service publishes it under a known name ("" for others)."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").removeprefix("www.").removeprefix("m.")
    except ValueError:
        return ""
    steps = [step for step in parts.path.split("/") if step]
    if host == "youtube.com":
        lists = parse_qs(parts.query).get("list")
        if lists:
            return f"https://www.youtube.com/feeds/videos.xml?playlist_id={lists[0]}"
        if len(steps) >= 2 and steps[0] == "channel":
            return f"https://www.youtube.com/feeds/videos.xml?channel_id={steps[1]}"
    if host in ("reddit.com", "old.reddit.com") and len(steps) >= 2 and steps[0] in ("r", "u", "user"):
        return f"https://www.reddit.com/{steps[0]}/{steps[1]}/.rss"
    if host == "github.com" and len(steps) == 3 and steps[2] in ("releases", "tags"):
        return f"https://github.com/{'/'.join(steps)}.atom"
    return ""


async def _first(client: Client, address: str, guessed: bool) -> Response:
    try:
        return await client.get(address, typed=True, max_bytes=MAX_BYTES)
    except Unreachable:
        if not guessed:
            raise
        return await client.get("http://" + address.removeprefix("https://"), typed=True, max_bytes=MAX_BYTES)


def _typed(answer: Response, address: str) -> str:
    """What to keep of an address that redirects for now: itself, with the scheme that answered."""
    return address if answer.url.startswith("https:") else "http://" + address.partition("://")[2]


async def _as_feed(client: Client, answer: Response, address: str) -> Suggestion | None:
    try:
        title = await client.parse(
            feed_title, answer.body, answer.url, answer.headers.get("content-type", "")
        )
    except SourceError:
        return None
    return Suggestion("rss", address, title, {"address": address})


async def _probe(client: Client, url: str, origin: str) -> Suggestion | None:
    """Read an address that may be a feed; private ones only on the host the reader typed."""
    try:
        same = urlsplit(url).netloc == urlsplit(origin).netloc
        answer = await client.get(url, typed=same, max_bytes=MAX_BYTES)
    except (SourceError, ValueError):
        return None
    return await _as_feed(client, answer, answer.moved_to or url)


def feed_title(body: bytes, address: str, content_type: str) -> str:
    """Title of a feed. Raises `Malformed` when the body is none."""
    if body[:1024].lstrip()[:15].lower().startswith((b"<!doctype html", b"<html")):
        raise Malformed("The answer is a web page, not a feed.")
    parsed = parse_feed(body, address, content_type, "probe", 4e9)
    return parsed.title or (urlsplit(address).hostname or "")


def find_links(body: bytes, text: str, address: str) -> tuple[list[Suggestion], list[str]]:
    """(feeds that a page declares, addresses on it that look like feeds)."""
    from selectolax.lexbor import LexborHTMLParser

    tree = LexborHTMLParser(text[:MAX_BYTES].encode("utf-8", "replace"))
    base_tag = tree.css_first("base[href]")
    base = absolute(address, base_tag.attributes.get("href") or "") if base_tag else ""
    base = base or address
    declared: dict[str, Suggestion] = {}
    for link in tree.css("link[rel][href]")[:500]:
        values = link.attributes
        rels = (values.get("rel") or "").lower().split()
        kind = (values.get("type") or "").lower().partition(";")[0].strip()
        if ("alternate" in rels and kind in _TYPES) or "feed" in rels:
            url = absolute(base, values.get("href") or "")
            if url.startswith(("http://", "https://")) and (kind != "application/json" or _LOOKS.search(url)):
                title = clean_line(values.get("title") or "", 200)
                declared.setdefault(url, Suggestion("rss", url, title, {"address": url}))
    ordered = sorted(declared.values(), key=lambda s: bool(_COMMENTS.search(s.title + s.address)))
    anchors = (absolute(base, a.attributes.get("href") or "") for a in tree.css("a[href]")[:3000])
    maybe = dict.fromkeys(
        u for u in anchors if u.startswith(("http://", "https://")) and _LOOKS.search(urlsplit_path(u))
    )
    return ordered[:20], list(maybe)[:4]


def urlsplit_path(url: str) -> str:
    """Path and query of an address ("" where it has none)."""
    rest = url.partition("://")[2]
    return rest[rest.find("/") :] if "/" in rest else ""
