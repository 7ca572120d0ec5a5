"""Names of papers in texts: every spelling, nothing invented, titles whole."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penchant.app.scholar.names import MOST, Titles, arxiv, doi, mentioned, own, phrase, title_words


@pytest.mark.parametrize(
    "text",
    [
        "see arXiv:2301.00001", "see arxiv: 2301.00001v3.", "https://arxiv.org/abs/2301.00001v2",
        "arxiv.org/pdf/2301.00001", "https://arxiv.org/html/2301.00001v1#S2", "https://doi.org/10.48550/arXiv.2301.00001",
        "https://huggingface.co/papers/2301.00001", "(arXiv:2301.00001)",
    ],
)  # fmt: skip
def test_spellings_of_one_paper(text: str) -> None:
    assert mentioned([text]) == ["arxiv:2301.00001"]


def test_old_identifiers() -> None:
    assert mentioned(["arXiv:math.GT/0309136v2 and https://arxiv.org/abs/hep-th/9901001"]) == [
        "arxiv:math/0309136", "arxiv:hep-th/9901001"
    ]  # fmt: skip
    assert arxiv("math.GT/0309136") == arxiv("math/0309136v1")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("doi:10.1000/XYZ.123.", ["doi:10.1000/xyz.123"]),
        ("(https://doi.org/10.1016/S0140-6736(20)30183-5)", ["doi:10.1016/s0140-6736(20)30183-5"]),
        ("version 10.1 of the 2301.00001 release, 12.3456/7", []),
        ("arxiv:2301.123456 is none", []),
        ("", []),
    ],
)
def test_what_is_one_and_what_is_none(text: str, names: list[str]) -> None:
    assert mentioned([text]) == names


@given(st.lists(st.text(max_size=300), max_size=5))
def test_any_text(texts: list[str]) -> None:
    found = mentioned(texts)
    assert len(found) == len(set(found)) <= MOST and mentioned(texts) == found
    assert all(name.startswith(("arxiv:", "doi:")) for name in found)


def test_a_text_of_names_is_bounded() -> None:
    assert len(mentioned([" ".join(f"arXiv:2301.{n:05}" for n in range(3000))])) == MOST


def test_own_names() -> None:
    assert own("arxiv", ["arxiv:2301.00001"], "https://arxiv.org/abs/2301.00001", {"doi": "10.1000/Ab 10.1000/c"}) == [
        "arxiv:2301.00001", "doi:10.1000/ab", "doi:10.1000/c"
    ]  # fmt: skip
    assert own("hackernews", ["hn:1"], "https://arxiv.org/abs/2301.00001v1", {}) == ["arxiv:2301.00001"]
    assert own("rss", ["x"], "https://example.org/arxiv.org/abs/2301.00001", {"doi": 5}) == []
    assert own("rss", ["x"], "not an address [", {"doi": None}) == []


TITLE = "Attention Is All You Need: Transformers, Explained"


def test_titles_are_found_whole_whatever_their_case_and_marks() -> None:
    titles = Titles(
        [("arxiv:1", TITLE), ("arxiv:2", "Too short a title"[:9]), ("arxiv:3", "Une étude de la vérité cachée")]
    )
    assert list(titles.found(f"As “{TITLE.lower()}” says; une etude\nde la verite cachee!")) == ["arxiv:1", "arxiv:3"]
    assert list(titles.found("attention is all you need")) == [], "a part of it is not it"
    assert not Titles([("a", "four words are few")]) and phrase("four words are few") == ""
    assert phrase('Say "yes" to all of it') == '"say yes to all of it"'


@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=40))
def test_a_title_is_found_wherever_it_stands(title: str, before: str, after: str) -> None:
    found = list(Titles([("n", title)]).found(f"{before} {title} {after}"))
    assert ("n" in found) == (len(title_words(title)) >= 5)


@example(" :")
@example("a>)")
@given(st.text(max_size=60))
@example(" :")
@example("a) .")
def test_spellings_of_a_doi_settle(text: str) -> None:
    name = doi(f"10.1000/{text}")
    assert name == doi(name.removeprefix("doi:")) or name.startswith("arxiv:")
