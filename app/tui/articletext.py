"""A whole item as blocks of text. Pure."""

from __future__ import annotations

import time
from collections.abc import Sequence

from penchant.adapters.oembed import SERVICES, page_of
from penchant.app.types import Article, Card, Reply, Thread

from . import words
from .cardview import meta_of, title_of
from .pager import Block
from .pictures import captions

GAP = Block("")
#: Replies are indented up to here; deeper ones stand below one another.
DEEPEST = 8


def blocks_of(
    article: Article,
    thread: Sequence[Card],
    now: float,
    fetched: Thread | None = None,
    note: str = "",
    gone: str = "",
    hung: captions.Hung = captions.NONE,
) -> list[Block]:
    """Title, origin, text, poll, attachments, links, thread: from the archive, then as its server has it.

    `note` says how the fetching of the thread stands, `gone` why there is no text; `hung` are pictures to draw.
    """
    card = article.card
    title = title_of(card)
    # A post has no title of its own: what stands for one is the beginning of its text.
    repeats = words.one_line(article.text[: len(title) + 8]).startswith(title.rstrip("…. "))
    blocks = [] if repeats else [Block(title, "title")]
    blocks.append(Block(meta_of(card, now), "meta"))
    blocks += [Block(_dates(article, now), "meta")] if _dates(article, now) else []
    blocks += [Block(line, "meta") for line in article.sightings[:12]]
    if len(article.sightings) > 12:
        blocks.append(Block(f"and {len(article.sightings) - 12} more", "meta"))
    blocks.append(GAP)
    if card.content_warning:
        blocks += [Block(f"Content warning: {card.content_warning}", "head"), GAP]
    lead = captions.shown_first(article, hung, titled=not repeats)
    if lead is not None:
        blocks += [*captions.picture_blocks(article, lead, hung), GAP]
    blocks.append(Block(article.text or gone or "(The source gave no text; o opens the page.)", numbers=True))
    blocks += _poll(article, now) + captions.media_blocks(article, hung, lead)
    blocks += _links(article) + _rest(article)
    replies = fetched.replies if fetched is not None else ()
    known = {reply.url for reply in replies if reply.url}
    blocks += _thread(card, [other for other in thread if other.url not in known or other == card], now)
    blocks += _fetched(replies, now)
    return [*blocks, GAP, Block(note, "meta")] if note else blocks


def _dates(article: Article, now: float) -> str:
    card = article.card
    parts = []
    if card.published is not None:
        parts.append(time.strftime("%A %d %B %Y, %H:%M", time.localtime(max(0.0, min(card.published, 4e9)))))
    if article.updated and card.published and article.updated > card.published + 60:
        parts.append(f"edited {words.age(article.updated, now)} ago")
    if article.tags:
        parts.append(" ".join(f"#{tag}" for tag in article.tags[:12]))
    return " · ".join(parts)


def _poll(article: Article, now: float) -> list[Block]:
    poll = article.poll
    if poll is None:
        return []
    total = sum(votes or 0 for _, votes in poll.options)
    blocks = [GAP, Block("Poll" + (" (several answers)" if poll.multiple else ""), "head")]
    for name, votes in poll.options:
        if votes is None:
            blocks.append(Block(f"○ {name}"))
        else:
            share = votes / total if total else 0.0
            blocks.append(Block(f"{words.bar(votes, total or 1, 20)} {share:4.0%}  {name} ({votes})"))
    if poll.closes_at is not None:
        closed = poll.closes_at <= now
        blocks.append(Block("closed" if closed else f"closes {words.until(poll.closes_at, now)}", "meta"))
    return blocks


def _links(article: Article) -> list[Block]:
    if not article.links:
        return []
    blocks = [GAP, Block("Links (type the number, then enter)", "head")]
    for number, link in enumerate(article.links, 1):
        blocks.append(Block(f"[{number}] {link.url}", "link", link=number))
    return blocks


def _rest(article: Article) -> list[Block]:
    blocks = [GAP, Block(article.card.url, "meta")] if article.card.url else []
    if article.comments_url and article.comments_url != article.card.url:
        blocks.append(Block(f"Comments (c): {article.comments_url}", "meta"))
    missing = article.extra.get("unavailable")
    if isinstance(missing, list) and missing:
        blocks.append(Block(f"Not in your export: {', '.join(map(str, missing[:4]))}", "meta"))
    if fillable := _fillable(article):
        blocks.append(Block(fillable, "meta"))
    preview = article.extra.get("card")
    if isinstance(preview, dict) and (preview.get("title") or preview.get("url")):
        lines = [str(preview.get(key) or "") for key in ("title", "description", "url")]
        blocks += [GAP, Block("Linked page", "head"), *(Block(line, indent=2) for line in lines if line)]
    return blocks


def _thread(card: Card, thread: Sequence[Card], now: float) -> list[Block]:
    others = [other for other in thread if other.item_id != card.item_id]
    if not others:
        return []
    blocks = [GAP, Block("Thread", "head")]
    for other in thread:
        here = "▶ " if other.item_id == card.item_id else "  "
        blocks.append(Block(f"{here}{meta_of(other, now)}", "meta"))
        if other.item_id != card.item_id:
            blocks.append(Block(other.excerpt or title_of(other), indent=4))
    return blocks


def _fetched(replies: Sequence[Reply], now: float) -> list[Block]:
    above = [reply for reply in replies if reply.depth is None]
    below = [reply for reply in replies if reply.depth is not None]
    blocks = [GAP, Block("In answer to", "head")] if above else []
    for reply in above:
        blocks += _reply(reply, 2, now)
    if below:
        blocks += [GAP, Block(words.many(len(below), "reply", "replies"), "head")]
    for reply in below:
        blocks += _reply(reply, 2 + 2 * min(reply.depth or 0, DEEPEST), now)
    return blocks


def _reply(reply: Reply, indent: int, now: float) -> list[Block]:
    points = f"▲{reply.points}" if reply.points else ""
    meta = " · ".join(part for part in (reply.author, words.age(reply.published, now), points) if part)
    return [Block(meta, "meta", indent=indent), Block(reply.text, indent=indent + 2)]


def _fillable(article: Article) -> str:
    """How to come by what an import lacks, or that nobody has it any more; "" where nothing can be done."""
    card, gone = article.card, article.extra.get("gone_at")
    page = page_of(card.url) if card.kind == "export" else None
    if page is None or (card.author and (card.title or article.text)):
        return ""
    host = SERVICES[page[0]].hosts[0]
    if isinstance(gone, int | float):
        return f"{host} said on {time.strftime('%d %B %Y', time.localtime(gone))} that it is no longer there."
    if "filled_at" in article.extra:
        return ""
    return f"`penchant import fill` asks {host} for the rest, if you agree to it."


def link_at(article: Article, number: int) -> str:
    """The address of link `number` (from 1; attachments follow the links), "" when there is none."""
    urls = [*(link.url for link in article.links), *(media.url for media in article.media)]
    return urls[number - 1] if 1 <= number <= len(urls) else ""
