"""A mailbox from the TUI and the command line to the worker ("refresh now")."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .connection import Database


@dataclass(frozen=True, slots=True)
class Request:
    """One letter; `at` is when it was written."""

    kind: str
    payload: Mapping[str, Any]
    at: float


class Control:
    """Letters are taken once, oldest first."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def request(self, kind: str, payload: Mapping[str, Any] | None = None) -> None:
        with self.db.write():
            self.db.run(
                "INSERT INTO control(kind, payload, at) VALUES (?, ?, ?)",
                (kind, json.dumps(dict(payload or {})), time.time()),
            )

    def take(self) -> list[Request]:
        """Remove and return every letter. Looks before it locks: an empty mailbox costs no write."""
        if self.db.row("SELECT 1 FROM control LIMIT 1") is None:
            return []
        with self.db.write():
            rows = self.db.rows("DELETE FROM control RETURNING id, kind, payload, at")
        return [Request(kind, json.loads(payload), at) for _, kind, payload, at in sorted(rows)]

    def setting(self, key: str, default: Any = None) -> Any:
        """A remembered value (text, number or bytes), for instance the last fetch of a model."""
        row = self.db.row("SELECT value FROM settings WHERE key = ?", (key,))
        return default if row is None else row[0]

    def forget(self, key: str) -> None:
        """Forget a remembered value; costs no write where there is none."""
        if self.setting(key) is not None:
            self.remember(key, None)

    def remember(self, key: str, value: str | float | bytes | None) -> None:
        """Remember a value under a key; None forgets it."""
        with self.db.write():
            if value is None:
                self.db.run("DELETE FROM settings WHERE key = ?", (key,))
            else:
                self.db.run("INSERT OR REPLACE INTO settings VALUES (?, ?)", (key, value))
