"""The contract of every embedder, and what is particular to the static one."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app import embed
from penchant.app.embed.static import MAX_CHARS, StaticEmbedder
from penchant.app.errors import PenchantError

TEXTS = [
    "SQLite 3.51 released",
    "Eine Katze sitzt im Garten",
    "東京の天気",
    "🦀🦀",
    "a",
    "",
    " \n ",
    "x" * 5000,
]


@pytest.fixture(scope="module", params=embed.names())
def embedder(request: pytest.FixtureRequest) -> embed.Embedder:
    return embed.load(request.param)


def test_is_an_embedder(embedder: embed.Embedder) -> None:
    assert isinstance(embedder, embed.Embedder)
    assert embedder.name and embedder.dim > 0
    assert embed.load(embed.DEFAULT) is embed.load(embed.DEFAULT)


def test_vectors_are_finite_float32_of_length_one(embedder: embed.Embedder) -> None:
    vectors = embedder.embed_batch(TEXTS)
    assert vectors.dtype == np.float32 and vectors.shape == (len(TEXTS), embedder.dim)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5)


def test_no_texts_no_vectors(embedder: embed.Embedder) -> None:
    assert embedder.embed_batch([]).shape == (0, embedder.dim)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=80), min_size=1, max_size=6), st.text(max_size=80))
def test_the_same_text_gives_the_same_bits_in_any_company(neighbours: list[str], text: str) -> None:
    for name in embed.names():
        embedder = embed.load(name)
        alone = embedder.embed_batch([text])[0]
        among = embedder.embed_batch([*neighbours, text, *neighbours])[len(neighbours)]
        assert alone.tobytes() == among.tobytes()


def test_lone_surrogates_are_survived(embedder: embed.Embedder) -> None:
    assert np.isfinite(embedder.embed_batch(["broken \ud800 text"])).all()


def test_more_than_one_batch_keeps_the_order(embedder: embed.Embedder) -> None:
    texts = [f"item number {n}" for n in range(600)]
    vectors = embedder.embed_batch(texts)
    for n in (0, 255, 256, 599):
        assert vectors[n].tobytes() == embedder.embed_batch([texts[n]])[0].tobytes()


def test_near_in_meaning_is_near_in_space(embedder: embed.Embedder) -> None:
    cat, kitten, database = embedder.embed_batch(
        ["a cat sleeps on the sofa", "kittens napping on the couch", "SQL query planner index statistics"]
    )
    assert cat @ kitten > cat @ database + 0.2


def test_only_the_beginning_is_read() -> None:
    embedder = StaticEmbedder()
    text = "word " * MAX_CHARS
    assert embedder.embed_batch([text])[0].tobytes() == embedder.embed_batch([text[:MAX_CHARS]])[0].tobytes()


def test_equals_the_library_whose_weights_it_reads() -> None:
    code = (
        "import sys, pathlib, numpy as np, wordllama\n"
        "from penchant.app import embed\n"
        "texts = ['SQLite 3.51 released', 'Eine Katze sitzt im Garten', 'a']\n"
        "here = pathlib.Path(wordllama.__file__).parent\n"
        "model = wordllama.WordLlama.load(disable_download=True, cache_dir=here)\n"
        "np.testing.assert_allclose(embed.load().embed_batch(texts), model.embed(texts, norm=True), atol=1e-6)\n"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True, timeout=60)


def test_nothing_heavy_is_imported_before_use_and_no_network_library_ever() -> None:
    code = (
        "import sys\n"
        "from penchant.app import embed\n"
        "assert not {'numpy', 'tokenizers', 'safetensors'} & set(sys.modules)\n"
        "embed.load().embed_batch(['text'])\n"
        "assert not {'wordllama', 'requests', 'httpx', 'torch'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True, timeout=60)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(PenchantError) as caught:
        embed.load("clip")
    assert embed.DEFAULT in caught.value.hint


def test_missing_weights_are_a_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(PenchantError, match="missing") as caught:
        StaticEmbedder()
    assert "install" in caught.value.hint
