"""Why an item stands where it does: parts that add up to its logit, each naming real things."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .batch import (
    ORIGIN_BUCKETS,
    PEOPLE_BUCKETS,
    Batch,
    feature_index,
    origin_features,
    people_features,
)
from .experts import SparseExpert
from .features import named_features
from .model import Model
from .stats import WORD_BUCKETS
from .types import Part, RankItem, Scores, Why

#: What the screen calls each part.
TITLES = {
    "words": "words",
    "static": "meaning",
    "origin": "author and source",
    "people": "people",
    "popular": "popularity",
    "shape": "length and form",
    "topics": "your topics",
    "base": "your own like rate",
}
#: Cosine from which on a judged item is worth naming; below it only the nearest of the deciding side is.
NEAR = 0.3
#: A contribution smaller than this is not named.
SMALL = 0.005


@dataclass(frozen=True, slots=True)
class Judged:
    """Decisions as memory for "like ... you liked": static float32[m, d], y {0, 1}[m]; `title` by item id."""

    item_ids: np.ndarray
    static: np.ndarray
    y: np.ndarray
    title: Callable[[int], str]


def explain(
    model: Model,
    item: RankItem,
    text: str,
    batch: Batch,
    judged: Judged,
    scores: Scores | None = None,
) -> Why:
    """Why for the one item of `batch`; its parts sum to its logit."""
    scores = scores or model.score(batch)
    told = {
        "words": lambda: _words(model, item, text, batch),
        "static": lambda: _near(batch, judged, scores.parts[0, scores.names.index("static")]),
        "origin": lambda: _named(model, "origin", batch, origin_features(item), ORIGIN_BUCKETS),
        "people": lambda: _people(model, item, batch),
        "popular": lambda: _popular(item),
        "shape": lambda: _shape(item),
        "topics": lambda: _topics(model, batch),
        "base": lambda: _base(model),
    }
    parts = [
        Part(TITLES.get(name, name), float(value), tuple(told[name]()) if name in told else ())
        for name, value in zip(scores.names, scores.parts[0], strict=True)
        if value != 0.0 or name == "base"
    ]
    logit, chance = float(scores.logit[0]), float(scores.probability[0])
    return Why(item.item_id, logit, chance, tuple(parts), model.learned)


def _shares(model: Model, name: str, batch: Batch) -> dict[int, float]:
    """Bucket -> its share of the logit, after the head."""
    expert = model.experts[name]
    if not isinstance(expert, SparseExpert):
        return {}
    trust = float(model.head().weight[list(model.experts).index(name)])
    index, value = batch.block(name).row(0)  # type: ignore[union-attr]
    shares: dict[int, float] = {}
    for i, v in zip(index.tolist(), (expert.mean[index] * value * trust).tolist(), strict=True):
        shares[i] = shares.get(i, 0.0) + v
    return shares


def _words(model: Model, item: RankItem, text: str, batch: Batch) -> list[str]:
    shares = _shares(model, "words", batch)
    named: dict[str, float] = {}
    for h, name in named_features(item.title, text, item.tags):
        share = shares.get(h & (WORD_BUCKETS - 1), 0.0)
        if abs(share) > SMALL:
            named[name] = share
    best = sorted(named.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
    lines = []
    for sign, word in ((1, "for"), (-1, "against")):
        chosen = [f"'{name}' {share:+.2f}" for name, share in best if share * sign > 0][:5]
        if chosen:
            lines.append(f"{word}: " + ", ".join(chosen))
    return lines


def _near(batch: Batch, judged: Judged, part: float) -> list[str]:
    if not len(judged.y):
        return []
    near = judged.static @ batch.static[0]
    near = np.where(judged.item_ids == batch.item_ids[0], -1.0, near)
    ranked = np.argsort(-near, kind="stable").tolist()
    lines = []
    for y, verb in ((1, "liked"), (0, "skipped")):
        side = [i for i in ranked if judged.y[i] == y and near[i] > 0]
        chosen = [i for i in side[:3] if near[i] >= NEAR] or side[: int((part > 0) == bool(y))]
        if chosen:
            titles = ", ".join(f'"{_short(judged.title(int(judged.item_ids[i])))}"' for i in chosen)
            lines.append(f"like {len(chosen)} post{'s' if len(chosen) > 1 else ''} you {verb}: {titles}")
    return lines


def _short(title: str, limit: int = 60) -> str:
    return title if len(title) <= limit else title[: limit - 1].rstrip() + "\u2026"


def _named(
    model: Model, expert: str, batch: Batch, features: list[tuple[str, float, str]], buckets: int
) -> list[str]:
    shares = _shares(model, expert, batch)
    lines = []
    for key, _value, name in features:
        share = shares.get(feature_index(key, buckets), 0.0)
        if abs(share) > SMALL:
            lines.append(f"{key.split(':', 1)[0]} {name} {share:+.2f}")
    return lines


def _people(model: Model, item: RankItem, batch: Batch) -> list[str]:
    who = list(dict.fromkeys(n or key for key, n, _how, _at in item.people if key and key != item.author_key))
    if not who:
        return []
    more = f" and {len(who) - 3} more" if len(who) > 3 else ""
    count = f"{len(who)} people you follow" if len(who) > 1 else "1 person you follow"
    lines = [f"{count} brought it: {', '.join(who[:3])}{more}"]
    named = people_features(item)[1:]
    return lines + _named(model, "people", batch, named, PEOPLE_BUCKETS)[:3]


def _popular(item: RankItem) -> list[str]:
    told = [(item.points, "point"), (item.comments, "comment")]
    words = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in told if n is not None]
    return [", ".join(words) + ", against what is usual there"] if words else []


def _shape(item: RankItem) -> list[str]:
    length = "no text" if not item.text_len else f"{item.text_len} characters"
    return [length + (f", {item.media} attachment{'s' if item.media > 1 else ''}" if item.media else "")]


def _topics(model: Model, batch: Batch) -> list[str]:
    topics = model.topics
    if topics is None:
        return []
    match, near = topics.match(batch)[0], topics.near(batch)[0]
    named = [name for name, m in zip(topics.names, match, strict=True) if m > 0]
    close = [
        name for name, m, c in zip(topics.names, match, near, strict=True) if not m and c >= NEAR
    ]
    return [f"names {', '.join(named)}"] * bool(named) + [f"near {', '.join(close)}"] * bool(close)


def _base(model: Model) -> list[str]:
    liked, against = model.counts
    if not liked + against:
        return ["nothing judged yet: even odds"]
    share = round(100 * liked / (liked + against))
    return [f"{share} % of what you judged was for (hints count less), drawn to even odds while few"]
