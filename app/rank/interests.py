"""What a reader is interested in: clusters of what was liked, with names made of their words. Pure.

Spherical k-means (Dhillon and Modha, "Concept decompositions for large sparse text data using clustering", Machine
Learning 42, 2001) begun from dense and distant rows, so that the same rows always give the same clusters; their number
by the simplified silhouette (Hruschka, de Castro and Campello, "Evolutionary algorithms for clustering gene-expression
data", ICDM 2004), for which a row does not count to its own centre: otherwise the more clusters, the better.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from .features import tokens

#: Numbers of clusters that are tried, rows below which there are none, and members that make a cluster.
FEWEST, MOST, ENOUGH, LEAST = 2, 12, 6, 3
#: A sphere reaches as far as all but this share of its members lie, but no farther than this cosine.
OUTSIDE, NEAREST = 0.2, 0.2
#: Cosine from which on a centre is an earlier one that moved.
SAME = 0.5
#: Share of the best silhouette that is good enough for more clusters.
GOOD = 0.8
#: A step of k-means that changes nothing is the last; so is this one. Further beginnings, drawn (k-means++).
STEPS, DRAWN = 30, 6
#: Words of a name, the shortest word, characters of a text that are read, texts that a word of a name is in.
NAMED, SHORTEST, READ, TWICE = 3, 3, 300, 2
#: A word of a name is so many times as frequent in the group as elsewhere.
RARE = 4.0


@dataclass(frozen=True, slots=True)
class Cluster:
    """`members`: places of rows, the nearest to the centre first; `centre` float32[d], a unit vector."""

    members: tuple[int, ...]
    centre: np.ndarray
    radius: float


@dataclass(frozen=True, slots=True)
class Sphere:
    """What belongs to an interest: rows with a cosine of at least `radius` to `centre`; `name` is the reader's word."""

    key: str
    name: str
    centre: np.ndarray
    radius: float

    def holds(self, rows: np.ndarray) -> np.ndarray:
        """bool[n] of float32[n, d] unit rows. Row by row, so that no row's answer depends on its neighbours."""
        near = np.einsum("ij,j->i", rows, self.centre) if len(rows) else np.zeros(0)
        return near >= self.radius  # type: ignore[no-any-return]


