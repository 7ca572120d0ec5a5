"""What carries a reader into a model: control vectors, virtual tokens and their files, in real children."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from penchant.app.errors import PenchantError
from penchant.app.judge import carried, statefile
from penchant.app.judge.carried import SOFT, STEER, load, save
from penchant.app.voice.values import Carried

if importlib.util.find_spec("llama_cpp") is None:
    pytest.skip("llama-cpp-python is not installed: pip install -e '.[judge,test]'", allow_module_level=True)

from penchant.app.judge.carrying import Carrying
from penchant.app.judge.llama import VIRTUAL, Judge
from penchant.app.judge.runner import Runner
from penchant.app.judge.states import states

HISTORY = "Posts:\n- a garden in the rain\n- an owl at night\n-"
TEXTS = [" a hedgehog in the leaves\n", " interest rates rise\n", " trams\n"]
MODEL = "gguf:tiny:1"


def _made() -> ModuleType:
    spec = importlib.util.spec_from_file_location("tiny_eyes", Path(__file__).with_name("tiny_eyes.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = _made().write_text(tmp_path_factory.mktemp("model") / "tiny.gguf", chat=True)
    return path


@pytest.fixture(scope="module")
def judge(file: Path) -> Judge:
    return Judge(file, context_tokens=512)


@pytest.fixture
def carrying(judge: Judge) -> Iterator[Carrying]:
    made = Carrying(judge, MODEL)
    yield made
    made.put({})


def rows(judge: Judge, kind: str, seed: int = 0) -> np.ndarray:
    count = judge.model.layers if kind == STEER else 3
    return np.random.default_rng(seed).standard_normal((count, judge.model.width)).astype(np.float32)


def told(judge: Judge, carrying: Carrying, said: dict[str, Any], history: str = HISTORY) -> np.ndarray:
    put = carrying.put(said)
    return judge.loglik(carrying.evaluated(judge.history(history), put), TEXTS)


def test_a_control_vector_is_taken_as_often_as_it_is_strong_and_goes_without_a_trace(
    judge: Judge, carrying: Carrying, tmp_path: Path
) -> None:
    path = tmp_path / "v"
    save(path, STEER, MODEL, rows(judge, STEER))
    save(tmp_path / "twice", STEER, MODEL, 2 * rows(judge, STEER))
    plain = told(judge, carrying, {})
    once, twice = (told(judge, carrying, {"steer": str(path), "strength": by}) for by in (1.0, 2.0))
    assert (once != plain).all() and (twice != once).all()
    np.testing.assert_array_equal(told(judge, carrying, {"steer": str(tmp_path / "twice"), "strength": 1.0}), twice)
    np.testing.assert_array_equal(told(judge, carrying, {"steer": str(path), "strength": 0.0}), plain)
    np.testing.assert_array_equal(told(judge, carrying, {}), plain)
    np.testing.assert_array_equal(told(judge, carrying, {"steer": str(path), "strength": 1.0}), once)


def test_what_a_vector_adds_is_seen_behind_its_layer(judge: Judge, carrying: Carrying, tmp_path: Path) -> None:
    added = np.zeros((judge.model.layers, judge.model.width), np.float32)
    added[1] = 5.0
    save(tmp_path / "v", STEER, MODEL, added)
    judge.plain()
    before = states(judge, TEXTS, ())
    carrying.put({"steer": str(tmp_path / "v"), "strength": -0.5})
    after = states(judge, TEXTS, ())
    carrying.put({})
    np.testing.assert_allclose(after - before, np.broadcast_to(-0.5 * added, before.shape), atol=1e-4)


def test_the_embeddings_of_words_say_what_the_words_say(judge: Judge, carrying: Carrying, tmp_path: Path) -> None:
    """Virtual tokens that are the embeddings of a history's first words stand in for them, to the rounding."""
    words, rest = "Posts:\n- a garden", " in the rain\n-"
    ids = judge.model.tokens(words)
    save(tmp_path / "s", SOFT, MODEL, carrying.virtual.of(ids))
    put = carrying.put({"soft": str(tmp_path / "s")})
    prefix = carrying.evaluated(judge.history(rest), put)
    assert len(prefix.tokens) == len(judge.history(words + rest)) and prefix.tokens.count(VIRTUAL) == len(ids)
    np.testing.assert_allclose(judge.loglik(prefix, TEXTS), told(judge, carrying, {}, words + rest), rtol=0, atol=1e-4)


def test_virtual_tokens_alone_and_before_a_history_that_is_too_long(
    judge: Judge, carrying: Carrying, tmp_path: Path
) -> None:
    save(tmp_path / "s", SOFT, MODEL, rows(judge, SOFT))
    said = {"soft": str(tmp_path / "s")}
    alone = told(judge, carrying, said, "")
    assert np.isfinite(alone).all() and (alone != told(judge, carrying, {}, "")).all()
    put = carrying.put(said)
    prefix = carrying.evaluated(judge.history("word " * 3000), put)
    assert len(prefix.tokens) == judge.context_tokens
    assert np.isfinite(judge.loglik(prefix, TEXTS)).all()


DAMAGE = {
    "cut": "damaged", "flipped": "damaged", "none": "cannot be read", "text": "damaged", "kind": "is no control",
    "model": "gguf:other", "nan": "no number", "shape": "does not fit", "facts": "damaged",
}  # fmt: skip


