"""What a language model said about texts and pictures, kept until model, question or text change."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .connection import Database

#: What a model says: a probability, or words.
Answer = float | str
#: Hashes looked up in one statement.
PIECE = 500


def digest(kind: str, prompt: str, version: str = "") -> bytes:
    """16 bytes that name a question: its kind ("ask", ...), its words, and the number of the way it is put."""
    whole = "\x1e".join((kind, version, prompt)).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(whole, digest_size=16).digest()


class ModelAnswers:
    """`store.model_answers`. An answer belongs to (model, question, content hash), so equal texts share one."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def get(self, model: str, prompt: bytes, hashes: Sequence[bytes]) -> dict[bytes, Answer]:
        """The answers that there are, by content hash."""
        found: dict[bytes, Answer] = {}
        for start in range(0, len(hashes), PIECE):
            part = hashes[start : start + PIECE]
            marks = ", ".join("?" * len(part))
            found.update(
                self.db.rows(
                    "SELECT content_hash, value FROM model_answers"
                    f" WHERE model = ? AND prompt = ? AND content_hash IN ({marks})",
                    (model, prompt, *part),
                )
            )
        return found

    def put(self, model: str, prompt: bytes, kind: str, answers: Mapping[bytes, Answer]) -> None:
        """Keep answers in one short transaction; newer ones replace older. Raises `StoreError`."""
        now = time.time()
        with self.db.write():
            self.db.run_many(
                "INSERT OR REPLACE INTO model_answers VALUES (?, ?, ?, ?, ?, ?)",
                [(model, prompt, each, kind, value, now) for each, value in answers.items()],
            )

    def count(self) -> int:
        """How many answers are kept."""
        return int(self.db.value("SELECT count(*) FROM model_answers"))

    def forget(self, kinds: Iterable[str] = ()) -> int:
        """Drop all answers, or those of some kinds; returns how many. They can be asked for again."""
        names = tuple(kinds)
        if not names:
            return self.db.run("DELETE FROM model_answers")
        marks = ", ".join("?" * len(names))
        return self.db.run(f"DELETE FROM model_answers WHERE kind IN ({marks})", names)
