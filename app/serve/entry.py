"""An article of the archive as an entry of a feed. Pure."""

from __future__ import annotations

import mimetypes
from html import escape

from penchant.adapters.base import Media, Poll
from penchant.adapters.text_clean import excerpt
from penchant.app.types import Article

from .clean import anchor, line, paragraphs, web
from .model import Enclosure, Entry

#: What the notes of the stored order mean.
NOTES = {"explored": "shown to learn what else you like", "people": "people you follow brought it"}
#: Characters of a title made from a text, and of a summary.
TITLE, SUMMARY = 100, 300
#: Pictures and other attachments of one entry at most.
ATTACHED = 20
_USUAL = {"image": "image/jpeg", "video": "video/mp4", "audio": "audio/mpeg"}


def entry_of(article: Article, uid: str, feed: str, *, why: str = "", at: float | None = None) -> Entry:
    """Everything a reader elsewhere needs. `uid` names the item on any machine; `at` replaces its time.

    `feed` is part of the id, because newsboat keeps one item of an id, and takes it out of the other feeds.
    """
    card = article.card
    warned = bool(card.content_warning)
    published = card.first_seen if card.published is None else min(card.published, card.first_seen)
    text = article.text or card.excerpt
    title = card.title or excerpt(text, TITLE) or card.url or "(without a title)"
    why = why or NOTES.get(card.note, card.note)
    return Entry(
        id=f"urn:penchant:{uid}:{feed}",
        uid=uid,
        url=web(card.url),
        title=f"[{card.content_warning}] {title}" if warned else title,
        html=_lead(article, why) + paragraphs(text, tuple(link.url for link in article.links)) + _rest(article),
        summary="" if warned else excerpt(text, SUMMARY),
        published=published if at is None else at,
        updated=max(article.updated or published, published) if at is None else at,
        author=card.author,
        source=card.source,
        lang=article.lang,
        tags=article.tags,
        replies=web(article.comments_url),
        image="" if warned else next((web(m.url) for m in article.media if m.kind == "image"), ""),
        enclosures=tuple(_enclosure(m) for m in article.media[:ATTACHED] if m.kind != "image" and web(m.url)),
        probability=card.probability,
        why=why,
        untitled=not card.title,
    )


def _lead(article: Article, why: str) -> str:
    """The line above the text: number, source, author, points, why."""
    card = article.card
    parts = [
        "" if card.probability is None else f"{card.probability:.0%}", card.source, card.author,
        "" if card.points is None else f"{card.points} points",
        "" if card.comments is None else f"{card.comments} comments",
        f"also in {card.also_in} more" if card.also_in else "", why,
    ]  # fmt: skip
    said = " · ".join(escape(line(part)) for part in parts if part)
    warning = f"<p><strong>{escape(line(card.content_warning))}</strong></p>" if card.content_warning else ""
    return (f"<p><small>{said}</small></p>" if said else "") + warning


def _rest(article: Article) -> str:
    shown = [_attached(media, bool(article.card.content_warning)) for media in article.media[:ATTACHED]]
    talk = anchor(article.comments_url, "comments") if web(article.comments_url) else ""
    return _poll(article.poll) + "".join(shown) + (f"<p>{talk}</p>" if talk else "")


def _attached(media: Media, warned: bool) -> str:
    """A picture, unless a warning stands before it; anything else as a link."""
    url, alt = web(media.url), line(media.alt, 2000)
    if not url:
        return ""
    if media.kind == "image" and not warned:
        return f'<p><img src="{escape(url)}" alt="{escape(alt)}"></p>'
    return f"<p>{anchor(url, f'{media.kind}: {alt}' if alt else media.kind)}</p>"


def _poll(poll: Poll | None) -> str:
    if poll is None:
        return ""
    rows = (escape(line(name)) + ("" if votes is None else f" ({votes})") for name, votes in poll.options)
    return "<ul>" + "".join(f"<li>{row}</li>" for row in rows) + "</ul>"


def _enclosure(media: Media) -> Enclosure:
    guess = mimetypes.guess_type(media.url.partition("?")[0])[0]
    mime = media.mime or guess or _USUAL.get(media.kind, "application/octet-stream")
    return Enclosure(web(media.url), line(mime, 100), max(media.size, 0))
