"""The judge that may abstain, audited on the reader's own later decisions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from penchant.app.voice import abstain

if TYPE_CHECKING:
    from penchant.app.store import Store

#: Columns of opinions, as they are called.
HEAD, RATIO, VERBAL = "head", "likelihood ratio", "asked yes or no"


@dataclass(frozen=True, slots=True)
class Decided:
    """Decisions in their order of time: y int[n], `opinions` name -> float64[n], NaN where there was none."""

    y: np.ndarray
    opinions: dict[str, np.ndarray]


def decided(store: Store) -> Decided:
    """Every item's first like or skip with the probability that was on its card, and what the judge thinks of it.

    What was on the card was said before the answer; the judge's opinions of decided items leave the item itself out.
    """
    rows = store.db.rows(
        "SELECT item_id, kind, shown_score FROM live_events WHERE kind IN ('like', 'skip') AND item_id IS NOT NULL"
        " AND NOT coalesce(value ->> 'exported', 0) ORDER BY at, clock, id"
    )
    drafts = store.drafts.item_ids()
    first: dict[int, tuple[int, float]] = {}
    for item, kind, shown in rows:
        if item not in drafts:
            known = isinstance(shown, float) and 0.0 < shown < 1.0
            first.setdefault(item, (int(kind == "like"), math.log(shown / (1.0 - shown)) if known else math.nan))
    model = store.opinions.active() or ""
    said = {
        name: store.opinions.values(model, kind, first) if model and first else {}
        for name, kind in ((RATIO, "likelihood"), (VERBAL, "yes"))
    }
    opinions = {HEAD: np.array([logit for _, logit in first.values()], np.float64)}
    for name, values in said.items():
        opinions[name] = np.array([values.get(item, math.nan) for item in first], np.float64)
    return Decided(np.array([y for y, _ in first.values()], np.int64), opinions)


@dataclass(frozen=True, slots=True)
class Row:
    """One judge's audit; `curve` as `abstain.curve`."""

    name: str
    known: int
    audit: abstain.Audit
    curve: list[abstain.Point]


def audited(found: Decided, risk: float = abstain.RISK) -> list[Row]:
    """Each judge that says anything of at least `abstain.FEWEST` decisions, and head and ratio together."""
    sets = [(HEAD,), (RATIO,), (HEAD, RATIO), (VERBAL,)]
    rows = []
    for names in sets:
        columns = [found.opinions[name] for name in names]
        if any(int(np.isfinite(column).sum()) < abstain.FEWEST for column in columns):
            continue
        some = np.any([np.isfinite(column) for column in columns], axis=0)
        opinions = np.column_stack(columns)[some]
        made = abstain.audit(opinions, found.y[some], risk)
        rows.append(Row(" + ".join(names), int(some.sum()), made, abstain.curve(made.p, made.y)))
    return rows
