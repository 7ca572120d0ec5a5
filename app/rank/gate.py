"""Is an item worth keeping? A second model with labels of its own, and how many may go.

The model is the ranking's (experts and head), without the judge, and without age: what is judged is always old. Items
are judged by models that never learned from them, in `FOLDS` parts; else an item that nobody looked at for
a month would count as evidence against itself. How much may go is learned too, from a replay in time order: the
part of the unseen items below all but `RISK` of what the reader acted on next (a conformal quantile, Vovk et
al. 2005). If tomorrow is to today as today was to yesterday, at most `RISK` of the later likes are
lost, whatever the model is worth; a poor model just drops less.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from . import told
from .batch import Batch
from .explain import TITLES
from .model import OPINIONS, SPACES, Model
from .recipe import Recipe
from .types import Label, RankItem

T = TypeVar("T")

FOLDS = 2
#: Part of the later likes that the replay may lose: half of 0.05, because taste moves on between runs.
RISK = 0.025
#: The share comes from so many of the latest items acted on, so that it follows a changing taste.
RECENT = 400
#: The replay learns the first so much of what was acted on, predicts up to the next, learns that too ...
REPLAY = (0.4, 0.55, 0.7, 0.85)
#: Likes lie near skips: what was never looked at tells more of what is not worth keeping (bench/gate.py: +0.02 kept).
WEIGHTS: Mapping[str, float] = {
    "liked": 1.0, "saved": 1.0, "searched": 1.0, "later": 0.75, "read": 0.75, "opened": 0.5,
    "skipped": 0.25, "muted": 1.0, "passed": 0.25, "unseen": 0.5,
}  # fmt: skip
_PLAIN = {
    "static": "far from what you keep", "sentence": "its sentences are far from what you keep",
    "picture": "its pictures are far from what you keep", "caption": "what it shows is far from what you keep",
    "hidden": "the judge reads it as far from what you keep",
}  # fmt: skip
FOR = ("liked", "saved", "searched", "later", "read", "opened")
#: Seconds on an article from which on it was read.
READ = 30.0
#: What is known of an item beyond its text counts more here than for a ranking (bench/gate.py: +0.01 kept).
_PRIOR = {"popular": 1.0}


def evidence_of(
    *, liked: bool, saved: bool, opened: bool, later: bool, searched: bool, dwell: float, kept: bool, against: str
) -> str:
    """The telling kind of evidence of one item (a key of `WEIGHTS`).

    `kept`: no skip came after the last like, save or later; `against` is "skipped", "muted" or "". Any act
    outweighs having passed the item, and a search for it any other act but like and save.
    """
    if against and not (kept and (liked or saved or later)):
        return against
    acts = (("liked", liked), ("saved", saved), ("searched", searched), ("later", later), ("read", dwell >= READ),
            ("opened", opened or dwell > 0.0))  # fmt: skip
    return next((name for name, done in acts if done), "passed")


def folds(item_ids: np.ndarray) -> np.ndarray:
    """int64[n]: the part of each item; scattered, for neighbouring ids may come from one source."""
    return (item_ids * 0x9E3779B1 % (1 << 32) >> 16) % FOLDS


def label(item_id: int, evidence: str, at: float) -> Label:
    """The gate's label of one item for one kind of evidence (a key of `WEIGHTS`)."""
    return Label(evidence, item_id, int(evidence in FOR), WEIGHTS[evidence], at)


@dataclass
class Gate:
    """Models of the folds; `shift` takes back what sampling the unseen items added to the logits."""

    models: list[Model]
    shift: float = 0.0

    def score(self, batch: Batch) -> np.ndarray:
        """float64[n]: each item's score by the model that did not learn from it; higher is more worth keeping."""
        out = np.zeros(len(batch))
        for place, model in enumerate(self.models):
            rows = np.flatnonzero(folds(batch.item_ids) == place)
            if len(rows):
                part = batch.take(rows)
                out[rows] = model.belief(model.score(part))
        return out

    def chance(self, batch: Batch) -> np.ndarray:
        """float64[n]: the probability that an item is worth keeping, as rare as that is among all."""
        out = np.zeros(len(batch))
        for place, model in enumerate(self.models):
            rows = np.flatnonzero(folds(batch.item_ids) == place)
            if len(rows):
                out[rows] = model.score(batch.take(rows)).logit + self.shift
        return 1.0 / (1.0 + np.exp(-np.clip(out, -30.0, 30.0)))

    def reason(self, item: RankItem, text: str, batch: Batch) -> str:
        """Why the one item of `batch` is worth little: the strongest parts against it, in words."""
        model = self.models[int(folds(batch.item_ids)[0])]
        scores = model.score(batch)
        pairs = sorted(zip(scores.parts[0].tolist(), scores.names, strict=True))
        against = [(name, value) for value, name in pairs if value < -0.02 and name != "base"][:2]
        if not against:
            return "nothing in it is like what you keep"
        return "; ".join(_words(name, model, item, text, batch) for name, _ in against)


