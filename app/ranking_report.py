"""What the head learned, as a plain value for the Tuning screen; made in the thread that ranks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .rank.influence import influence, left
from .rank.report import ENOUGH, expert_report, headline, sentence
from .standing import EXPERTS

if TYPE_CHECKING:
    from .rank.report import ExpertReport
    from .ranking import RankSession

#: Items over which the influence of a first guess is measured: plenty for a percentage.
SAMPLE = 1_000


@dataclass(frozen=True, slots=True)
class Trusted:
    """One expert: how often it is `right` (share of pairs, `half` its 95 % interval; None: nothing to say yet),
    the head's weight `trust` (before the caution that numbers need), and why it `failed` ("": it did not).
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
    said = 0.0 if session.failed.keys() & model.experts.keys() else model.head().said
    guess = None
    if model.prior.topics is not None or model.prior.picks:
        some = block.batch.take(range(min(SAMPLE, len(block.batch))))
        guess = left(sum(model.counts)), influence(model, some)[0] if not session.failed else 0.0
    return TuningReport(
        headline(model),
        sentence(found, {name: title for name, (title, _) in EXPERTS.items()}),
        tuple(_trusted(each, said, model.recipe.head.trust) for each in found),
        len(model.y),
        guess,
    )


def _trusted(found: ExpertReport, said: float, usual: float) -> Trusted:
    trust = 0.0 if found.failed else found.trust / said if said > 0 else usual
    early = found.labels < ENOUGH
    right, half = (None, None) if early else (_finite(found.right), _finite(found.half))
    return Trusted(found.name, trust, right, half, found.labels, found.failed)


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
