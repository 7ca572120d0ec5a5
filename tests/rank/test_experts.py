"""Every expert passes one set of tests; posteriors are checked against scipy's exact optimum."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from penchant.app.rank.batch import Batch, build_batch
from penchant.app.rank.experts import DenseExpert, SparseExpert, laplace_site
from penchant.app.rank.features import sparse_rows
from penchant.app.rank.model import Model, make_experts
from penchant.app.rank.recipe import Recipe
from penchant.app.rank.types import RankItem

NAMES = [name for name in Model().experts if name != "recency"]  # whose rows depend on the time


def fresh(name: str):  # type: ignore[no-untyped-def]
    return make_experts(Recipe())[name]


def row_with_content(world, name: str) -> int:
    """An item on which this expert has something to go by."""
    for i in range(len(world.items)):
        row = world.batch.row(name, i)
        if np.any(row[1] if isinstance(row, tuple) else row):
            return i
    raise AssertionError(name)


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.mark.parametrize("y", [0, 1])
def test_a_label_moves_the_opinion_of_its_own_item_its_way(world, name: str, y: int) -> None:
    expert, i = fresh(name), row_with_content(world, name)
    rows = world.batch.take([i]).block(name)
    expert.learn(world.batch.row(name, i), y, 1.0)
    assert (expert.opinion(rows)[0] > 0) == bool(y)
    assert expert.opinion(rows)[0] != 0


def test_a_heavier_label_moves_more(world, name: str) -> None:
    i = row_with_content(world, name)
    moved = []
    for weight in (0.1, 1.0):
        expert = fresh(name)
        expert.learn(world.batch.row(name, i), 1, weight)
        moved.append(expert.opinion(world.batch.take([i]).block(name))[0])
    assert 0 < moved[0] < moved[1]


def test_learning_makes_it_surer(world, name: str) -> None:
    expert, i = fresh(name), row_with_content(world, name)
    rows = world.batch.take([i]).block(name)
    before = expert.variance(rows)[0]
    for _ in range(5):
        expert.learn(world.batch.row(name, i), 1, 1.0)
    assert 0 < expert.variance(rows)[0] < before


def learned(world, name: str, n: int = 60):  # type: ignore[no-untyped-def]
    expert = fresh(name)
    for label in world.labels(n):
        expert.learn(world.batch.row(name, label.item_id), label.y, label.weight)
    return expert


def test_equal_labels_give_equal_bits(world, name: str) -> None:
    a, b = learned(world, name).state(), learned(world, name).state()
    assert all(np.array_equal(a[k], b[k]) for k in a)


def test_state_round_trip_goes_on_to_the_bit(world, name: str) -> None:
    expert, twin = learned(world, name), fresh(name)
    twin.restore({k: v.copy() for k, v in expert.state().items()})
    for e in (expert, twin):
        e.learn(world.batch.row(name, 7), 0, 0.5)
    a, b = expert.state(), twin.state()
    assert all(np.array_equal(a[k], b[k]) for k in a)
    assert np.array_equal(expert.left_out(), twin.left_out())


def test_a_copy_shares_nothing_that_changes(world, name: str) -> None:
    expert = learned(world, name)
    before = {k: v.copy() for k, v in expert.state().items()}
    copy = expert.copy()
    for i in range(20):
        copy.learn(world.batch.row(name, i), 1, 1.0)
    after = expert.state()
    assert all(np.array_equal(before[k], after[k]) for k in before)


def test_draws_are_fixed_by_their_seed_and_differ_between_seeds(world, name: str) -> None:
    expert, rows = learned(world, name), world.batch.block(name)
    assert np.array_equal(expert.draw(rows, 5), expert.draw(rows, 5))
    assert not np.array_equal(expert.draw(rows, 5), expert.draw(rows, 6))


def test_left_out_is_the_opinion_without_the_items_own_label(world, name: str) -> None:
    labels = world.labels(40)
    out = learned(world, name, 40).left_out()
    assert out.shape == (40,)
    for place in (0, 13, 39):
        other = fresh(name)
        for k, label in enumerate(labels):
            if k != place:
                other.learn(world.batch.row(name, label.item_id), label.y, label.weight)
        refitted = other.opinion(world.batch.take([labels[place].item_id]).block(name))[0]
        assert out[place] == pytest.approx(refitted, abs=0.12 + 0.1 * abs(refitted))


def odd_items() -> Batch:
    """Nothing known at all, absurd numbers, an endless list of people."""
    from penchant.app.rank.stats import ArchiveStats

    people = tuple((f"k{i}", "", "boost", 0.0) for i in range(5_000))
    items = [
        RankItem(1, b""),
        RankItem(2, b"", points=-5, comments=2**62, text_len=2**40, published=-1e12, media=10**6),
        RankItem(3, b"", title="\u202e" * 50, author_key="\x00", people=people),
    ]
    blobs = [b"", b"\x01\x02\x03", b"\xff" * 4_000]
    return build_batch(items, blobs, {"static": np.zeros((3, 256))}, ArchiveStats.empty())


def test_odd_and_empty_items_never_give_a_value_that_is_no_number(name: str) -> None:
    batch, expert = odd_items(), fresh(name)
    for i in range(3):
        for y in (0, 1, 1):
            expert.learn(batch.row(name, i), y, 1.0)
    for values in (expert.opinion(batch.block(name)), expert.variance(batch.block(name)), expert.left_out()):
        assert np.all(np.isfinite(values))
    assert expert.opinion(batch.take([]).block(name)).shape == (0,)


def test_laplace_site_is_the_mode() -> None:
    for mean, variance, y, weight in [(0.3, 2.0, 1, 1.0), (-4.0, 50.0, 1, 0.2), (25.0, 1e4, 0, 1.0)]:
        sign = 1.0 if y else -1.0

        def loss(f: np.ndarray, m=mean, v=variance, s=sign, w=weight) -> float:
            return float(w * np.logaddexp(0.0, -s * f[0]) + (f[0] - m) ** 2 / (2 * v))

        found = laplace_site(mean, variance, y, weight)
        best = minimize(loss, [0.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000})
        assert found.mode == pytest.approx(best.x[0], abs=1e-4)


def exact(x: np.ndarray, y: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """The optimum of the whole log posterior at once."""

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        f = x @ w
        p = 1 / (1 + np.exp(-f))
        value = np.sum(np.logaddexp(0, f) - y * f) + np.sum(w * w / variance) / 2
        return float(value), x.T @ (p - y) + w / variance

    return minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", options={"gtol": 1e-10}).x


def test_the_dense_posterior_ends_where_the_exact_optimum_lies() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((120, 6)) * 0.5
    y = (rng.random(120) < 1 / (1 + np.exp(-x @ rng.standard_normal(6)))).astype(float)
    expert = DenseExpert(6, 1.5, 512)
    for row, value in zip(x, y, strict=True):
        expert.learn(row, int(value), 1.0)
    best = exact(np.column_stack([x, np.ones(120)]), y, np.append(np.full(6, 1.5), 1.0))
    assert np.allclose(expert.mean, best, atol=0.12)
    assert np.corrcoef(x @ expert.mean[:-1], x @ best[:-1])[0, 1] > 0.995


def test_the_sparse_posterior_ranks_as_the_exact_optimum_does() -> None:
    rng = np.random.default_rng(1)
    rows = [(rng.choice(400, 12, replace=False), np.full(12, 12**-0.5)) for _ in range(150)]
    truth = rng.standard_normal(400) * 2
    dense = np.zeros((150, 401))
    for i, (index, value) in enumerate(rows):
        dense[i, index], dense[i, 400] = value, 1.0
    y = (rng.random(150) < 1 / (1 + np.exp(-dense[:, :400] @ truth))).astype(float)
    expert = SparseExpert(400, 8.0, 512)
    block = sparse_rows(rows)
    for i in range(150):
        expert.learn(block.row(i), int(y[i]), 1.0)
    best = exact(dense, y, np.append(np.full(400, 8.0), 1.0))
    assert np.corrcoef(expert.opinion(block), dense[:, :400] @ best[:400])[0, 1] > 0.97