def _words(name: str, model: Model, item: RankItem, text: str, batch: Batch) -> str:
    ways = {
        "words": lambda: told.of_words(model, item, text, batch),
        "origin": lambda: told.of_origin(model, item, batch),
        "tags": lambda: told.of_tags(model, item, batch),
        "people": lambda: told.of_people(model, item, batch),
    }
    if name in ways:
        things = sorted(((t.logit, t.text) for t in ways[name]()[1] if t.logit < 0), key=lambda pair: pair[0])
        named = ", ".join(words for _, words in things[:3])
        if named:
            return f"you pass {named}" if name == "origin" else f"{TITLES[name]} {named}"
    return _PLAIN.get(name, f"its {TITLES.get(name, name)}")


def _model(batch: Batch, recipe: Recipe | None) -> Model:
    given = recipe or Recipe()
    without = {"recency", *OPINIONS} | {name for name in SPACES if name not in batch.blocks}
    return Model(replace(given, prior={**given.prior, **_PRIOR}), tuple(sorted(without)))


def fitting(
    labels: Sequence[Label], batch: Batch, *, against: int, recipe: Recipe | None = None, pause: int = 64
) -> Generator[None, None, Gate]:
    """Fit in pieces: yields after every `pause` labels, returns the `Gate`.

    Row i of `batch` is the item of label i, in order of time. `against` is how many items of all are
    not acted on, of which the labels hold a sample.
    """
    models = [_model(batch, recipe) for _ in range(FOLDS)]
    fold = folds(batch.item_ids)
    for i, each in enumerate(labels):
        for place, model in enumerate(models):
            if fold[i] != place:
                model.learn(each, batch, i)
        if i % pause == pause - 1:
            yield
    gate = Gate(models)
    y = np.array([each.y for each in labels], bool)
    weight = np.array([each.weight for each in labels])
    if y.any() and not y.all():
        rare = np.log(y.sum() / max(against, int((~y).sum())))
        gate.shift = min(0.0, float(rare - np.log(weight[y].sum() / weight[~y].sum())))
    return gate


def fit(labels: Sequence[Label], batch: Batch, *, against: int, recipe: Recipe | None = None) -> Gate:
    """`fitting` at once."""
    return run(fitting(labels, batch, against=against, recipe=recipe))


def run(pieces: Generator[None, None, T]) -> T:
    """What work in pieces returns."""
    while True:
        try:
            next(pieces)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def percentiles(
    labels: Sequence[Label], batch: Batch, *, recipe: Recipe | None = None, pause: int = 64
) -> Generator[None, None, np.ndarray]:
    """The gate replayed in time order, in pieces as `fitting`; returns float64[m].

    One number for each item acted on in the later part: the share of unseen items below it, by a model
    that knew only what came before, and none of those unseen ones.
    """
    order = np.arange(len(labels))
    unseen = np.array([each.event_id == "unseen" for each in labels], bool)
    held = unseen & (np.cumsum(unseen) % 2 == 0)
    train, acted = order[~held], order[[bool(each.y) for each in labels]]
    out: list[float] = []
    for start, end in zip(REPLAY, (*REPLAY[1:], 1.0), strict=True):
        block = acted[int(start * len(acted)) : int(end * len(acted))]
        if not len(block) or not held.any():
            continue
        model = _model(batch, recipe)
        for done, i in enumerate(train[train < block[0]].tolist()):
            model.learn(labels[i], batch, i)
            if done % pause == pause - 1:
                yield
        below = np.sort(model.belief(model.score(batch.take(order[held]))))
        found = model.belief(model.score(batch.take(block)))
        middle = (np.searchsorted(below, found, "left") + np.searchsorted(below, found, "right")) / 2.0
        out += (middle / len(below)).tolist()
    return np.array(out)


def safe_share(percentile: np.ndarray, risk: float = RISK) -> float:
    """The part of the unseen items that may go: at most `risk` of what is acted on next lies in it.

    The floor(risk (n + 1))-th lowest of n percentiles; 0 where there are fewer than 1 / risk - 1.
    """
    known = np.sort(percentile[-RECENT:])
    place = int(np.floor(risk * (len(known) + 1)))
    return float(known[place - 1]) if place else 0.0


def limit_at(unseen: np.ndarray, share: float) -> float:
    """The score below which that part of the unseen items lies; -inf for none.

    A score, not a number of items: what is left after a drop must not be thinned out again each day.
    """
    place = int(share * len(unseen))
    return float(np.sort(unseen)[place - 1]) if place else -np.inf


def choose(score: np.ndarray, limit: float, most: int) -> np.ndarray:
    """Places of at most `most` items below the limit, the least worth first; equal scores in their order."""
    order = np.argsort(score, kind="stable")[: max(most, 0)]
    return order[score[order] < limit]
