"""Words of a model on their way to a screen: who asks makes the row, the worker writes, the screen reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .connection import Database

#: Seconds for which an answer is kept, and characters of one at most.
KEPT, MOST_TEXT = 86_400.0, 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` as far as it has come; `error` and `hint` say in words why there is no more.

    `at`: when it was asked, then when a worker began. `payload`: what was asked, and what the worker says beside the
    text; its keys belong to the kind of question.
    """

    text: str
    done: bool
    error: str
    hint: str
    at: float
    payload: Mapping[str, Any] = field(default_factory=dict)


class Answers:
    """`store.answers`. A row that is deleted is a question taken back: the worker then stops."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def ask(
        self, answer: str, item_id: int | None, kind: str, now: float, *, payload: Mapping[str, Any] | None = None
    ) -> None:
        """Make the row and write the worker a letter, as one; what is older than a day goes."""
        with self.db.write():
            self.db.run("DELETE FROM answers WHERE at < ? OR at > ?", (now - KEPT, now + KEPT))
            self.db.run(
                "INSERT OR REPLACE INTO answers(id, item_id, kind, at, payload) VALUES (?, ?, ?, ?, ?)",
                (answer, item_id, kind, now, json.dumps(payload or {})),
            )
            self.db.run(
                "INSERT INTO control(kind, payload, at) VALUES (?, json_object('item_id', ?, 'answer', ?), ?)",
                (kind, item_id, answer, now),
            )

    def take_back(self, answer: str) -> None:
        """Nobody waits for it any more."""
        with self.db.write():
            self.db.run("DELETE FROM answers WHERE id = ?", (answer,))

    def get(self, answer: str) -> Answer | None:
        """How far it is; None where it was taken back or never asked."""
        row = self.db.row("SELECT text, done, error, hint, at, payload FROM answers WHERE id = ?", (answer,))
        return None if row is None else Answer(row[0], bool(row[1]), row[2], row[3], row[4], json.loads(row[5]))

    def item_of(self, answer: str) -> int | None:
        """The item that a question is about, if it is about one."""
        row = self.db.row("SELECT item_id FROM answers WHERE id = ?", (answer,))
        return None if row is None or row[0] is None else int(row[0])

    def tell(self, answer: str, **payload: Any) -> bool:
        """Say something beside the text, under keys of the payload; False: it was taken back."""
        return self._set(answer, "payload = json_patch(payload, ?)", (json.dumps(payload),))

    def open(self, kind: str, since: float) -> list[str]:
        """Ids of questions asked after `since` that no worker has finished, with or without an item; oldest first."""
        sql = "SELECT id FROM answers WHERE kind = ? AND NOT done AND at >= ? ORDER BY at, id"
        return [row[0] for row in self.db.rows(sql, (kind, since))]

    def waiting(self, kind: str, since: float) -> list[tuple[str, int]]:
        """(id, item_id) of questions asked after `since` that no worker has finished, the oldest first."""
        sql = "SELECT id, item_id FROM answers WHERE kind = ? AND NOT done AND at >= ? ORDER BY at, id"
        return [(row[0], int(row[1])) for row in self.db.rows(sql, (kind, since)) if row[1] is not None]

    def begin(self, answer: str, now: float) -> bool:
        """A worker is at it, from nothing, also where another one had begun; False: it was taken back."""
        return self._set(answer, "text = '', at = ?", (now,))

    def say(self, answer: str, text: str) -> bool:
        """What has been said so far, up to the longest; False: it was taken back."""
        return self._set(answer, "text = ?", (text[:MOST_TEXT],))

    def finish(self, answer: str, error: str = "", hint: str = "") -> bool:
        """Nothing more will come; `error` says why, where it is not simply complete."""
        return self._set(answer, "done = 1, error = ?, hint = ?", (error, hint))

    def _set(self, answer: str, what: str, values: tuple[object, ...]) -> bool:
        with self.db.write():
            return bool(self.db.run(f"UPDATE answers SET {what} WHERE id = ? AND NOT done", (*values, answer)))
