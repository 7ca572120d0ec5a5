"""What public embed endpoints tell of one post or video: who, title, text. https://oembed.com

An endpoint learns which address was asked for, so nothing here runs unless the reader agreed to it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urljoin

from .base import Author, Link, Refused
from .text import clean_line, html_to_text
from .wire import address, decode, parts, record, text

if TYPE_CHECKING:
    from .http import Client

#: Bytes of an answer; one is a few KB.
MAX_BYTES = 1 << 20
_MOVED = (301, 302, 303, 307, 308)
_PARAGRAPH = re.compile(r'<p(?: lang="([A-Za-z-]{2,20})")?[^>]*>(.*?)</p>', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Service:
    """One endpoint. `hosts`: who may be asked, the first of them first; `gone`: answers that say it is not there."""

    name: str
    what: str
    endpoint: str
    hosts: tuple[str, ...]
    gone: frozenset[int]
    #: The text is the first paragraph of the code to embed.
    has_text: bool = False


@dataclass(frozen=True, slots=True)
class Told:
    """What an endpoint says; "" and None for what it does not."""

    title: str = ""
    text: str = ""
    author: Author | None = None
    lang: str = ""
    links: tuple[Link, ...] = ()


SERVICES = {
    service.name: service
    for service in (
        Service("x", "posts", "https://publish.twitter.com/oembed", ("publish.twitter.com", "publish.x.com"),
                frozenset((403, 404, 410)), has_text=True),
        Service("youtube", "videos", "https://www.youtube.com/oembed", ("www.youtube.com",),
                frozenset((400, 401, 403, 404, 410))),
        Service("reddit", "posts", "https://www.reddit.com/oembed", ("www.reddit.com",), frozenset((404, 410))),
        Service("tiktok", "videos", "https://www.tiktok.com/oembed", ("www.tiktok.com",), frozenset((400, 404, 410))),
    )
}  # fmt: skip
#: Addresses of items -> (service, what is asked for, rewritten to the least that names it).
_PAGES = (
    ("x", re.compile(r"https?://(?:[a-z]+\.)?(?:twitter|x)\.com/[^?#]*status(?:es)?/(\d{1,20})"),
     "https://twitter.com/i/status/{}"),
    ("youtube", re.compile(r"https?://(?:[a-z]+\.)?youtube\.com/watch\?v=([\w-]{6,20})"),
     "https://www.youtube.com/watch?v={}"),
    ("reddit", re.compile(r"https?://(?:[a-z]+\.)?reddit\.com(/r/\w{1,40}/comments/[a-z0-9]{1,15}/?[^?#]{0,300})"),
     "https://www.reddit.com{}"),
    ("tiktok", re.compile(r"https?://(?:[a-z]+\.)?tiktok\.com/@[\w.]{0,40}/video/(\d{6,24})"),
     "https://www.tiktok.com/@/video/{}"),
)  # fmt: skip


def page_of(url: str) -> tuple[str, str] | None:
    """(name of the service, address to ask about); None where nobody can be asked.

    >>> page_of("https://x.com/ada/status/20?s=1"), page_of("https://example.org/status/20")
    (('x', 'https://twitter.com/i/status/20'), None)
    """
    for name, pattern, page in _PAGES:
        if found := pattern.match(url):
            return name, page.format(found[1])
    return None


async def ask(client: Client, service: Service, page: str, base: str = "") -> Told | None:
    """What the endpoint (at `base` instead of its own address) says of a page; None: it is not there any more.

    Only hosts of the service are asked, also where it redirects. Raises `SourceError`.
    """
    query = {"url": page, "format": "json", "omit_script": "1", "dnt": "true", "hide_thread": "true"}
    url = f"{base or service.endpoint}?{urlencode(query)}"
    allowed = {*service.hosts, parts(url).netloc}
    for _ in range(3):
        answer = await client.get(url, ok=(200, *_MOVED, *service.gone), typed=bool(base), max_bytes=MAX_BYTES)
        if answer.status in service.gone:
            return None
        if answer.status == 200:
            told: Told = await client.parse(read, answer.body, parts(url).netloc, page, service)
            return told
        url = urljoin(url, answer.headers.get("x-penchant-location", ""))
        if parts(url).netloc not in allowed or (not base and parts(url).scheme != "https"):
            break
    raise Refused(
        f"{service.hosts[0]} sends on to {clean_line(parts(url).netloc, 100) or 'nowhere'}, which was not asked",
        hint="Only the hosts that you agreed to are asked; there may be a login page in between.",
    )


def read(body: bytes, host: str, page: str, service: Service) -> Told:
    """An answer. Raises `Malformed`."""
    raw = record(decode(body, host))
    said, lang, links = "", "", tuple[Link, ...]()
    if service.has_text and (found := _PARAGRAPH.search(text(raw.get("html"), 200_000))):
        said, links, _ = html_to_text(found[2], page)
        lang = found[1] or ""
    return Told(
        clean_line(text(raw.get("title"), 1000), 500), said.strip(), _author(raw),
        "" if lang in ("und", "zxx") else lang[:20], links,
    )  # fmt: skip


def _author(raw: Mapping[str, Any]) -> Author | None:
    """Whoever it is by, named as other readers of the same service name them: by the page of the profile."""
    name, url = clean_line(text(raw.get("author_name"), 300), 200), address("", raw.get("author_url"))
    if not name:
        return None
    found = re.fullmatch(r"https?://(?:www\.)?(?:twitter|x)\.com/(\w{1,20})", url)
    if found:
        url = f"https://x.com/{found[1]}"
        return Author(url.lower(), name, "@" + found[1], url)
    return Author(url or name, name, "", url)
