"""What a model says of texts after histories, kept on the disk: a minute of computing is spent once."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from penchant.app.judge.llama import Judge

#: Texts between two commits.
AT_ONCE = 32


class NotThere(LookupError):
    """Only what is on the disk was asked for, and this is not."""


class Said:
    """Answers of one model file; `judge` is loaded when something is missing. `computed` counts texts."""

    def __init__(self, model: Path, cache: Path, progress: Callable[[str], None], only_cached: bool = False) -> None:
        self._path, self._progress, self._only_cached = model, progress, only_cached
        self._judge: Judge | None = None
        with model.open("rb") as file:
            self.digest = hashlib.file_digest(file, "blake2b").hexdigest()[:12]
        cache.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(cache / f"judge-{self.digest}.db", timeout=300)
        self._db.execute("CREATE TABLE IF NOT EXISTS said (key BLOB PRIMARY KEY, value BLOB NOT NULL)")
        self.computed = 0

    @property
    def judge(self) -> Judge:
        if self._only_cached:
            raise NotThere("this was not judged yet")
        if self._judge is None:
            self._judge = Judge(self._path, context_tokens=1024)
        return self._judge

    def tokens(self, text: str) -> int:
        """How many tokens a text takes."""
        key = self._key("tokens", "", text)
        found = self._db.execute("SELECT value FROM said WHERE key = ?", (key,)).fetchone()
        if found is None:
            count = len(self.judge.tokens(text))
            self._db.execute("INSERT OR REPLACE INTO said VALUES (?, ?)", (key, np.array([count], "<f4").tobytes()))
            self._db.commit()  # another run may be writing
            return count
        return int(np.frombuffer(found[0], "<f4")[0])

    def loglik(self, prefix: str, texts: Sequence[str]) -> np.ndarray:
        """float64[n]: mean log-probability of a token of each text after the prefix."""
        held: list[object] = []

        def ask(block: Sequence[str]) -> np.ndarray:
            if not held:
                held.append(self.judge.prefix(prefix))
            return self.judge.loglik(held[0], block)[:, None]  # type: ignore[arg-type]

        return self._all("loglik", prefix, texts, ask)[:, 0]

    def hidden(self, texts: Sequence[str]) -> np.ndarray:
        """float64[n, 2 * width]: what the model makes of texts without a history."""
        return self._all("hidden", "", texts, lambda block: self.judge.hidden(block))

    def yes(self, system: str, history: str, questions: Sequence[str]) -> np.ndarray:
        """float64[n]: logit of yes against no."""
        held: list[object] = []

        def ask(block: Sequence[str]) -> np.ndarray:
            if not held:
                held.append(self.judge.chat_prefix(system, history))
            return self.judge.yes_no(held[0], block, system)[:, None]  # type: ignore[arg-type]

        return self._all("yes", system + "\0" + history, questions, ask)[:, 0]

    def _all(
        self, kind: str, prefix: str, texts: Sequence[str], ask: Callable[[Sequence[str]], np.ndarray]
    ) -> np.ndarray:
        keys = [self._key(kind, prefix, text) for text in texts]
        known: dict[bytes, np.ndarray] = {}
        for key in keys:
            row = self._db.execute("SELECT value FROM said WHERE key = ?", (key,)).fetchone()
            if row is not None:
                known[key] = np.frombuffer(row[0], "<f4")
        missing = list(dict.fromkeys((k, t) for k, t in zip(keys, texts, strict=True) if k not in known))
        for at in range(0, len(missing), AT_ONCE):
            block = missing[at : at + AT_ONCE]
            made = ask([text for _, text in block]).astype("<f4")
            for (key, _), row in zip(block, made, strict=True):
                known[key] = row
                self._db.execute("INSERT OR REPLACE INTO said VALUES (?, ?)", (key, row.tobytes()))
            self._db.commit()
            self.computed += len(block)
            self._progress(f"{self.computed} texts judged")
        return np.stack([known[key] for key in keys]).astype(np.float64)

    @staticmethod
    def _key(kind: str, prefix: str, text: str) -> bytes:
        return hashlib.blake2b("\0".join((kind, prefix, text)).encode("utf-8", "replace"), digest_size=16).digest()
