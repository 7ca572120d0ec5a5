"""First guesses: what is offered, what a choice adds, and that it is hardly heard at 50 labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.rank.influence import influence, left
from penchant.app.rank.metrics import auc
from penchant.app.rank.model import Model
from penchant.app.rank.picks import SAME, fit_picks, spread_out, to_offer, typical
from penchant.app.rank.prior import Prior
from penchant.app.rank.steps import STEPS, turned
from penchant.app.rank.topics import fit_topics


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)


def clouds(of: int, each: int, spread: float = 0.6) -> np.ndarray:
    """`of` subjects of `each` items in 32 dimensions, one after another."""
    rng = np.random.default_rng(3)
    centres = rng.standard_normal((of, 32))
    return unit(np.repeat(centres, each, axis=0) + spread * rng.standard_normal((of * each, 32)))


def test_every_subject_is_offered_before_any_twice() -> None:
    chosen = to_offer(clouds(12, 30))
    assert sorted({row // 30 for row in chosen}) == list(range(12))


def test_oddities_and_what_is_unknown_are_not_offered() -> None:
    subjects = clouds(4, 20)
    odd = unit(np.random.default_rng(9).standard_normal((10, 32)))
    unknown = np.zeros((10, 32), np.float32)
    kept = typical(np.concatenate([odd, subjects, unknown]))
    assert kept.min() >= 10 and kept.max() < 90


def test_copies_are_one_item() -> None:
    copies = np.repeat(clouds(3, 1), 40, axis=0)
    assert len(spread_out(copies, 12)) == 3
    many = clouds(6, 20)
    flood = np.repeat(unit(np.random.default_rng(5).standard_normal((1, 32))), 60, axis=0)
    assert not {row for row in typical(np.concatenate([many, flood])) if row >= len(many)}


def test_one_of_each_source_and_author_first() -> None:
    rows = clouds(1, 60, spread=3.0)
    source = np.array([0] * 50 + [1] * 6 + [2] * 4) + 7
    author = np.arange(60) % 3 + 100
    chosen = spread_out(rows, 12, np.stack([source, author], axis=1))
    assert sorted(np.bincount(source[chosen] - 7).tolist()) == [4, 4, 4]
    assert np.bincount(author[chosen] - 100).max() <= 6
    assert len({int(a) for a in author[chosen[:3]]}) == 3


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 40), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_what_is_chosen_is_known_different_and_unique(n: int, count: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = unit(rng.standard_normal((n, 4)) * rng.integers(0, 2, (n, 1)))
    chosen = spread_out(rows, count, rng.integers(0, 3, (n, 2)))
    assert len(chosen) == len(set(chosen)) <= count
    assert all(rows[row].any() for row in chosen)
    near = rows[chosen] @ rows[chosen].T - 2.0 * np.eye(len(chosen))
    assert near.size == 0 or near.max() < SAME
    assert bool(chosen) == bool(rows.any())


@pytest.fixture
def guesses(world):  # type: ignore[no-untyped-def]
    gardens, kernels = list(range(0, 12, 2)), list(range(1, 12, 2))
    picks = fit_picks(world.batch.take(gardens), world.batch.take(kernels))
    assert picks is not None
    return {"choice": Prior(None, (picks,)), "topics": Prior(fit_topics(["tomato", "compost"], world.batch))}


def voice(model, batch) -> float:  # type: ignore[no-untyped-def]
    """Spread of what the guess adds to the numbers."""
    scores = model.score(batch)
    return float(np.std(sum(scores.parts[:, scores.names.index(name)] for name in ("topics", "picks"))))


@pytest.mark.parametrize("name", ["choice", "topics"])
def test_a_guess_orders_before_the_first_label_and_is_hardly_heard_at_fifty(world, guesses, name) -> None:  # type: ignore[no-untyped-def]
    model = Model(prior=guesses[name])
    y = np.array([float(i % 2 == 0) for i in range(len(world.items))])
    assert auc(model.belief(model.score(world.batch)), y) > 0.9
    assert influence(model, world.batch)[0] == pytest.approx(1.0)
    first = voice(model, world.batch)
    heard = []
    for label in world.labels(50):
        model.learn(label, world.batch, label.item_id)
        heard.append(influence(model, world.batch))
    share, moved = heard[-1]
    assert share < 0.1 and moved < 0.1
    assert heard[4][0] > heard[-1][0] > 0.0
    assert voice(model, world.batch) == pytest.approx(first * left(50.0)) and left(50.0) < 0.1


def test_nothing_guessed_is_not_heard(world) -> None:  # type: ignore[no-untyped-def]
    assert influence(Model(), world.batch) == (0.0, 0.0)
    assert fit_picks(world.batch.take([]), world.batch.take([1, 2])) is None


@given(st.floats(-1, 5), st.integers(-3, 3))
def test_a_dial_steps_and_stops_at_its_ends(value: float, by: int) -> None:
    after = turned(value, by)
    assert after in STEPS
    assert (after - turned(value, 0)) * by >= 0
    assert turned(STEPS[-1], 1) == STEPS[-1] and turned(0.0, -1) == 0.0
