"""Simple recipes that the ranking has to beat. scikit-learn is imported only when one of them needs it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .evaluate import Answer, DataSet, Fit


def like_rate(data: DataSet) -> Fit:
    """The reader's own like rate (add one), the same for every item."""

    def fit(train: np.ndarray, y: np.ndarray, test: np.ndarray, _at: np.ndarray | None) -> Answer:
        return np.zeros(len(test)), np.full(len(test), (y.sum() + 1.0) / (len(y) + 2.0))

    return fit


def newest_first(data: DataSet) -> Fit:
    """By time alone; without times by chance."""

    def fit(train: np.ndarray, y: np.ndarray, test: np.ndarray, at: np.ndarray | None) -> Answer:
        return np.zeros(len(test)) if at is None else at.astype(np.float64), None

    return fit


def tfidf_svm(data: DataSet) -> Fit:
    """TF-IDF and a linear SVM, as arxiv-sanity-lite does it (sublinear, English stop words, C 0.1, balanced)."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    many = len(data.texts) > 200
    vectorizer = TfidfVectorizer(
        sublinear_tf=True,
        stop_words="english",
        token_pattern=r"(?u)\b[a-zA-Z_][a-zA-Z0-9_]+\b",
        max_features=20_000,
        min_df=min(5, max(1, len(data.texts) // 100)),
        max_df=0.1 if many else 1.0,
    )
    try:
        x = vectorizer.fit_transform(data.texts)
    except ValueError:  # no word is common enough: nothing to learn from
        x = None

    def fit(train: np.ndarray, y: np.ndarray, test: np.ndarray, _at: np.ndarray | None) -> Answer:
        if x is None or y.min() == y.max():
            return np.zeros(len(test)), None
        svm = LinearSVC(C=0.1, class_weight="balanced", max_iter=10_000, tol=1e-6)
        return svm.fit(x[train], y).decision_function(x[test]), None

    return fit


def logistic(data: DataSet) -> Fit:
    """scikit-learn's logistic regression (its own defaults) on the static vectors."""
    from sklearn.linear_model import LogisticRegression

    vectors = data.vectors["static"]

    def fit(train: np.ndarray, y: np.ndarray, test: np.ndarray, _at: np.ndarray | None) -> Answer:
        if y.min() == y.max():
            return np.zeros(len(test)), np.full(len(test), (y.sum() + 1.0) / (len(y) + 2.0))
        model = LogisticRegression(max_iter=1_000).fit(vectors[train], y)
        chance = model.predict_proba(vectors[test])[:, 1]
        return np.log(chance) - np.log1p(-chance), chance

    return fit


SIMPLE: dict[str, Callable[[DataSet], Fit]] = {"newest": newest_first, "like rate": like_rate}
LEARNED: dict[str, Callable[[DataSet], Fit]] = {"tf-idf svm": tfidf_svm, "logistic": logistic}
