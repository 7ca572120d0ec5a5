"""What the judge does next: what matters first, opinions that expire, a budget, a reader left in peace."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.judging_plan import (
    CALM,
    FEWEST,
    HOUR,
    OLD_IS_WORTH,
    Budget,
    History,
    Item,
    Known,
    calm_in,
    covered,
    due,
    enough,
    history_of,
    moved,
    sides,
    worth,
)

NOW = 1_000_000.0


def item(number: int, at: float = NOW, place: int | None = None, probability: float = 0.5, text: str = "") -> Item:
    return Item(number, (text or f"text {number}").encode(), at, place, probability)


def ids(found: list[Item]) -> list[int]:
    return [each.item_id for each in found]


def test_what_may_be_shown_soon_or_is_unsure_comes_first_and_the_newest_among_equals() -> None:
    unseen = [
        item(1, place=500, probability=0.02),  # far down, and surely not liked
        item(2, place=0, probability=0.02),  # on top
        item(3, place=500, probability=0.5, at=NOW - 100),  # nobody knows
        item(4, place=500, probability=0.5, at=NOW - 50),
        item(5, place=None, probability=0.01, at=NOW - 5000),
    ]
    assert ids(due(unseen, [], {}, "h")) == [2, 4, 3, 1, 5]


def test_the_latest_decision_comes_first() -> None:
    decided = [item(n, at=NOW + n) for n in (10, 12, 11)]
    assert ids(due([], decided, {}, "h")) == [12, 11, 10]


def test_equal_texts_are_judged_once_and_those_set_aside_never() -> None:
    unseen = [item(1, text="same"), item(2, text="same"), item(3, text="bad"), item(4, text="decided")]
    decided = [item(5, text="decided"), item(6, text="bad")]
    assert sorted(ids(due(unseen, decided, {}, "h", {b"bad"}))) == [2, 5]


def test_decided_and_unseen_take_turns() -> None:
    unseen = [item(n, at=NOW - n) for n in range(4)]
    decided = [item(n, at=NOW + n) for n in range(10, 13)]
    assert ids(due(unseen, decided, {}, "h")) == [0, 12, 1, 11, 2, 10, 3]


def test_an_opinion_of_an_older_history_is_refreshed_after_what_has_none() -> None:
    unseen = [item(1, place=0), item(2, place=3), item(3, place=3_000, probability=0.01)]
    known = {b"text 1": Known("old", 0.0), b"text 3": Known("h", 0.0)}
    assert ids(due(unseen, [], known, "h")) == [2, 1]
    assert worth(0, 0.5) - OLD_IS_WORTH > worth(3_000, 0.01), "but it is not put off for ever"


def test_what_was_said_before_a_decision_stays_whatever_history_it_had() -> None:
    decided = [item(1, at=500.0), item(2, at=500.0), item(3, at=500.0), item(4, at=500.0)]
    known = {b"text 1": Known("old", 400.0), b"text 2": Known("old", 600.0), b"text 3": Known("h", 600.0)}
    assert ids(due([], decided, known, "h")) == [4, 2]
    assert ids(due([], decided, {b"text 1": Known("old", 500.0)}, "h")) == [4, 3, 2, 1], "at once is not before"


def test_a_model_is_heard_once_it_knows_the_decided_and_the_first_places() -> None:
    unseen, decided = [item(1, place=0), item(2, place=400), item(3)], [item(9)]
    assert covered(unseen, decided, {b"text 1", b"text 9"})
    assert not covered(unseen, decided, {b"text 1", b"text 2"}) and not covered(unseen, decided, {b"text 9"})
    assert not covered([], [], set()), "nothing is no reason"
    many = [item(n, place=n) for n in range(50)]
    assert covered(many, decided, {b"text 9", *(b"text %d" % n for n in range(45))})
    assert not covered(many, decided, {b"text 9", *(b"text %d" % n for n in range(44))})


@given(
    st.lists(st.builds(item, st.integers(0, 30), st.floats(0, 1e6), st.none() | st.integers(0, 9), st.floats(0, 1))),
    st.lists(st.builds(item, st.integers(31, 60), st.floats(0, 1e6))),
    st.dictionaries(
        st.integers(0, 60).map(lambda n: f"text {n}".encode()),
        st.builds(Known, st.sampled_from(["h", "o"]), st.floats(0, 1e6)),
    ),
)
def test_everything_without_a_fresh_opinion_comes_once(
    unseen: list[Item], decided: list[Item], known: dict[bytes, Known]
) -> None:
    texts = [each.text for each in due(unseen, decided, known, "h")]
    assert len(set(texts)) == len(texts)
    fresh = {text for text, opinion in known.items() if opinion.history == "h"}
    assert not fresh & set(texts)
    assert {each.text for each in unseen} - fresh <= set(texts)
    assert {each.text for each in decided} - known.keys() <= set(texts)


@given(st.none() | st.integers(0, 10_000), st.floats(0, 1))
def test_worth_is_a_share(place: int | None, probability: float) -> None:
    assert 0.0 <= worth(place, probability) <= 1.0
    assert worth(place, probability) >= worth(None, probability)


# -- the history
TEXTS = {n: b"%d" % n for n in range(200)}


def test_a_history_is_named_by_its_texts_and_not_by_their_order_or_numbers() -> None:
    one = history_of([1, 2, 3], [4, 5], False, TEXTS)
    same = history_of([33, 11, 22], [55, 44], False, {10 * n + n: b"%d" % n for n in range(6)})
    assert one.version == same.version and one.version.startswith("3+2:") and sides(one.version) == (3, 2, False)
    others = [([1, 2], [4, 5]), ([1, 2, 3], [4, 6]), ([1, 2, 4], [3, 5]), ([4, 5, 1], [2, 3])]
    assert one.version not in [history_of(*each, False, TEXTS).version for each in others]
    assumed = history_of([1, 2, 3], [4, 5], True, TEXTS)
    assert sides(assumed.version) == (3, 2, True)
    assert sides("") is None and sides("junk:3") is None


def test_other_words_for_the_same_history_are_another_history(monkeypatch: pytest.MonkeyPatch) -> None:
    one = history_of(range(9), range(9, 20), False, TEXTS)
    kept = one.to_json()
    monkeypatch.setattr("penchant.app.judging_plan.PROMPT", "another")
    assert history_of(range(9), range(9, 20), False, TEXTS).version != one.version
    assert History.from_json(kept) is None


def test_it_comes_back_from_the_archive_and_junk_is_none() -> None:
    one = history_of(range(9), range(9, 20), True, TEXTS)
    assert History.from_json(one.to_json()) == one
    for junk in (None, "", "{}", "[]", "[1,2]", '["a",[1],["x"],0]', b"x", 7):
        assert History.from_json(junk) is None


def test_it_has_moved_with_twenty_decisions_or_a_quarter_of_it() -> None:
    small = history_of(range(8), range(8, 16), False, TEXTS)
    assert not moved(small, range(8), range(8, 20), False), "four of sixteen are a quarter, and not more"
    assert moved(small, range(8), range(8, 21), False)
    assert moved(small, range(8, 16), range(8), False), "everything has changed sides"
    assert not moved(small, range(8), range(8, 12), False) and moved(small, range(8), range(8, 11), False)
    assert not moved(small, [*range(4, 8), 20, 21, 22, 23], range(8, 16), False), "four went and four came"
    large = history_of(range(60), range(60, 120), False, TEXTS)
    assert not moved(large, range(60), range(60, 139), False), "nineteen"
    assert moved(large, range(60), range(60, 140), False)


def test_assumed_skips_do_not_move_it_until_there_are_real_ones() -> None:
    one = history_of(range(20), range(50, 70), True, TEXTS)
    assert not moved(one, range(20), range(100, 120), True)
    assert moved(one, range(20), range(50, 70), False)
    assert moved(one, range(26), range(50, 70), True)


def test_a_few_of_both_sides_are_needed() -> None:
    assert enough(FEWEST, FEWEST) and not enough(FEWEST - 1, 100) and not enough(100, FEWEST - 1)


# -- when
def test_a_budget_is_of_the_last_hour_whenever_that_began() -> None:
    budget = Budget().spend(NOW, 200.0).spend(NOW + 1800, 160.0)
    assert budget.spent(NOW + 1800) == 360.0
    wait = budget.wait(NOW + 1800, 360.0)
    assert 1700 < wait <= 1800
    assert budget.wait(NOW + 1800 + wait + 1, 360.0) == 0.0
    assert Budget.from_json(budget.to_json()) == budget, "a restart forgets nothing"
    assert budget.wait(NOW, 0.0) == float("inf")
    for junk in (None, "", "[[1]]", '{"a": 1}', "[1]", "3"):
        assert Budget.from_json(junk) == Budget()


def test_a_clock_that_went_back_does_not_stop_the_judge_for_ever() -> None:
    budget = Budget().spend(NOW + 1e6, 360.0)
    assert budget.spent(NOW) == 0.0 and budget.wait(NOW, 360.0) == 0.0
    assert budget.spend(NOW, 1.0).used == ((NOW // 60 * 60, 1.0),)


@given(
    st.lists(st.tuples(st.floats(-2 * HOUR, 2 * HOUR), st.floats(0, 500)), max_size=30),
    st.floats(1, 400),
)
def test_a_clock_that_goes_back_and_forth_leaves_a_wait_of_an_hour_at_most(
    spent: list[tuple[float, float]], allowed: float
) -> None:
    budget = Budget(tuple(sorted((NOW + at, seconds) for at, seconds in spent)))
    assert 0.0 <= budget.wait(NOW, allowed) <= HOUR + 60.0


@given(st.lists(st.tuples(st.floats(0, 4 * HOUR), st.floats(0, 500)), max_size=30), st.floats(1, 400))
def test_after_the_wait_there_is_room_and_not_much_before(spent: list[tuple[float, float]], allowed: float) -> None:
    budget, now = Budget(), 0.0
    for at, seconds in sorted(spent):
        now = at
        budget = budget.spend(at, seconds)
    assert len(budget.used) <= 61
    wait = budget.wait(now, allowed)
    assert 0.0 <= wait <= HOUR
    assert budget.spent(now + wait + 1e-3) < allowed
    if wait > 1.0:
        assert budget.spent(now + wait - 1.0) >= allowed - 1e-6


@pytest.mark.parametrize(
    ("last", "wait"), [(None, 0.0), (NOW - 100, 0.0), (NOW, CALM), (NOW - 2, CALM - 2), (NOW + 1000, 0.0)]
)
def test_the_reader_is_left_in_peace(last: float | None, wait: float) -> None:
    assert calm_in(last, NOW) == wait
