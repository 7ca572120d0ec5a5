"""What a log of events says of items and sources, read from the archive and stored into another."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from penchant.adapters.base import Author, Item, Page, Sighting

from .connection import Database, Row
from .gate import Gate
from .rows import load_links, load_media, load_poll, load_tags, outward

if TYPE_CHECKING:
    from .ingest import Ingest

Name = tuple[str, str]
_COLUMNS = (
    "i.id, i.kind, i.native_id, u.kind, u.address, u.title, i.first_seen, i.author_key, i.author, i.author_handle,"
    " i.author_url, i.title, i.url, i.text, i.published, i.updated, i.lang, i.tags, i.media, i.links, i.points,"
    " i.comments, i.comments_url, i.in_reply_to, i.thread, i.content_warning, i.sensitive, i.poll, i.extra"
)


class Logged:
    """Items and sources by the names that they have on every machine."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._ingest: Ingest | None = None

    def names(self, ids: Iterable[int]) -> dict[int, Name]:
        """(kind, native id) of items; those that are gone are left out."""
        rows = self.db.rows(
            "SELECT i.id, i.kind, i.native_id FROM json_each(?) j CROSS JOIN items i ON i.id = j.value",
            (json.dumps(sorted(set(ids))),),
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def sources(self) -> dict[int, Name]:
        """(kind, address) of every source, of those that are no longer followed too."""
        return {row[0]: (row[1], row[2]) for row in self.db.rows("SELECT id, kind, address FROM subscriptions")}

    def items(self, ids: Sequence[int]) -> list[tuple[Name, str, Item]]:
        """(source, its title, item), as whole as the archive has them.

        Who brought an item goes along, addresses of pictures inside an export do not.
        """
        rows = self.db.rows(
            f"SELECT {_COLUMNS} FROM json_each(?) j CROSS JOIN items i ON i.id = j.value"
            " JOIN subscriptions u ON u.id = (SELECT x.id FROM subscriptions x WHERE x.kind = i.kind AND"
            " (x.id = i.subscription_id OR EXISTS"
            " (SELECT 1 FROM sightings g WHERE g.item_id = i.id AND g.subscription_id = x.id))"
            " ORDER BY x.id = i.subscription_id DESC, x.id LIMIT 1)",
            (json.dumps(list(ids)),),
        )
        seen, attic = self._sightings(ids), Gate(self.db).attic
        found = [((row[3], row[4]), row[5], row[0], _item(row, seen.get(row[0], ()))) for row in rows]
        return [(source, title, _refilled(item, attic(number))) for source, title, number, item in found]

    def _sightings(self, ids: Sequence[int]) -> dict[int, tuple[Sighting, ...]]:
        found: dict[int, tuple[Sighting, ...]] = {}
        for item_id, how, key, name, at in self.db.rows(
            "SELECT g.item_id, g.how, g.by_key, g.by_name, g.at FROM json_each(?) j"
            " JOIN sightings g ON g.item_id = j.value ORDER BY g.at, g.by_key",
            (json.dumps(list(ids)),),
        ):
            by = Author(key, name) if key else None
            found[item_id] = (*found.get(item_id, ()), Sighting(how, at or None, by))
        return found

    def source(self, name: Name, title: str = "") -> int:
        """The source of that name; one that is unknown here is kept as one that nobody follows."""
        with self.db.write():
            row = self.db.row("SELECT id FROM subscriptions WHERE kind = ? AND address = ?", name)
            if row is not None:
                return int(row[0])
            now = time.time()
            self.db.run(
                "INSERT INTO subscriptions(kind, address, title, added_at, removed_at) VALUES (?, ?, ?, ?, ?)",
                (*name, title, now, now),
            )
            return self.db.last_id

    def put(self, source: int, items: Sequence[Item], now: float) -> list[int]:
        """Store items of another machine; their numbers here. The source itself stays as it is."""
        from .ingest import Ingest

        self._ingest = self._ingest or Ingest(self.db)
        return self._ingest.put(source, Page(tuple(items), {}), now, foreign=True).item_ids


def _item(row: Row, sightings: tuple[Sighting, ...]) -> Item:
    (_, _, native, _, _, _, first_seen, key, name, handle, page, title, url, text, published, updated, lang, tags,
     media, links, points, comments, comments_url, in_reply_to, thread, warning, cautious, poll,
     extra) = row  # fmt: skip
    return Item(
        native, url, title, text, Author(key, name, handle, page) if key else None, published, updated, lang,
        load_tags(tags), tuple(outward(each) for each in load_media(media)), load_links(links), points, comments,
        comments_url, in_reply_to, thread, warning, bool(cautious), load_poll(poll), sightings,
        {**(json.loads(extra) if extra else {}), "first_seen": first_seen},
    )  # fmt: skip


def _refilled(item: Item, attic: dict[str, str] | None) -> Item:
    """What the gate dropped comes out of the attic."""
    if attic is None:
        return item
    media = tuple(outward(each) for each in load_media(attic["media"]))
    return replace(
        item, text=attic["text"], media=media, links=load_links(attic["links"]), poll=load_poll(attic["poll"])
    )
