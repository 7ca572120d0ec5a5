"""Markdown and rendered README pages to plain text with numbered links. Pure."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from .base import Link, Media
from .text import clean, html_to_text

#: Characters of Markdown that are rendered: of one body, of all bodies of one document (15 us each at worst, for
#: nothing but brackets; 0.4 us as people write), and of a README. GitHub renders nearly all of it itself.
MAX_MARKDOWN, MAX_MARKDOWN_TOTAL, MAX_MARKDOWN_README = 8_000, 60_000, 24_000
MAX_HTML = 400_000
#: Characters of a README that are kept; pictures and links beside it.
MAX_README, MAX_PICTURES, MAX_LINKS = 12_000, 8, 100
_FRONT_MATTER = re.compile(r"\A\ufeff?---\s*\n.{0,20000}?\n---\s*(?:\n|\Z)", re.DOTALL)
_ANCHOR = re.compile(r"<a\b[^<>]*\bclass=\"anchor\"[^<>]*>.{0,500}?</a>", re.DOTALL)
#: Links to a heading of the same page lead nowhere in a terminal.
_INSIDE = re.compile(r"<a\b[^<>]*\bhref=\"#[^\"<>]*\"[^<>]*>")
_IMAGE = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)
_SOURCE = re.compile(r"\b(?:data-canonical-)?src=\"([^\"]*)\"", re.IGNORECASE)
#: Badges: pictures of a word or two that say how a build went.
_BADGE = re.compile(
    r"shields\.io|badge|badgen\.net|travis-ci|circleci\.com|codecov\.io|coveralls\.io|appveyor\.com"
    r"|actions/workflows|isitmaintained|snyk\.io|codeclimate|star-history|visitor|hits\.",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\[(\d{1,3})\]")


@dataclass(frozen=True, slots=True)
class Words:
    """A body as an `Item` has it."""

    text: str = ""
    links: tuple[Link, ...] = ()
    media: tuple[Media, ...] = ()


class Renderer:
    """Renders the Markdown bodies of one document, until their number of characters is used up."""

    def __init__(self) -> None:
        self.left = MAX_MARKDOWN_TOTAL

    def body(self, rendered: object, markdown: object, base: str) -> Words:
        """`body_html` where the server sent it, else Markdown; what is no text is empty."""
        if isinstance(rendered, str) and rendered.strip():
            return from_html(rendered, base)
        if not isinstance(markdown, str) or not markdown.strip():
            return Words()
        source = markdown[:MAX_MARKDOWN]
        self.left -= len(source)
        if self.left < 0:
            return Words(clean(source).strip())
        return from_html(render(source), base)


def render(markdown: str) -> str:
    """HTML of Markdown (CommonMark with tables and strikethrough); raw HTML passes through, for `from_html`."""
    return str(_parser().render(markdown.encode("utf-8", "replace").decode("utf-8")))


@lru_cache(maxsize=1)
def _parser() -> Any:
    from markdown_it import MarkdownIt

    return MarkdownIt("commonmark").enable(["table", "strikethrough"])


def from_html(source: str, base: str) -> Words:
    """Words of HTML as GitHub renders it, without badges and anchors. `base` resolves relative links."""
    source = _ANCHOR.sub("", source[:MAX_HTML])
    source = _IMAGE.sub(_unless_badge, source)
    plain, links, media = html_to_text(_INSIDE.sub("<a>", source), base)
    pictures = tuple(replace(m, url=_raw(m.url), preview_url=_raw(m.preview_url)) for m in media)
    return Words(plain, links[:MAX_LINKS], pictures[:MAX_PICTURES])


def _unless_badge(image: re.Match[str]) -> str:
    """The picture, or nothing: judged by its address, not by what it is said to show."""
    return "" if any(_BADGE.search(html.unescape(source)) for source in _SOURCE.findall(image[0])) else image[0]


def _raw(url: str) -> str:
    """The bytes of a picture in a repository, instead of the page that shows it."""
    return url.replace("/blob/", "/raw/", 1) if url.startswith("https://github.com/") else url


def shortened(words: Words, limit: int = MAX_README) -> Words:
    """The first paragraphs, up to about `limit` characters, with the links that they name."""
    if len(words.text) <= limit:
        return words
    cut = words.text.rfind("\n\n", limit // 2, limit)
    text = words.text[: cut if cut > 0 else limit].rstrip() + "\n\n…"
    named = max((int(n) for n in _NUMBER.findall(text) if int(n) <= len(words.links)), default=0)
    return Words(text, words.links[:named], words.media)


def readme(body: bytes, content_type: str, base: str) -> Words:
    """A README as rendered HTML, or as Markdown where a server sends that. `base` resolves relative links."""
    source = body[: MAX_HTML * 2].decode("utf-8", "replace")
    rendered = "html" in content_type or source.lstrip()[:200].lower().startswith(("<div", "<article", "<p", "<h1"))
    if not rendered:
        source = render(_FRONT_MATTER.sub("", source, count=1)[:MAX_MARKDOWN_README])
    return shortened(from_html(source, base))


def joined(first: str, second: Words, heading: str = "") -> Words:
    """`first` as a paragraph (no links of its own) before the other text."""
    parts = [first.strip(), f"{heading}\n\n{second.text}" if heading and second.text else second.text]
    return Words("\n\n".join(filter(None, parts)), second.links, second.media)
