"""HTML of strangers to plain text with numbered links, by walking a lexbor tree (HTML5, in C)."""

from __future__ import annotations

import html as html_entities
import re
from typing import Any

from .base import Link, Media
from .text_clean import clean
from .text_media import picture, player
from .text_urls import absolute

#: Bounds of one body: characters in and out, elements walked, links and media kept.
MAX_HTML, MAX_TEXT, MAX_NODES, MAX_LINKS, MAX_MEDIA = 1 << 20, 400_000, 100_000, 500, 40

#: Deepest nesting of elements that is parsed; browsers stop at 512.
MAX_DEPTH = 2000
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]*)[^<>]*>")
#: Elements that hold nothing or that end when the next one begins.
_NO_NESTING = frozenset((
    "p", "li", "dt", "dd", "tr", "td", "th", "option", "br", "img", "hr", "input", "meta", "link", "source",
    "col", "wbr", "area", "base", "embed", "param", "track",
))  # fmt: skip
_SPACE = re.compile(r"[ \t\n\r\f]{2,}|[\t\n\r\f]")
_BLANKS = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
_PLAIN_TAIL = re.compile(r"[ \t\r\f]+\n")
_SKIP = frozenset((
    "script", "style", "template", "head", "title", "svg", "math", "object", "applet", "button", "select",
    "option", "textarea", "datalist", "dialog", "map", "frame", "frameset", "noframes",
))  # fmt: skip
_PARAGRAPH = frozenset((
    "p", "blockquote", "ul", "ol", "dl", "pre", "table", "h1", "h2", "h3", "h4", "h5", "h6", "figure",
    "hr", "address", "details", "section", "article", "aside", "header", "footer",
))  # fmt: skip
_LINE = frozenset((
    "div", "li", "dt", "dd", "tr", "figcaption", "caption", "summary", "main", "nav", "fieldset", "center",
    "form", "legend", "thead", "tbody",
))  # fmt: skip
_MEDIA = frozenset(("img", "video", "audio", "iframe", "embed"))
_CELLS = frozenset(("td", "th"))
#: Everything that means more than the text inside it.
_KNOWN = _SKIP | _PARAGRAPH | _LINE | _MEDIA | _CELLS | {"a", "br"}


def html_to_text(html: str, base_url: str = "") -> tuple[str, tuple[Link, ...], tuple[Media, ...]]:
    """Plain text of an HTML or plain body, its links (`[1]` in the text) and its media.

    Without any tag the input counts as plain text and keeps its line breaks.
    Scripts, styles, forms and drawings are dropped, block elements become
    lines and paragraphs; one-pixel pictures are no media.

    >>> html_to_text('<p>See <a href="/x">this</a>&#27;</p><ul><li>one', "https://example.org/")[0]
    'See this [1]\\n\\n• one'
    """
    if "<" not in html:
        return _plain(html), (), ()
    from selectolax.lexbor import LexborHTMLParser

    walk = _Walk(base_url)
    html = shallow(html[:MAX_HTML])
    try:
        root = LexborHTMLParser(html).body
    except UnicodeEncodeError:  # lone surrogates
        root = LexborHTMLParser(clean(html)).body
    if root is not None:
        walk.run(root)
    text = clean(_BLANKS.sub("\n\n", "".join(walk.out)).strip())
    return text[:MAX_TEXT], tuple(walk.links), tuple(walk.media)


def shallow(html: str) -> str:
    """HTML cut off where elements nest deeper than `MAX_DEPTH`.

    lexbor takes quadratic time for nested <div>: 2.2 s for 40,000, 0.03 s for 5,000.
    """
    if html.count("<") < MAX_DEPTH:
        return html
    depth = 0
    for tag in _TAG.finditer(html):
        if tag[1]:
            depth -= depth > 0
        elif tag[2].lower() not in _NO_NESTING and html[tag.end() - 2] != "/":
            depth += 1
            if depth > MAX_DEPTH:
                return html[: tag.start()]
    return html


def _plain(text: str) -> str:
    text = text[:MAX_HTML]
    if "&" in text:
        text = html_entities.unescape(text)
    text = clean(text)
    if "\n" in text:
        text = _BLANKS.sub("\n\n", _PLAIN_TAIL.sub("\n", text))
    return text.strip()[:MAX_TEXT]


