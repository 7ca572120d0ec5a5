"""The ranking of one archive: loads what the experts need, learns, orders, explains, publishes.

One `RankSession` belongs to one thread (the store under it does). Nothing here
runs on import but light modules: numpy is imported by `load`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .rank.types import RankedId, Why
from .types import Event

if TYPE_CHECKING:
    from .store import Store


class RankSession:
    """Learns one reader's events and ranks what they have not seen.

    `candidates` bounds how many unseen items are held and re-scored (10,000
    static vectors as float32 are 10 MB). `seed` fixes the exploration draws of this visit.
    """

    def __init__(self, store_path: str | Path, *, candidates: int = 10_000, seed: int = 0) -> None:
        self.path = Path(store_path)
        self.limit = candidates
        self.seed = seed

    def load(self) -> None:
        """Open the store, restore the newest head, catch up with later events, load the candidates."""
        raise NotImplementedError

    def refresh(self) -> bool:
        """Take in new items, vectors and other windows' events; say whether anything changed."""
        raise NotImplementedError

    def learn(self, event: Event) -> bool:
        """Learn one event of this window (durable or not yet); say whether scores changed."""
        raise NotImplementedError

    def undo(self, event_id: str) -> bool:
        """Forget an event: afterwards everything is as if it had never been."""
        raise NotImplementedError

    def order(self, shown_ids: Sequence[int] = (), now: float | None = None) -> list[RankedId]:
        """The whole ranked feed. `shown_ids` (in screen order) stay exactly where they are, first."""
        raise NotImplementedError

    def why(self, item_id: int) -> Why:
        """Why the item stands where it does; any item of the archive, seen or not."""
        raise NotImplementedError

    def publish(self, store: Store | None = None) -> int:
        """Refit through all events and store head, scores and order; returns the new head version."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the store."""
        raise NotImplementedError
