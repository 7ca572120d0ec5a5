"""Head, model, learner, snapshots: sums, bits, undo, and failure of one expert."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.rank.head import HeadOptions, fit_head
from penchant.app.rank.learner import Learner
from penchant.app.rank.model import ExpertFailed, Model
from penchant.app.rank.prior import Prior
from penchant.app.rank.snapshot import Snapshot, SnapshotError, dump, labels_digest, restore
from penchant.app.rank.topics import fit_topics


def taught(world, n: int) -> Model:  # type: ignore[no-untyped-def]
    model = Model()
    for label in world.labels(n):
        model.learn(label, world.batch, label.item_id)
    return model


def bits(model: Model) -> dict[str, np.ndarray]:
    out = {f"{n}/{k}": v for n, e in model.experts.items() for k, v in e.state().items()}
    return {**out, "y": model.y, "head": model.head().weight, "counts": np.array(model.counts)}


def same(a: Model, b: Model) -> bool:
    x, y = bits(a), bits(b)
    return x.keys() == y.keys() and all(np.array_equal(x[k], y[k]) for k in x)


@pytest.mark.parametrize("n", [0, 1, 2, 30])
def test_parts_sum_to_the_logit_and_nothing_is_nan(world, n: int) -> None:
    scores = taught(world, n).score(world.batch, variance=True)
    assert np.allclose(scores.parts.sum(axis=1), scores.logit, atol=1e-9)
    assert np.all(np.isfinite(scores.logit)) and np.all(scores.variance >= 0)
    assert np.all((scores.probability > 0) & (scores.probability < 1))


def test_without_labels_every_item_has_even_odds(world) -> None:
    assert np.allclose(Model().score(world.batch).probability, 0.5)


def test_a_reader_is_learned_within_a_few_labels(world) -> None:
    scores = taught(world, 16).score(world.batch)
    garden = np.arange(len(world.items)) % 2 == 0
    assert scores.logit[garden].min() > np.median(scores.logit[~garden])
    assert scores.logit[garden].mean() > scores.logit[~garden].mean() + 0.5


def test_numbers_stay_near_the_like_rate_while_labels_are_few(world) -> None:
    few, many = taught(world, 4).score(world.batch), taught(world, 150).score(world.batch)
    assert np.abs(few.probability - 0.5).max() < 0.25
    assert many.probability.max() > 0.85 and many.probability.min() < 0.15


def test_equal_labels_in_equal_order_give_equal_bits(world) -> None:
    assert same(taught(world, 50), taught(world, 50))


def test_the_head_never_trusts_an_expert_negatively_and_finds_the_good_one() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random(400) < 0.5).astype(float)
    good, noise = (y - 0.5) * 2 + rng.standard_normal(400), rng.standard_normal(400)
    opinions = np.column_stack([good, noise, -good])
    head = fit_head(opinions, y, np.ones(400), (y.sum(), 400 - y.sum()), HeadOptions())
    assert np.all(head.weight >= 0)
    assert head.weight[0] > 3 * max(head.weight[1], head.weight[2])


def test_the_head_agrees_with_scikit_learn_where_its_prior_is_flat() -> None:
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(3)
    x = rng.standard_normal((2_000, 2))
    y = (rng.random(2_000) < 1 / (1 + np.exp(-(x @ [1.0, 0.4])))).astype(float)
    flat = HeadOptions(apart=100.0, together=0.0, offset=100.0, caution=0.0, drift=1e-6, fading=1e9)
    head = fit_head(x, y, np.ones(2_000), (y.sum(), 2_000 - y.sum()), flat)
    other = LogisticRegression(C=1e4).fit(x, y)
    assert np.allclose(head.weight, other.coef_[0], atol=1e-3)
    assert head.base + head.offset == pytest.approx(other.intercept_[0], abs=1e-3)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 90), st.data())
def test_forgetting_any_label_equals_never_having_had_it(world, n: int, data: st.DataObject) -> None:
    labels = world.labels(n)
    learner = Learner(Model())
    learner.follow(labels, 0, world.rows_of)
    gone = data.draw(st.integers(0, n - 1))
    rest = labels[:gone] + labels[gone + 1 :]
    learner.follow(rest, gone, world.rows_of)
    never = Learner(Model())
    for k in range(1, len(rest) + 1):  # one by one, as keys come
        never.follow(rest[:k], k - 1, world.rows_of)
    assert same(learner.model, never.model)
    assert learner.learned == rest


def test_a_failing_expert_leaves_the_model_as_it_was_and_is_named(world, monkeypatch) -> None:
    learner = Learner(Model())
    learner.follow(world.labels(20), 0, world.rows_of)
    before = learner.model
    kind = type(before.experts["static"])
    working = kind.learn
    monkeypatch.setattr(kind, "learn", lambda *a: 1 / 0)
    with pytest.raises(ExpertFailed, match="static") as caught:
        learner.follow(world.labels(21), 20, world.rows_of)
    assert caught.value.name == "static"
    assert learner.model is before and len(learner.learned) == 20
    monkeypatch.setattr(kind, "learn", working)
    learner.follow(world.labels(22), 21, world.rows_of)  # what was owed is made up for
    assert same(learner.model, taught(world, 22))


def test_an_opinion_that_is_no_number_is_a_failure_with_a_name(world, monkeypatch) -> None:
    model = taught(world, 5)
    kind = type(model.experts["words"])
    monkeypatch.setattr(kind, "opinion", lambda self, rows: np.full(len(rows), np.nan))
    with pytest.raises(ExpertFailed, match="words"):
        model.score(world.batch)


def test_snapshot_round_trip_goes_on_to_the_bit(world) -> None:
    labels = world.labels(60)
    model = taught(world, 50)
    data = dump(Snapshot(model, world.stats, labels_digest(labels[:50]), 77))
    back = restore(data)
    assert back.through_seq == 77 and back.digest == labels_digest(labels[:50])
    assert np.array_equal(back.stats.spaces["static"].basis, world.stats.spaces["static"].basis)
    assert back.stats.usual == dict(world.stats.usual)
    for m in (model, back.model):
        for label in labels[50:]:
            m.learn(label, world.batch, label.item_id)
    assert same(model, back.model)


def test_a_damaged_or_foreign_snapshot_is_refused_in_words(world) -> None:
    data = bytearray(dump(Snapshot(taught(world, 3), world.stats, "", 0)))
    data[len(data) // 2] ^= 1
    for bad in (bytes(data), b"", b"not a model at all", bytes(data[:40])):
        with pytest.raises(SnapshotError):
            restore(bad)


def test_topics_lift_what_they_name_and_fade_below_a_tenth_by_fifty_labels(world) -> None:
    topics = fit_topics(["garden", " ", "garden"], world.batch)
    assert topics.names == ("garden",)
    at_once, later = (
        Prior(topics).parts(world.batch, labels)[:, 0] for labels in (0.0, 50.0)
    )
    garden = np.arange(len(world.items)) % 2 == 0
    assert at_once[garden].min() > at_once[~garden].max()
    assert np.all(later <= 0.1 * at_once)
