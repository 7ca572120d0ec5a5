"""What the scoring service is asked, and how it answers: values, limits, the shapes of re-ranking."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.serve import rerank, score_ask
from penchant.app.serve.score_ask import MOST_ANSWERS, MOST_DOCUMENTS, MOST_SECONDS, Refused, body_of, wanted

PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
FACTS = ("text", "title", "picture", "item", "published", "tags", "points", "url", "x")
NAMES = ("documents", "questions", "reasons", "seconds", "judge", "query", "top_n", "texts", "query_weight")
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(FACTS), inner, max_size=4
    ),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(
    st.sampled_from(NAMES),
    json_values | st.lists(json_values, max_size=3),
))  # fmt: skip
def test_any_json_is_a_request_or_is_refused_in_words(body: dict[str, Any]) -> None:
    for read in (wanted, lambda given: rerank.wanted(given, "openai")):
        try:
            made = read(body)
        except Refused as error:
            assert 400 <= error.status < 500 and str(error).isprintable() and len(str(error)) < 300
        else:
            assert 0 < len(made.documents) <= MOST_DOCUMENTS and made.seconds <= MOST_SECONDS
            for each in made.documents:
                assert "\x1b" not in each.text + each.title and "\n" not in each.title + each.url


@given(st.binary(max_size=60))
def test_any_bytes_are_an_object_or_are_refused(data: bytes) -> None:
    try:
        assert isinstance(body_of(data), dict)
    except Refused as error:
        assert error.status == 400


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(Refused):
        body_of(b'{"documents":' + b"[" * 100_000)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({}, 400, "documents is a list"),
        ({"documents": []}, 400, "no documents"),
        ({"documents": ["a"], "quesitons": ["b"]}, 400, "'quesitons'"),
        ({"documents": [{"txt": "a"}]}, 400, "document 0"),
        ({"documents": [{"title": ""}]}, 400, "neither text nor picture"),
        ({"documents": ["a"] * (MOST_DOCUMENTS + 1)}, 413, "more than"),
        ({"documents": ["x" * (score_ask.LONGEST + 1)]}, 413, "characters"),
        ({"documents": ["a"], "questions": ["b"] * 17}, 413, "more than"),
        ({"documents": ["a"] * 100, "questions": ["b"] * 3}, 413, f"more than {MOST_ANSWERS} answers"),
        ({"documents": ["a"], "questions": ["b" * 241]}, 413, "240"),
        ({"documents": [{"picture": "https://x.example/p.png"}]}, 400, "nothing is fetched"),
        ({"documents": [{"picture": "data:image/png,abc"}]}, 400, "base64"),
        ({"documents": [{"picture": "~~~"}]}, 400, "no base64"),
        ({"documents": [{"picture": PIXEL}] * 33}, 413, "pictures"),
        ({"documents": [{"text": "a", "published": "soon"}]}, 400, "published"),
        ({"documents": [{"text": "a", "published": float("nan")}]}, 400, "published"),
        ({"documents": [{"text": "a", "published": 10**400}]}, 400, "published"),
        ({"documents": [{"text": "a", "points": -1}]}, 400, "points"),
        ({"documents": ["a"], "seconds": 0}, 400, "seconds"),
        ({"documents": ["a"], "seconds": True}, 400, "seconds"),
        ({"documents": ["a"], "reasons": 1}, 400, "reasons"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_refused_by_name(body: dict[str, Any], status: int, said: str) -> None:
    with pytest.raises(Refused, match=said) as refused:
        wanted(body)
    assert refused.value.status == status


def test_pictures_come_as_base64_or_data_address() -> None:
    for given_ in (PIXEL, f"data:image/png;base64,{PIXEL}", {"url": f"data:image/png;base64,{PIXEL}"}, f" {PIXEL}\n"):
        [document] = wanted({"documents": [{"image": given_}]}).documents
        assert document.picture == b"\x89PNG\r\n\x1a\n"


# -- re-ranking
TEXTS = ["bees", "engines", "bees and engines"]


def test_each_shape_is_answered_in_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for shape in ("openai", "cohere"):
        asked = rerank.wanted({"query": "q", "documents": TEXTS, "top_n": 2, "return_documents": True}, shape)
        found = rerank.answer(asked, [0.2, 0.9, 0.5], [-1.0, 2.0, 0.0])
        assert [(row["index"], row["relevance_score"]) for row in found["results"]] == [(1, 0.9), (2, 0.5)]
        assert found["results"][0]["document"] == {"text": "engines"}
    tei = rerank.answer(rerank.wanted({"query": "q", "texts": TEXTS}, "openai"), [0.2, 0.9, 0.5], [-1.0, 2.0, 0.0])
    assert tei == [{"index": 1, "score": 0.9}, {"index": 2, "score": 0.5}, {"index": 0, "score": 0.2}]
    raw = rerank.wanted({"query": "q", "texts": TEXTS, "raw_scores": True, "return_text": True}, "tei")
    assert rerank.answer(raw, [0.2, 0.9, 0.5], [-1.0, 2.0, 0.0])[0] == {"index": 1, "score": 2.0, "text": "engines"}


def test_documents_of_other_services_are_understood_and_their_extras_let_pass() -> None:
    body = {
        "model": "rerank-v3.5", "query": {"text": "q"}, "max_tokens_per_doc": 4096, "return_documents": False,
        "documents": ["a", {"text": "b", "id": "7", "meta": {}}, {"image": PIXEL}, {"title": "t", "text": "c"}],
    }  # fmt: skip
    asked = rerank.wanted(body, "cohere")
    assert [each.words for each in asked.documents] == ["a", "b", "", "t. c"] and asked.documents[2].picture
    assert asked.query == "q" and asked.weight == 0 and asked.model == "rerank-v3.5"


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.integers(1, 30))
def test_the_order_is_by_score_and_as_it_came_between_equals(scores: list[float], top: int) -> None:
    asked = rerank.wanted({"query": "", "documents": ["x"] * len(scores), "top_n": top}, "openai")
    rows = rerank.answer(asked, scores, scores)["results"]
    keys = [(-row["relevance_score"], row["index"]) for row in rows]
    assert keys == sorted(keys) and len(rows) == min(top, len(scores))
    json.dumps(rows)


@given(st.floats(0, 1), st.floats(-1, 1), st.floats(0, 1))
def test_a_query_moves_the_number_between_the_reader_and_closeness(chance: float, near: float, weight: float) -> None:
    found = rerank.combined(chance, near, weight)
    low, high = sorted((chance, max(near, 0.0)))
    assert low - 1e-9 <= found <= high + 1e-9
    assert rerank.combined(chance, near, 0.0) == chance
    assert rerank.combined(chance, near, 1.0) == pytest.approx(max(near, 0.0))
