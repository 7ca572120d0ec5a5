"""Self-tuning keeps what foretells later decisions better, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from penchant.app.rank.recipe import Recipe
from penchant.app.rank.tune import ENOUGH, Past, foretell, tune
from penchant.app.types import Event


def past(world, count: int, *, noise: float, seed: int = 5) -> Past:  # type: ignore[no-untyped-def]
    """A reader of the invented world; `noise` is the share of decisions made at random."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(world.items))[:count].tolist()
    events = []
    for n, item_id in enumerate(order):
        liked = item_id % 2 == 0 if rng.random() >= noise else rng.random() < 0.5
        events.append(Event("like" if liked else "skip", item_id, id=f"e{n:04d}", at=1e9 + 1e4 + n))
    return Past(events, world.batch, {item.item_id: i for i, item in enumerate(world.items)})


def test_each_decision_is_foretold_from_what_came_before(world) -> None:
    whole, half = past(world, 120, noise=0.2), past(world, 120, noise=0.2)
    half = Past(half.events[:60], half.batch, half.rows)
    a, b = foretell(Recipe(), whole), foretell(Recipe(), half)
    assert a.names[:60] == b.names and np.array_equal(a.logit[:60], b.logit)
    assert len(a.y) == 120


def test_a_recipe_that_was_spoilt_is_put_right_and_the_gain_holds_out_of_sample(world) -> None:
    spoilt = Recipe().with_values({"head.caution": 2_000.0, "prior.tags": 0.2})
    reader = past(world, 180, noise=0.1)
    found = tune(spoilt, reader, factors={"head.caution": (0.015,), "prior.tags": (40.0,)})
    assert found.values and found.gain > 0
    better = spoilt.with_values(found.values)
    held = slice(108, 180)
    loss = [
        np.logaddexp(0.0, np.where(t.y[held] > 0, -1.0, 1.0) * t.logit[held]).mean()
        for t in (foretell(spoilt, reader), foretell(better, reader))
    ]
    assert loss[1] < loss[0]


def test_a_reader_without_a_taste_changes_nothing_that_does_not_hold(world) -> None:
    adopted = [tune(Recipe(), past(world, 150, noise=1.0, seed=s), factors={"prior.shape": (5.0,)}) for s in range(6)]
    assert sum(bool(v.values) for v in adopted) <= 1
    assert all(v.note for v in adopted)


def test_too_few_decisions_are_said_to_be_too_few(world) -> None:
    found = tune(Recipe(), past(world, ENOUGH - 1, noise=0.0))
    assert not found.values and str(ENOUGH) in found.note


def test_a_pass_that_is_told_to_end_keeps_what_it_found_by_then(world) -> None:
    seen: list[str] = []

    def go_on(name: str, done: int, total: int) -> bool:
        seen.append(name)
        return done < 2

    found = tune(Recipe(), past(world, 100, noise=0.1), go_on=go_on)
    assert len(seen) == 3 and found.decisions == 100


@pytest.mark.parametrize("name", ["prior.words", "head.apart", "label.opened", "order.half_life"])
def test_values_from_outside_stay_within_reach(name: str) -> None:
    usual = Recipe().flat()[name]
    for bad in (-1.0, 0.0, usual * 1e9, float("nan"), float("inf"), "many"):
        assert Recipe().with_values({name: bad}).flat()[name] == usual  # type: ignore[dict-item]
    assert Recipe().with_values({name: usual * 2}).flat()[name] == usual * 2
