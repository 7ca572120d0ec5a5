"""A digest as Markdown (CommonMark): no markup but our own, links to http and https only. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo

from penchant.app.serve.clean import line, web

from .compose import NAMED, Candidate, Digest, Section, Story

#: Characters that mean something somewhere in CommonMark or its usual extensions.
_MARKUP = re.compile(r"([\\`*_{}\[\]<>#+\-.!|~$&()=:@/^])")
#: Inside the target of a link: what would end it.
_TARGET = str.maketrans({c: f"%{ord(c):02X}" for c in " ()<>\\\"'`[]{}|^*_~"})
#: What is said of an item that has no title.
UNTITLED = "(without a title)"
#: Characters of a title.
TITLE = 160


def plain(text: str, limit: int = 500) -> str:
    """One line in which every character stands for itself.

    >>> plain("*a* [b](http://c)")
    '\\\\*a\\\\* \\\\[b\\\\]\\\\(http\\\\:\\\\/\\\\/c\\\\)'
    """
    return _MARKUP.sub(r"\\\1", line(text, limit))


def link(text: str, url: str) -> str:
    """A link, or its words alone where the address is none of the web."""
    found = web(url)
    return f"[{plain(text, TITLE)}]({found.translate(_TARGET)})" if found else plain(text, TITLE)


def write(digest: Digest, zone: tzinfo | None = None) -> str:
    """The whole page, ending in a line break."""
    lines = [f"# {heading(digest)}", "", plain(digest.words)]
    for section in digest.sections:
        lines += ["", f"## {plain(section.title)}", ""]
        for number, story in enumerate(section.stories, 1):
            lines += _story(number, story, zone)
        if section.left:
            lines += ["", plain(rest(section))]
    return "\n".join(lines) + "\n"


def heading(digest: Digest) -> str:
    """What the page is called."""
    return f"{'The day' if digest.period.kind == 'day' else 'The week'}: {digest.period.title}"


def rest(section: Section) -> str:
    """How much is left out."""
    return f"and {section.left:,} more"


def _story(number: int, story: Story, zone: tzinfo | None) -> list[str]:
    lines = [f"{number}. {link(name(story.item), story.item.url)}  ", f"   {plain(meta(story.item, zone))}"]
    if story.why:
        lines[-1] += "  "
        lines.append(f"   Why: {plain(story.why)}")
    if story.said:
        lines[-1] += "  "
        lines.append(f"   A model says: {plain(story.said)}")
    if story.others:
        named = ", ".join(link(f"{name(other)} ({other.source})", other.url) for other in story.others[:NAMED])
        more = len(story.others) - NAMED
        lines[-1] += "  "
        lines.append(f"   Also: {named}" + (f" and {more} more" if more > 0 else ""))
    return lines


def name(item: Candidate) -> str:
    """What to call an item."""
    return line(item.title, TITLE) or line(item.url, TITLE) or UNTITLED


def meta(item: Candidate, zone: tzinfo | None = None) -> str:
    """Probability, source, author and when, in one line."""
    author = item.author if item.author != item.source else ""
    parts = ["" if item.probability is None else f"{item.probability:.0%}", item.source, author, when(item, zone)]
    return " \u00b7 ".join(line(part, 120) for part in parts if part)


def when(item: Candidate, zone: tzinfo | None = None) -> str:
    """When it was published, as the reader's clock had it."""
    at = item.came if item.at is None else item.at
    try:
        moment = datetime.fromtimestamp(at, UTC).astimezone(zone)
    except (ValueError, OverflowError, OSError):
        return ""
    return f"{moment:%a} {moment.day} {moment:%b %H:%M}"
