"""What judges say of texts: the newest opinion of each kind, and which judge the ranking hears."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from .bound import bound
from .connection import Database

#: Name under which the archive remembers whose opinions and hidden states the ranking reads.
ACTIVE, HIDDEN_ACTIVE = "judge.model", "space.hidden"
#: How the names of spaces of hidden states begin.
HIDDEN_PREFIX = "hidden:"
#: Nats a token of likelihood ratio; logit of yes against no.
KINDS = ("likelihood", "yes")


class Opinion(NamedTuple):
    """One opinion of one text: `value` in the unit of its kind, `history` names what it was formed with."""

    kind: str
    model: str
    value: float
    history: str
    at: float


class Opinions:
    """`store.opinions`. They belong to a text (content_hash), so equal texts share one."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def active(self) -> str | None:
        """The model whose opinions the ranking reads."""
        found = self.db.value("SELECT value FROM settings WHERE key = ?", (ACTIVE,))
        return found if isinstance(found, str) and found else None

    def activate(self, model: str | None) -> None:
        """Hear this model (None: none); the opinions of others stay."""
        self._remember(ACTIVE, model)

    def hidden(self) -> tuple[str, int] | None:
        """(name, dimensions) of the space of hidden states that the ranking reads; None where there is none."""
        return self.db.row(
            "SELECT s.name, s.dim FROM spaces s JOIN settings t ON t.value = s.name WHERE t.key = ?", (HIDDEN_ACTIVE,)
        )

    def activate_hidden(self, space: str | None) -> None:
        """Read hidden states from this space ("hidden:MODEL"; None: from none), which may still be empty."""
        self._remember(HIDDEN_ACTIVE, space)

    def put(
        self, model: str, kind: str, history: str, values: Mapping[bytes, float], at: float | None = None
    ) -> None:
        """Store opinions by content_hash; a newer one replaces the older. Raises `ValueError` for an unknown kind
        or a value that is no finite number.
        """
        if kind not in KINDS:
            raise ValueError(f"there is no kind of opinion {kind!r}")
        if not all(math.isfinite(value) for value in values.values()):
            raise ValueError("an opinion is not a finite number")
        if not values:
            return
        moment = time.time() if at is None else at
        with self.db.write():
            self.db.run_many(
                # REPLACE makes a new row, so `seq` grows and "what came since" finds it
                "INSERT OR REPLACE INTO opinions(model, kind, content_hash, history, value, at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [(model, kind, content_hash, history, float(v), moment) for content_hash, v in values.items()],
            )

    def values(self, model: str, kind: str, item_ids: Iterable[int]) -> dict[int, float]:
        """Item -> value, of those items that have an opinion."""
        return {item_id: value for item_id, (value, _) in self.known(model, kind, item_ids).items()}

    def known(self, model: str, kind: str, item_ids: Iterable[int]) -> dict[int, tuple[float, str]]:
        """Item -> (value, history), of those items that have an opinion."""
        return {
            int(row[0]): (float(row[1]), str(row[2]))
            for row in self.db.rows(
                "SELECT c.value, o.value, o.history FROM carray(?) c CROSS JOIN items i ON i.id = c.value"
                " CROSS JOIN opinions o ON o.model = ? AND o.kind = ? AND o.content_hash = i.content_hash",
                (bound(sorted(set(item_ids))), model, kind),
            )
        }

    def of_item(self, item_id: int, model: str | None = None) -> list[Opinion]:
        """Every opinion of one item, of one judge or (None) of all, the newest first."""
        return [
            Opinion(*row)
            for row in self.db.rows(
                "SELECT o.kind, o.model, o.value, o.history, o.at FROM items i JOIN opinions o"
                " ON o.content_hash = i.content_hash WHERE i.id = ? AND (? IS NULL OR o.model = ?) ORDER BY o.seq DESC",
                (item_id, model, model),
            )
        ]

    def count(self, model: str, kind: str, most: int = 1 << 40) -> int:
        """How many texts have such an opinion; counting ends at `most`."""
        return int(
            self.db.value(
                "SELECT count(*) FROM (SELECT 1 FROM opinions WHERE model = ? AND kind = ? LIMIT ?)",
                (model, kind, most),
            )
        )

    def last(self) -> int:
        """The sequence number of the newest opinion; 0 where there is none."""
        return int(self.db.value("SELECT max(seq) FROM opinions") or 0)

    def since(self, seq: int) -> set[int]:
        """Items of which an opinion came after `seq`."""
        rows = self.db.rows(
            "SELECT i.id FROM opinions o CROSS JOIN items i ON i.content_hash = o.content_hash WHERE o.seq > ?", (seq,)
        )
        return {int(row[0]) for row in rows}

    def drop(self, models: Sequence[str]) -> None:
        """Forget everything these models said, ten thousand opinions at a time."""
        for model in models:
            while self.db.value("SELECT count(*) FROM (SELECT 1 FROM opinions WHERE model = ? LIMIT 1)", (model,)):
                with self.db.write():
                    self.db.run(
                        "DELETE FROM opinions WHERE seq IN (SELECT seq FROM opinions WHERE model = ? LIMIT 10000)",
                        (model,),
                    )
                self.db.give_way()
            if self.active() == model:
                self.activate(None)

    def _remember(self, key: str, value: str | None) -> None:
        with self.db.write():
            if value is None:
                self.db.run("DELETE FROM settings WHERE key = ?", (key,))
            else:
                self.db.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, value))
