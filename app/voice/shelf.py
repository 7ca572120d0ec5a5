"""Where carriers keep what they made: rows of `carrier_states` and a folder of files, or memory for experiments.

Everything here can be made again from the events: losing it costs computing, never taste.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from penchant.app.paths import Paths
    from penchant.app.store import Store
    from penchant.app.sync import Call

#: The folder beside the archive with the files of carriers.
FOLDER = "voice"


@dataclass(frozen=True, slots=True)
class Kept:
    """What a carrier made for one model ("" where it depends on none). `upto`: the `events.seq` that it has taken in;
    `facts` as JSON, `data` whatever it is; `made_at` in Unix seconds.
    """

    name: str
    model: str = ""
    upto: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)
    data: bytes = b""
    made_at: float = 0.0


class Shelf(Protocol):
    """What a carrier may ask of the place that it keeps things in."""

    folder: Path

    async def get(self, name: str, model: str = "") -> Kept | None:
        """What is kept; None where nothing is."""
        ...

    async def put(self, kept: Kept) -> None:
        """Keep it in place of what was there."""
        ...

    async def world(self, count: int) -> list[str]:
        """Texts of the archive, liked or not."""
        ...


class StoreShelf:
    """The archive's own. `call` runs a function of the store."""

    def __init__(self, call: Call, paths: Paths) -> None:
        self._call = call
        self.folder = paths.data / FOLDER

    async def get(self, name: str, model: str = "") -> Kept | None:
        found: Kept | None = await self._call(partial(read, name=name, model=model))
        return found

    async def put(self, kept: Kept) -> None:
        await self._call(partial(write, kept=kept))

    async def world(self, count: int) -> list[str]:
        from .reader import sample

        found: list[str] = await self._call(partial(sample, count=count))
        return found


class MemoryShelf:
    """For experiments: nothing outlives it but the files. `texts` are those of the world."""

    def __init__(self, folder: Path, texts: list[str] | None = None) -> None:
        self.folder, self._texts = folder, texts or []
        self._kept: dict[tuple[str, str], Kept] = {}

    async def get(self, name: str, model: str = "") -> Kept | None:
        return self._kept.get((name, model))

    async def put(self, kept: Kept) -> None:
        self._kept[kept.name, kept.model] = kept

    async def world(self, count: int) -> list[str]:
        return self._texts[:count]


def file_of(shelf: Shelf, name: str, model: str, suffix: str = ".state") -> Path:
    """The file of a carrier for one model. A model's name is remote text: only a digest of it becomes a file's name."""
    digest = hashlib.blake2b(model.encode(), digest_size=6).hexdigest()
    return shelf.folder / f"{name}-{digest}{suffix}"


def read(store: Store, name: str, model: str) -> Kept | None:
    """A row of `carrier_states`; None where there is none, or what it holds makes no sense."""
    row = store.db.row(
        "SELECT upto, facts, data, made_at FROM carrier_states WHERE name = ? AND model = ?", (name, model)
    )
    try:
        return None if row is None else Kept(name, model, row[0], dict(json.loads(row[1])), row[2] or b"", row[3])
    except (ValueError, TypeError):
        return None


def write(store: Store, kept: Kept) -> None:
    """Put a row in place of the one there was."""
    facts = json.dumps(dict(kept.facts), ensure_ascii=False, separators=(",", ":"))
    with store.db.write():
        store.db.run(
            "INSERT OR REPLACE INTO carrier_states(name, model, upto, facts, data, made_at) VALUES (?, ?, ?, ?, ?, ?)",
            (kept.name, kept.model, kept.upto, facts, kept.data, kept.made_at or time.time()),
        )


def rows(store: Store) -> list[Kept]:
    """Everything that is kept, without the data, by name and model."""
    found = store.db.rows("SELECT name, model, upto, facts, made_at FROM carrier_states ORDER BY name, model")
    return [Kept(name, model, upto, json.loads(facts), b"", at) for name, model, upto, facts, at in found]
