"""What an import of the reader's own export left in the archive: its events and the items they name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from penchant.adapters.base import Author, Item, Link

from .connection import Database
from .rows import EXCERPT

#: Places of one account's exports that are remembered: pictures of older ones may lie in those only.
PLACES = 8


@dataclass(frozen=True, slots=True)
class Sketch:
    """What is known of an item that came from an export; `author` is its key."""

    item_id: int
    url: str
    title: str
    text: str
    author: str
    extra: dict[str, Any]


class Imported:
    """Events of an import carry its name in `session`, "import:ADDRESS#ROUND"; an undone import begins a new round."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def rounds(self, address: str) -> dict[int, bool]:
        """Round -> whether its undoing has begun."""
        name = f"import:{address}#"
        rows = self.db.rows(
            "SELECT session, max(kind = 'undo') FROM events WHERE substr(session, 1, ?2) = ?1 GROUP BY session",
            (name, len(name)),
        )
        return {int(session[len(name) :]): bool(undone) for session, undone in rows if session[len(name) :].isdigit()}

    def live(self, address: str, limit: int) -> list[tuple[str, str]]:
        """(event id, session) of events of any round that still count."""
        name = f"import:{address}#"
        rows = self.db.rows(
            "SELECT id, session FROM live_events WHERE substr(session, 1, ?2) = ?1 ORDER BY seq LIMIT ?3",
            (name, len(name), limit),
        )
        return [(row[0], row[1]) for row in rows]

    def known_events(self, ids: Sequence[str]) -> set[str]:
        """Which of these events are stored, retracted ones too."""
        rows = self.db.rows(
            "SELECT id FROM events WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
        )
        return {row[0] for row in rows}

    def items(self, names: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """(kind, native id) -> item, of those that are stored."""
        rows = self.db.rows(
            "SELECT a.kind, a.native_id, a.item_id FROM json_each(?) j CROSS JOIN aliases a"
            " ON a.kind = j.value ->> 0 AND a.native_id = j.value ->> 1",
            (json.dumps([list(name) for name in names]),),
        )
        return {(kind, native_id): item_id for kind, native_id, item_id in rows}

    def keep(self, subscription_id: int, cursor: dict[str, object], now: float) -> None:
        """Remember how far an import is; the events before it are stored."""
        with self.db.write():
            self.db.run(
                "UPDATE subscriptions SET cursor = ?, last_success = ? WHERE id = ?",
                (json.dumps(cursor), now, subscription_id),
            )

    def put_place(self, subscription_id: int, path: str) -> None:
        """The export lies at `path` (absolute). What failed to come out of it may be tried again."""
        with self.db.write():
            old = self._places("id = ?", subscription_id)
            known = [place for place in old if place != path and Path(place).exists()]
            self.db.run(
                "UPDATE subscriptions SET settings = json_set(settings, '$.places', json(?)) WHERE id = ?",
                (json.dumps([path, *known][:PLACES]), subscription_id),
            )
            self.db.run(
                "UPDATE pictures SET state = 'wanted', used_at = NULL, retry_at = NULL, failures = 0, note = ''"
                " WHERE state IN ('failed', 'refused') AND id IN (SELECT p.picture_id FROM item_pictures p"
                " JOIN sightings g ON g.item_id = p.item_id WHERE g.subscription_id = ?)",
                (subscription_id,),
            )

    def places(self, address: str) -> list[str]:
        """Where the exports of "twitter:ada" lie, the one imported last first; [] where none is imported."""
        return self._places("kind = 'export' AND removed_at IS NULL AND address = ?", address)

    def sketches(self, below: int, most: int) -> list[Sketch]:
        """Items that came from exports and lack an author or a title and text, with ids under `below`, descending."""
        rows = self.db.rows(
            "SELECT id, url, title, text, author_key, extra FROM items WHERE kind = 'export' AND id < ?"
            " AND deleted_at IS NULL AND (author_key = '' OR (title = '' AND text = '')) ORDER BY id DESC LIMIT ?",
            (below, most),
        )
        return [
            Sketch(item_id, url, title, text, author, json.loads(extra) if extra else {})
            for item_id, url, title, text, author, extra in rows
        ]

    def put_extra(self, item_id: int, extra: dict[str, Any]) -> None:
        """Replace what is known of an item beside its text."""
        with self.db.write():
            self.db.run("UPDATE items SET extra = ? WHERE id = ?", (_dump(extra), item_id))

    def fill(
        self, sketch: Sketch, extra: dict[str, Any], *, title: str = "", text: str = "", lang: str = "",
        links: Sequence[Link] = (), author: Author | None = None,
    ) -> None:  # fmt: skip
        """Put these in, empty ones aside. The worker hears of it as of an edit."""
        with self.db.write():
            if title or text:
                self.db.run(
                    "UPDATE items SET title = ?1, text = ?2, text_len = length(?2), excerpt = ?3, links = ?4,"
                    " content_hash = ?5 WHERE id = ?6",
                    (title, text, " ".join(text[: EXCERPT + 120].split())[:EXCERPT],
                     _dump([[link.url, link.text] for link in links]) if links else "",
                     Item("", "", title, text).content_hash, sketch.item_id),
                )  # fmt: skip
            if author is not None:
                self.db.run(
                    "UPDATE items SET author_key = ?, author = ?, author_handle = ?, author_url = ? WHERE id = ?",
                    (author.key, author.name, author.handle, author.url, sketch.item_id),
                )
                self.db.run("INSERT INTO changes(item_id, action) VALUES (?, 'edit')", (sketch.item_id,))
            self.db.run(
                "UPDATE items SET extra = ?1, lang = iif(lang = '', ?2, lang) WHERE id = ?3",
                (_dump(extra), lang, sketch.item_id),
            )

    def _places(self, where: str, value: object) -> list[str]:
        found = self.db.value(f"SELECT settings ->> '$.places' FROM subscriptions WHERE {where}", (value,))
        return [str(place) for place in json.loads(found)] if found else []


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
