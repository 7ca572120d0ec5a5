"""The gate's hands: bodies go into the attic, come back from it, and every decision is written down."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from penchant.adapters.base import Item, Link

from . import coarse, gate_labels, gate_protect
from .connection import Database
from .rows import EXCERPT

#: Columns that leave; media keep their addresses and kinds, extra all but a preview of the linked page.
COLUMNS = ("text", "excerpt", "alt", "poll", "media", "links", "extra")
#: Characters that stay of an item without a title.
NAME = 80
_CHOSEN = ", ".join(COLUMNS)
_SET = f"UPDATE items SET ({_CHOSEN}) = ({', '.join('?' * len(COLUMNS))}) WHERE id = ?"


@dataclass(frozen=True, slots=True)
class Decision:
    """Drop this item: `probability` that it is worth keeping, and why it is thought so little."""

    item_id: int
    probability: float
    reason: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """An item without its body. `here`: the attic still has it. `error`, `hint`: why it could not be fetched."""

    item_id: int
    at: float
    reason: str
    probability: float
    bytes: int
    here: bool
    error: str = ""
    hint: str = ""
    tried_at: float | None = None


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of the log."""

    item_id: int
    at: float
    action: str
    reason: str
    probability: float | None
    bytes: int
    gate: str


class Gate:
    """`store.gate`. Every write is one short transaction, so a kill leaves each item whole or dropped."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def state(self, item_id: int) -> Dropped | None:
        """What became of an item's body; None while the item is whole."""
        row = self.db.row(
            "SELECT item_id, at, reason, probability, bytes, body IS NOT NULL, error, hint, tried_at FROM dropped"
            " WHERE item_id = ?",
            (item_id,),
        )
        return None if row is None else Dropped(*row[:5], bool(row[5]), *row[6:])  # type: ignore[misc,call-arg]

    def count(self) -> tuple[int, int, int]:
        """(dropped items, bytes of their bodies, how many the attic still has)."""
        row = self.db.row("SELECT count(*), coalesce(sum(bytes), 0), count(body) FROM dropped")
        return (int(row[0]), int(row[1]), int(row[2])) if row else (0, 0, 0)

    def log(self, limit: int = 50) -> list[Logged]:
        """The newest decisions, the newest first."""
        sql = "SELECT item_id, at, action, reason, probability, bytes, gate FROM gate_log ORDER BY id DESC LIMIT ?"
        return [Logged(*row) for row in self.db.rows(sql, (limit,))]

    def labelled(self, days: float) -> tuple[int, int]:
        """How many items say what is worth keeping: (acted on; skipped, muted, passed, or unseen for so long)."""
        return gate_labels.count(self.db, time.time() - days * 86_400.0)

    def drop(self, decisions: Sequence[Decision], now: float, gate: str) -> int:
        """Drop some bodies in one transaction; returns how many. Those acted on meanwhile stay."""
        ready = [(each, found) for each in decisions if (found := self._body(each.item_id)) is not None]
        with self.db.write():
            return sum(self._drop(each, found, now, gate) for each, found in ready)

    def _body(self, item_id: int) -> tuple[bytes, list[Any], int, bytes] | None:
        """(content_hash, what stays, bytes, what goes into the attic), read before the lock is taken."""
        row = self.db.row(
            f"SELECT content_hash, title, {gate_protect.BYTES}, {_CHOSEN} FROM items i WHERE id = ?"
            " AND NOT EXISTS (SELECT 1 FROM dropped d WHERE d.item_id = i.id)",
            (item_id,),
        )
        if row is None:
            return None
        digest, title, size, *values = row
        return digest, _kept(title, values), size, zlib.compress(json.dumps(values, ensure_ascii=False).encode(), 6)

    def _drop(self, decision: Decision, found: tuple[bytes, list[Any], int, bytes], now: float, gate: str) -> bool:
        db, item_id = self.db, decision.item_id
        digest, kept, size, body = found
        same = db.value("SELECT 1 FROM items WHERE id = ? AND content_hash = ?", (item_id, digest))
        again = db.value("SELECT 1 FROM dropped WHERE item_id = ?", (item_id,))
        if not same or again or gate_protect.acted_now(db, item_id):
            return False
        db.run(_SET, (*kept, item_id))
        db.run(
            "INSERT INTO dropped(item_id, at, reason, probability, bytes, body) VALUES (?, ?, ?, ?, ?, ?)",
            (item_id, now, decision.reason, decision.probability, size, body),
        )
        self._write_down(item_id, now, "dropped", decision.reason, decision.probability, size, gate)
        db.run("DELETE FROM fingerprints WHERE item_id = ?", (item_id,))
        db.run("DELETE FROM ranking WHERE item_id = ?", (item_id,))
        self._forget(digest)
        return True

    def _forget(self, digest: bytes) -> None:
        """Vectors and words of a text, unless another item has it or the ranking has learned from it."""
        needed = self.db.value(
            "SELECT 1 FROM items i WHERE i.content_hash = ?1 AND (i.id NOT IN (SELECT item_id FROM dropped)"
            " OR EXISTS (SELECT 1 FROM events e WHERE e.item_id = i.id)) LIMIT 1",
            (digest,),
        )
        if not needed:
            rows = self.db.rows("SELECT id FROM embeddings WHERE content_hash = ?", (digest,))
            coarse.remove(self.db, [row[0] for row in rows])
            self.db.run("DELETE FROM features WHERE content_hash = ?", (digest,))

    def restore(self, item_id: int, now: float, reason: str = "you asked for it") -> bool:
        """Bring a body back from the attic exactly as it was; False where it is not there any more."""
        with self.db.write():
            row = self.db.row("SELECT body, bytes FROM dropped WHERE item_id = ?", (item_id,))
            if row is None or row[0] is None:
                return False
            values = json.loads(zlib.decompress(row[0]))
            self._again(item_id, now, reason, row[1])
            self.db.run(_SET, (*values, item_id))
            self._fingerprint(item_id, values[0])
        return True

    def refill(self, item_id: int, text: str, links: Sequence[Link], url: str, now: float) -> bool:
        """Give an item the text of its own page; False where it is whole already or gone."""
        with self.db.write():
            row = self.db.row(
                "SELECT i.native_id, i.url, i.title, i.extra FROM items i JOIN dropped d ON d.item_id = i.id"
                " WHERE i.id = ?",
                (item_id,),
            )
            if row is None:
                return False
            extra = {**(json.loads(row[3]) if row[3] else {}), "fetched_from": url, "fetched_at": now}
            self._again(item_id, now, "fetched from its page", len(text.encode("utf-8", "replace")))
            self.db.run(
                "UPDATE items SET text = ?, text_len = ?, excerpt = ?, links = ?, extra = ?, content_hash = ?"
                " WHERE id = ?",
                (
                    text,
                    len(text),
                    " ".join(text[: EXCERPT + 120].split())[:EXCERPT],
                    json.dumps([(link.url, link.text) for link in links], ensure_ascii=False) if links else "",
                    json.dumps(extra, ensure_ascii=False),
                    Item(row[0], row[1], title=row[2], text=text).content_hash,
                    item_id,
                ),
            )
            self._fingerprint(item_id, text)
        return True

    def failed(self, item_id: int, error: str, hint: str, now: float) -> None:
        """Remember why a page could not be fetched."""
        with self.db.write():
            self.db.run(
                "UPDATE dropped SET error = ?, hint = ?, tried_at = ? WHERE item_id = ?", (error, hint, now, item_id)
            )

    def purge(self, before: float, limit: int = 100) -> int:
        """Empty the attic of some bodies dropped before a time; returns how many. They can still be fetched."""
        if self.db.value("SELECT 1 FROM dropped WHERE body IS NOT NULL AND at < ? LIMIT 1", (before,)) is None:
            return 0
        with self.db.write():
            return self.db.run(
                "UPDATE dropped SET body = NULL WHERE item_id IN"
                " (SELECT item_id FROM dropped WHERE body IS NOT NULL AND at < ? LIMIT ?)",
                (before, limit),
            )

    def attic(self, item_id: int) -> dict[str, str] | None:
        """The dropped columns of an item; None where the attic has them no more."""
        body = self.db.value("SELECT body FROM dropped WHERE item_id = ?", (item_id,))
        return None if body is None else dict(zip(COLUMNS, json.loads(zlib.decompress(body)), strict=True))

    def address(self, item_id: int) -> str:
        """Where a dropped item can be fetched; "" where it is whole or has no address."""
        sql = "SELECT i.url FROM items i JOIN dropped d ON d.item_id = i.id WHERE i.id = ?"
        return str(self.db.value(sql, (item_id,)) or "")

    def _again(self, item_id: int, now: float, reason: str, size: int) -> None:
        """Before the body is written back: a trigger takes care of refills that come by themselves."""
        self.db.run("DELETE FROM dropped WHERE item_id = ?", (item_id,))
        self._write_down(item_id, now, "restored", reason, None, size, "")
        self.db.run("INSERT INTO changes(item_id, action) VALUES (?, 'edit')", (item_id,))

    def _write_down(
        self, item_id: int, at: float, action: str, reason: str, chance: float | None, size: int, gate: str
    ) -> None:
        self.db.run(
            "INSERT INTO gate_log(item_id, at, action, reason, probability, bytes, gate) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (item_id, at, action, reason, chance, size, gate),
        )

    def _fingerprint(self, item_id: int, text: str) -> None:
        from penchant.app.nearness import fingerprints

        value = fingerprints([text])[0]
        if value is not None:
            self.db.run("INSERT OR REPLACE INTO fingerprints VALUES (?, ?)", (item_id, value))


def _kept(title: str, values: Sequence[Any]) -> list[Any]:
    """What stays of the dropped columns: a name for what has none, addresses of media, names at the source."""
    _text, excerpt, _alt, _poll, media, _links, extra = values
    plain = [[each[0], each[1], "", *each[3:4]] for each in json.loads(media)] if media else None
    facts = {key: value for key, value in json.loads(extra).items() if key != "card"} if extra else None
    return [
        "",
        "" if title else excerpt[:NAME],
        "",
        "",
        json.dumps(plain, ensure_ascii=False) if plain else "",
        "",
        json.dumps(facts, ensure_ascii=False) if facts else "",
    ]
