"""Digests as entries of an Atom or JSON feed: one entry for each day or week. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from html import escape

from penchant.app.serve.clean import anchor, line
from penchant.app.serve.model import Entry, Feed

from .compose import NAMED, Digest, Story
from .markdown import heading, meta, name, rest


def feed(entries: Sequence[Entry], kind: str, *, own: str = "", home: str = "") -> Feed:
    """Entries as a feed; "" where there is no such address."""
    updated = max((entry.updated for entry in entries), default=0.0)
    title = "The day" if kind == "day" else "The week"
    return Feed(
        f"urn:penchant:feed:digest:{kind}", f"{title} - penchant", "What you would have liked and missed",
        updated, tuple(entries), own, home, own,
    )  # fmt: skip


def entry(digest: Digest, *, url: str = "", zone: tzinfo | None = None) -> Entry:
    """One digest as an entry, dated at its end; `url`: where it can be read as a page."""
    titles = [name(story.item) for section in digest.sections for story in section.stories]
    return Entry(
        id=f"urn:penchant:digest:{digest.period.name}",
        url=url,
        title=heading(digest),
        html=html(digest, zone),
        summary=line("; ".join(titles) or digest.words, 300),
        published=digest.period.end,
        updated=digest.period.end,
        uid=f"digest-{digest.period.name}",
        source="penchant",
    )


def html(digest: Digest, zone: tzinfo | None = None) -> str:
    """The body: headings, lists, links to http and https only, everything of others escaped."""
    parts = [f"<p>{escape(line(digest.words))}</p>"]
    for section in digest.sections:
        parts.append(f"<h2>{escape(line(section.title))}</h2><ol>")
        parts += [_story(story, zone) for story in section.stories]
        parts.append("</ol>")
        if section.left:
            parts.append(f"<p>{escape(rest(section))}</p>")
    return "".join(parts)


def _story(story: Story, zone: tzinfo | None) -> str:
    item = story.item
    lines = [f"<strong>{anchor(item.url, name(item))}</strong>", f"<small>{escape(meta(item, zone))}</small>"]
    if story.why:
        lines.append(f"<em>{escape(line(story.why))}</em>")
    if story.said:
        lines.append(f"A model says: {escape(line(story.said))}")
    if story.others:
        also = ", ".join(anchor(other.url, f"{name(other)} ({line(other.source)})") for other in story.others[:NAMED])
        more = len(story.others) - NAMED
        lines.append(f"Also: {also}" + (f" and {more} more" if more > 0 else ""))
    return f"<li><p>{'<br>'.join(lines)}</p></li>"
