"""Passages: whole sentences, nothing lost, the best of them within a budget; what they are worth."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.ask import passages as cutting
from penchant.app.ask.evidence import ALONE, ENOUGH, Evidence, evidence, weights
from penchant.app.ask.passages import LONGEST, Passage, Source, choose, cut, rate, sentences


def test_sentences_end_where_they_end() -> None:
    text = 'Owls hunt at 3.5 m. "They do," said Dr. Ada. J. Pell knew. End'
    assert sentences(text) == ["Owls hunt at 3.5 m.", '"They do," said Dr. Ada.', "J. Pell knew.", "End"]
    assert sentences("梟は夜に狩る。朝は眠る。") == ["梟は夜に狩る。", "朝は眠る。"]


def test_a_text_of_nothing_but_initials_costs_no_more_than_another(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    class Counting:
        def search(self, text: str) -> object:
            looked.append(len(text))
            return short.search(text)

    short = cutting._SHORT
    monkeypatch.setattr(cutting, "_SHORT", Counting())
    text = "A. " * 2_000
    assert sentences(text) == [text.strip()]
    assert len(looked) >= 1_999 and sum(looked) < 20 * len(text), "what was read before is not read again"


@given(st.text(alphabet="ab. \n!?x", max_size=3_000))
def test_cutting_loses_no_word_and_keeps_to_the_length(text: str) -> None:
    found = cut(text)
    assert "".join("".join(found).split()) == "".join(text.split())
    assert all(len(each) <= 2 * LONGEST for each in found)


def test_a_sentence_without_an_end_is_broken() -> None:
    assert [len(each) for each in cut("x" * 1_500)] == [700, 700, 100]
    assert all(len(each) <= LONGEST for each in cut("word " * 400))


def shelf() -> tuple[list[Source], list[Passage]]:
    sources = [
        Source(1, "Clocks", "Owls and clocks."),
        Source(2, "", "Trams."),
        Source(3, "Bread", "A clock of bread."),
    ]
    return sources, [Passage(n, 0, source.text) for n, source in enumerate(sources)]


def test_rare_words_count_and_those_of_the_heading_a_little_less() -> None:
    sources, passages = shelf()
    known = weights({"clock": 3, "bread": 1, "nowher": 0}, 1_000)
    assert known["nowher"] > known["bread"] > known["clock"] > 0
    rated = rate(passages, sources, known)
    assert rated[1].coverage == 0.0 < rated[0].coverage < rated[2].coverage < 1.0
    only_head = rate([Passage(0, 0, "Nothing.")], sources, known)[0]
    assert 0.0 < only_head.coverage < rated[0].coverage


def test_the_best_are_taken_in_the_order_of_their_sources() -> None:
    passages = [
        Passage(0, 0, "a", 0.6), Passage(0, 1, "b", 0.9), Passage(1, 0, "c", 1.0), Passage(2, 0, "d", 0.1),
        Passage(3, 0, "e", 0.8),
    ]  # fmt: skip
    chosen = choose(passages, [10] * 5, 30, 2)
    assert [each.text for each in chosen] == ["c", "a", "b"], "the weak one and the third source are left out"
    assert [each.text for each in choose(passages, [10, 25, 10, 10, 10], 22, 5)] == ["c", "e"]
    assert choose(passages, [50] * 5, 30, 2) == []


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9), st.floats(0, 1)), max_size=20), st.integers(0, 100),
    st.integers(1, 5),
)  # fmt: skip
def test_the_budget_is_kept(drawn: list[tuple[int, int, float]], room: int, most: int) -> None:
    passages = [Passage(source, at, "x", score) for source, at, score in drawn]
    chosen = choose(passages, [7] * len(passages), room, most)
    assert 7 * len(chosen) <= room and len({each.source for each in chosen}) <= most


@pytest.mark.parametrize(
    ("coverage", "cosine", "enough"),
    [(ALONE, -0.5, True), (0.5, ENOUGH - 0.5, True), (0.5, 0.2, False), (0.0, 0.8, False), (0.4, 0.4, False)],
)
def test_evidence_is_words_and_meaning_together(coverage: float, cosine: float, enough: bool) -> None:
    assert Evidence(coverage, cosine).enough is enough


def test_evidence_is_that_of_one_passage() -> None:
    found = evidence([Passage(0, 0, "a", 0.6, 0.0), Passage(1, 0, "b", 0.0, 0.5)], {"x": 0, "y": 4})
    assert (found.coverage, found.cosine, found.unknown) == (0.6, 0.0, ("x",))
    assert not evidence([], {"x": 0}).enough


def test_a_word_that_everybody_uses_still_says_a_little() -> None:
    found = weights({"the": 1_000, "owl": 3, "gnome": 0}, 1_000)
    assert found["the"] == 0.1 < found["owl"] < found["gnome"]
