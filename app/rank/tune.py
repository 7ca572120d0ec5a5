"""Self-tuning: which values of the recipe would have foretold this reader's own decisions better.

Prequential (Dawid 1984): every decision is predicted from what came before it. Changes are chosen on the
earlier decisions and kept only if they also win on the later ones, which took no part in the choice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from penchant.app.types import Event

from .batch import Batch
from .labels import labels_from_events
from .model import GIVEN, Model
from .order import faded
from .recipe import Recipe

#: Decisions that are needed, and the share of them that only confirms.
ENOUGH, HELD_OUT = 80, 0.4
#: A change must win by so many standard errors of the paired difference where it is chosen, and where it is confirmed.
CHOOSE, CONFIRM = 1.0, 0.5
#: What is tried: each value times each factor.
FACTORS: dict[str, tuple[float, ...]] = {
    "prior.words": (0.33, 3.0),
    "prior.static": (0.33, 3.0),
    "prior.sentence": (0.33, 3.0),
    "prior.origin": (0.33, 3.0),
    "prior.tags": (0.2, 5.0),
    "prior.people": (0.33, 3.0),
    "prior.popular": (0.2, 5.0),
    "prior.shape": (0.2, 5.0),
    "prior.recency": (0.2, 5.0),
    "prior.picture": (0.33, 3.0),
    "prior.caption": (0.33, 3.0),
    "prior.hidden": (0.33, 3.0),
    "head.apart": (0.5, 2.0),
    "head.memory": (0.5, 3.0),
    "head.caution": (0.5, 2.0),
    "label.opened": (0.4, 2.0),
    "label.read": (0.5, 1.8),
    "label.passed": (0.3, 2.5),
    "label.quick": (0.3, 2.5),
    "order.half_life": (0.5, 2.0, 4.0),
}


@dataclass(frozen=True, slots=True)
class Past:
    """A reader's live events in order, and the rows of their items in `batch` by item id."""

    events: Sequence[Event]
    batch: Batch
    rows: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Trace:
    """What was foretold of each decision, in order: logit float64[d], y {0,1}[d], age in seconds (NaN: unknown)."""

    names: tuple[str, ...]
    logit: np.ndarray
    y: np.ndarray
    age: np.ndarray


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a pass found: `values` to adopt (empty: none), with the gain in nats per decision on those held out."""

    values: dict[str, float] = field(default_factory=dict)
    gain: float = 0.0
    error: float = 0.0
    decisions: int = 0
    tried: int = 0
    note: str = ""


def foretell(recipe: Recipe, past: Past) -> Trace:
    """Predict every decision of the past before it is learned. The head is fitted anew at each 1/16 more labels."""
    labels = [x for x in labels_from_events(past.events, recipe.label) if x.item_id in past.rows and not x.other]
    model = Model(recipe, tuple(name for name in GIVEN if name not in past.batch.blocks))
    names, logit, y, age = [], [], [], []
    head, fitted = model.head(), 0
    for n, label in enumerate(labels):
        row = past.rows[label.item_id]
        if label.whole and label.weight >= 1.0:
            if n - fitted > fitted // 16:
                head, fitted = model.head(), n
            opinion = model.opinions(past.batch.take([row]), label.at)[0]
            names.append(label.event_id)
            logit.append(float(opinion @ head.weight) + head.base + head.offset)
            y.append(label.y)
            known = past.batch.at[row] > 0 and label.at > 0
            age.append(label.at - past.batch.at[row] if known else np.nan)
        model.learn(label, past.batch, row)
    return Trace(tuple(names), np.array(logit), np.array(y, float), np.array(age))


def tune(
    recipe: Recipe,
    past: Past,
    *,
    factors: Mapping[str, Sequence[float]] | None = None,
    go_on: Callable[[str, int, int], bool] = lambda name, done, total: True,
) -> Verdict:
    """One pass over `factors`; `go_on` hears of each trial and may end the pass (what was found by then counts)."""
    factors = FACTORS if factors is None else factors
    start = foretell(recipe, past)
    count = len(start.y)
    held = int(count * (1.0 - HELD_OUT))
    if count < ENOUGH or len(set(start.y[:held])) < 2 or len(set(start.y[held:])) < 2:
        return Verdict(decisions=count, note=f"{count} decisions: {ENOUGH} of both kinds are needed")
    values: dict[str, float] = {}
    current = recipe
    base, trace = start, start
    wishes = _wishes(recipe, past, factors)
    for done, (name, value) in enumerate(wishes):
        if not go_on(name, done, len(wishes)):
            break
        trial = current.with_values({name: value})
        found = base if name == "order.half_life" else foretell(trial, past)
        gain, error = _gain(trace, current, found, trial, slice(0, held))
        if gain > CHOOSE * error:
            values[name], current, trace, base = value, trial, found, found
    if not values:
        return Verdict(decisions=count, tried=len(wishes), note="nothing foretells your decisions better")
    gain, error = _gain(start, recipe, trace, current, slice(held, count))
    if gain <= CONFIRM * error:
        note = "what was better on earlier decisions was not on the later ones"
        return Verdict({}, gain, error, count, len(wishes), note)
    return Verdict(values, gain, error, count, len(wishes), "better on decisions that took no part in the choice")


def _wishes(recipe: Recipe, past: Past, factors: Mapping[str, Sequence[float]]) -> list[tuple[str, float]]:
    """(name, value) of every trial; experts that the archive has nothing for are left out."""
    flat = recipe.flat()
    out = []
    for name, tries in factors.items():
        group, _, expert = name.partition(".")
        if group == "prior" and expert in GIVEN and expert not in past.batch.blocks:
            continue
        out += [(name, flat[name] * factor) for factor in tries]
    return out


def _gain(a: Trace, by_a: Recipe, b: Trace, by_b: Recipe, part: slice) -> tuple[float, float]:
    """(mean, standard error) of how much less loss `b` has than `a`, decision by decision.

    Log loss of the probability, and of the order: each decision against those of the other kind, by
    logit less the freshness lost (the pairwise loss of Burges et al. 2005).
    """
    if a.names != b.names:  # other label weights may make other decisions: compare those in both
        both = set(a.names) & set(b.names)
        a, b = _only(a, both), _only(b, both)
    saved = _log_loss(a, part) - _log_loss(b, part) + _pair_loss(a, by_a, part) - _pair_loss(b, by_b, part)
    if len(saved) < 2:
        return 0.0, 1.0
    return float(saved.mean()), float(saved.std(ddof=1) / np.sqrt(len(saved)))


def _only(trace: Trace, names: set[str]) -> Trace:
    kept = np.array([name in names for name in trace.names], bool)
    chosen = tuple(name for name in trace.names if name in names)
    return Trace(chosen, trace.logit[kept], trace.y[kept], trace.age[kept])


def _log_loss(trace: Trace, part: slice) -> np.ndarray:
    sign = np.where(trace.y[part] > 0, -1.0, 1.0)
    return np.logaddexp(0.0, sign * trace.logit[part])


def _pair_loss(trace: Trace, recipe: Recipe, part: slice) -> np.ndarray:
    age = trace.age[part]
    lost = np.where(np.isnan(age), 0.0, faded(np.nan_to_num(age), recipe.order.half_life))
    value, y = trace.logit[part] - lost, trace.y[part]
    out = np.zeros(len(y))
    for kind, sign in ((1.0, -1.0), (0.0, 1.0)):
        mine, others = value[y == kind], value[y != kind]
        if len(mine) and len(others):
            out[y == kind] = np.logaddexp(0.0, sign * (mine[:, None] - others[None, :])).mean(axis=1)
    return out
