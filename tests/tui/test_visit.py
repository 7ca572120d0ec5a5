"""A visit: what has been on screen stays, undo brings the order back; impressions of what was passed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penchant.app.tui.gaze import Gaze
from penchant.app.tui.visit import Visit, merge

ids = st.lists(st.integers(0, 60), unique=True, max_size=40)


@given(ids, ids, ids)
def test_merge_keeps_all_once(fixed: list[int], wanted: list[int], rest: list[int]) -> None:
    merged = merge(fixed, wanted, rest)
    assert merged[: len(fixed)] == fixed
    assert sorted(merged) == sorted({*fixed, *wanted, *rest})
    assert [i for i in merged if i not in fixed and i in wanted] == [i for i in wanted if i not in fixed]


@given(ids, st.integers(0, 50), st.lists(ids, max_size=4))
def test_what_was_on_screen_never_moves(start: list[int], shown: int, orders: list[list[int]]) -> None:
    visit = Visit(start)
    visit.saw(shown)
    fixed = visit.fixed
    for order in orders:
        visit.resort(order)
        visit.extend([99])
        visit.keep(order)
        assert visit.ids[: len(fixed)] == fixed


@given(ids, st.integers(0, 20), st.integers(0, 20), st.randoms(use_true_random=False))
def test_a_late_order_respects_what_was_seen_meanwhile(
    start: list[int], then: int, more: int, random: object
) -> None:
    visit = Visit(start)
    visit.saw(then)
    fixed, basis = visit.fixed, list(visit.ids)
    tail = basis[len(fixed) :]
    random.shuffle(tail)  # type: ignore[attr-defined]
    visit.saw(then + more)
    seen = visit.fixed
    visit.adopt(fixed + tail, len(fixed), len(basis))
    assert visit.ids == merge(seen, tail)


@given(ids, ids, ids)
def test_undo_brings_the_order_back_exactly(start: list[int], first: list[int], second: list[int]) -> None:
    visit = Visit(start)
    visit.saw(3)
    before = visit.ids
    visit.remember("a")
    visit.resort(first)
    between = visit.ids
    visit.remember("b")
    visit.resort(second)
    assert visit.recall("b") and [i for i in visit.ids if i in between] == between
    assert visit.recall("a") and [i for i in visit.ids if i in before] == before
    assert not visit.recall("a")


def test_undo_of_an_older_decision_orders_anew() -> None:
    visit = Visit([1, 2, 3])
    visit.remember("a")
    visit.remember("b")
    assert not visit.recall("a")


def test_numbers_on_screen_stay() -> None:
    visit = Visit([1, 2, 3])
    visit.probability = {1: 0.1, 2: 0.2}
    visit.saw(2)
    visit.show_probability({1: 0.9, 2: 0.9, 3: 0.9})
    assert visit.probability == {1: 0.1, 2: 0.2, 3: 0.9}


def test_moving_on_is_an_impression_once() -> None:
    gaze = Gaze()
    assert gaze.select(1, 0, 10.0) == []
    (passed,) = gaze.select(2, 1, 12.5)
    assert (passed.item_id, passed.position, passed.dwell) == (1, 0, 2.5)
    assert gaze.select(1, 0, 13.0)[0].item_id == 2
    assert gaze.select(2, 1, 14.0) == []


def test_paging_passes_what_left_the_screen_at_the_top() -> None:
    gaze = Gaze()
    gaze.screen([1, 2, 3], 0, 0.0)
    passed = gaze.screen([3, 4, 5], 2, 6.0)
    assert [(p.item_id, p.position, p.dwell) for p in passed] == [(1, 0, 2.0), (2, 1, 2.0)]
    assert gaze.screen([1, 2, 3], 0, 7.0, forward=False) == []


def test_a_decision_says_more_than_passing() -> None:
    gaze = Gaze()
    gaze.select(1, 0, 0.0)
    gaze.done(1)
    assert gaze.select(2, 1, 1.0) == []


def test_a_hidden_list_is_not_looked_at() -> None:
    gaze = Gaze()
    gaze.select(1, 0, 0.0)
    gaze.screen([1, 2], 0, 0.0)
    gaze.pause()
    assert gaze.select(2, 1, 900.0) == []
    assert gaze.screen([9], 5, 900.0) == []
