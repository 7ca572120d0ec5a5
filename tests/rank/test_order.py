"""The list-wise step: a permutation, deterministic, varied, fresh, exploring, with an ear for people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.rank.order import EXPLORED, PEOPLE, Columns, OrderOptions, columns, order
from penchant.app.rank.types import RankItem

NOW = 2e9
DAY = 86400.0


def items(n: int, **fields) -> list[RankItem]:  # type: ignore[no-untyped-def]
    return [replace(RankItem(i, b"", published=NOW, first_seen=NOW), **fields) for i in range(n)]


def unit(n: int, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal((n, 32)).astype(np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def ranked(what: list[RankItem] | Columns, belief: np.ndarray, static: np.ndarray, **more) -> list[int]:  # type: ignore[no-untyped-def]
    cols = what if isinstance(what, Columns) else columns(what)
    return order(cols, belief, static, NOW, **more)[0].tolist()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 300), st.integers(0, 5))
def test_every_item_stands_exactly_once_and_equal_input_gives_equal_order(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    made = [replace(i, author_key=f"a{i.item_id % 7}", source_key=f"s{i.item_id % 3}") for i in items(n)]
    belief, drawn, static = rng.standard_normal(n), rng.standard_normal(n), unit(n)
    first = ranked(made, belief, static, drawn=drawn, seed=seed)
    assert sorted(first) == list(range(n))
    assert first == ranked(made, belief, static, drawn=drawn, seed=seed)


def test_without_other_reasons_the_better_and_then_the_newer_comes_first() -> None:
    made = [replace(i, published=NOW - i.item_id) for i in items(50)]
    belief = np.zeros(50)
    belief[30] = 1.0
    assert ranked(made, belief, unit(50))[:3] == [30, 0, 1]


def test_age_fades_by_its_half_life_and_no_further_than_its_floor() -> None:
    half = OrderOptions().half_life * DAY
    made = items(3)
    made[0] = replace(made[0], published=NOW - half)
    made[1] = replace(made[1], published=NOW - 400 * DAY)
    assert ranked(made, np.array([0.68, 1.45, 0.0]), unit(3)) == [2, 0, 1]
    assert ranked(made, np.array([0.70, 1.55, 0.0]), unit(3)) == [1, 0, 2]


def test_one_author_does_not_flood_the_top() -> None:
    made = [replace(i, author_key="loud" if i.item_id < 40 else f"a{i.item_id}") for i in items(80)]
    belief = np.where(np.arange(80) < 40, 1.0, 0.5)
    top = ranked(made, belief, unit(80))[:5]
    assert sum(row < 40 for row in top) <= 2


def test_near_copies_of_one_story_are_spread() -> None:
    static = unit(400)
    static[:300] = static[0]
    belief = np.where(np.arange(400) < 300, 0.6, 0.3)
    top = ranked([replace(i, author_key=f"a{i.item_id}") for i in items(400)], belief, static)[:10]
    assert sum(row < 300 for row in top) <= 3


def test_what_several_people_brought_lately_rises_and_says_so() -> None:
    crowd = tuple((f"p{k}", f"P{k}", "boost", NOW - 3600.0) for k in range(5))
    made = items(30)
    made[20] = replace(made[20], people=crowd)
    made[21] = replace(made[21], people=tuple((k, n, h, NOW - 3 * DAY) for k, n, h, _ in crowd))
    made[22] = replace(made[22], people=(crowd[0], (*crowd[0][:2], "link", NOW)))  # one person twice
    belief = -np.arange(30) / 30.0
    rows, notes = order(columns(made), belief, unit(30), NOW)
    assert rows[0] == 20 and notes == {20: PEOPLE}
    quiet = order(columns(made), belief, unit(30), NOW, options=OrderOptions(people=0.0))
    assert quiet[0].tolist().index(20) >= 15


def test_exploration_is_fixed_for_a_visit_marked_and_spares_the_first_three() -> None:
    n = 300
    belief = np.linspace(2, -2, n)
    drawn = np.random.default_rng(0).standard_normal(n) * 3
    cols, static = columns(items(n)), unit(n)
    rows, notes = order(cols, belief, static, NOW, drawn=drawn, seed=1)
    explored = [i for i, row in enumerate(rows.tolist()) if notes.get(row) == EXPLORED]
    assert 6 <= len(explored) <= 14 and min(explored) >= 3
    assert rows[:3].tolist() == ranked(cols, belief, static)[:3]
    other, _ = order(cols, belief, static, NOW, drawn=drawn, seed=2)
    assert other.tolist() != rows.tolist()
    share = OrderOptions(explore=0.0)
    assert order(cols, belief, static, NOW, drawn=drawn, seed=1, options=share)[1] == {}


def test_taking_rows_keeps_ties_and_people_right() -> None:
    made = [replace(i, published=NOW - i.item_id % 4) for i in items(20)]
    made[11] = replace(made[11], people=(("a", "A", "post", NOW), ("b", "B", "boost", NOW)))
    rows = np.array([1, 3, 8, 11, 12])
    part, whole = columns(made).take(rows), columns([made[r] for r in rows])
    for name in ("ids", "at", "newest"):
        assert np.array_equal(getattr(part, name), getattr(whole, name))
    assert [p[0] for p in part.brought] == [p[0] for p in whole.brought] == [3]


@pytest.mark.parametrize("published", [None, NOW + 5 * DAY])
def test_an_item_without_a_date_or_from_the_future_counts_from_its_arrival(published: float | None) -> None:
    assert RankItem(1, b"", published=published, first_seen=NOW - DAY).at == NOW - DAY