class _Walk:
    """One depth-first walk. `out` is the text so far; gaps are written only before the next word."""

    def __init__(self, base: str) -> None:
        self.base = base
        self.out: list[str] = []
        self.links: list[Link] = []
        self.media: list[Media] = []
        self._numbers: dict[str, int] = {}
        self._gap = 0  # newlines owed before the next text
        self._space = False
        self._pre = 0
        self._bullet = ""
        self._lists: list[int | None] = []  # next number of an <ol>, None for <ul>
        self._quotes = 0
        self._anchors: list[tuple[str, int]] = []  # address, length of `out` when it opened

    def run(self, root: Any) -> None:
        node, left = root.first_child, MAX_NODES
        while node is not None and left:
            left -= 1
            down = None
            tag = node.tag
            if tag == "-text":
                self._text(node.text_content or "")
            elif tag not in _KNOWN or self._open(tag, node):
                down = node.first_child
                if down is None and tag in _KNOWN:
                    self._close(tag)
            if down is not None:
                node = down
                continue
            following = node.next
            while following is None:
                node = node.parent
                if node is None or node.mem_id == root.mem_id:
                    return
                if node.tag in _KNOWN:
                    self._close(node.tag)
                following = node.next
            node = following

    def _text(self, data: str) -> None:
        if self._pre:
            if data.strip():
                self._emit(data.strip("\n") if self._gap else data)
            elif self.out:
                self.out.append(data)
            return
        if "  " in data or not data.isprintable():
            data = _SPACE.sub(" ", data)
        words = data.strip(" ")
        if not words:
            self._space = self._space or bool(data)
            return
        self._space = self._space or data[0] == " "
        self._emit(words)
        self._space = data[-1] == " "

    def _emit(self, words: str) -> None:
        if self._gap and self.out:
            self.out.append("\n" * self._gap)
            if self._quotes:
                self.out.append("> " * min(self._quotes, 5))
        elif self._space and self.out:
            self.out.append(" ")
        elif not self.out and self._quotes:
            self.out.append("> ")
        self._gap, self._space = 0, False
        if self._bullet:
            self.out.append(self._bullet)
            self._bullet = ""
        self.out.append(words)

    def _open(self, tag: str, node: Any) -> bool:
        """Handle a start tag; whether to go inside."""
        if tag in _PARAGRAPH:
            self._start_block(tag)
        elif tag in _LINE:
            self._gap = max(self._gap, 1)
            if tag == "li":
                self._bullet = self._next_bullet()
        elif tag == "br":
            self._gap = min(self._gap + 1, 2)
            self._space = False
        elif tag == "a":
            href = node.attributes.get("href") or ""
            address = absolute(self.base, href) if href and href[0] != "#" else ""
            self._anchors.append((address, len(self.out)))
        elif tag in _MEDIA:
            self._take_media(tag, node)
            return False
        elif tag in _CELLS:
            self._space = True
        elif tag in _SKIP:
            return False
        return True

    def _start_block(self, tag: str) -> None:
        nested = tag in ("ul", "ol") and bool(self._lists)
        self._gap = max(self._gap, 1 if nested else 2)
        if tag in ("ul", "ol"):
            self._lists.append(1 if tag == "ol" else None)
        elif tag == "pre":
            self._pre += 1
        elif tag == "blockquote":
            self._quotes += 1
        elif tag == "hr":
            self._emit("———")
            self._gap = 2

    def _next_bullet(self) -> str:
        indent = "  " * min(len(self._lists) - 1, 6)
        number = self._lists[-1] if self._lists else None
        if number is None:
            return indent + "• "
        self._lists[-1] = number + 1
        return f"{indent}{number}. "

    def _close(self, tag: str) -> None:
        if tag == "a":
            if self._anchors:
                self._end_anchor(*self._anchors.pop())
        elif tag in _PARAGRAPH:
            self._gap = max(self._gap, 1 if tag in ("ul", "ol") and len(self._lists) > 1 else 2)
            if tag in ("ul", "ol") and self._lists:
                self._lists.pop()
            elif tag == "pre":
                self._pre -= 1
            elif tag == "blockquote":
                self._quotes -= 1
        elif tag in _LINE:
            self._gap = max(self._gap, 1)
            if tag == "li":
                self._bullet = ""
        elif tag in _CELLS:
            self._space = True

    def _end_anchor(self, address: str, start: int) -> None:
        words = "".join(self.out[start:]).strip()
        if not address or not words:
            return
        number = self._numbers.get(address)
        if number is None:
            if len(self.links) >= MAX_LINKS:
                return
            self.links.append(Link(address, clean(" ".join(words.split()))[:200]))
            number = self._numbers[address] = len(self.links)
        self.out.append(f" [{number}]")

    def _take_media(self, tag: str, node: Any) -> None:
        attributes = node.attributes
        if tag == "img":
            found, word = picture(attributes, self.base)
            if word:
                self._emit(word)
        else:
            sources = [s.attributes for s in node.css("source")] if tag in ("video", "audio") else []
            found = player(tag, attributes, sources, self.base)
        if found and len(self.media) < MAX_MEDIA and all(m.url != found.url for m in self.media):
            self.media.append(found)
