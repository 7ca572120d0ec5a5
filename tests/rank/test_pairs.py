"""Duels in the ranking: a preference is a difference, for every expert and for the head."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.rank.experts import DenseExpert
from penchant.app.rank.head import HeadOptions, Pairs, fit_head
from penchant.app.rank.labels import LabelBook, labels_from_events
from penchant.app.rank.learner import Learner
from penchant.app.rank.model import Model
from penchant.app.rank.pairs import chance, difference, preferred, worth
from penchant.app.rank.scalar import ScalarExpert
from penchant.app.rank.snapshot import Snapshot, dump, labels_digest, restore
from penchant.app.rank.types import Label
from penchant.app.types import Event


def duels(n: int, seed: int = 5) -> list[Label]:
    """A reader who finds every garden (even) funnier than every kernel (odd)."""
    rng = np.random.default_rng(seed)
    pairs = zip(rng.integers(0, 70, n) * 2, rng.integers(0, 70, n) * 2 + 1, strict=True)
    return [Label(f"d{k}", int(a), 1, 1.0, other=int(b)) for k, (a, b) in enumerate(pairs)]


def rows_of(world):  # type: ignore[no-untyped-def]
    def of(labels):  # type: ignore[no-untyped-def]
        def row(x):  # type: ignore[no-untyped-def]
            one = world.batch.take([x.item_id])
            return difference(one, world.batch.take([x.other])) if x.other else one

        return type(world.batch).concat([row(x) for x in labels]), list(range(len(labels)))

    return of


def taught(world, labels: list[Label]) -> Model:  # type: ignore[no-untyped-def]
    learner = Learner(Model())
    learner.follow(labels, 0, rows_of(world))
    return learner.model


def test_pairs_alone_order_items_they_never_named(world) -> None:
    model = taught(world, duels(30))
    belief = model.belief(model.score(world.batch))[140:]  # none of these was in a duel
    even = np.arange(140, 200) % 2 == 0
    assert np.mean(belief[even][:, None] > belief[~even][None, :]) > 0.95
    first, second = world.batch.take(np.arange(140, 200, 2)), world.batch.take(np.arange(141, 200, 2))
    logit, variance = preferred(model, difference(first, second))
    assert np.mean(logit > 0) > 0.95 and np.all(variance >= 0)
    assert np.allclose(logit, belief[even] - belief[~even], atol=1e-4), "a preference is the difference of beliefs"


def test_winning_is_no_offset(world) -> None:
    for expert in taught(world, duels(30)).experts.values():
        offset = expert.mean[-1] if isinstance(expert, DenseExpert) else expert.offset[0]  # type: ignore[attr-defined]
        assert offset == 0.0, "every duel was won by somebody"


def test_the_like_rate_does_not_hear_of_duels(world) -> None:
    singles = world.labels(40)
    model, with_duels = taught(world, singles), taught(world, [*singles, *duels(25)])
    assert with_duels.counts == model.counts and with_duels.duels == 25
    assert with_duels.head().base == model.head().base


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_swapping_a_pair_turns_its_logit(world, data: st.DataObject) -> None:
    model = taught(world, duels(12))
    a, b = data.draw(st.integers(0, 199)), data.draw(st.integers(0, 199))
    one, two = world.batch.take([a]), world.batch.take([b])
    there, back = preferred(model, difference(one, two)), preferred(model, difference(two, one))
    assert there[0][0] == pytest.approx(-back[0][0], abs=1e-5)
    assert there[1][0] == pytest.approx(back[1][0], abs=1e-5)
    p = chance(*there)[0]
    assert 0.0 < p < 1.0 and (p - 0.5) * there[0][0] >= 0


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 29))
def test_forgetting_a_duel_equals_never_having_had_it(world, gone: int) -> None:
    labels = [x for pair in zip(world.labels(15), duels(15), strict=True) for x in pair]
    learner = Learner(Model())
    learner.follow(labels, 0, rows_of(world))
    rest = labels[:gone] + labels[gone + 1 :]
    learner.follow(rest, gone, rows_of(world))
    never = taught(world, rest)
    assert np.array_equal(learner.model.score(world.batch).logit, never.score(world.batch).logit)


def test_a_snapshot_keeps_which_labels_were_pairs(world) -> None:
    model = taught(world, [*world.labels(10), *duels(8)])
    back = restore(dump(Snapshot(model, world.stats, "d", 1))).model
    assert np.array_equal(back.paired, model.paired) and back.duels == model.duels
    assert np.array_equal(back.score(world.batch).logit, model.score(world.batch).logit)
    one = Label("e", 1, 1, 1.0, other=2)
    assert labels_digest([one]) != labels_digest([Label("e", 1, 1, 1.0, other=3)])


def test_the_head_trusts_the_expert_that_foretells_pairs() -> None:
    rng = np.random.default_rng(0)
    gap = rng.standard_normal(300)
    opinions = np.column_stack([np.abs(gap) + rng.standard_normal(300), rng.standard_normal(300)])  # first is right
    head = fit_head(
        opinions, np.ones(300), np.ones(300), (0.0, 0.0), HeadOptions(), pairs=Pairs(np.ones(300, bool), 300.0)
    )
    assert head.weight[0] > 2 * head.weight[1]
    assert abs(head.offset) < 1e-9, "three hundred pairs that were won say nothing of the like rate"


def test_a_judge_s_number_is_learned_from_pairs() -> None:
    good, bad = ScalarExpert(1, 2.0, 512), ScalarExpert(1, 2.0, 512)
    rng = np.random.default_rng(1)
    for gap in np.abs(rng.standard_normal(80)):
        good.learn(np.array([gap]), 1, 1.0, paired=True)
        bad.learn(np.array([-gap]), 1, 1.0, paired=True)
    one = np.array([[1.0]])
    assert good.opinion(one)[0] > 0.5 > 0.05 > bad.opinion(one)[0]
    twin = ScalarExpert(1, 2.0, 512)
    twin.restore(good.state())
    assert np.array_equal(twin.left_out(), good.left_out())


def test_what_is_unsure_tells_most() -> None:
    told = worth(np.array([0.0, 4.0, 0.0]), np.array([1.0, 1.0, 0.1]))
    assert told[0] > told[1] and told[0] > told[2]


def test_duels_are_labels_that_undo_takes_back() -> None:
    book = LabelBook()
    like, duel = Event("like", 1), Event("duel", 1, {"chosen": 1, "other": 2})
    for event in (like, duel):
        book.add(event)
    assert [(x.item_id, x.other, x.whole) for x in book.labels] == [(1, 0, True), (1, 2, False)]
    assert not book.touched(2), "having been compared is not having been seen"
    assert book.undo(duel.id) == 1 and book.undo(duel.id) is None
    assert [x.item_id for x in book.labels] == [1]


@pytest.mark.parametrize("other", [None, 0, 1, "2", -3])
def test_a_duel_without_another_item_says_nothing(other: object) -> None:
    event = Event("duel", 1, {"chosen": 1, "other": other})
    assert labels_from_events([event]) == []
    book = LabelBook()
    book.add(Event("skip", 3))
    book.add(event)
    assert book.undo(event.id) is None and len(book.labels) == 1
