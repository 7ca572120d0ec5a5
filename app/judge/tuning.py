"""Learning with forward passes only (pure): the next point from what two points near this one are worth.

Simultaneous perturbation (Spall 1992; for language models: MeZO, arXiv 2305.17333): all numbers are moved at once by a
random sign, and the difference of the two losses, times those signs, is an estimate of the gradient. Nothing of the
model but its answers is needed. The steps are momentum of such estimates over their running length, so that a rate is
a length whatever the loss is.

Every draw is made of (seed, step): a run that goes on from a kept state makes the very steps that it would have made.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]


#: Words on either side that answer; how far their differences spread over the texts that they were chosen by; and
#: what is added to a word's own variance, so that one that is hardly ever moved is not taken for sure.
WORDS, SPREAD, STEADY = 64, 1.5, 0.05


#: Parts of what is learned from; each is scored by words that were found without it.
PARTS = 4


class Words(NamedTuple):
    """Ids of words that answer for and against, and what their difference is taken times."""

    yes: list[int]
    no: list[int]
    scale: float = 1.0


@dataclass(frozen=True, slots=True)
class Plan:
    """`rate`: length of a step and `reach` of a trial, in units of the spread of embeddings; `batch`: texts of a step
    (both sides equally); `every`: steps between two looks at what was held out; `patience`: looks without a better
    one, after which it ends; `better`: nats a text by which it must be better to be adopted."""

    tokens: int = 2
    seed: int = 0
    steps: int = 2_000
    batch: int = 32
    rate: float = 0.05
    reach: float = 0.2
    every: int = 20
    patience: int = 12
    better: float = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """Where a run is: the point, momentum and mean square of the estimates, and the best point held-out texts saw."""

    point: Numbers
    momentum: Numbers
    square: float = 0.0
    step: int = 0
    best: Numbers | None = None
    best_step: int = 0
    best_loss: float = float("inf")
    looks: tuple[dict[str, float], ...] = field(default=())


def begin(rows: int, width: int) -> State:
    """At the origin."""
    import numpy as np

    return State(np.zeros((rows, width)), np.zeros((rows, width)))


def drawn(plan: Plan, step: int, liked: Sequence[int], skipped: Sequence[int], size: tuple[int, ...]) -> Any:
    """What a step looks at: (texts, as many of either side; signs of the trial)."""
    import numpy as np

    rng = np.random.default_rng([plan.seed, step])
    each = max(1, min(plan.batch // 2, len(liked), len(skipped)))
    texts = [*rng.permutation(liked)[:each].tolist(), *rng.permutation(skipped)[:each].tolist()]
    return texts, rng.choice(np.array([-1.0, 1.0]), size)


def stepped(state: State, plan: Plan, signs: Numbers, up: float, down: float) -> State:
    """The state after a step whose two trials had these losses; where one was no number, only the step counts."""
    if not math.isfinite(up - down):
        return replace(state, step=state.step + 1)
    beta, slow = 0.9, 0.98
    estimate = (up - down) / (2 * plan.reach)
    step = state.step + 1
    momentum = beta * state.momentum + (1 - beta) * estimate * signs
    square = slow * state.square + (1 - slow) * estimate * estimate
    length = (square / (1 - slow**step)) ** 0.5 + 1e-12
    point = state.point - plan.rate * (momentum / (1 - beta**step)) / length
    return replace(state, point=point, momentum=momentum, square=square, step=step)


def answering(told: NDArray[np.float32], y: Numbers) -> Words:
    """Which words answer: those that become likelier behind liked texts, those behind skipped ones, and a scale.

    `told`: log p of every word behind each text [texts, words]. Words are in the order of Welch's t between the sides.
    The scale makes differences of the means of both sets spread by SPREAD over these texts.
    """
    import numpy as np

    liked, skipped = told[y > 0].astype(np.float64), told[y <= 0].astype(np.float64)
    t = (liked.mean(0) - skipped.mean(0)) / np.sqrt((liked.var(0) + skipped.var(0)) / 2 + STEADY)
    order = np.argsort(-t, kind="stable")
    count = min(WORDS, len(order) // 4)
    yes, no = order[:count].tolist(), order[-count:].tolist()
    spread = float((told[:, yes].mean(1) - told[:, no].mean(1)).std())
    return Words(yes, no, SPREAD / max(spread, 1e-6))


def parted(told: NDArray[np.float32], y: Numbers) -> list[Words]:
    """Words for each text, found without the part that it is in: every PARTS-th liked and skipped text is one."""
    import numpy as np

    part = np.empty(len(y), int)
    for side in (y > 0, y <= 0):
        part[side] = np.arange(int(side.sum())) % PARTS
    each = [answering(told[part != number], y[part != number]) for number in range(PARTS)]
    return [each[number] for number in part.tolist()]


def centre(scores: Numbers, y: Numbers) -> float:
    """Half way between the mean of the liked and that of the skipped."""
    return float(scores[y > 0].mean() + scores[y <= 0].mean()) / 2


def loss(scores: Numbers, y: Numbers) -> float:
    """Mean logistic loss (nats a text) of scores; y: 1 liked, 0 skipped."""
    import numpy as np

    return float(np.logaddexp(0.0, -(2 * y - 1) * scores).mean())


def area(scores: Numbers, y: Numbers) -> float:
    """AUC: how often a liked text scores above a skipped one; ties count half."""
    import numpy as np

    above = scores[y > 0][:, None] - scores[y <= 0][None, :]
    return float(((above > 0) + 0.5 * (above == 0)).mean()) if above.size else float(np.nan)


def held_out(plan: Plan, count: int, share: float = 0.25) -> tuple[list[int], list[int]]:
    """(to learn from, held out) of `count` texts of one side: at least two are held out where there are six."""
    import numpy as np

    order = np.random.default_rng([plan.seed, count]).permutation(count).tolist()
    cut = max(2, round(share * count)) if count >= 6 else 0
    return sorted(order[cut:]), sorted(order[:cut])
