"""Plugs through the real llama.cpp: what was read once is what is remembered, and only exactly that."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.app.errors import PenchantError

if importlib.util.find_spec("llama_cpp") is None:
    pytest.skip("llama-cpp-python is not installed: pip install -e '.[judge,test]'", allow_module_level=True)

from penchant.app.judge import statefile
from penchant.app.judge.llama import Judge
from penchant.app.judge.plugged import Plugs
from penchant.app.judge.runner import Runner

MAKER = {"model": "gguf:tiny:1", "weights": "F16", "library": "1", "layout": "1 512 plain"}
TEXT = "The harbour clock runs four minutes slow. " * 9
OTHER = "Owls hunt over rough pasture when it is dry. " * 7


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = importlib.util.spec_from_file_location("tiny_eyes", Path(__file__).with_name("tiny_eyes.py"))
    assert spec is not None and spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path: Path = module.write_text(tmp_path_factory.mktemp("model") / "tiny.gguf", chat=True)
    return path


@pytest.fixture(scope="module")
def judge(tiny: Path) -> Judge:
    return Judge(tiny, context_tokens=2048)


@pytest.fixture(scope="module")
def plugs(judge: Judge) -> Plugs:
    return Plugs(judge, MAKER)


@pytest.fixture(scope="module")
def files(plugs: Plugs, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("plugs")
    return [made(plugs, folder / f"{n}.plug", text) for n, text in enumerate((TEXT, OTHER))]


def made(plugs: Plugs, path: Path, text: str) -> Path:
    plugs.make({"text": text, "path": str(path), "facts": {"title": text[:11]}}, lambda said: None, lambda: True)
    return path


def logits(judge: Judge, ids: list[int], begin: int) -> np.ndarray:
    judge.feed(ids, begin=begin)
    return judge.logits(1)[0].copy()


def test_what_is_remembered_is_what_was_read(judge: Judge, plugs: Plugs, files: list[Path]) -> None:
    document = plugs._tokens(TEXT)
    begin = len(document)
    question = plugs.question("Answer.", "How slow is it?", begin)
    judge.forget()
    judge.feed(document)
    read = logits(judge, question, begin)
    assert Plugs(judge, MAKER).begin([str(files[0])]) == begin
    np.testing.assert_array_equal(logits(judge, question, begin), read)
    judge.forget()
    whole = logits(judge, [*document, *question], 0)
    np.testing.assert_allclose(whole, read, rtol=0, atol=0.05)
    other = plugs.begin([str(files[1])])
    assert not np.array_equal(logits(judge, question, other), read)


def test_a_joined_document_is_remembered_at_its_new_place(judge: Judge, plugs: Plugs, files: list[Path]) -> None:
    """The moved memory says about what reading both in a row says, and more so than leaving it out does."""
    end = plugs.begin([str(path) for path in files])
    question = plugs.question("", "Who hunts?", end)
    joined = logits(judge, question, end)
    assert end == len(plugs._tokens(TEXT)) + len(plugs._tokens(OTHER)) - len(plugs.opening)
    assert plugs.begin([str(path) for path in files], exact=True) == end
    exact = logits(judge, question, end)
    alone = plugs.begin([str(files[0])])
    without = logits(judge, question, alone)
    assert abs(joined - exact).max() < abs(without - exact).max()


def test_no_byte_may_be_another(plugs: Plugs, files: list[Path], tmp_path: Path) -> None:
    whole = files[0].read_bytes()
    path = tmp_path / "damaged.plug"

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(0, len(whole) - 1), st.integers(1, 255), st.booleans())
    def run(at: int, change: int, cut: bool) -> None:
        path.write_bytes(whole[:at] if cut else whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1 :])
        with pytest.raises(PenchantError, match="damaged") as failure:
            plugs.begin([str(path)])
        assert failure.value.hint

    run()
    path.write_bytes(whole + b"x")
    with pytest.raises(PenchantError, match="damaged"):
        plugs.load(path)
    path.write_bytes(whole)
    assert plugs.load(path).tokens


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("model", "gguf:other:2", "with the model gguf:other:2"), ("weights", "Q4_1", "weights as Q4_1"),
        ("library", "0.1", "llama.cpp 0.1"), ("layout", "1 64 plain", "setting of the context"),
        ("version", 99, "another version of penchant"), ("kind", "letter", "another version of penchant"),
    ],
)  # fmt: skip
def test_another_makers_plug_is_refused_in_words(
    plugs: Plugs, files: list[Path], tmp_path: Path, key: str, value: Any, words: str
) -> None:
    found = statefile.load(files[0])
    assert found is not None
    path = tmp_path / "other.plug"
    statefile.save(path, {**found[0], key: value}, found[1])
    with pytest.raises(PenchantError, match=words) as failure:
        plugs.begin([str(path)])
    assert "Make it again" in failure.value.hint


def test_facts_that_lie_never_reach_the_library(plugs: Plugs, files: list[Path], tmp_path: Path) -> None:
    """A file whose checksums are right, made of parts that are not what they should be."""
    found = statefile.load(files[0])
    assert found is not None
    facts, parts = found
    for number, wrong in enumerate(([], parts[:3], [parts[0], b"abc", *parts[2:]], [*parts[:3], b"1234"])):
        path = tmp_path / f"{number}.plug"
        statefile.save(path, facts, wrong)
        with pytest.raises(PenchantError):
            plugs.begin([str(path)])


def test_too_much_for_the_context_is_refused(tiny: Path, plugs: Plugs, files: list[Path], tmp_path: Path) -> None:
    narrow = Plugs(Judge(tiny, context_tokens=640), MAKER)
    with pytest.raises(PenchantError, match="open for 128"):
        narrow.begin([str(files[0])])
    with pytest.raises(PenchantError, match="tokens"):
        made(narrow, tmp_path / "long.plug", TEXT)
    assert not list(tmp_path.iterdir())


async def test_the_runner_reads_asks_and_refuses(tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "a" / "text.plug"
    async with Runner(str(tiny), context_tokens=2048) as judge:
        steps = [step async for step in judge.study(TEXT, path, {"title": "clock"})]
        assert steps[0][0] == 0 and steps[-1][0] == steps[-1][1] and path.stat().st_mode & 0o777 == 0o600
        found = statefile.facts(path)
        assert found is not None and found["title"] == "clock" and found["tokens"] == steps[-1][1]
        said = ["".join([piece async for piece in judge.write("", "Why?", 8, plug=path)]) for _ in range(2)]
        plain = "".join([piece async for piece in judge.write("", "Why?", 8)])
        assert said[0] == said[1] and plain != said[0]
        assert judge._child is not None
        pid = judge._child.pid
        path.write_bytes(path.read_bytes()[:-9])
        with pytest.raises(PenchantError, match="damaged"):
            async for _ in judge.write("", "Why?", 8, plug=path):
                pass
        with pytest.raises(PenchantError, match="cannot be read"):
            async for _ in judge.write("", "Why?", 8, plug=tmp_path / "none.plug"):
                pass
        assert "".join([piece async for piece in judge.write("", "Why?", 8)]) == plain
        assert judge._child.pid == pid, "nothing of it reached llama.cpp"


async def test_a_stopped_reading_leaves_nothing(tiny: Path, tmp_path: Path) -> None:
    path = tmp_path / "text.plug"
    async with Runner(str(tiny), context_tokens=2048) as judge:
        reading = judge.study("word " * 250, path, {})
        first = await anext(reading)
        (tmp_path / ".text.plug.12.part").touch()
        await reading.aclose()
        assert first[0] == 0
        assert await judge.count(["abc"]) == [3]
    assert not list(tmp_path.iterdir())


def test_facts_are_json_of_any_kind(tmp_path: Path) -> None:
    path = tmp_path / "x.plug"
    heads = [[], {"facts": 1, "sizes": [], "sha256": ""}, {"facts": {}, "sizes": ["1"], "sha256": ""}, {"sizes": 3}]
    for head in heads:
        data = json.dumps(head).encode()
        packed = statefile._HEAD.pack(statefile.MAGIC, len(data), hashlib.sha256(data).digest())
        path.write_bytes(packed + data)
        assert statefile.facts(path) is None and statefile.load(path) is None and statefile.first(path, 9) is None
