"""Everything the archive knows, as OPML or as JSON Lines, written piece by piece."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from .commands.output import dumps
from .types import Article, Subscription, View

if TYPE_CHECKING:
    from .store import Store

#: Version of the JSON Lines format, in its first line.
FORMAT = 1
#: All of them: ids alone take 8 bytes each.
MAX_ITEMS = 1 << 40


def opml(store: Store) -> Iterator[str]:
    """The feeds that other readers understand (RSS, Atom, JSON Feed), with their folders."""
    from penchant.adapters import opml as writer

    feeds = [
        writer.OpmlFeed(url=url, title=s.title, folder=s.folder)
        for s in store.subscriptions.all()
        if (url := _feed_address(s))
    ]
    yield writer.write(feeds).decode("utf-8")


def _feed_address(source: Subscription) -> str:
    """The feed that any reader can read; "" where a source has none. A channel of YouTube has one once it is known."""
    if source.kind == "rss":
        return source.address
    if source.kind != "youtube":
        return ""
    from penchant.adapters.youtube_place import from_settings

    return from_settings(source.settings).feed(str(source.cursor.get("channel") or ""))


def jsonl(store: Store) -> Iterator[str]:
    """One JSON object a line: {"type": "penchant" | "subscription" | "item" | "event", ...}.

    Items carry their marks; events are complete, retracted ones included, and
    name items by number. Vectors and scores are left out: they follow from
    the rest. Credentials are never stored in the archive.
    """
    yield _line("penchant", {"format": FORMAT})
    for subscription in store.subscriptions.all():
        yield _line("subscription", asdict(subscription))
    yield from _items(store)
    yield from _events(store)


def _items(store: Store) -> Iterator[str]:
    from .store.rows import outward

    for item_id in store.items.ids(View.NEWEST, limit=MAX_ITEMS):
        article = store.items.article(item_id)
        if article is not None:
            rest = {
                field.name: getattr(article, field.name) for field in fields(article) if field.name != "card"
            }
            rest["media"] = tuple(map(outward, article.media))
            yield _line("item", {**asdict(article.card), **rest, **_dropped(store, article)})


def _dropped(store: Store, article: Article) -> dict[str, Any]:
    """Of a dropped item its body as the attic has it; `body` says whether it does."""
    if article.card.dropped is None:
        return {}
    from .store.rows import load_links, load_media, load_poll, outward

    found = store.gate.attic(article.card.item_id)
    if found is None:
        return {"body": "gone"}
    return {
        "body": "attic",
        "text": found["text"],
        "excerpt": found["excerpt"],
        "links": load_links(found["links"]),
        "media": tuple(map(outward, load_media(found["media"]))),
        "poll": load_poll(found["poll"]),
        "extra": json.loads(found["extra"]) if found["extra"] else {},
    }


def _events(store: Store) -> Iterator[str]:
    """What was done with drafts stays here, as they do."""
    seq, drafts = 0, store.drafts.item_ids()
    while batch := store.events.since(seq, 1_000):
        for seq, event in batch:
            if event.kind != "draft" and event.item_id not in drafts:
                yield _line("event", {"seq": seq, **asdict(event)})


def _line(kind: str, facts: dict[str, Any]) -> str:
    return dumps({"type": kind, **facts}) + "\n"
