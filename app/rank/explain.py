"""Why an item stands where it does: parts that add up to its logit, each naming real things."""

from __future__ import annotations

from . import told
from .batch import Batch
from .model import Model
from .told import Judged, Told
from .types import Part, RankItem, Scores, Why

#: What the screen calls each part.
TITLES = {
    "words": "words",
    "static": "meaning",
    "sentence": "meaning of the sentences",
    "origin": "author and source",
    "tags": "tags",
    "people": "people",
    "popular": "popularity",
    "shape": "length and form",
    "recency": "age",
    "picture": "pictures",
    "caption": "what it shows",
    "hidden": "the judge's reading",
    "judge": "the judge",
    "asked": "the judge's answer",
    "topics": "your topics",
    "picks": "your first choices",
    "dials": "your dials",
    "base": "your own like rate",
}


def explain(
    model: Model,
    item: RankItem,
    text: str,
    batch: Batch,
    judged: Judged,
    scores: Scores | None = None,
    *,
    now: float = 0.0,
) -> Why:
    """Why for the one item of `batch`; its parts sum to its logit."""
    scores = scores or model.score(batch, now=now)
    parts = []
    for name, value in zip(scores.names, scores.parts[0].tolist(), strict=True):
        if value != 0.0 or name == "base":
            lines, things = _told(name, value, model, item, text, batch, judged, now)
            parts.append(Part(TITLES.get(name, name), value, tuple(lines), name, tuple(things)))
    logit, chance = float(scores.logit[0]), float(scores.probability[0])
    return Why(item.item_id, logit, chance, tuple(parts), model.learned)


def _told(
    name: str, part: float, model: Model, item: RankItem, text: str, batch: Batch, judged: Judged, now: float
) -> Told:
    ways = {
        "words": lambda: told.of_words(model, item, text, batch),
        "static": lambda: told.of_space("static", batch, judged, part),
        "sentence": lambda: told.of_space("sentence", batch, judged, part),
        "picture": lambda: told.of_space("picture", batch, judged, part),
        "caption": lambda: told.of_space("caption", batch, judged, part),
        "hidden": lambda: told.of_space("hidden", batch, judged, part),
        "judge": lambda: told.of_judge(batch),
        "asked": lambda: told.of_answer(batch),
        "origin": lambda: told.of_origin(model, item, batch),
        "tags": lambda: told.of_tags(model, item, batch),
        "people": lambda: told.of_people(model, item, batch),
        "popular": lambda: told.of_popular(item),
        "shape": lambda: told.of_shape(item),
        "recency": lambda: told.of_recency(item, now),
        "topics": lambda: told.of_topics(model, batch),
        "dials": lambda: told.of_dials(model, item, batch),
        "base": lambda: told.of_base(model),
    }
    return ways[name]() if name in ways else ([], [])
