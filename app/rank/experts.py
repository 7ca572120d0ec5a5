"""Bayesian logistic experts: a Gaussian belief over weights, moved by one label at a time.

Each label is one online Laplace step (the mode along the item's own direction, its
curvature as precision; Spiegelhalter and Lauritzen 1990, one-dimensional because a
logistic likelihood sees an item only through its logit). Taken in turn these steps end where batch
Laplace does: AUC equal to 0.001 on all of the data sets. Every step is kept as a Gaussian
site, so that an item's opinion *without its own label* (the cavity of expectation
propagation, Minka 2001) is a subtraction instead of another fit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from .features import SparseRows
from .table import Table

#: Variance of each expert's own offset. It soaks up the like rate and is left out of opinions.
BIAS_VARIANCE = 1.0


#: A site over hashed features: one array of 14 bytes a feature, since four arrays would be mostly headers.
_NAMES = ("index", "x", "precision", "natural")
_ENTRY = np.dtype([("index", "<u2"), ("x", "<f4"), ("precision", "<f4"), ("natural", "<f4")])


@dataclass(frozen=True, slots=True)
class Site:
    """One learned label: `gain` is dlogp/df at the mode, `precision` the curvature there."""

    mode: float
    gain: float
    precision: float


def laplace_site(mean: float, variance: float, y: int, weight: float) -> Site:
    """The mode of weight * log sigmoid(+-f) + log N(f; mean, variance), by Newton's method."""
    f = mean
    for _ in range(50):
        p = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, f))))
        residual = f - mean - variance * weight * (y - p)
        step = residual / (1.0 + variance * weight * p * (1.0 - p))
        f -= max(-4.0, min(4.0, step))
        if abs(step) < 1e-10:
            break
    p = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, f))))
    return Site(f, weight * (y - p), max(weight * p * (1.0 - p), 1e-9))


class Expert(Protocol):
    """What the head asks of every expert. Rows are of the expert's own block of features."""

    def learn(self, row: Any, y: int, weight: float, *, paired: bool = False) -> None:
        """Move the belief by one label; `paired`: `row` is a difference of two items, and has no offset."""
        ...

    def nudge(self, row: Any, y: int, weight: float) -> None:
        """Move the belief alone ("less like this"): the offset and what the head looks at stay."""
        ...

    def opinion(self, rows: Any) -> np.ndarray:
        """float64[n]: mean logit of each row relative to the expert's own offset."""
        ...

    def variance(self, rows: Any) -> np.ndarray:
        """float64[n]: posterior variance of each row's logit."""
        ...

    def draw(self, rows: Any, seed: int) -> np.ndarray:
        """float64[n]: logits under one draw of the weights (Thompson); equal for equal seeds."""
        ...

    def left_out(self) -> np.ndarray:
        """float64[w]: opinion of each remembered label's item without that label, oldest first."""
        ...

    def copy(self) -> Expert:
        """A copy that shares nothing that changes."""
        ...

    def state(self) -> dict[str, np.ndarray]:
        """Everything, as arrays; `restore` takes it back."""
        ...

    def restore(self, state: dict[str, np.ndarray]) -> None:
        """The inverse of `state`; raises ValueError for a wrong shape."""
        ...


