"""What to write for a page: each item is new, joined, edited, refreshed or already there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from penchant.app.decide import Known, Text, first_join, verdict

from .connection import Database, Row
from .joins import Joins
from .rows import Prepared


@dataclass(slots=True)
class Step:
    """One item of a page. `target` is its item; a new one, and what joins it, share `of` until it
    has an id.
    """

    item: Prepared
    what: str  # new | joined | edit | refresh | same
    target: int = 0
    of: Step | None = None
    body: bool = False
    back: bool = False
    arrives: bool = True

    @property
    def item_id(self) -> int:
        return self.of.item_id if self.of else self.target

    @property
    def idle(self) -> bool:
        """Whether there is nothing to write."""
        return self.what == "same" and not self.arrives and not self.back


@dataclass(slots=True)
class _Fresh:
    """New items of the page itself, so that repetitions within it meet."""

    by_key: dict[object, list[tuple[int, Text, bool]]] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def add(self, step: Step) -> None:
        self.steps.append(step)
        entry = (-len(self.steps), step.item.text, True)
        for key in (step.item.content_hash, step.item.text.canonical_url):
            if key:
                self.by_key.setdefault(key, []).append(entry)


def plan(db: Database, joins: Joins, kind: str, sub: int, items: Sequence[Prepared]) -> list[Step]:
    """Decide about the items of one page; reads only."""
    known = _known(db, kind, items)
    unseen = [item for item in items if item.native_id not in known]
    candidates = dict(
        zip((i.native_id for i in unseen), joins.candidates(sub, [i.text for i in unseen]), strict=True)
    )
    fresh = _Fresh()
    steps = []
    for item in items:
        row = known.get(item.native_id)
        if row is not None:
            steps.append(_step(item, row))
            continue
        by_address, by_text = candidates[item.native_id]
        target = first_join(
            item.text,
            by_address + fresh.by_key.get(item.text.canonical_url, []),
            by_text + fresh.by_key.get(item.content_hash, []),
        )
        if target is None:
            step = Step(item, "new", body=True)
            fresh.add(step)
        elif target < 0:
            step = Step(item, "joined", of=fresh.steps[-target - 1])
        else:
            step = Step(item, "joined", target)
        steps.append(step)
    _mark_arrivals(db, sub, steps)
    return steps


def _step(item: Prepared, row: Row) -> Step:
    item_id, digest, points, comments, body, deleted = row
    what = verdict(Known(item_id, digest, points, comments), item.content_hash, item.points, item.comments)
    return Step(item, what, item_id, body=bool(body), back=bool(deleted))


def _known(db: Database, kind: str, items: Sequence[Prepared]) -> dict[str, Row]:
    rows = db.rows(
        "SELECT a.native_id, a.item_id, a.content_hash, a.points, a.comments, a.body, i.deleted_at"
        " IS NOT NULL"
        " FROM json_each(?2) j CROSS JOIN aliases a ON a.kind = ?1 AND a.native_id = j.value"
        " CROSS JOIN items i ON i.id = a.item_id",
        (kind, json.dumps([item.native_id for item in items])),
    )
    return {row[0]: row[1:] for row in rows}


def _mark_arrivals(db: Database, sub: int, steps: Sequence[Step]) -> None:
    """Which steps bring a sighting that the archive has not yet."""
    known = [step for step in steps if step.target]
    if not known:
        return
    there = set(
        db.rows(
            "SELECT s.item_id, s.how, s.by_key, s.native_id FROM json_each(?2) j"
            " CROSS JOIN sightings s ON s.item_id = j.value AND s.subscription_id = ?1",
            (sub, json.dumps([step.target for step in known])),
        )
    )
    for step in known:
        step.arrives = any(
            (step.target, how, by, step.item.native_id) not in there for how, by, _, _ in step.item.sightings
        )
