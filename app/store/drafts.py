"""What a model wrote for this reader. A draft that is judged becomes an item, so that its likes are ordinary events."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from penchant.adapters.base import Author, Item, Media

from . import text_index
from .connection import Database, Row
from .rows import INSERT_ITEM, item_row, prepare

#: The kind of items that are drafts, and the states of a draft.
KIND = "draft"
State = Literal["offered", "kept", "posted", "dropped"]

_COLUMNS = "id, kind, parent_id, topic, text, arm, model, state, item_id, facts, made_at"


@dataclass(frozen=True, slots=True)
class Draft:
    """`kind`: "reply", "post", "feed" or "image"; `parent_id`: the item that a reply answers; `arm`: the carrier.

    `item_id`: the item that stands for it, once there is one; `facts`: probability, ratio, overlap, tokens, seconds,
    address of the post ...; `made_at` in Unix seconds. `text` is as it is now, `facts["written"]` as the model wrote
    it where the reader edited it.
    """

    kind: str
    text: str
    parent_id: int | None = None
    topic: str = ""
    arm: str = ""
    model: str = ""
    state: State = "offered"
    item_id: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    made_at: float = 0.0
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


#: `Drafts.list` hides the type inside its class.
_List = list[Draft]
_Media = tuple[Media, ...]


class Drafts:
    """`store.drafts`."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def add(self, draft: Draft) -> str:
        """Keep a draft; its id. One that is known is left as it is."""
        with self.db.write():
            self.db.run(
                f"INSERT OR IGNORE INTO drafts({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (draft.id, draft.kind, draft.parent_id, draft.topic, draft.text, draft.arm, draft.model, draft.state,
                 draft.item_id, _dump(draft.facts), draft.made_at),
            )  # fmt: skip
        return draft.id

    def get(self, draft_id: str) -> Draft | None:
        """One draft; None where there is none (any more)."""
        row = self.db.row(f"SELECT {_COLUMNS} FROM drafts WHERE id = ?", (draft_id,))
        return None if row is None else _draft(row)

    def named(self, start: str) -> _List:
        """Up to two drafts whose id begins so (at least four of its hexadecimal digits)."""
        if len(start) < 4 or not all(char in "0123456789abcdef" for char in start):
            return []
        sql = f"SELECT {_COLUMNS} FROM drafts WHERE id >= ?1 AND id < ?1 || 'g' LIMIT 2"
        return [_draft(row) for row in self.db.rows(sql, (start,))]

    def of_item(self, item_id: int) -> Draft | None:
        """The draft that an item stands for; None for items of sources."""
        row = self.db.row(f"SELECT {_COLUMNS} FROM drafts WHERE item_id = ?", (item_id,))
        return None if row is None else _draft(row)

    def list(self, *kinds: str, states: Sequence[State] = (), limit: int = 200) -> _List:
        """Drafts of some kinds (none: all) and states (none: all), the latest first."""
        rows = self.db.rows(
            f"SELECT {_COLUMNS} FROM drafts WHERE (?1 = '[]' OR kind IN (SELECT value FROM json_each(?1)))"
            " AND (?2 = '[]' OR state IN (SELECT value FROM json_each(?2)))"
            " ORDER BY made_at DESC, id DESC LIMIT ?3",
            (json.dumps(kinds), json.dumps([*states]), limit),
        )
        return [_draft(row) for row in rows]

    def state(self, draft_id: str, state: State | None = None, **facts: Any) -> bool:
        """Set its state (None: it stays) and add facts (None takes one away); False where it is gone."""
        with self.db.write():
            return bool(
                self.db.run(
                    "UPDATE drafts SET state = coalesce(?, state), facts = json_patch(facts, ?) WHERE id = ?",
                    (state, _dump(facts), draft_id),
                )
            )

    def edit(self, draft_id: str, text: str) -> bool:
        """Put the reader's own wording in; the model's stays in the facts, and so does the item that was judged."""
        with self.db.write():
            return bool(
                self.db.run(
                    "UPDATE drafts SET text = ?1, facts = json_patch(json_object('written', text), facts)"
                    " WHERE id = ?2 AND text <> ?1",
                    (text, draft_id),
                )
            )

    def remove(self, draft_id: str) -> bool:
        """Forget a draft that nobody judged; one that is an item stays, since events name it."""
        with self.db.write():
            return bool(self.db.run("DELETE FROM drafts WHERE id = ? AND item_id IS NULL", (draft_id,)))

    def as_item(
        self, draft_id: str, *, author: str = "", title: str = "", at: float | None = None, media: _Media = ()
    ) -> int:
        """The id of the item that stands for a draft, made once. Raises `KeyError` where there is no such draft.

        `media`: its pictures; `at` (Unix seconds): from when it seems to be. The item is marked as deleted, which keeps
        it out of every list and count; it is no arrival of a source, and nothing that arrives is taken for another copy
        of it.
        """
        with self.db.write():
            draft = self.get(draft_id)
            if draft is None:
                raise KeyError(draft_id)
            if draft.item_id is not None:
                return draft.item_id
            item_id = self._insert(draft, author, title, draft.made_at if at is None else at, media)
            self.db.run("UPDATE drafts SET item_id = ? WHERE id = ?", (item_id, draft_id))
        return item_id

    def _insert(self, draft: Draft, author: str, title: str, at: float, media: _Media) -> int:
        by = Author(author, author) if author else None
        item = Item(draft.id, "", title, draft.text, author=by, published=at, media=media)
        # a hash of its own: the same words from a source are another item, and neither joins the other
        digest = hashlib.blake2b(b"draft\x1f" + item.content_hash, digest_size=16).digest()
        ready = prepare(KIND, item, "", at)
        body = tuple(digest if value == item.content_hash else value for value in ready.body)
        ready = replace(ready, content_hash=digest, body=body, sightings=())
        item_id = int(self.db.value("SELECT seq FROM sqlite_sequence WHERE name = 'items'") or 0) + 1
        self.db.run(INSERT_ITEM, item_row(KIND, None, item_id, ready))
        self.db.run("UPDATE items SET deleted_at = first_seen WHERE id = ?", (item_id,))
        text_index.add(self.db, item_id, item_id, unspaced=ready.unspaced)
        self.db.run("INSERT INTO aliases VALUES (?, ?, ?, ?, NULL, NULL, 1)", (KIND, draft.id, item_id, digest))
        return item_id

    def item_ids(self) -> set[int]:
        """Every item that is a draft."""
        return {item_id for (item_id,) in self.db.rows("SELECT item_id FROM drafts WHERE item_id IS NOT NULL")}

    def by_models(self) -> set[int]:
        """Every item that a model worded: drafts, and what came back from where one was posted as it was written."""
        rows = self.db.rows(
            "SELECT a.item_id FROM drafts d JOIN aliases a ON a.native_id = d.facts ->> 'native_id'"
            " AND a.kind IN ('mastodon', 'bluesky', 'export')"
            " WHERE d.state = 'posted' AND d.facts ->> 'written' IS NULL"
        )
        return self.item_ids() | {item_id for (item_id,) in rows}


def _draft(row: Row) -> Draft:
    draft_id, kind, parent_id, topic, text, arm, model, state, item_id, facts, made_at = row
    return Draft(kind, text, parent_id, topic, arm, model, state, item_id, json.loads(facts), made_at, draft_id)


def _dump(facts: Mapping[str, Any]) -> str:
    return json.dumps(dict(facts), ensure_ascii=False, separators=(",", ":"))
