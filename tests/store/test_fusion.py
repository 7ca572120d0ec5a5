"""The learned mix: bounds, order, and what a choice says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.store.fusion import CEILING, FLOOR, INSTEAD, fuse, learned, places

_PARTS = st.sampled_from(["words", "meaning", "sentence", "shadow", "picture"])
_CHOICES = st.lists(st.dictionaries(_PARTS, st.integers(-2, 500), max_size=4), max_size=60)


@given(_CHOICES, st.randoms())
def test_the_order_of_choices_does_not_matter_and_no_weight_leaves_its_bounds(choices, random) -> None:  # type: ignore[no-untyped-def]
    weights = learned(choices)
    assert all(FLOOR <= weight <= CEILING for weight in weights.values())
    random.shuffle(choices)
    assert learned(choices) == weights


@given(st.integers(1, 400), st.integers(1, 50), st.integers(51, 500))
def test_the_part_that_placed_it_higher_gains(times: int, high: int, low: int) -> None:
    weights = learned([{"words": high, "meaning": low}] * times)
    assert weights["words"] > 1 > weights["meaning"]
    more = learned([{"words": high, "meaning": low}] * (times + 1))
    assert more["words"] >= weights["words"] and more["meaning"] <= weights["meaning"]


def test_few_choices_hardly_count_and_many_do() -> None:
    choice = {"words": 1, "meaning": 10}
    assert learned([]) == {} and learned([{"words": 1}] * 100) == {}
    assert 0.9 < learned([choice] * 2)["meaning"] < 1 < learned([choice] * 2)["words"] < 1.1
    assert learned([choice] * 40)["words"] > 1.4


def test_weights_turn_a_draw() -> None:
    parts = {"words": [1, 2], "picture": [2, 1]}
    assert [item for item, _ in fuse(parts, {"words": 1.5})] == [1, 2]
    assert [item for item, _ in fuse(parts, {"picture": 1.5})] == [2, 1]


def test_meaning_adds_to_what_has_all_the_words_and_leads_where_nothing_has() -> None:
    parts = {"words": [1, 2, 3], "meaning": [9, 2]}
    assert [item for item, _ in fuse(parts, certain=True)] == [1, 2, 3, 9]
    assert [item for item, _ in fuse(parts)][:2] == [2, 9]


def test_two_models_of_meaning_count_as_one() -> None:
    both = dict(fuse({"meaning": [1], "sentence": [1], "words": [2]}))
    assert both[1] == dict(fuse({"sentence": [1], "meaning": []}))[1] == INSTEAD * both[2]


_ANYTHING = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=50, deadline=None)
@given(_ANYTHING)
def test_whatever_an_event_holds_is_read(value: object) -> None:
    assert all(isinstance(place, int) and place >= 1 for place in places(value).values())
