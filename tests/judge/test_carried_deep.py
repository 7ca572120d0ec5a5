"""Deep prefixes and adapters, in the real llama.cpp."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from penchant.app.embed import gguf_format
from penchant.app.errors import PenchantError
from penchant.app.judge.carried import DEEP, SOFT, save
from penchant.app.voice.values import Carried

if importlib.util.find_spec("llama_cpp") is None:
    pytest.skip("llama-cpp-python is not installed: pip install -e '.[judge,test]'", allow_module_level=True)

from penchant.app.judge import deep
from penchant.app.judge.carrying import Carrying
from penchant.app.judge.llama import VIRTUAL, Judge
from penchant.app.judge.runner import Runner

TEXTS = [" a hedgehog in the leaves\n", " interest rates rise\n"]
MODEL = "gguf:tiny:1"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = importlib.util.spec_from_file_location("tiny_eyes", Path(__file__).with_name("tiny_eyes.py"))
    assert spec is not None and spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path: Path = module.write_text(tmp_path_factory.mktemp("model") / "tiny.gguf", chat=True)
    return path


@pytest.fixture(scope="module")
def judge(file: Path) -> Judge:
    made = Judge(file, context_tokens=512)
    made.plain()
    return made


@pytest.fixture
def carrying(judge: Judge) -> Iterator[Carrying]:
    made = Carrying(judge, MODEL)
    yield made
    made.put({})


def scores(judge: Judge, carrying: Carrying, said: dict[str, Any], history: str) -> np.ndarray:
    return judge.loglik(carrying.evaluated(judge.history(history), carrying.put(said)), TEXTS)


def test_a_deep_prefix_of_one_text_is_that_text_read(judge: Judge, carrying: Carrying, tmp_path: Path) -> None:
    text, tokens = "an owl at night", 12
    [memory] = deep.memories(judge, [text], tokens)
    save(tmp_path / "d", DEEP, MODEL, memory)
    begun = judge.model.onward(f" {text}", tokens)
    said = b"".join(map(judge.model.piece, begun)).decode()
    rest = "-" + said + " and then\n-"
    whole = judge.loglik(judge.prefix([*judge.history(rest)]), TEXTS)
    before = judge.history("-" + said)
    after = judge.history(rest)[len(before) :]
    put = carrying.put({"deep": str(tmp_path / "d")})
    assert put.deep_tokens == len(before)
    told = carrying.judge.kept(carrying._stacked(put, [], after))
    assert told.tokens[: len(before)] == (VIRTUAL,) * len(before)
    np.testing.assert_allclose(judge.loglik(told, TEXTS), whole, rtol=0, atol=5e-3)


def test_the_mean_of_several_is_something_else_and_goes_with_the_rest(
    judge: Judge, carrying: Carrying, tmp_path: Path
) -> None:
    found = deep.memories(judge, ["an owl at night", "a badger in the wood", "x", ""], 8)
    assert np.isnan(found[2:]).all() and np.isfinite(found[:2]).all()
    save(tmp_path / "d", DEEP, MODEL, found[:2].mean(axis=0))
    save(tmp_path / "s", SOFT, MODEL, carrying.virtual.of(judge.model.tokens("owl")))
    both = {"deep": str(tmp_path / "d"), "soft": str(tmp_path / "s")}
    ways: list[dict[str, Any]] = [{}, {"deep": both["deep"]}, {"soft": both["soft"]}, both]
    for history in ("", "Posts:\n- a garden\n-"):
        told = [scores(judge, carrying, way, history) for way in ways]
        assert np.isfinite(told).all() and len({tuple(each) for each in told}) == 4
        np.testing.assert_array_equal(scores(judge, carrying, {}, history), told[0])


def test_blocks_that_are_laid_out_otherwise_are_not_taken_apart(judge: Judge) -> None:
    state = judge.plain().state
    assert deep.parts(state) is not None
    for at in (8, 12, 16, 20, len(state) - 1):
        broken = state.copy()
        broken[at] ^= 0xFF
        found = deep.parts(broken)
        assert found is None or at == len(state) - 1
    assert deep.parts(state[:-1]) is None and deep.parts(state[:10]) is None
    with pytest.raises(PenchantError, match="does not show"):
        deep.rows(state[:-1])
    for wrong in (np.zeros((1, 3), np.float32), np.full((1, deep.rows(state).shape[1]), 1e9, np.float32)):
        with pytest.raises(PenchantError) as failure:
            deep.replaced(state, len(judge.plain().tokens) - 1, wrong)
        assert failure.value.hint


async def test_a_child_gives_memories_and_takes_their_mean(file: Path, tmp_path: Path) -> None:
    async with Runner(str(file)) as runner:
        ready = await runner.ready()
        found = await runner.memories(["an owl at night", "no", "a badger in the wood"], 8)
        assert found[1] is None and found[0] is not None and found[2] is not None
        mean = sum(np.frombuffer(each, "<f4").reshape(8, -1) for each in (found[0], found[2])) / 2
        save(tmp_path / "d", DEEP, ready.name, mean)
        way = Carried(deep=tmp_path / "d")
        plain, told = [await runner.loglik("Posts:\n-", TEXTS, each) for each in (None, way)]
        assert None not in told and told != plain
        said = ["".join([piece async for piece in runner.write("s", "u", 12, carried=each)]) for each in (None, way)]
        assert said[0] != said[1]
        with pytest.raises(PenchantError, match="99 tokens"):
            await runner.memories(["a"], 99)
        assert runner.restarts == 0


def lora(path: Path, width: int = 64, **more: Any) -> Path:
    rng = np.random.default_rng(1)
    made = [
        ("blk.0.attn_q.weight.lora_a", rng.standard_normal((4, width)).astype("float32")),
        ("blk.0.attn_q.weight.lora_b", rng.standard_normal((64, 4)).astype("float32")),
    ]
    facts = {
        "general.architecture": "llama", "general.type": "adapter", "adapter.type": "lora", "adapter.lora.alpha": 8.0,
    }  # fmt: skip
    with path.open("wb") as file:
        gguf_format.write(file, {**facts, **more}, made)
    return path


def test_an_adapter_is_used_as_strongly_as_asked_and_goes_again(
    judge: Judge, carrying: Carrying, tmp_path: Path
) -> None:
    path, history = str(lora(tmp_path / "a.gguf")), "Posts:\n- a garden\n-"
    plain = scores(judge, carrying, {}, history)
    told = [scores(judge, carrying, {"lora": path, "strength": by}, history) for by in (1.0, 0.5)]
    assert (told[0] != plain).all() and (told[1] != told[0]).all()
    np.testing.assert_array_equal(scores(judge, carrying, {}, history), plain)
    np.testing.assert_array_equal(scores(judge, carrying, {"lora": path, "strength": 1.0}, history), told[0])


@pytest.mark.parametrize("how", ["none", "model", "kind", "architecture", "cut", "width", "text"])
def test_files_that_are_no_adapter_of_this_model_are_refused_in_words(
    judge: Judge, carrying: Carrying, tmp_path: Path, file: Path, how: str
) -> None:
    path = tmp_path / "a.gguf"
    more = {"kind": {"adapter.type": "ia3"}, "architecture": {"general.architecture": "gemma3"}}.get(how, {})
    lora(path, 32 if how == "width" else 64, **more)
    if how == "none":
        path.unlink()
    elif how == "model":
        path = file
    elif how == "cut":
        path.write_bytes(path.read_bytes()[:-100])
    elif how == "text":
        path.write_text("no adapter")
    history = "Posts:\n-"
    plain = scores(judge, carrying, {}, history)
    with pytest.raises(PenchantError) as failure:
        carrying.put({"lora": str(path), "strength": 1.0})
    assert failure.value.hint
    np.testing.assert_array_equal(scores(judge, carrying, {}, history), plain)
