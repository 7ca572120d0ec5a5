"""What a draft is written from, read out of the archive: the thread, what is quoted, articles, own texts that fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penchant.app import embed
from penchant.app.errors import PenchantError

from . import style
from .values import SOURCES, Said, Setting, Wish

if TYPE_CHECKING:
    from penchant.app.store import Store
    from penchant.app.types import Article, Card
    from penchant.app.voice.values import Text

#: Posts of the thread that are kept, the nearest; own texts that stand as examples.
ABOVE, MINE = 6, 4
_QUOTE = re.compile(r"\n\n(?:> .*\n?)+\s*$")


class NothingToAnswer(PenchantError):
    """The item of a reply is gone, or says nothing."""

    hint = "Open the item; where the gate dropped its body, R in the article brings it back."


def gather(store: Store, wish: Wish, authored: Sequence[Text]) -> Setting:
    """Everything of the archive that belongs to a wish. Raises `NothingToAnswer`."""
    found = _reply(store, wish) if wish.kind == "reply" else _post(store, wish)
    above, post, quoted, sources, articles = found
    examples = style.usable(authored, replies=wish.kind == "reply")
    about = " ".join([post.text if post else "", wish.topic, *(each.text for each in sources)]).strip()
    return Setting(
        above,
        post,
        quoted,
        sources,
        _fitting(examples, about),
        frozenset(_links(articles)),
        frozenset(_people(articles)),
    )


def _reply(store: Store, wish: Wish) -> tuple[tuple[Said, ...], Said, Said | None, tuple[Said, ...], list[Article]]:
    article = store.items.article(wish.parent_id) if wish.parent_id is not None else None
    if article is None:
        raise NothingToAnswer("the item to answer is no longer in the archive")
    post, quoted = _said(article), _quoted(article)
    if not post.text:
        raise NothingToAnswer("the item to answer has no text")
    return _above(store, article), post, quoted, (), [article]


def _post(store: Store, wish: Wish) -> tuple[tuple[Said, ...], None, None, tuple[Said, ...], list[Article]]:
    articles = [article for each in wish.item_ids[:SOURCES] if (article := store.items.article(each)) is not None]
    return (), None, None, tuple(_said(article) for article in articles), articles


def _said(article: Article) -> Said:
    """Who said what: title and text, without what is quoted at the end."""
    text = _QUOTE.sub("", article.text) if article.extra.get("quote") else article.text
    return Said(
        article.card.author or article.card.source,
        "\n".join(each for each in (article.card.title, text) if each).strip(),
    )


def _quoted(article: Article) -> Said | None:
    quote = article.extra.get("quote")
    if not isinstance(quote, Mapping) or not quote.get("text"):
        return None
    return Said(str(quote.get("author") or ""), str(quote["text"]))


def _above(store: Store, article: Article) -> tuple[Said, ...]:
    """The thread over a post: as its server has it where it was fetched, else what the archive holds of it."""
    thread = store.threads.get(article.card.item_id)
    if thread is not None and (over := [reply for reply in thread.replies if reply.depth is None]):
        return tuple(Said(reply.author, reply.text) for reply in over[-ABOVE:])
    before: list[Card] = []
    for card in store.items.thread(article.card.item_id):
        if card.item_id == article.card.item_id:
            break
        before.append(card)
    texts = store.items.texts([card.item_id for card in before[-ABOVE:]])
    return tuple(
        Said(card.author, texts[card.item_id][1] or card.title) for card in before[-ABOVE:] if card.item_id in texts
    )


def _fitting(examples: Sequence[Any], about: str) -> tuple[Any, ...]:
    """Own texts nearest to what is written about; the latest where it is about anything."""
    if not examples:
        return ()
    if not about:
        return tuple(examples[:MINE])
    embedder = embed.load()
    vectors = embedder.embed_batch([style.about(each) for each in examples])
    return style.fitting(examples, vectors, embedder.embed_batch([about])[0], MINE)


def _links(articles: Iterable[Article]) -> Iterable[str]:
    """Addresses that a draft may hold: those of what it is written from."""
    for article in articles:
        yield from (each for each in (article.card.url, *(link.url for link in article.links)) if each)


def _people(articles: Iterable[Article]) -> Iterable[str]:
    """@handles that a draft may name: authors of what it answers, and those named in it."""
    for article in articles:
        yield from (found.lower() for found in re.findall(r"(?<![\w/.])@[\w][\w.-]*(?:@[\w.-]+\w)?", article.text))
        author = article.extra.get("handle")
        if isinstance(author, str):
            yield author.lower()
