"""The judge's history: dealt fairly, within its tokens, never holding what it judges."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.judge import history


def words(text: str) -> int:
    return len(text.split())


def lines_of(likes: list[int], skips: list[int], size: int = 5) -> dict[int, str]:
    return {i: " ".join(f"w{i}" for _ in range(size)) for i in [*likes, *skips]}


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 400), st.integers(1, 30), st.integers(1, 4))
def test_folds_are_even_disjoint_and_within_their_tokens(
    likes: int, skips: int, tokens: int, size: int, number: int
) -> None:
    liked, skipped = list(range(likes)), list(range(1_000, 1_000 + skips))
    lines = lines_of(liked, skipped, size)
    dealt = history.folds(liked, skipped, lines, tokens, words, number)
    held = [i for fold in dealt for i in (*fold.likes, *fold.skips)]
    assert len(held) == len(set(held)) and set(held) <= {*liked, *skipped}
    assert len(dealt) <= (number if min(likes, skips) >= history.TWO else 1)
    for place, fold in enumerate(dealt):
        assert len(fold.likes) == len(fold.skips) >= 1
        assert all(words(text) <= tokens for text in history.prefixes(fold, lines))
        for item in (*fold.likes, *fold.skips):
            assert place not in history.judges(lines[item], dealt)
            assert len(history.judges(lines[item], dealt)) == len(dealt) - 1
        assert not set(history.reference(dealt, place)) & {*fold.likes, *fold.skips}
    assert history.judges("never seen", dealt) == list(range(len(dealt)))


def test_the_latest_are_taken_and_the_most_recent_stands_last() -> None:
    liked, skipped = list(range(40)), list(range(100, 140))
    lines = lines_of(liked, skipped)
    first, second = history.folds(liked, skipped, lines, 54, words)
    assert first.likes == (14, 12, 10, 8, 6, 4, 2, 0) and second.likes == (15, 13, 11, 9, 7, 5, 3, 1)
    text = history.prefixes(first, lines)[0]
    assert text.startswith(history.HEADING) and text.index("w14 ") < text.index("w0 ")


def test_both_lists_stand_under_the_same_heading_and_a_chat_names_them() -> None:
    """What a post says of likes is as likely after either list as the lists make it, and no likelier."""
    liked, skipped = list(range(10)), list(range(100, 110))
    lines = lines_of(liked, skipped)
    for fold in history.folds(liked, skipped, lines, 1_000, words):
        turned = history.Fold(fold.skips, fold.likes, fold.texts)
        assert history.prefixes(turned, lines) == history.prefixes(fold, lines)[::-1]
        assert not {"like", "reader", "skip"} & set(history.HEADING.lower().split())
        said = history.told(fold, lines)
        assert said.index(history.LIKED) < said.index(lines[fold.likes[0]]) < said.index(history.SKIPPED)
        assert said.index(history.SKIPPED) < said.index(lines[fold.skips[0]])


def test_equal_texts_stand_in_one_place_only() -> None:
    liked, skipped = list(range(10)), list(range(100, 110))
    lines = lines_of(liked, skipped) | {5: "the same", 105: "the same", 106: ""}
    dealt = history.folds(liked, skipped, lines, 1_000, words)
    held = [lines[i] for fold in dealt for i in (*fold.likes, *fold.skips)]
    assert held.count("the same") == 1 and "" not in held


def test_few_decisions_make_one_pair_and_none_make_none() -> None:
    lines = lines_of([1, 2, 3], [11, 12, 13])
    (only,) = history.folds([1, 2, 3], [11, 12, 13], lines, 1_000, words)
    assert only.likes == (3, 2, 1) and history.reference([only], 0) == []
    assert history.folds([1, 2, 3], [], lines, 1_000, words) == ()
    assert history.folds([1, 2, 3], [11, 12, 13], lines, 5, words) == (), "not even one item fits"


def test_opinions_are_taken_from_each_folds_own_centre() -> None:
    centres = [history.centre([-0.1, -0.3]), history.centre([0.5, 0.1])]
    assert centres == pytest.approx([-0.2, 0.3]) and history.centre([]) == 0.0
    assert history.opinion({0: 0.0, 1: 0.5}, centres) == pytest.approx(0.2)
    assert history.opinion({1: 0.5}, centres) == pytest.approx(0.2)
    with pytest.raises(ValueError, match="no fold"):
        history.opinion({}, centres)


@given(st.text(max_size=600))
def test_a_line_is_one_line_within_its_length(text: str) -> None:
    found = history.line(text)
    assert len(found) <= history.CHARACTERS and len(found.splitlines()) <= 1 and found == found.strip()


@given(st.integers(0, 200), st.integers(0, 60), st.sets(st.integers(0, 199), max_size=150))
def test_assumed_skips_are_spread_over_what_was_never_touched(pool: int, number: int, known: set[int]) -> None:
    found = history.pseudo_skips(range(pool), known, number)
    left = [i for i in range(pool) if i not in known]
    assert len(found) == len(set(found)) == min(number, len(left)) and set(found) <= set(left)
    if len(found) > 1:
        gaps = [left.index(b) - left.index(a) for a, b in pairwise(found)]
        assert max(gaps) - min(gaps) <= 1


def test_a_line_of_just_the_length_is_whole_and_a_longer_one_ends_at_a_near_space_only() -> None:
    whole = "word " * 7 + "longer"
    assert history.line(whole, len(whole)) == whole
    assert history.line(whole, len(whole) - 1) == whole.rpartition(" ")[0]
    far = "half of what has room " + "x" * 90
    assert history.line(far, 40) == far[:40], "to a space far back would be half of it"


def test_items_that_fill_the_room_to_the_last_token_fit() -> None:
    liked, skipped = list(range(3)), list(range(100, 103))
    lines = lines_of(liked, skipped)
    room = words(history.prefix(history.HEADING, [lines[n] for n in liked]))
    for less in (0, 1):
        [fold] = history.folds(liked, skipped, lines, room - less, words)
        assert len(fold.likes) == 3 - less
