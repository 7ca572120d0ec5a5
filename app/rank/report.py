"""What each expert is worth for this reader, from what the model already holds: cheap enough for a screen.

Each of the last WINDOW labels is judged by what was said of its item before the label came. `penchant evaluate`
replays everything and has the rivals beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .head import fit_head
from .metrics import auc_interval, calibration_curve, calibration_error, log_loss
from .model import ExpertFailed, Model, loose
from .prequential import opinions_before

#: The head is fitted so often, each time on what came before a stretch of labels, to judge it on that stretch.
STRETCHES = 8
#: Fewer labels than this say nothing about numbers.
ENOUGH = 16


@dataclass(frozen=True, slots=True)
class ExpertReport:
    """One expert: `trust` is its weight in the head now (0 while nothing is learned, or where it failed).

    `right` is the share of pairs of a liked and a skipped item that it orders right (AUC; hints
    count as little as they weigh), `half` the half width of its 95 % interval; NaN without a pair. `labels` are
    the remembered ones it had anything to say on. `failed`: why it is set aside, "" where it is not.
    """

    name: str
    trust: float
    right: float
    half: float
    labels: int
    failed: str = ""


def expert_report(model: Model, failed: Mapping[str, str] | None = None) -> tuple[ExpertReport, ...]:
    """One entry for each expert of the model in its order, then those set aside (`RankSession.failed`)."""
    gone = dict(failed or {})
    try:
        trust = dict(zip(model.experts, model.head().weight.tolist(), strict=True))
    except ExpertFailed as error:
        gone[error.name] = str(error)
        trust = {}
    out = []
    for name, expert in model.experts.items():
        opinion = np.zeros(0) if name in gone else opinions_before(expert)
        if name in gone or len(opinion) != len(model.y):
            continue
        right, half = auc_interval(opinion, model.y, model.weight)
        said = int(np.count_nonzero(opinion))
        out.append(ExpertReport(name, trust.get(name, 0.0), right, half, said))
    nothing = float("nan")
    return (*out, *(ExpertReport(name, 0.0, nothing, nothing, 0, reason) for name, reason in gone.items()))


def sentence(reports: tuple[ExpertReport, ...], names: Mapping[str, str] | None = None, most: int = 3) -> str:
    """ "for you, words are right 78 % of the time, ...", the best first; "" while nothing can be said.

    `names` are printed instead of the experts' own. Experts that spoke of fewer than ENOUGH labels are left out.
    """
    told = [r for r in reports if math.isfinite(r.right) and r.labels >= ENOUGH]
    told.sort(key=lambda r: -r.right)
    parts = [f"{(names or {}).get(r.name, r.name)} {r.right:.0%}".replace("%", " %") for r in told[:most]]
    if not parts:
        return ""
    first = parts[0].rpartition(" ")[0].rpartition(" ")
    return f"for you, {first[0]}: right {first[2]} % of the time" + "".join(f", {part}" for part in parts[1:])


def forecasts(model: Model) -> tuple[np.ndarray, np.ndarray]:
    """(logits float64[w], like rate float64[w]) of each remembered label, from nothing but what came before it.

    The head is fitted anew for each of STRETCHES stretches; the like rate (add one) at every label.
    """
    n = len(model.y)
    opinions = np.column_stack([opinions_before(e) for e in model.experts.values()])
    liked = np.cumsum(model.weight * model.y) - model.weight * model.y
    against = np.cumsum(model.weight * (1.0 - model.y)) - model.weight * (1.0 - model.y)
    # labels older than the window are known by their sums only
    liked += max(model.counts[0] - float(model.weight @ model.y), 0.0)
    against += max(model.counts[1] - float(model.weight @ (1.0 - model.y)), 0.0)
    logit = np.zeros(n)
    for part in np.array_split(np.arange(n), min(STRETCHES, n)):
        at = int(part[0])
        counts = float(liked[at]), float(against[at])
        known = opinions[:at], model.y[:at], model.weight[:at]
        head = fit_head(*known, counts, model.recipe.head, loose(model.experts))
        logit[part] = head.base + head.offset + opinions[part] @ head.weight
    return logit, (liked + 1.0) / (liked + against + 2.0)


def headline(model: Model) -> str:
    """One line: AUC, log loss beside that of the like rate alone, calibration error, over so many labels."""
    n = len(model.y)
    liked = float(model.weight @ model.y)
    every = float(model.weight.sum())
    if n < ENOUGH or not 0 < liked < every:
        return f"too early to measure: {n} of {ENOUGH} labels" if n < ENOUGH else "too early: one kind of label only"
    logit, rate = forecasts(model)
    p = 1.0 / (1.0 + np.exp(-np.clip(logit, -30.0, 30.0)))
    right, half = auc_interval(logit, model.y, model.weight)
    loss, alone = (log_loss(each, model.y, model.weight) for each in (p, rate))
    error = calibration_error(calibration_curve(p, model.y, model.weight))
    return (
        f"AUC {right:.2f} ±{half:.2f}, log loss {loss:.3f} (your like rate alone {alone:.3f}),"
        f" calibration error {error:.2f}, over your last {n} labels"
    )
