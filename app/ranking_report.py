"""What the head learned, as a plain value for the Tuning screen; made in the thread that ranks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .rank.influence import influence, left
from .rank.report import expert_report, headline, sentence
from .tuning import EXPERTS

if TYPE_CHECKING:
    from .ranking import RankSession

#: Items over which the influence of a first guess is measured: plenty for a percentage.
SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class Trusted:
    """One expert: how often it is `right` (share of pairs, `half` its 95 % interval; None: nothing to say yet),
    the head's weight `trust`, and why it `failed` ("": it did not).
    """

    name: str
    trust: float
    right: float | None
    half: float | None
    labels: int
    failed: str = ""


@dataclass(frozen=True, slots=True)
class TuningReport:
    """`guess`: share of the first voice of topics and choices that is left, and their share of the spread of
    what the order believes now; None where the reader made no first guess.
    """

    headline: str
    sentence: str
    experts: tuple[Trusted, ...]
    labels: int
    guess: tuple[float, float] | None


def report(session: RankSession) -> TuningReport:
    """What `session` has learned so far."""
    model, block = session.learned
    found = expert_report(model, session.failed)
    guess = None
    if model.prior.topics is not None or model.prior.picks:
        some = block.batch.take(range(min(SAMPLE, len(block.batch))))
        guess = left(sum(model.counts)), influence(model, some)[0] if not session.failed else 0.0
    return TuningReport(
        headline(model),
        sentence(found, {name: title for name, (title, _) in EXPERTS.items()}),
        tuple(Trusted(e.name, e.trust, _said(e.right), _said(e.half), e.labels, e.failed) for e in found),
        len(model.y),
        guess,
    )


def _said(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
