"""Texts that fit into XML, JSON and HTML whatever they held. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import escape

from penchant.adapters.text_clean import clean, clean_line
from penchant.adapters.text_urls import absolute

#: Characters of Unicode that XML 1.0 (section 2.2) cannot hold and `clean` leaves in.
_NO_XML = re.compile("[\ufffe\uffff]")
#: A language tag as `xml:lang` takes it (BCP 47, roughly).
_LANG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")
_LINK = re.compile(r"\[(\d{1,3})\]|https?://[^\s<>\"\[\]]+")
#: Times outside are taken for the nearest that is inside: 1970 to 2096.
_LATEST = 4e9


def line(text: str, limit: int = 500) -> str:
    """One line without control characters, direction overrides and what XML cannot hold."""
    return clean_line(_NO_XML.sub("", text), limit)


def block(text: str) -> str:
    """The same for several lines."""
    return _NO_XML.sub("", clean(text))


def web(url: str) -> str:
    """An http(s) address, escaped; "" for anything else."""
    found = line(absolute("", url), 4096)
    return found if found.lower().startswith(("http://", "https://")) else ""


def language(tag: str) -> str:
    """A language tag, or "" for what is none."""
    return tag if _LANG.fullmatch(tag) else ""


def moment(at: float) -> str:
    """RFC 3339, whole seconds UTC.

    >>> moment(0.9)
    '1970-01-01T00:00:00Z'
    """
    inside = min(max(at, 0.0), _LATEST) if at == at else 0.0
    return datetime.fromtimestamp(int(inside), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def anchor(url: str, text: str) -> str:
    """A link, or its words alone where the address is none."""
    safe = web(url)
    if not safe:
        return escape(line(text))
    return f'<a href="{escape(safe)}" rel="noopener noreferrer nofollow">{escape(line(text) or safe)}</a>'


def paragraphs(text: str, links: tuple[str, ...] = ()) -> str:
    """HTML of plain text: blank lines part paragraphs, [1] leads to the first of `links`, addresses to themselves.

    >>> paragraphs("a <b>\\n\\nsee [1]", ("https://x.example/",))
    '<p>a &lt;b&gt;</p><p>see <a href="https://x.example/" rel="noopener noreferrer nofollow">[1]</a></p>'
    """
    parts = re.split(r"\n\s*\n", block(text).strip())
    return "".join(f"<p>{_inline(part, links)}</p>" for part in parts if part.strip())


def _inline(text: str, links: tuple[str, ...]) -> str:
    made, end = [], 0
    for found in _LINK.finditer(text):
        made.append(escape(text[end : found.start()]))
        shown = found[0]
        if found[1] is None:
            shown = shown.rstrip(".,;:!?)'")
            made.append(anchor(shown, shown))
        else:
            number = int(found[1])
            made.append(anchor(links[number - 1], shown) if 0 < number <= len(links) else shown)
        end = found.start() + len(shown)
    made.append(escape(text[end:]))
    return "".join(made).replace("\n", "<br>")
