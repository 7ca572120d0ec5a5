"""The head that judges what an arm wrote: it learned from labels that no carrier saw (pure)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from penchant.app.voice import abstain

#: Precision of the weights' prior: vectors have length 1, so weights of a few are plausible.
PRIOR, ROUNDS, FOLDS = 0.3, 25, 5


@dataclass(frozen=True, slots=True)
class Head:
    """Logistic regression on vectors: weights float64[d], offset."""

    weights: np.ndarray
    offset: float

    def logit(self, vectors: np.ndarray) -> np.ndarray:
        """float64[n]."""
        return np.asarray(vectors @ self.weights + self.offset, np.float64)


@dataclass(frozen=True, slots=True)
class Jury:
    """A head, and the judge that says how likely, and when nothing."""

    head: Head
    judge: abstain.Judge

    def said(self, vectors: np.ndarray) -> tuple[np.ndarray, list[bool | None]]:
        """(probability float64[n], verdict of each; None: it abstains)."""
        if not len(vectors):
            return np.zeros(0), []
        opinions = self.head.logit(vectors)[:, None]
        verdicts = [None if v == abstain.SILENT else bool(v) for v in self.judge.verdicts(opinions).tolist()]
        return self.judge.probability(opinions), verdicts


def learned(vectors: np.ndarray, y: np.ndarray) -> Head:
    """Ridge logistic regression by Newton's method in the space of the examples (the representer theorem)."""
    x, y = np.asarray(vectors, np.float64), np.asarray(y, np.float64)
    gram = x @ x.T
    n = len(y)
    a, offset = np.zeros(n), 0.0
    for _ in range(ROUNDS):
        p = 1.0 / (1.0 + np.exp(-np.clip(gram @ a + offset, -30.0, 30.0)))
        w = np.maximum(p * (1.0 - p), 1e-6)
        z = gram @ a + offset + (y - p) / w
        # (K + prior / w) a + offset = z, with sum(a) = 0: the offset has no prior
        system = np.zeros((n + 1, n + 1))
        system[:n, :n] = gram + np.diag(PRIOR / w)
        system[:n, n], system[n, :n] = 1.0, 1.0
        solved = np.linalg.solve(system, np.append(z, 0.0))
        step = float(np.max(np.abs(solved[:n] - a)))
        a, offset = solved[:n], float(solved[n])
        if step < 1e-8:
            break
    return Head(x.T @ a, offset)


def jury(vectors: np.ndarray, y: np.ndarray, risk: float = abstain.RISK) -> Jury:
    """A head calibrated on its own out-of-fold logits."""
    y = np.asarray(y)
    order = np.random.default_rng(41).permutation(len(y))
    out = np.zeros(len(y))
    for fold in np.array_split(order, FOLDS):
        rest = np.setdiff1d(order, fold)
        out[fold] = learned(vectors[rest], y[rest]).logit(vectors[fold])
    return Jury(learned(vectors, y), abstain.fit(out[order][:, None], y[order], risk))