@pytest.mark.parametrize("how", DAMAGE)
def test_what_is_not_as_it_was_written_is_refused_in_words(
    judge: Judge, carrying: Carrying, tmp_path: Path, how: str
) -> None:
    path, good = tmp_path / "file", rows(judge, STEER)
    save(path, "soft" if how == "kind" else STEER, "gguf:other" if how == "model" else MODEL, good)
    data = path.read_bytes()
    plain = told(judge, carrying, {})
    if how == "cut":
        path.write_bytes(data[:-1])
    elif how == "flipped":
        path.write_bytes(data[:-9] + bytes([data[-9] ^ 1]) + data[-8:])
    elif how == "none":
        path.unlink()
    elif how == "text":
        path.write_text("hello")
    elif how == "shape":
        save(path, STEER, MODEL, good[:, 1:])
    elif how in ("nan", "facts"):
        good[1, 3] = np.nan if how == "nan" else 1.0
        shape = list(good.shape) if how == "nan" else [-1, "x"]
        statefile.save(path, {"kind": STEER, "model": MODEL, "shape": shape}, [good.tobytes()])
    with pytest.raises(PenchantError, match=DAMAGE[how]) as failure:
        carrying.put({"steer": str(path), "strength": 1.0})
    assert failure.value.hint
    np.testing.assert_array_equal(told(judge, carrying, {}), plain)


def test_no_file_of_what_is_no_number_is_written(tmp_path: Path) -> None:
    for wrong in (np.full((2, 2), np.inf), np.zeros((0, 4)), np.zeros(4)):
        with pytest.raises(PenchantError):
            save(tmp_path / "x", SOFT, MODEL, wrong)
    assert not list(tmp_path.iterdir())
    save(tmp_path / "x", SOFT, MODEL, np.eye(3, dtype=np.float32), likes=7)
    np.testing.assert_array_equal(load(tmp_path / "x", SOFT, MODEL), np.eye(3))
    assert (statefile.facts(tmp_path / "x") or {})["likes"] == 7


def test_a_file_that_is_larger_than_any_is_neither_written_nor_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "rows"
    save(path, SOFT, MODEL, np.ones((3, 4)))
    assert load(path, SOFT, MODEL).shape == (3, 4)
    monkeypatch.setattr(carried, "MOST", 11)
    with pytest.raises(PenchantError, match="are no file of virtual tokens"):
        save(path, SOFT, MODEL, np.ones((3, 4)))
    with pytest.raises(PenchantError, match="damaged"):
        load(path, SOFT, MODEL)
    monkeypatch.setattr(carried, "MOST", 12)
    save(path, SOFT, MODEL, np.ones((3, 4)))
    monkeypatch.setattr(statefile, "MOST_FACTS", 20)
    assert statefile.load(path) is None and statefile.facts(path) is None


def test_only_files_go_to_the_child() -> None:
    assert carried.request(None) == carried.request(Carried(system="s", history="h")) == {}
    said = carried.request(Carried(history="h", steer=Path("/a"), strength=-2.0))
    assert json.loads(json.dumps(said)) == {"steer": "/a", "strength": -2.0}
    assert carried.request(Carried(soft=Path("/b"))) == {"soft": "/b"}


async def test_a_real_child_scores_and_writes_with_what_it_is_given(file: Path, tmp_path: Path) -> None:
    async with Runner(str(file), states=tmp_path / "states") as runner:
        ready = await runner.ready()
        long = "Posts:\n" + "- a garden in the rain\n" * 9 + "-"
        states = await runner.states(["an owl", "", "a tram"], [1])
        assert states[1] is None and states[0] is not None and len(states[0]) == 4 * ready.width
        everywhere = (await runner.states(["an owl"]))[0]
        assert everywhere is not None and everywhere[4 * ready.width :] == states[0]
        steer = np.zeros((ready.layers, ready.width), np.float32)
        steer[1] = 4 * np.frombuffer(states[0], "<f4")
        save(tmp_path / "v", STEER, ready.name, steer)
        given = (await runner.embeddings(["an owl"], 2))[0]
        assert given is not None
        save(tmp_path / "s", SOFT, ready.name, np.frombuffer(given, "<f4").reshape(2, -1))
        ways = [None, Carried(steer=tmp_path / "v"), Carried(steer=tmp_path / "v", strength=-1.0)]
        ways += [Carried(soft=tmp_path / "s"), Carried(soft=tmp_path / "s", steer=tmp_path / "v")]
        found = [await runner.loglik(long, TEXTS, way) for way in ways]
        assert len({tuple(each) for each in found}) == len(ways) and None not in found[-1]
        assert [await runner.loglik(long, TEXTS, way) for way in ways] == found
        said = ["".join([piece async for piece in runner.write("s", "u", 20, carried=way)]) for way in ways]
        assert said[0] == "".join([piece async for piece in runner.write("s", "u", 20)])
        assert len(set(said)) > 2
        before = await runner.hidden(["x"])
        await runner.loglik(long, TEXTS, ways[1])
        assert await runner.hidden(["x"]) == before, "nothing of a reader is in it"
        (tmp_path / "v").write_bytes(b"")
        with pytest.raises(PenchantError, match="damaged"):
            await runner.loglik(long, TEXTS, ways[1])
        assert await runner.loglik(long, TEXTS) == found[0]
        assert runner.restarts == 0


async def test_a_vector_that_is_far_too_strong_is_told_in_words(file: Path, tmp_path: Path) -> None:
    async with Runner(str(file)) as runner:
        ready = await runner.ready()
        save(tmp_path / "v", STEER, ready.name, np.full((ready.layers, ready.width), 3e38, np.float32))
        way = Carried(steer=tmp_path / "v", strength=2.0)
        assert await runner.loglik("Posts:\n-", TEXTS, way) == [None] * len(TEXTS)
        for temperature in (0.0, 1.0):
            with pytest.raises(PenchantError, match="no"):
                async for _ in runner.write("s", "u", 8, carried=way, temperature=temperature):
                    pass
        assert None not in await runner.loglik("Posts:\n-", TEXTS)
        assert runner.restarts == 0
