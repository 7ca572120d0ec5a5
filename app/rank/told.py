"""What each expert can name of an item: words, posts, people. Lines for the reader, and things to answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .batch import Batch, origin_features, people_features, tag_features
from .experts import SparseExpert
from .features import named_features
from .lessons import bucket
from .model import Model
from .types import RankItem, Thing

#: Cosine from which on a judged item is worth naming; below it only the nearest of the deciding side is.
NEAR = 0.3
#: A contribution smaller than this is not named.
SMALL = 0.005

#: How the line of a vector space begins; a post is "like" others where nothing is said.
LIKE = {
    "picture": "pictures like those of",
    "caption": "what it shows is like",
    "hidden": "to the judge it reads like",
}
#: Spreads from the usual up to which a judge's opinion is called slight, and from which on it is called clear.
SLIGHT, CLEAR = 0.5, 1.5

#: Lines, and the things among them.
Told = tuple[list[str], list[Thing]]


@dataclass(frozen=True, slots=True)
class Judged:
    """Decisions as memory for "like ... you liked": for each vector space float32[m, d], y {0, 1}[m]; titles by id."""

    item_ids: np.ndarray
    spaces: Mapping[str, np.ndarray]
    y: np.ndarray
    title: Callable[[int], str]


def shares(model: Model, name: str, batch: Batch) -> dict[int, float]:
    """Bucket -> its share of the logit, after head and dial."""
    expert = model.experts[name]
    if not isinstance(expert, SparseExpert):
        return {}
    place = list(model.experts).index(name)
    trust = float(model.head().weight[place]) * model.dials.of("expert", name)
    index, value = batch.block(name).row(0)  # type: ignore[union-attr]
    out: dict[int, float] = {}
    for i, v in zip(index.tolist(), (expert.mean[index] * value * trust).tolist(), strict=True):
        out[i] = out.get(i, 0.0) + v
    return out


def of_words(model: Model, item: RankItem, text: str, batch: Batch) -> Told:
    """The words that count most, on either side."""
    share = shares(model, "words", batch)
    named: dict[str, float] = {}
    for _h, name in named_features(item.title, text, item.tags):
        column = bucket("words", name)
        value = share.get(column, 0.0) if column is not None else 0.0
        if abs(value) > SMALL:
            named[name] = value
    best = sorted(named.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
    lines, things = [], []
    for sign, word in ((1, "for"), (-1, "against")):
        chosen = [(name, value) for name, value in best if value * sign > 0][:5]
        if chosen:
            lines.append(f"{word}: " + ", ".join(f"'{name}' {value:+.2f}" for name, value in chosen))
            things += [Thing(f"'{name}'", name, value) for name, value in chosen]
    return lines, things


def of_space(name: str, batch: Batch, judged: Judged, part: float) -> Told:
    """The nearest judged items of one vector space, and which side they are on."""
    if not len(judged.y) or name not in judged.spaces:
        return [], []
    near = judged.spaces[name] @ batch.block(name)[0]  # type: ignore[index]
    near = np.where(judged.item_ids == batch.item_ids[0], -1.0, near)
    ranked = np.argsort(-near, kind="stable").tolist()
    lines, things = [], []
    for y, verb in ((1, "liked"), (0, "skipped")):
        side = [i for i in ranked if judged.y[i] == y and near[i] > 0]
        chosen = [i for i in side[:3] if near[i] >= NEAR] or side[: int((part > 0) == bool(y))]
        if chosen:
            found = [(int(judged.item_ids[i]), float(near[i])) for i in chosen]
            titles = [(short(judged.title(item_id)), item_id, cosine) for item_id, cosine in found]
            named = ", ".join(f'"{title}"' for title, _, _ in titles)
            many = f"{len(chosen)} post{'s' if len(chosen) > 1 else ''}"
            lines.append(f"{LIKE.get(name, 'like')} {many} you {verb}: {named}")
            things += [Thing(f'"{title}"', f"item:{item_id}", cosine) for title, item_id, cosine in titles]
    return lines, things


def short(title: str, limit: int = 60) -> str:
    """A title cut to `limit` characters."""
    return title if len(title) <= limit else title[: limit - 1].rstrip() + "\u2026"


def of_names(model: Model, name: str, batch: Batch, features: Sequence[tuple[str, float, str]]) -> Told:
    """Named features (author, site, tag, person) with what each adds."""
    share = shares(model, name, batch)
    lines, things = [], []
    for key, _value, readable in features:
        column = bucket(name, key)
        value = share.get(column, 0.0) if column is not None else 0.0
        if abs(value) > SMALL:
            line = f"{key.split(':', 1)[0]} {readable}"
            lines.append(f"{line} {value:+.2f}")
            things.append(Thing(line, key, value))
    return lines, things


def of_origin(model: Model, item: RankItem, batch: Batch) -> Told:
    """Author, source, site, kind, language."""
    return of_names(model, "origin", batch, origin_features(item))


def of_tags(model: Model, item: RankItem, batch: Batch) -> Told:
    """The tags."""
    return of_names(model, "tags", batch, tag_features(item))


def of_people(model: Model, item: RankItem, batch: Batch) -> Told:
    """Who brought it, and whose taste counts."""
    who = list(dict.fromkeys(n or key for key, n, _how, _at in item.people if key and key != item.author_key))
    if not who:
        return [], []
    more = f" and {len(who) - 3} more" if len(who) > 3 else ""
    count = f"{len(who)} people you follow" if len(who) > 1 else "1 person you follow"
    lines, things = of_names(model, "people", batch, people_features(item)[1:])
    return [f"{count} brought it: {', '.join(who[:3])}{more}", *lines[:3]], things[:3]


def of_popular(item: RankItem) -> Told:
    """Points and comments."""
    told = [(item.points, "point"), (item.comments, "comment")]
    words = [f"{n} {word}{'' if n == 1 else 's'}" for n, word in told if n is not None]
    return ([", ".join(words) + ", against what is usual there at that age"] if words else []), []


def of_shape(item: RankItem) -> Told:
    """Length and form."""
    length = "no text" if not item.text_len else f"{item.text_len} characters"
    media = f", {item.media} attachment{'s' if item.media > 1 else ''}" if item.media else ""
    return [length + media + (" (moving or sound)" if item.moving else "")], []


def of_recency(item: RankItem, now: float) -> Told:
    """The age."""
    if not item.at or not now:
        return [], []
    hours = max(0.0, now - item.at) / 3600.0
    return [f"{hours:.0f} hours old" if hours < 48 else f"{hours / 24:.0f} days old"], []


def of_judge(batch: Batch) -> Told:
    """On which side the judge's comparison with the reader's history puts it, against what is usual."""
    z = float(batch.block("judge")[0][0])  # type: ignore[index]
    side = "what you liked" if z > 0 else "what you skipped"
    return [f"{_how(z)}closer to {side} than most, by the words it expects"], []


def of_answer(batch: Batch) -> Told:
    """What the judge answered when asked whether the reader would like it, against what is usual."""
    z = float(batch.block("asked")[0][0])  # type: ignore[index]
    return [f"asked whether you would like it: {_how(z)}{'more' if z > 0 else 'less'} of a yes than usual"], []


def _how(z: float) -> str:
    return "slightly " if abs(z) < SLIGHT else "clearly " if abs(z) >= CLEAR else ""


def of_topics(model: Model, batch: Batch) -> Told:
    """Typed topics it names or is near to."""
    topics = model.prior.topics
    if topics is None:
        return [], []
    match, near = topics.match(batch)[0], topics.near(batch)[0]
    named = [name for name, m in zip(topics.names, match, strict=True) if m > 0]
    close = [name for name, m, c in zip(topics.names, match, near, strict=True) if not m and c >= NEAR]
    return [f"names {', '.join(named)}"] * bool(named) + [f"near {', '.join(close)}"] * bool(close), []


def of_dials(model: Model, item: RankItem, batch: Batch) -> Told:
    """The dials of its source and of the interests that it belongs to."""
    value = model.dials.of("source", item.source_key)
    lines = [f"{item.source or item.source_key} is set to {value:g}"] if value != 1.0 else []
    for sphere in model.dials.spheres:
        value = model.dials.of("interest", sphere.key)
        if value != 1.0 and sphere.holds(batch.meaning[:1])[0]:
            lines.append(f"your dial for {short(sphere.name)} is set to {value:g}")
    return lines, []


def of_base(model: Model) -> Told:
    """The reader's own like rate."""
    liked, against = model.counts
    if not liked + against:
        return ["nothing judged yet: even odds"], []
    share = round(100 * liked / (liked + against))
    return [f"{share} % of what you judged was for (hints count less), drawn to even odds while few"], []
