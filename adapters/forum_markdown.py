"""Markdown of Lemmy, PieFed and Reddit as HTML, for the same door that all HTML passes. Pure."""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt

#: Characters read of one text; Lemmy's own limit is 50,000.
MAX_TEXT = 60_000
#: Opening brackets beyond which a text is shown as it is: the parser takes quadratic time for them (2 s for 60,000).
MAX_BRACKETS = 3000
#: "::: spoiler Title" ... ":::"
_SPOILER = re.compile(r"^[ \t]{0,3}:::[ \t]*(?:spoiler[ \t]*)?(.*)$", re.MULTILINE)
#: What Lemmy's own page writes first when somebody cross-posts.
_CROSS = re.compile(
    r"\A\s*cross[- ]?posted from:?\s+(?:\[[^\]\n]{0,300}\]\()?<?(https?://[^\s<>)]{1,500})>?\)?\s*(?:\n|\Z)",
    re.IGNORECASE,
)


@cache
def _parser() -> MarkdownIt:
    from markdown_it import MarkdownIt

    # Raw HTML is shown as the text it is, as these sites do.
    return MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def to_html(markdown: str) -> str:
    """HTML of a text; spoilers keep their title and stand open."""
    if not markdown:
        return ""
    if markdown.count("[") > MAX_BRACKETS:
        return html.escape(markdown[:MAX_TEXT], quote=False)
    return _parser().render(_SPOILER.sub(_title, markdown[:MAX_TEXT]))


def _title(spoiler: re.Match[str]) -> str:
    words = spoiler[1].strip()
    return f"\n**{words}**\n" if words else "\n"


def cross_post(markdown: str) -> tuple[str, str]:
    """(address of the original, its own words) of a cross-post; ("", the text) for anything else."""
    found = _CROSS.match(markdown[:2000])
    if not found:
        return "", markdown
    rest = markdown[found.end() :].strip("\n")
    lines = rest.split("\n")
    quoted = [line for line in lines if line.strip()]
    if quoted and all(line.lstrip().startswith(">") for line in quoted):
        rest = "\n".join(re.sub(r"^\s*> ?", "", line) for line in lines)
    return found[1].rstrip(".,"), rest