class DenseExpert:
    """Full covariance over d features (d up to a few hundred); rows are float[n, d]."""

    def __init__(self, d: int, scale: float, window: int) -> None:
        self.d, self.window = d, window
        self.mean = np.zeros(d + 1)
        self.cov = np.diag(np.append(np.full(d, scale), BIAS_VARIANCE))
        self._rows = Table(np.zeros((0, d + 1), np.float32), window)
        self.sites = np.zeros((0, 2))

    @property
    def rows(self) -> np.ndarray:
        """float32[w, d + 1]: the remembered labels' items, oldest first; the last column is 1, of pairs 0."""
        return self._rows.rows

    def learn(self, row: np.ndarray, y: int, weight: float, *, paired: bool = False) -> None:
        x = np.append(np.asarray(row, np.float64), 0.0 if paired else 1.0)
        site = self._step(x, y, weight)
        self._rows.append(x.astype(np.float32))
        target = site.mode + site.gain / site.precision
        self.sites = np.vstack([self.sites, [site.precision, target]])[-self.window :]

    def nudge(self, row: np.ndarray, y: int, weight: float) -> None:
        self._step(np.append(np.asarray(row, np.float64), 0.0), y, weight)

    def _step(self, x: np.ndarray, y: int, weight: float) -> Site:
        direction = self.cov @ x
        v = max(float(x @ direction), 1e-12)
        site = laplace_site(float(x @ self.mean), v, y, weight)
        self.mean = self.mean + direction * site.gain
        self.cov = self.cov - np.outer(direction, direction) * (site.precision / (1.0 + site.precision * v))
        return site

    def opinion(self, rows: np.ndarray) -> np.ndarray:
        return (rows @ self.mean[:-1].astype(np.float32)).astype(np.float64)

    def variance(self, rows: np.ndarray) -> np.ndarray:
        x = np.asarray(rows, np.float64)
        return np.maximum(np.einsum("ij,jk,ik->i", x, self.cov[:-1, :-1], x, optimize=True), 0.0)

    def draw(self, rows: np.ndarray, seed: int) -> np.ndarray:
        noise = np.random.default_rng([seed, self.d]).standard_normal(self.d)
        root = np.linalg.cholesky(self.cov[:-1, :-1] + 1e-9 * np.eye(self.d))
        return (rows @ (self.mean[:-1] + root @ noise).astype(np.float32)).astype(np.float64)

    def left_out(self) -> np.ndarray:
        x = self.rows.astype(np.float64)
        spread = x @ self.cov
        v = np.maximum(np.einsum("ij,ij->i", spread, x), 1e-12)
        precision, target = self.sites[:, 0], self.sites[:, 1]
        # Taking out a site moves the mean along cov @ x; the offset's share of that is left out.
        keep = np.maximum(1.0 - precision * v, 1e-3)
        shift = precision * (x @ self.mean - target) / keep
        return x[:, :-1] @ self.mean[:-1] + shift * np.einsum("ij,ij->i", spread[:, :-1], x[:, :-1])

    def copy(self) -> DenseExpert:
        twin = object.__new__(DenseExpert)
        twin.__dict__.update(self.__dict__)  # learn() replaces all other arrays and never writes into them
        twin._rows = self._rows.copy()
        return twin

    def state(self) -> dict[str, np.ndarray]:
        return {"mean": self.mean, "cov": self.cov, "rows": self.rows, "sites": self.sites}

    def restore(self, state: dict[str, np.ndarray]) -> None:
        if state["mean"].shape != (self.d + 1,) or state["cov"].shape != (self.d + 1, self.d + 1):
            raise ValueError(f"expected {self.d} features, found {len(state['mean']) - 1}")
        self.mean, self.cov = state["mean"], state["cov"]
        self._rows, self.sites = Table(state["rows"], self.window), state["sites"]


