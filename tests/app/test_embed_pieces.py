"""The memory of words gives the tokenizer's own ids, whatever the text."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.embed import pieces
from penchant.app.embed.pieces import Pieces, separable
from penchant.app.embed.static import MANY, StaticEmbedder

EMBEDDER = StaticEmbedder()
TOKENIZER = EMBEDDER._tokenizer

WORDS = st.sampled_from(
    (
        *(
            "the",
            "don\u2019t",
            "caf\u00e9.",
            "na\u00efve,",
            "x\u00b2.",
            "</s>",
            "<s>",
            "\u65e5\u672c\u8a9e",
            "1,000",
        ),
        *(
            "\u0441\u043b\u043e\u0432\u043e,",
            "e.g.",
            "-",
            "\u2581a",
            "_x_",
            "\U0001f468\u200d\U0001f469",
            "C++",
            "\u0131",
        ),
        *("https://a.example/b?c=d", "[1]", "\u00a0", "e\u0301", "\ufb01sh", "", "\n", "a\nb", "\n\n", "\t"),
    )
)
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=("Cs",)), max_size=60),
    st.lists(WORDS, max_size=30).map(" ".join),
    st.lists(WORDS, max_size=30).map("".join),
)


def own(texts: list[str]) -> list[list[int]]:
    return [TOKENIZER.encode(text, add_special_tokens=False).ids for text in texts]


@settings(max_examples=300 if os.environ.get("PENCHANT_LONG") else 100, deadline=None)
@given(st.lists(TEXTS, max_size=8))
def test_ids_are_the_tokenizers_own(texts: list[str]) -> None:
    memory = Pieces(TOKENIZER)
    assert memory._usable
    assert memory.ids(texts) == own(texts)
    assert memory.ids(texts[::-1]) == own(texts[::-1])


def test_a_full_memory_starts_afresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pieces, "REMEMBERED", 20)
    memory = Pieces(TOKENIZER)
    for n in range(40):
        texts = [f"word{chr(97 + n % 26)}{chr(97 + n // 26)} again and again", "plain words stay"]
        assert memory.ids(texts) == own(texts)
        assert len(memory._known) <= 20


def test_a_vocabulary_that_joins_words_is_left_alone() -> None:
    class Joining:
        def encode(self, text: str, add_special_tokens: bool) -> object:
            return TOKENIZER.encode(text, add_special_tokens=add_special_tokens)

        def get_vocab(self) -> dict[str, int]:
            return {"of\u2581the": 1, "\u2581the": 2}

    assert separable(TOKENIZER)
    assert not separable(Joining())  # type: ignore[arg-type]


def test_many_texts_and_one_get_the_same_vector() -> None:
    texts = [f"A title about boats, number {n}.\nAnd caf\u00e9s \u65e5\u672c" for n in range(MANY)]
    together = StaticEmbedder().embed_batch(texts)
    alone = np.concatenate([EMBEDDER.embed_batch([text]) for text in texts])
    assert np.array_equal(together, alone)
