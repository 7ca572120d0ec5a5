"""Texts of real authors, and replies whose parents are known, read from the recordings (never copied from there)."""

from __future__ import annotations

import html
import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from penchant.adapters.rss_parse import parse_feed
from penchant.adapters.text import html_to_text

#: Three people and the feeds of theirs that were recorded.
BLOGS = {
    "Sam Ruby": "rss/feedjira/SamRuby.xml",
    "Brent Simmons": "rss/feedjira/json_feed.json",
    "Aaron Patterson": "rss/feedjira/TenderLovemaking.xml",
}
#: Feeds of several people, as other people's texts.
OTHERS = ("rss/feedjira/TechCrunch.xml", "rss/feedjira/AmazonWebServicesBlog.xml")
THREAD = "hackernews/algolia-thread-48849066-comments.json"
#: Characters of a passage: about a post.
PASSAGE, SHORTEST = 400, 120


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment of a thread; `quotes`: the beginning of what it quotes from the comment that it answers."""

    id: int
    author: str
    text: str
    quotes: tuple[str, ...] = ()


def posts(path: Path) -> list[str]:
    """The texts of a feed, the oldest first."""
    feed = parse_feed(path.read_bytes(), "https://feed.example/", "", "feed", 1_900_000_000.0)
    items = sorted(feed.items, key=lambda item: item.published or 0.0)
    return [item.text for item in items if item.text]


def passages(text: str) -> list[str]:
    """A text cut at its paragraphs into pieces of about `PASSAGE` characters."""
    found, piece = [], ""
    for paragraph in (p.strip() for p in text.split("\n") if p.strip()):
        piece = f"{piece} {paragraph}".strip()
        if len(piece) >= PASSAGE:
            found.append(piece[:PASSAGE])
            piece = ""
    return [*found, piece] if len(piece) >= SHORTEST else found


def comments(folder: Path) -> list[Comment]:
    """Every comment of the recorded thread, without the lines that it quotes."""
    with (folder / THREAD).open(encoding="utf-8") as file:
        raw = json.load(file)
    return [_comment(entry) for entry in raw]


def _comment(entry: dict[str, str]) -> Comment:
    lines = html_to_text(entry["text"], "https://news.ycombinator.com/")[0].split("\n")
    own = [line for line in lines if not line.lstrip().startswith(">")]
    quoted = tuple(re.sub(r"^[\s>]+", "", html.unescape(line)) for line in lines if line.lstrip().startswith(">"))
    return Comment(int(entry["id"]), entry["author"], "\n".join(own).strip(), tuple(q for q in quoted if len(q) >= 25))


def by_author(found: list[Comment], least: int) -> dict[str, list[str]]:
    """Comments of those who wrote at least so many, the oldest first."""
    of: dict[str, list[str]] = defaultdict(list)
    for comment in sorted(found, key=lambda each: each.id):
        if len(comment.text) >= 20:
            of[comment.author].append(comment.text)
    return {author: texts for author, texts in of.items() if len(texts) >= least}


def answered(found: list[Comment]) -> list[tuple[str, str]]:
    """(parent, reply): a comment that quotes another one answers it. The quotation is not part of the reply."""
    pairs = []
    for comment in found:
        for quote in comment.quotes:
            parents = [
                other for other in found
                if other.id < comment.id and other.author != comment.author and _plain(quote) in _plain(other.text)
            ]  # fmt: skip
            if len(parents) == 1 and len(comment.text) >= 20:
                pairs.append((parents[0].text, comment.text))
                break
    return pairs


def _plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
