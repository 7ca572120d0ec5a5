"""Simple recipes that the ranking has to beat. scikit-learn is imported only when one of them needs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .evaluate import DataSet, Fit, Method, Task
from .evaluate_step import Answer

#: Weights of liked and of skipped texts (Salton and Buckley 1990 give 0.75 and 0.25 for feedback without a query).
ALPHA, BETA = 0.75, 0.25
#: Imaginary labels at the reader's own rate behind each source's like rate.
SMOOTHING = 4.0


def like_rate(data: DataSet) -> Fit:
    """The reader's own like rate (add one), the same for every item."""
    return lambda task: {"like rate": (np.zeros(len(task.test)), task.rate)}


def newest_first(data: DataSet) -> Fit:
    """By time alone; without times by chance."""

    def fit(task: Task) -> Mapping[str, Answer]:
        return {"newest first": (np.zeros(len(task.test)) if task.at is None else task.at.astype(float), None)}

    return fit


def popularity(data: DataSet) -> Fit:
    """By points alone; an item without any stands in the middle."""
    points = data.points
    known = points is not None and np.any(np.isfinite(points))
    middle = float(np.nanmedian(points)) if points is not None and known else 0.0

    def fit(task: Task) -> Mapping[str, Answer]:
        if points is None:
            return {"popularity": (np.zeros(len(task.test)), None)}
        return {"popularity": (np.nan_to_num(points[task.test], nan=middle), None)}

    return fit


def source_rate(data: DataSet) -> Fit:
    """The reader's like rate of each source, drawn to the overall one by SMOOTHING imaginary labels."""
    source = data.source if data.source is not None else np.zeros(len(data.batch), np.int64)
    keys, place = np.unique(source, return_inverse=True)

    def fit(task: Task) -> Mapping[str, Answer]:
        mine, theirs = place[task.train], place[task.test]
        every = np.bincount(mine, task.weight, len(keys))
        liked = np.bincount(mine, task.weight * task.y, len(keys))
        p = (liked[theirs] + SMOOTHING * task.rate) / (every[theirs] + SMOOTHING)
        return {"source like rate": (p, p)}

    return fit


def _tfidf(data: DataSet) -> Any:
    """Sparse TF-IDF rows as arxiv-sanity-lite makes them, or None where no word is common enough."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        sublinear_tf=True,
        stop_words="english",
        token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",
        max_features=20_000,
        min_df=min(5, max(1, len(data.texts) // 100)),
        max_df=0.1 if len(data.texts) > 200 else 1.0,
    )
    try:
        return vectorizer.fit_transform(data.texts)
    except ValueError:
        return None


def text_recipes(data: DataSet) -> Fit:
    """Two recipes on one TF-IDF matrix: a linear SVM as in arxiv-sanity-lite (sublinear, English stop words,
    C 0.1, balanced), and Rocchio.
    """
    from sklearn.svm import LinearSVC

    x = _tfidf(data)

    def fit(task: Task) -> Mapping[str, Answer]:
        silent: Answer = (np.zeros(len(task.test)), None)
        if x is None or not len(task.y):
            return {"tf-idf svm": silent, "rocchio words": silent}
        out = {"tf-idf svm": silent, "rocchio words": (_rocchio(x, task), None)}
        if not task.one_sided:
            svm = LinearSVC(C=0.1, class_weight="balanced", max_iter=10_000, tol=1e-6, random_state=0)
            learned = svm.fit(x[task.train], task.y, sample_weight=task.weight)
            out["tf-idf svm"] = learned.decision_function(x[task.test]), None
        return out

    return fit


def vector_recipes(data: DataSet) -> Fit:
    """On each vector space: scikit-learn's logistic regression with its own defaults, and Rocchio."""
    from sklearn.linear_model import LogisticRegression

    def fit(task: Task) -> Mapping[str, Answer]:
        out: dict[str, Answer] = {}
        for space, vectors in data.vectors.items():
            out["rocchio " + space] = np.zeros(len(task.test)) if not len(task.y) else _rocchio(vectors, task), None
            if task.one_sided:
                out["logistic " + space] = np.zeros(len(task.test)), task.rate
                continue
            model = LogisticRegression(max_iter=1_000).fit(vectors[task.train], task.y, sample_weight=task.weight)
            p = model.predict_proba(vectors[task.test])[:, 1]
            out["logistic " + space] = np.log(p) - np.log1p(-p), p
        return out

    return fit


def _rocchio(x: Any, task: Task) -> np.ndarray:
    """Cosine with ALPHA * mean liked row - BETA * mean skipped row (Rocchio 1971); rows of `x` have length 1."""
    profile = np.zeros(x.shape[1])
    for value, share in ((1.0, ALPHA), (0.0, -BETA)):
        w = task.weight * (task.y == value)
        if w.sum() > 0:
            profile += share * np.asarray(x[task.train].T @ (w / w.sum())).ravel()
    length = float(np.linalg.norm(profile))
    return np.asarray(x[task.test] @ (profile / length if length else profile)).ravel()


SIMPLE: tuple[Method, ...] = (newest_first, popularity, source_rate, like_rate)
LEARNED: tuple[Method, ...] = (text_recipes, vector_recipes)
#: Beginnings of the names of what LEARNED gives.
RIVALS = ("tf-idf svm", "rocchio", "logistic")
