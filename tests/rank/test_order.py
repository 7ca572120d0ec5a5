"""The list-wise step: a permutation, deterministic, varied, fresh, exploring, with an ear for people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.rank.order import EXPLORED, PEOPLE, Ordered, OrderOptions, order
from penchant.app.rank.order_columns import Columns, columns, join
from penchant.app.rank.types import RankItem

NOW = 2e9
DAY = 86400.0


def items(n: int, **fields) -> list[RankItem]:  # type: ignore[no-untyped-def]
    return [replace(RankItem(i, b"", published=NOW, first_seen=NOW), **fields) for i in range(n)]


def unit(n: int, seed: int = 0) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal((n, 32)).astype(np.float32)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def found(what: list[RankItem] | Columns, belief: np.ndarray, near: np.ndarray, **more) -> Ordered:  # type: ignore[no-untyped-def]
    return order(what if isinstance(what, Columns) else columns(what), belief, near, NOW, **more)


def ranked(what: list[RankItem] | Columns, belief: np.ndarray, near: np.ndarray, **more) -> list[int]:  # type: ignore[no-untyped-def]
    return found(what, belief, near, **more).rows.tolist()


def crowd(*names: str, how: str = "boost", at: float = NOW - 3600.0) -> tuple[tuple[str, str, str, float], ...]:
    return tuple((name, name.upper(), how, at) for name in names)


FIVE = crowd("a", "b", "c", "d", "e")


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 300), st.integers(0, 5), st.sampled_from([0.0, 0.1, 0.5]), st.booleans())
def test_every_item_stands_or_is_folded_exactly_once_and_equal_input_gives_equal_order(
    n: int, seed: int, share: float, stories: bool
) -> None:
    rng = np.random.default_rng(seed)
    people = [crowd(*rng.choice(list("abcdef"), int(rng.integers(0, 5)), replace=False)) for _ in range(n)]
    made = [
        replace(i, author_key=f"a{i.item_id % 7}", source_key=f"s{i.item_id % 3}", people=who)
        for i, who in zip(items(n), people, strict=True)
    ]
    belief, drawn, near = rng.standard_normal(n), rng.standard_normal((2, n)), unit(n)
    more = {"drawn": drawn, "seed": seed, "options": OrderOptions(explore=share)}
    if stories:
        more |= {"story": rng.integers(0, max(1, n // 3), n), "told": rng.random(n) < 0.2}
    first = found(made, belief, near, **more)
    assert sorted([*first.rows.tolist(), *(r for rows in first.folded.values() for r in rows)]) == list(range(n))
    assert set(first.folded) | set(first.notes) <= set(first.rows.tolist())
    again = found(made, belief, near, **more)
    assert (first.rows.tolist(), first.notes, first.folded) == (again.rows.tolist(), again.notes, again.folded)


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


def test_each_row_fades_by_its_own_half_life() -> None:
    made = [replace(i, published=NOW - DAY) for i in items(2)]
    assert ranked(made, np.array([0.5, 0.0]), unit(2), half_life=np.array([0.5, 50.0])) == [1, 0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 9), st.sampled_from([0.0, 0.1, 0.5]), st.booleans())
def test_no_two_of_the_first_five_are_by_one_author(seed: int, share: float, talked: bool) -> None:
    rng = np.random.default_rng(seed)
    made = [replace(i, author_key=f"a{int(rng.integers(0, 6))}") for i in items(80)]
    made = [replace(i, author_key="loud") if i.item_id < 60 else i for i in made]
    if talked:
        made = [replace(i, people=FIVE) if i.item_id < 30 else i for i in made]
    belief = np.where(np.arange(80) < 60, 3.0, 0.0) + rng.standard_normal(80) * 0.1
    drawn = rng.standard_normal((4, 80)) * 3
    top = ranked(made, belief, unit(80), drawn=drawn, seed=seed, options=OrderOptions(explore=share))[:5]
    assert len({made[row].author_key for row in top}) == 5


def test_one_author_alone_fills_the_list_anyway() -> None:
    assert len(ranked(items(9, author_key="only"), np.zeros(9), unit(9))) == 9


def test_near_copies_that_are_no_story_are_spread() -> None:
    near = unit(400)
    near[:300] = near[0]
    belief = np.where(np.arange(400) < 300, 0.6, 0.3)
    top = ranked([replace(i, author_key=f"a{i.item_id}") for i in items(400)], belief, near)[:10]
    assert sum(row < 300 for row in top) <= 3


def test_a_story_is_one_card_its_best_and_knows_the_others() -> None:
    belief = np.zeros(40)
    belief[[3, 8]] = 1.0, 2.0
    story = np.arange(40)
    story[:30] = 77
    out = found(items(40), belief, unit(40), story=story)
    assert out.rows[0] == 8 and sorted(out.folded[8]) == [i for i in range(30) if i != 8] and out.folded[8][0] == 3
    assert len(out.rows) == 11


def test_a_story_that_was_told_sinks_and_gets_no_place_for_people() -> None:
    made = items(30)
    made[4] = replace(made[4], people=FIVE)
    told = np.arange(30) == 4
    belief = np.where(told, 2.0, 0.0)
    assert ranked(made, belief, unit(30))[0] == 4
    out = found(made, belief, unit(30), told=told)
    assert out.rows[-1] == 4 and 4 not in out.notes


def test_what_several_people_brought_lately_rises_and_says_so() -> None:
    made = items(30)
    made[20] = replace(made[20], people=FIVE)
    made[21] = replace(made[21], people=crowd("a", "b", "c", at=NOW - 3 * DAY))
    made[22] = replace(made[22], people=(*crowd("a"), *crowd("a", how="link", at=NOW)))  # one person twice
    belief = -np.arange(30) / 30.0
    out = found(made, belief, unit(30))
    assert out.rows[0] == 20 and out.notes == {20: PEOPLE} and out.people[20] == 5
    quiet = found(made, belief, unit(30), options=OrderOptions(people=0.0))
    assert quiet.rows.tolist().index(20) == 20 and quiet.notes == {}, "its content rank, exactly"


def test_one_place_in_ten_is_for_what_three_people_brought_however_little_it_fits() -> None:
    made = items(60)
    for row in (40, 41):
        made[row] = replace(made[row], people=crowd("a", "b", "c"))
    made[42] = replace(made[42], people=crowd("a", "b"))
    belief = -np.arange(60) / 6.0
    belief[[40, 41]] = -3.9, -4.1
    rows = ranked(made, belief, unit(60))
    assert rows.index(40) < 10 <= rows.index(41) < 20 <= rows.index(42)
    belief[40] = -8.0
    assert ranked(made, belief, unit(60)).index(40) > 20, "what the reader silenced stays down"


def test_people_who_link_to_one_address_count_together() -> None:
    made = items(30)
    for row, who in ((11, "a"), (12, "b"), (13, "c")):
        made[row] = replace(made[row], people=crowd(who, how="post"))
    story = np.arange(100, 130)
    alone = found(made, -np.arange(30) / 10.0, unit(30), story=story)
    assert alone.notes == {}
    story[[11, 12, 13]] = 5
    out = found(made, -np.arange(30) / 10.0, unit(30), story=story)
    assert out.people[11] == 3 and out.notes == {11: PEOPLE} and out.rows.tolist().index(11) < 10


def test_exploration_is_fixed_for_a_visit_marked_and_spares_the_first_three() -> None:
    n = 300
    belief = np.linspace(2, -2, n)
    drawn = np.random.default_rng(0).standard_normal((2, n)) * 3
    cols, near = columns(items(n)), unit(n)
    out = found(cols, belief, near, drawn=drawn, seed=1)
    explored = [i for i, row in enumerate(out.rows.tolist()) if out.notes.get(row) == EXPLORED]
    assert 6 <= len(explored) <= 14 and min(explored) >= 3
    assert out.rows[:3].tolist() == ranked(cols, belief, near)[:3]
    assert ranked(cols, belief, near, drawn=drawn, seed=2) != out.rows.tolist()
    assert found(cols, belief, near, drawn=drawn, seed=1, options=OrderOptions(explore=0.0)).notes == {}


def test_exploration_goes_on_below_what_is_on_screen_and_does_not_slide_away() -> None:
    n = 400
    drawn = np.random.default_rng(0).standard_normal((2, n)) * 3
    cols, near, belief = columns(items(n)), unit(n), np.linspace(2, -2, n)
    shown: list[int] = []
    met = 0
    while len(shown) < 100:
        rest = np.array([row for row in range(n) if row not in set(shown)])
        out = order(cols.take(rest), belief[rest], near[rest], NOW, drawn=drawn[:, rest], seed=5, above=len(shown))
        met += sum(out.notes.get(row) == EXPLORED for row in out.rows[:4].tolist())
        shown += rest[out.rows[:4]].tolist()
    assert 7 <= met <= 12


def test_explored_items_differ_from_one_another() -> None:
    n, near = 300, unit(300)
    near[200:] = near[200]
    drawn = np.where(np.arange(n) >= 200, 9.0, 0.0) + np.linspace(0, 0.1, n)
    out = found(columns(items(n)), np.linspace(2, -2, n), near, drawn=drawn, seed=1)
    explored = [row for row, note in out.notes.items() if note == EXPLORED]
    assert sum(row >= 200 for row in explored) == 1 and len(explored) > 6


def test_taking_rows_keeps_ties_and_people_right() -> None:
    made = [replace(i, published=NOW - i.item_id % 4) for i in items(20)]
    made[11] = replace(made[11], people=(("a", "A", "post", NOW), ("b", "B", "boost", NOW)))
    made[2] = replace(made[2], people=crowd("z"))
    rows = np.array([1, 3, 8, 11, 12])
    both = join([columns(made[:7]), columns(made[7:])])
    for part in (columns(made).take(rows), both.take(rows)):
        whole = columns([made[r] for r in rows])
        for name in ("ids", "at", "newest", "start", "who", "when"):
            assert np.array_equal(getattr(part, name), getattr(whole, name)), name


@pytest.mark.parametrize("published", [None, NOW + 5 * DAY])
def test_an_item_without_a_date_or_from_the_future_counts_from_its_arrival(published: float | None) -> None:
    assert RankItem(1, b"", published=published, first_seen=NOW - DAY).at == NOW - DAY
