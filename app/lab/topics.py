"""What texts are about: clusters of their vectors, and words for each (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from .metrics import words
from .values import Pool

#: Rounds of moving centres at most; the share of texts that belong to no topic in particular.
ROUNDS, STRAY = 50, 0.1
#: Words of a topic; letters of one at least; texts that it is in at least. A word in more texts than so many
#: topics have on average belongs to none.
SAID, LETTERS, TEXTS, COMMON = 4, 4, 3, 1.5


def pool(texts: Sequence[str], vectors: np.ndarray, count: int) -> Pool:
    """Texts sorted into `count` topics; the same texts give the same topics."""
    vectors = np.asarray(vectors, np.float32)
    topic, centres = clusters(vectors, count)
    own = np.einsum("nd,nd->n", vectors, centres[topic])
    return Pool(texts, vectors, topic, centres, names(texts, topic, count), float(np.quantile(own, STRAY)))


def clusters(vectors: np.ndarray, count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(topic int[n], centres float32[count, d]) by spherical k-means (Dhillon and Modha 2001) begun by k-means++."""
    rng = np.random.default_rng([29, seed])
    centres = vectors[rng.integers(len(vectors))][None]
    for _ in range(count - 1):
        far = np.clip(1.0 - (vectors @ centres.T).max(axis=1), 1e-9, None).astype(np.float64)
        centres = np.vstack([centres, vectors[rng.choice(len(vectors), p=far / far.sum())]])
    topic = np.full(len(vectors), -1)
    for _ in range(ROUNDS):
        moved = (vectors @ centres.T).argmax(axis=1)
        if np.array_equal(moved, topic):
            break
        topic = moved
        for each in range(count):
            mine = vectors[topic == each]
            if len(mine):  # a centre that nothing is near stays where it is
                mean = mine.mean(axis=0)
                centres[each] = mean / max(float(np.linalg.norm(mean)), 1e-9)
    return topic, centres


def names(texts: Sequence[str], topic: np.ndarray, count: int) -> list[tuple[str, ...]]:
    """The words that tell each topic from the others, as one would say what one likes to read."""
    sets = [{word for word in words(text) if len(word) >= LETTERS and not word.isdigit()} for text in texts]
    everywhere = Counter(word for each in sets for word in each)
    common = {word for word, times in everywhere.items() if times > COMMON * len(texts) / count}
    found: list[tuple[str, ...]] = []
    for number in range(count):
        here = Counter(word for each, of in zip(sets, topic, strict=True) if of == number for word in each - common)
        worth = {word: times * times / everywhere[word] for word, times in here.items() if times >= TEXTS}
        best = sorted(worth, key=lambda word: (-worth[word], word))
        found.append(tuple(best[:SAID]))
    return found
