"""`penchant digest`: what you would have liked and missed in a day or a week."""

from __future__ import annotations

import argparse
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .context import Context
from .output import dumps, plain, say

if TYPE_CHECKING:
    from penchant.app.digest.compose import Digest, Story

#: Stories at most.
MOST = 100


def configure(parser: argparse.ArgumentParser) -> None:
    span = parser.add_mutually_exclusive_group()
    span.add_argument("--day", dest="kind", action="store_const", const="day", help="one day (the default)")
    span.add_argument("--week", dest="kind", action="store_const", const="week", help="the week of that day")
    parser.set_defaults(kind="day")
    parser.add_argument("--date", type=date.fromisoformat, metavar="D", help="which day: 2026-11-23 (default: today)")
    parser.add_argument("--limit", type=_most, default=12, metavar="N", help="stories that you missed (default: 12)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="as Markdown")
    form.add_argument("--html", action="store_true", help="as an HTML page")
    form.add_argument("--json", action="store_true", help="one JSON object")
    form.add_argument("--atom", metavar="FILE", type=Path, help="write an Atom feed with this one entry")


def _most(text: str) -> int:
    number = int(text)
    if not 1 <= number <= MOST:
        raise ValueError
    return number


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.digest import markdown
    from penchant.app.digest.period import period, today

    asked = args.date or today(time.time())
    digest = _told(context, period(args.kind, asked), args.limit)
    if args.json:
        say(dumps(facts(digest)))
    elif args.markdown:
        print(markdown.write(digest), end="")
    elif args.html:
        say(page(digest))
    elif args.atom is not None:
        _atom(digest, args.atom)
    else:
        for line in lines(digest):
            say(line)
    return None


def _told(context: Context, of: Any, most: int) -> Digest:
    from penchant.app.digest.compose import told
    from penchant.app.digest.making import read, reasons

    digest = read(context.store, of, most=most)
    if not digest.ids or context.store.scores.head() is None:
        return told(digest, {})
    from penchant.app.ranking import RankSession
    from penchant.app.store.missed import sentences

    session = RankSession(context.paths.archive, explore=context.config.ranking.explore)
    session.load()
    try:
        return told(digest, reasons(digest.ids, session.why), sentences(context.store, digest.ids))
    finally:
        session.close()


def lines(digest: Digest) -> list[str]:
    """The page as lines for a terminal."""
    from penchant.app.digest.markdown import heading, meta, name, rest

    out = [plain(heading(digest)), plain(digest.words)]
    for section in digest.sections:
        out += ["", plain(section.title)]
        for story in section.stories:
            more = f" (and {len(story.others)} more)" if story.others else ""
            out.append(f"  {story.item.item_id:>6}  {plain(name(story.item), 100)}{more}")
            out.append(f"          {plain(meta(story.item))}")
            out += [f"          {plain(said)}" for said in (story.why, _model(story)) if said]
        if section.left:
            out.append(f"          {rest(section)}")
    return out


def _model(story: Story) -> str:
    return f"A model says: {story.said}" if story.said else ""


def facts(digest: Digest) -> dict[str, Any]:
    """The digest as JSON."""
    of = digest.period
    return {
        "kind": of.kind, "name": of.name, "start": of.start, "end": of.end, "words": digest.words,
        "came": digest.counts.came, "opened": digest.counts.opened,
        "sections": [
            {"key": section.key, "title": section.title, "left": section.left,
             "stories": [_story(story) for story in section.stories]}
            for section in digest.sections
        ],
    }  # fmt: skip


def _story(story: Story) -> dict[str, Any]:
    item = story.item
    return {
        "id": item.item_id, "title": item.title, "url": item.url, "source": item.source, "author": item.author,
        "at": item.at, "probability": item.probability, "why": story.why, "said": story.said, "people": item.people,
        "interest": item.interest, "also": [other.item_id for other in story.others],
    }  # fmt: skip


def page(digest: Digest) -> str:
    """A whole HTML page."""
    from html import escape

    from penchant.app.digest.feed import html
    from penchant.app.digest.markdown import heading

    title = escape(plain(heading(digest)))
    return (
        f'<!doctype html>\n<html><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><h1>{title}</h1>{html(digest)}</body></html>"
    )


def _atom(digest: Digest, file: Path) -> None:
    from penchant.app.digest.feed import entry, feed
    from penchant.app.models.files import write_whole
    from penchant.app.serve import atom

    write_whole(file, atom.write(feed([entry(digest)], digest.period.kind)).decode())
    say(f"written: {plain(str(file))}")