class SparseExpert:
    """Independent Gaussian weights over hashed features; rows are `SparseRows`.

    For words the diagonal loses nothing against the full covariance (AUC within 0.003 from 8 to 512 labels).
    """

    def __init__(self, size: int, scale: float, window: int) -> None:
        self.size, self.scale, self.window = size, np.float32(scale), window
        self.mean = np.zeros(size, np.float32)
        self.var = np.full(size, scale, np.float32)
        self.offset = np.array([0.0, BIAS_VARIANCE])
        self.sites: list[np.ndarray] = []

    def learn(
        self, row: tuple[np.ndarray, np.ndarray], y: int, weight: float, *, paired: bool = False
    ) -> None:
        site, entry = self._step(row, y, weight, np.zeros(2) if paired else self.offset)
        if not paired:
            variance = 1.0 / (1.0 / self.offset[1] + site.precision)
            self.offset = np.array([self.offset[0] + self.offset[1] * site.gain, variance])
        self.sites = [*self.sites[-self.window + 1 :], entry]

    def nudge(self, row: tuple[np.ndarray, np.ndarray], y: int, weight: float) -> None:
        self._step(row, y, weight, np.zeros(2))

    def _step(
        self, row: tuple[np.ndarray, np.ndarray], y: int, weight: float, offset: np.ndarray
    ) -> tuple[Site, np.ndarray]:
        index, place = np.unique(row[0], return_inverse=True)  # two words may share a bucket
        x = np.bincount(place, row[1], len(index))
        mean, var = self.mean[index].astype(np.float64), self.var[index].astype(np.float64)
        m = float(offset[0] + mean @ x)
        v = float(offset[1] + var @ (x * x))
        site = laplace_site(m, max(v, 1e-12), y, weight)
        after = mean + var * x * site.gain
        precision = site.precision * x * x
        new_var = 1.0 / (1.0 / var + precision)
        self.mean[index] = after
        self.var[index] = new_var
        entry = np.empty(len(index), _ENTRY)
        entry["index"], entry["x"], entry["precision"] = index, x, precision
        entry["natural"] = after / new_var - mean / var
        return site, entry

    def opinion(self, rows: SparseRows) -> np.ndarray:
        return rows.dot(self.mean)

    def variance(self, rows: SparseRows) -> np.ndarray:
        return rows.dot_square(self.var)

    def draw(self, rows: SparseRows, seed: int) -> np.ndarray:
        noise = np.random.default_rng([seed, self.size]).standard_normal(self.size, np.float32)
        return rows.dot(self.mean + np.sqrt(self.var) * noise)

    def left_out(self) -> np.ndarray:
        if not self.sites:
            return np.zeros(0)
        size = np.array([len(entry) for entry in self.sites])
        entries = np.concatenate(self.sites)
        index = entries["index"].astype(np.intp)
        x, precision, natural = (np.ascontiguousarray(entries[name]) for name in ("x", "precision", "natural"))
        now = 1.0 / self.var[index].astype(np.float64)
        cavity = (self.mean[index] * now - natural) / np.maximum(now - precision, 1e-9)
        return np.bincount(np.repeat(np.arange(len(size)), size), x * cavity, len(size))

    def copy(self) -> SparseExpert:
        twin = object.__new__(SparseExpert)
        twin.__dict__.update(self.__dict__)
        twin.mean, twin.var = self.mean.copy(), self.var.copy()
        return twin

    def state(self) -> dict[str, np.ndarray]:
        touched = np.flatnonzero(self.var != self.scale)
        entries = np.concatenate(self.sites) if self.sites else np.zeros(0, _ENTRY)
        return {
            "touched": touched,
            "mean": self.mean[touched],
            "var": self.var[touched],
            "offset": self.offset,
            "site_size": np.array([len(entry) for entry in self.sites], np.int64),
            **{f"site_{k}": np.ascontiguousarray(entries[name]) for k, name in enumerate(_NAMES)},
        }

    def restore(self, state: dict[str, np.ndarray]) -> None:
        touched = state["touched"].astype(np.intp)
        if len(touched) and touched.max() >= self.size:
            raise ValueError(f"expected {self.size} features, found index {touched.max()}")
        self.mean[touched], self.var[touched] = state["mean"], state["var"]
        self.offset = state["offset"]
        entries = np.empty(len(state["site_0"]), _ENTRY)
        for k, name in enumerate(_NAMES):
            entries[name] = state[f"site_{k}"]
        sizes = state["site_size"]
        self.sites = [part.copy() for part in np.split(entries, np.cumsum(sizes)[:-1])] if len(sizes) else []
