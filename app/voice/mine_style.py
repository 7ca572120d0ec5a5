"""Is this mine? How somebody writes, told by runs of characters (pure; numpy).

Runs of two to four characters within words, as tf-idf, told apart by least squares over their inner products
(kernel ridge; Koppel and Winter 2014 on runs of characters for short texts). Names and addresses are taken out first,
and every text is cut to the same length, since both would tell the source instead of the hand.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from penchant.app.rank.metrics import auc_interval

from .mine import bare

#: Buckets of runs, characters of a text that count, texts of either side that are learned from.
BUCKETS, LENGTH, MOST = 1 << 14, 400, 500
#: What is added to the inner products' diagonal: how little a single text is believed.
RIDGE = 0.1
#: Texts of either side below which nothing can be told.
FEWEST = 8
#: Share of the texts, the newest, that is held out.
HELD_OUT = 0.3


@dataclass(frozen=True, slots=True)
class Attribution:
    """How well held-out texts of the reader are told from those of others: `auc` with its 95 % interval.

    `most`: held-out texts of the reader's that are most and least like them, (score, text), best first.
    """

    auc: float
    interval: tuple[float, float]
    learned: tuple[int, int]
    tested: tuple[int, int]
    most: tuple[tuple[float, str], ...] = ()


def runs(text: str) -> Counter[int]:
    """Hashed runs of 2 to 4 characters of words with their edges, and whole words; case and punctuation count."""
    found: Counter[int] = Counter()
    for word in bare(text)[:LENGTH].split():
        edged = f" {word} "
        found[zlib.crc32(f"w{word.lower()}".encode("utf-8", "replace")) % BUCKETS] += 1
        for size in (2, 3, 4):
            for at in range(len(edged) - size + 1):
                found[zlib.crc32(edged[at : at + size].encode("utf-8", "replace")) % BUCKETS] += 1
    return found


def rows(texts: Sequence[str]) -> np.ndarray:
    """float32[n, BUCKETS]: log counts of runs."""
    out = np.zeros((len(texts), BUCKETS), np.float32)
    for n, text in enumerate(texts):
        counted = runs(text)
        out[n, list(counted)] = 1.0 + np.log(np.fromiter(counted.values(), np.float32, len(counted)))
    return out


def scores(every: np.ndarray, mine: Sequence[int], others: Sequence[int], asked: Sequence[int]) -> np.ndarray:
    """float64[n]: how much more each asked row of `every` is like `mine` than like `others`; above 0 more like mine."""
    known = [*mine, *others]
    learned, rest = every[known], every[asked]
    # Rare runs tell more; counted where it is learned only.
    idf = (np.log((1.0 + len(known)) / (1.0 + np.count_nonzero(learned, axis=0))) + 1.0).astype(np.float32)
    for part in (learned, rest):
        part *= idf
        part /= np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-9)
    centre = learned.mean(axis=0)
    learned -= centre
    rest -= centre
    y = np.append(np.full(len(mine), 0.5 / len(mine)), np.full(len(others), -0.5 / len(others))) * len(known)
    products = (learned @ learned.T).astype(np.float64)
    share = np.linalg.solve(products + RIDGE * np.eye(len(known)), y)
    return np.asarray((rest @ learned.T).astype(np.float64) @ share)


def measure(mine: Sequence[str], others: Sequence[str], seed: int = 0) -> Attribution | None:
    """Learn from the older texts of `mine` (the oldest first), test on the newer; None where there are too few.

    `others` are split at random by `seed`.
    """
    mine = [text for text in dict.fromkeys(mine) if len(bare(text)) >= 20][-MOST:]
    known = set(mine)
    others = [text for text in dict.fromkeys(others) if len(bare(text)) >= 20 and text not in known][:MOST]
    if min(len(mine), len(others)) < FEWEST:
        return None
    order = np.random.default_rng(seed).permutation(len(others))
    cut, apart = len(mine) - round(HELD_OUT * len(mine)), len(others) - round(HELD_OUT * len(others))
    learn, test = ((len(mine) + part).tolist() for part in (order[:apart], order[apart:]))
    newer = list(range(cut, len(mine)))
    said = scores(rows([*mine, *others]), range(cut), learn, [*newer, *test])
    y = np.concatenate([np.ones(len(mine) - cut), np.zeros(len(test))])
    best = sorted(zip(said[: len(mine) - cut].tolist(), mine[cut:], strict=True), reverse=True)
    area, half = auc_interval(said, y)
    within = max(0.0, area - half), min(1.0, area + half)
    return Attribution(area, within, (cut, apart), (len(mine) - cut, len(test)), tuple(best))
