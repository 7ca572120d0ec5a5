"""The self-tuning pass over one archive: `python -m penchant.app.tuning ARCHIVE`, a child of the worker.

A process of its own, because a pass computes for minutes and must neither slow the worker nor outlive it.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .rank.model import ExpertFailed
from .rank.tune import Past, Verdict, tune
from .ranking_rows import RowReader
from .ranking_wishes import Wishes
from .store import Store
from .tuning_state import REMEMBERED
from .types import Event, View

log = logging.getLogger(__name__)

#: The newest events that a pass looks at, and the items its statistics come from.
EVENTS, ITEMS = 6_000, 10_000
#: Seconds of computing after which a pass ends with what it has found.
BUDGET = 600.0


def run(archive: Path, *, budget: float = BUDGET, alive: Callable[[], bool] = lambda: True) -> Verdict:
    """One pass; adopts what won as a "tune" event and remembers what was found. Raises `StoreError`."""
    started = time.process_time()
    with Store.open(archive, role="worker") as store:
        past, wishes, through = _past(store)

        def go_on(name: str, done: int, total: int) -> bool:
            return alive() and time.process_time() - started < budget

        try:
            verdict = tune(wishes.recipe(), past, go_on=go_on)
        except ExpertFailed as error:
            verdict = Verdict(note=f"not possible now: {error}")
        if alive():
            _adopt(store, verdict, through, time.process_time() - started)
    return verdict


def _past(store: Store) -> tuple[Past, Wishes, int]:
    wishes = Wishes()
    for event in store.events.of_kind("tune"):
        wishes.take(event)
    found = store.events.live()
    drafts = store.drafts.item_ids()
    events = [event for _, event in found if event.item_id is not None and event.item_id not in drafts][-EVENTS:]
    rows = RowReader(store)
    rows.fit(sorted(store.items.ids(View.NEWEST, limit=ITEMS)))
    block = rows.read(sorted({event.item_id for event in events if event.item_id is not None}))
    places = {item_id: i for i, item_id in enumerate(block.columns.ids.tolist())}
    return Past(events, block.batch, places), wishes, found[-1][0] if found else 0


def _adopt(store: Store, verdict: Verdict, through: int, seconds: float) -> None:
    said: dict[str, Any] = {
        "values": verdict.values,
        "gain": round(verdict.gain, 4),
        "error": round(verdict.error, 4),
        "decisions": verdict.decisions,
        "tried": verdict.tried,
        "note": verdict.note,
    }
    if verdict.values:
        store.events.append([Event("tune", value=said)])
    said |= {"at": time.time(), "through": through, "seconds": round(seconds, 1)}
    store.control.remember(REMEMBERED, json.dumps(said))


def main() -> int:
    """Run one pass, as long as whoever started it lives."""
    if hasattr(os, "nice"):
        os.nice(10)
    parent = os.getppid()
    run(Path(sys.argv[1]), alive=lambda: os.getppid() == parent)
    return 0


if __name__ == "__main__":
    sys.exit(main())
