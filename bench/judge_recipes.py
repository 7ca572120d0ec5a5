"""What is measured beside the judge: the head with and without it, and logistic regression on one representation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from judge_case import Case

from penchant.app.rank.evaluate import DataSet, fresh
from penchant.app.rank.evaluate_step import HEAD, Answer
from penchant.app.rank.stats import fit_stats
from penchant.app.rank.types import Label


def with_head(
    data: DataSet, case: Case, n: int, opinions: np.ndarray, states: np.ndarray
) -> Iterator[tuple[str, Answer]]:
    """The head with both of the judge's experts, with either, and without."""
    stats = fit_stats([], [], {"hidden": states}, {}, {"judge": opinions})
    judge = {"judge": stats.scales["judge"].rows(opinions)}
    hidden = {"hidden": stats.spaces["hidden"].project(states)}
    ways = {HEAD: judge | hidden, "head + ratio": judge, "head + hidden states": hidden, "head without judge": {}}
    for name, more in ways.items():
        batch = replace(data.batch, blocks={**data.batch.blocks, **more})
        model = fresh(replace(data, batch=batch))
        for row in case.labels(n).tolist():
            model.learn(Label("", row, int(case.y[row]), 1.0), batch, row)
        scores = model.score(batch.take(case.test))
        yield name, (scores.logit, scores.probability)


def minilm(data: DataSet, case: Case, n: int) -> Answer:
    """Logistic regression on sentence vectors, with scikit-learn's defaults; nothing where there is no model."""
    vectors = data.vectors.get("sentence")
    return (np.zeros(len(case.test)), None) if vectors is None else _logistic(vectors, case, n)


def tfidf(data: DataSet, case: Case, n: int) -> Answer:
    """The same on TF-IDF of words and pairs."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return _logistic(TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2)).fit_transform(data.texts), case, n)


def hidden_recipes(states: np.ndarray, case: Case, n: int) -> dict[str, Answer]:
    """The same on either half of the hidden states, every number in its own spread."""
    known = states[np.any(states != 0, axis=1)]
    scaled = (states - known.mean(axis=0)) / (known.std(axis=0) + 1e-9) / np.sqrt(states.shape[1] / 2)
    half = states.shape[1] // 2
    return {
        "logistic hidden, last token": _logistic(scaled[:, :half], case, n),
        "logistic hidden, mean": _logistic(scaled[:, half:], case, n),
    }


def _logistic(x: object, case: Case, n: int) -> Answer:
    from sklearn.linear_model import LogisticRegression

    labels = case.labels(n)
    model = LogisticRegression(max_iter=2_000).fit(x[labels], case.y[labels])  # type: ignore[index]
    return model.decision_function(x[case.test]), None  # type: ignore[index]
