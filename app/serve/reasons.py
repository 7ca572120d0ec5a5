"""Why items stand where they do, in a line each, from the ranking itself. Loaded on first use, in numpy's time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.digest.because import because
from penchant.app.errors import PenchantError

if TYPE_CHECKING:
    from penchant.app.rank.types import Why
    from penchant.app.ranking import RankSession

log = logging.getLogger(__name__)

#: Parts of the number that are named, the strongest first, and the least they must move it (logits).
NAMED, LEAST = 2, 0.05
#: Explanations kept in memory.
KEPT = 2_000


class Reasons:
    """Safe to ask from several threads; one at a time is answered."""

    def __init__(self, archive: Path) -> None:
        self.archive = archive
        self._lock = threading.Lock()
        self._session: RankSession | None = None
        self._known: dict[int, tuple[str, str]] = {}
        self._failed = False

    def of(self, ids: Sequence[int]) -> dict[int, str]:
        """Lines for these items. A ranking that fails costs the lines, not the feed."""
        return {item_id: lines[0] for item_id, lines in self._both(ids).items() if lines[0]}

    def in_words(self, ids: Sequence[int]) -> dict[int, str]:
        """The same without numbers, as a digest says it."""
        return {item_id: lines[1] for item_id, lines in self._both(ids).items() if lines[1]}

    def _both(self, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
        with self._lock:
            if self._failed:
                return {}
            try:
                return self._lines(ids)
            except PenchantError as error:
                log.warning("no reasons now: %s", error)
                return {}
            except Exception:
                log.exception("the ranking cannot explain; feeds go on without reasons")
                self._failed = True
                return {}

    def _lines(self, ids: Sequence[int]) -> dict[int, tuple[str, str]]:
        if self._session is None:
            from penchant.app.ranking import RankSession

            session = RankSession(self.archive)
            session.load()
            self._session = session
        elif self._session.refresh():
            self._known.clear()
        if len(self._known) > KEPT:
            self._known.clear()
        for item_id in ids:
            if item_id not in self._known:
                try:
                    why = self._session.why(item_id)
                    self._known[item_id] = told(why), because(why)
                except KeyError:  # gone meanwhile
                    self._known[item_id] = "", ""
        return {item_id: self._known[item_id] for item_id in ids}

    def close(self) -> None:
        """Close the ranking's store."""
        with self._lock:
            self._failed = True
            if self._session is not None:
                self._session.close()
                self._session = None


def told(why: Why) -> str:
    """The strongest parts with the first thing each names: "tags: tag bees +0.31 · people +0.12".

    Without the age, which would make every entry another one from hour to hour.
    """
    if not why.labels:
        return ""
    moving = [part for part in why.parts if part.key not in ("base", "recency") and abs(part.logit) >= LEAST]
    moving.sort(key=lambda part: -abs(part.logit))
    return " · ".join(
        f"{part.name}: {part.words[0]}" if part.words else f"{part.name} {part.logit:+.2f}" for part in moving[:NAMED]
    )
