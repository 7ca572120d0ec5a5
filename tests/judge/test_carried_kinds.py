"""Kinds of models that take embeddings in their own way: scaled (Gemma), with several positions each (M-RoPE)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from penchant.app.embed import gguf_format
from penchant.app.errors import PenchantError
from penchant.app.judge.carried import SOFT, save
from penchant.app.voice.values import Carried

if importlib.util.find_spec("llama_cpp") is None:
    pytest.skip("llama-cpp-python is not installed: pip install -e '.[judge,test]'", allow_module_level=True)

from penchant.app.judge.carrying import Carrying
from penchant.app.judge.llama import Judge
from penchant.app.judge.runner import Runner

TEXTS = [" a hedgehog in the leaves\n", " interest rates rise\n"]


def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _gemma(tiny: ModuleType, path: Path) -> Path:
    """The same weights, whose embeddings are scaled by the square root of their width."""

    def changed(file: Any, facts: dict[str, Any], tensors: list[tuple[str, np.ndarray]]) -> None:
        facts = {key.replace("llama.", "gemma.", 1): value for key, value in facts.items()}
        size = tiny.WIDTH // tiny.HEADS
        facts |= {"general.architecture": "gemma", "gemma.attention.head_count_kv": tiny.HEADS}
        facts |= {"gemma.attention.key_length": size, "gemma.attention.value_length": size}
        gguf_format.write(file, facts, [each for each in tensors if each[0] != "output.weight"])

    made: Path = tiny.write_text(path, writer=changed)
    return made


@pytest.fixture(scope="module", params=["gemma", "qwen2vl"])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, tiny = tmp_path_factory.mktemp("model"), _module("tiny_eyes")
    if request.param == "gemma":
        return _gemma(tiny, folder / "gemma.gguf")
    made: Path = _module("tiny_kinds").write(tiny, folder, "qwen2vl_merger")[0]
    return made


def test_words_and_their_embeddings_are_the_same_to_it(file: Path, tmp_path: Path) -> None:
    judge = Judge(file, context_tokens=256)
    carrying = Carrying(judge, "m")
    words, rest = "Posts:\n- a garden", " in the rain\n-"
    save(tmp_path / "s", SOFT, "m", carrying.virtual.of(judge.model.tokens(words)))
    put = carrying.put({"soft": str(tmp_path / "s")})
    told = judge.loglik(carrying.evaluated(judge.history(rest), put), TEXTS)
    np.testing.assert_allclose(told, judge.loglik(judge.prefix(words + rest), TEXTS), rtol=0, atol=5e-3)


async def test_everything_works_or_is_refused_in_words(file: Path, tmp_path: Path) -> None:
    files = {"path": tmp_path / "toward", "against": tmp_path / "away"}
    job = {"liked": [f"owl {n}" for n in range(8)], "skipped": [f"TRAM {n}%" for n in range(8)], **files}
    async with Runner(str(file)) as runner:
        async for look in runner.tune({**job, "steps": 4, "every": 2}, tmp_path / "c"):
            assert np.isfinite(look["loss"])
        if look["adopted"]:
            assert None not in await runner.loglik("", TEXTS, Carried(soft=tmp_path / "toward"))
        try:
            assert len(await runner.memories(["an owl at night"], 4)) == 1
        except PenchantError as error:
            assert error.hint
        assert runner.restarts == 0