def clusters(rows: np.ndarray, weight: np.ndarray) -> list[Cluster]:
    """The interests in float32[n, d] unit rows (zeros: unknown) of things liked with weight float64[n] > 0.

    The largest first. Rows that belong to nothing are left out; too few rows give none.
    """
    known = np.flatnonzero(np.any(rows != 0, axis=1))
    x, w = rows[known].astype(np.float64), weight[known].astype(np.float64)
    if len(x) < ENOUGH:
        return []
    most = min(MOST, len(x) // LEAST, round(float(np.sqrt(len(x)))))
    seeds = _seeds(x, max(most, FEWEST))
    tried = [_best(x, w, x[seeds[:k]]) for k in range(FEWEST, len(seeds) + 1)]
    value = [_silhouette(x, w, label) for label in tried]
    label = tried[max(k for k, each in enumerate(value) if each >= GOOD * max(value) or each == max(value))]
    out = [_cluster(x, w, known, np.flatnonzero(label == c)) for c in np.unique(label)]
    return sorted((c for c in out if len(c.members) >= LEAST), key=lambda c: (-len(c.members), c.members[0]))


def _seeds(x: np.ndarray, most: int) -> list[int]:
    """Rows to begin with: each where many are near, and far from those before it."""
    near = x @ x.T
    dense = np.sort(near, axis=1)[:, -min(len(x), LEAST + 2) : -1].mean(axis=1)
    dense = np.maximum(dense, 0.0) + 1e-6
    seeds = [int(np.argmax(dense))]
    while len(seeds) < most:
        apart = 1.0 - near[:, seeds].max(axis=1)
        apart[seeds] = -1.0
        seeds.append(int(np.argmax(apart * dense)))
    return seeds


def _best(x: np.ndarray, w: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The tightest of several runs, each from other beginnings; the same ones every time."""
    rng = np.random.default_rng(len(seeds))
    runs = [_kmeans(x, w, seeds), *(_kmeans(x, w, _drawn(x, w, len(seeds), rng)) for _ in range(DRAWN))]
    return max(runs, key=lambda label: round(_tightness(x, w, label), 9))


def _drawn(x: np.ndarray, w: np.ndarray, k: int, rng: np.random.Generator) -> np.ndarray:
    chosen = [int(rng.choice(len(x), p=w / w.sum()))]
    while len(chosen) < k:
        far = w * np.maximum(1.0 - (x @ x[chosen].T).max(axis=1), 0.0)
        far[chosen] = 0.0
        chosen.append(int(rng.choice(len(x), p=far / far.sum())) if far.sum() > 0 else len(chosen))
    return x[chosen]


def _tightness(x: np.ndarray, w: np.ndarray, label: np.ndarray) -> float:
    """Sum of the lengths of the clusters' sums: what spherical k-means makes large."""
    sums = np.zeros((int(label.max()) + 1, x.shape[1]))
    np.add.at(sums, label, w[:, None] * x)
    return float(np.sqrt(np.einsum("ij,ij->i", sums, sums)).sum())


def _kmeans(x: np.ndarray, w: np.ndarray, centres: np.ndarray) -> np.ndarray:
    label = np.full(len(x), -1)
    for _ in range(STEPS):
        fresh = np.argmax(x @ centres.T, axis=1)
        if np.array_equal(fresh, label):
            break
        label = fresh
        sums = np.zeros_like(centres)
        np.add.at(sums, label, w[:, None] * x)
        filled = np.bincount(label, minlength=len(centres)) > 0
        centres = np.where(filled[:, None], _unit(sums), centres)
    return label


def _silhouette(x: np.ndarray, w: np.ndarray, label: np.ndarray) -> float:
    """Mean of (b - a) / max(a, b): distance to the own centre, without oneself, against that to the next."""
    groups, label = np.unique(label, return_inverse=True)
    if len(groups) < 2:
        return -1.0
    sums = np.zeros((len(groups), x.shape[1]))
    np.add.at(sums, label, w[:, None] * x)
    others = x @ _unit(sums).T
    own = sums[label] - w[:, None] * x
    alone = np.bincount(label)[label] < 2
    a = 1.0 - np.einsum("ij,ij->i", x, _unit(own))
    others[np.arange(len(x)), label] = -np.inf
    b = 1.0 - others.max(axis=1)
    value = np.where(alone, 0.0, (b - a) / np.maximum(np.maximum(a, b), 1e-9))
    return float(w @ value / w.sum())


def _cluster(x: np.ndarray, w: np.ndarray, known: np.ndarray, places: np.ndarray) -> Cluster:
    centre, near, radius = _ball(x[places], w[places])
    order = np.argsort(-near, kind="stable")
    return Cluster(tuple(known[places[order]].tolist()), centre.astype(np.float32), radius)


def _ball(x: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Centre of rows, their cosines to it, and the radius: how far rows lie from the centre of all others."""
    total = (w[:, None] * x).sum(axis=0)
    centre = _unit(total[None])[0]
    without = np.einsum("ij,ij->i", x, _unit(total - w[:, None] * x))
    radius = float(np.quantile(without, OUTSIDE)) if len(x) > 1 else NEAREST
    return centre, x @ centre, max(NEAREST, radius)


def sphere(key: str, name: str, rows: np.ndarray) -> Sphere | None:
    """The reach of an interest from unit rows of its members; None where nothing is known of them."""
    x = rows[np.any(rows != 0, axis=1)].astype(np.float64)
    if not len(x):
        return None
    centre, _, radius = _ball(x, np.ones(len(x)))
    return Sphere(key, name, centre.astype(np.float32), radius)


def matched(old: np.ndarray, new: np.ndarray) -> dict[int, int]:
    """Place of a new centre -> place of the old one that it was; float[k, d] unit rows, the nearest pairs first."""
    if not len(old) or not len(new):
        return {}
    near = new @ old.T
    pairs = sorted((-float(near[i, j]), i, j) for i in range(len(new)) for j in range(len(old)))
    found: dict[int, int] = {}
    for cosine, i, j in pairs:
        if -cosine >= SAME and i not in found and j not in found.values():
            found[i] = j
    return found


def word_names(groups: Sequence[Sequence[str]], background: Sequence[str]) -> list[str]:
    """A name for each group of texts: the words that tell it from the others and from the `background`.

    Class-based TF-IDF (Grootendorst, "BERTopic: Neural topic modeling with a class-based TF-IDF procedure", 2022):
    share of the group's texts with the word, times log(1 + A / f), f its frequency everywhere. "" without such words.
    """
    counted = [_document_counts(texts) for texts in groups]
    usual = _document_counts(background)
    everywhere: Counter[str] = Counter(usual)
    for count in counted:
        everywhere.update(count)
    average = sum(everywhere.values()) / (len(groups) + 1) if everywhere else 0.0
    return [
        _name(count, len(texts), everywhere, average, usual, len(background))
        for texts, count in zip(groups, counted, strict=True)
    ]


def _name(
    count: Counter[str], texts: int, everywhere: Counter[str], average: float, usual: Counter[str], total: int
) -> str:
    worth = {}
    for word, n in count.items():
        # What many texts have says nothing, in whatever language: no list of stop words is needed.
        if n >= max(TWICE, 0.15 * texts) and n / texts >= RARE * (usual[word] + 1) / (total + 1):
            worth[word] = n / texts * float(np.log1p(average / everywhere[word]))
    best = sorted(worth, key=lambda word: (-worth[word], word))
    chosen: list[str] = []
    for word in best:
        if not any(_alike(word, other) for other in chosen):
            chosen.append(word)
        if len(chosen) == NAMED:
            break
    return ", ".join(chosen)


def _alike(one: str, other: str) -> bool:
    """owl and owls."""
    short, long = sorted((one, other), key=len)
    return long.startswith(short[: max(4, len(short) - 1)]) if len(short) >= 4 else long in (short, short + "s")


def _document_counts(texts: Collection[str]) -> Counter[str]:
    count: Counter[str] = Counter()
    for text in texts:
        count.update({word for word in tokens(text[:READ]) if len(word) >= SHORTEST and not word.isdigit()})
    return count


def _unit(rows: np.ndarray) -> np.ndarray:
    norm = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return np.asarray(rows / np.maximum(norm, 1e-12)[:, None])
