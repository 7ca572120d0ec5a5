"""The runner of the judge: deaths, hangs, culprits, words that are stopped, with real child processes."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import queue
import signal
import struct
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from penchant.app.errors import PenchantError
from penchant.app.judge.quantise import FOLDER, choice
from penchant.app.judge.runner import Limits, Runner

PROGRAM = (str(Path(__file__).with_name("fake_llama.py")),)
QUICK = Limits(start=20.0, batch=1.0, write=5.0, stop=2.0, backoff=0.0)
HISTORY = "Things this reader liked:\n" + "- a garden in the rain\n" * 12 + "-"
needs_llama = pytest.mark.skipif(
    importlib.util.find_spec("llama_cpp") is None, reason="llama-cpp-python is not installed: penchant[judge]"
)


def runner(name: str = "m") -> Runner:
    return Runner(name, limits=QUICK, program=PROGRAM)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = importlib.util.spec_from_file_location("tiny_eyes", Path(__file__).with_name("tiny_eyes.py"))
    assert spec is not None and spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path: Path = module.write_text(tmp_path_factory.mktemp("model") / "tiny.gguf", chat=True)
    return path


async def test_the_texts_that_kill_it_are_found_and_all_others_judged() -> None:
    texts = [f"text {n}" + " ABORT" * (n in (3, 17)) for n in range(40)]
    async with runner() as judge:
        found = await judge.loglik("h", texts)
        assert [n for n, value in enumerate(found) if value is None] == [3, 17]
        assert found[5] == 6.0 and judge.restarts > 2
        assert judge.cpu > 1.0
        assert (await judge.ratio("a", "b", ["ABORT", "x", ""])) == [None, 0.0, None]


async def test_hidden_states_and_answers() -> None:
    async with runner() as judge:
        states = await judge.hidden(["abc", "", "ABORT"])
        assert states == [struct.pack("<4f", *[3.0] * 4), None, None]
        assert await judge.ask("s", "h", ["yes?"]) == [4.0]


async def test_what_hangs_is_ended() -> None:
    async with runner() as judge:
        assert await judge.loglik("h", ["HANG"]) == [None]
        assert await judge.loglik("h", ["next"]) == [4.0]


async def test_killed_from_outside_nothing_is_blamed() -> None:
    async with runner() as judge:
        await judge.ready()
        assert judge._child is not None
        os.kill(judge._child.pid, signal.SIGKILL)
        assert await judge.loglik("h", ["a"]) == [1.0]
        assert judge.restarts == 1


@pytest.mark.parametrize(("name", "words"), [("abort", "SIGABRT"), ("refuse", "the file is bad")])
async def test_a_model_that_does_not_load_is_told_in_words(name: str, words: str) -> None:
    async with runner(name) as judge:
        with pytest.raises(PenchantError, match=words) as failure:
            await judge.ready()
        assert failure.value.hint


async def test_words_come_in_pieces_and_can_be_stopped() -> None:
    async with runner() as judge:
        assert [piece async for piece in judge.reason("s", "u", 9)] == ["word0 ", "word1 ", "word2 "]
        assert judge._child is not None
        pid = judge._child.pid
        stream = judge.reason("s", "LONG", 9)
        assert await anext(stream) == "word0 "
        await stream.aclose()
        assert await judge.loglik("h", ["after"]) == [5.0]
        assert judge._child is not None and judge._child.pid == pid, "it need not be started again"


async def test_words_that_kill_it_fail_in_words() -> None:
    async with runner() as judge:
        with pytest.raises(PenchantError, match="SIGABRT"):
            async for _ in judge.reason("s", "ABORT", 9):
                pass
        assert await judge.loglik("h", ["a"]) == [1.0]


async def test_a_cancelled_call_leaves_the_next_one_right() -> None:
    async with runner() as judge:
        await judge.ready()
        task = asyncio.create_task(judge.loglik("h", ["HANG"]))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await judge.loglik("h", ["abcd"]) == [4.0]


async def begun(judge: Runner, call: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
    """A call that is under way in the child."""
    await judge.ready()
    task = asyncio.create_task(call)
    await asyncio.sleep(0.05)
    return task


async def test_closed_by_somebody_else_a_call_fails_in_words_and_starts_nothing_again() -> None:
    async def words(judge: Runner) -> None:
        async for _ in judge.reason("s", "LONG", 9):
            await asyncio.sleep(0.0)

    async with runner() as judge:
        for call in (judge.loglik("h", ["HANG"]), words(judge)):
            task = await begun(judge, call)
            await judge.close()
            with pytest.raises(PenchantError, match="given back"):
                await task
            assert judge._child is None
        assert await judge.loglik("h", ["abcd"]) == [4.0], "the next call starts it again"


async def test_closed_for_good_it_is_never_started_again() -> None:
    async with runner() as judge:
        task = await begun(judge, judge.loglik("h", ["HANG"]))
        await judge.close(final=True)
        with pytest.raises(PenchantError, match="another model"):
            await task
        with pytest.raises(PenchantError, match="another model"):
            await judge.loglik("h", ["abcd"])
        assert judge._child is None


@needs_llama
async def test_the_real_child_survives_a_kill_with_its_history_on_disk(tiny: Path, tmp_path: Path) -> None:
    async with Runner(str(tiny), states=tmp_path) as judge:
        ready = await judge.ready()
        assert ready.name.startswith("gguf:tiny-text:") and ready.chat and ready.width == 64
        before = await judge.loglik(HISTORY, [" one\n", " two\n"])
        assert len(list(tmp_path.iterdir())) == 1
        assert judge._child is not None
        os.kill(judge._child.pid, signal.SIGKILL)
        assert await judge.loglik(HISTORY, [" one\n", " two\n"]) == before
        assert judge.restarts == 1
        assert len(await judge.hidden(["a"])) == 1 and (await judge.ask("s", "h", ["q"]))[0] is not None
        assert isinstance("".join([piece async for piece in judge.reason("s", "u", 5)]), str)


@needs_llama
async def test_words_and_counts_of_the_real_child(tiny: Path) -> None:
    async with Runner(str(tiny)) as judge:
        assert await judge.count(["", "abc", "abcabc"]) == [0, 3, 6], "one token a byte"
        ready = await judge.ready()
        assert ready.weights == "F16" and ready.context == 1024
        first = "".join([piece async for piece in judge.write("s", "u", 9)])
        assert "".join([piece async for piece in judge.write("s", "u", 9)]) == first
        drawn = [
            "".join([piece async for piece in judge.write("s", "u", 9, temperature=1.0, seed=seed)])
            for seed in (1, 1, 2)
        ]
        assert drawn[0] == drawn[1] != drawn[2]


@needs_llama
@pytest.mark.parametrize("place", range(5))
async def test_a_damaged_file_is_told_in_words_or_still_works(tiny: Path, tmp_path: Path, place: int) -> None:
    """Bytes of the header changed anywhere: never an exception that is none of ours."""
    data = bytearray(tiny.read_bytes())
    data[4 + 467 * place] ^= 0xFF
    path = tmp_path / "damaged.gguf"
    path.write_bytes(bytes(data))
    async with Runner(str(path), limits=Limits(start=60.0)) as judge:
        try:
            assert (await judge.ready()).width > 0
        except PenchantError as error:
            assert error.hint


@needs_llama
async def test_a_faster_copy_is_made_once_and_made_again_when_damaged(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from penchant.app.judge import quantise
    from penchant.app.judge.gguf_file import check_file, model_name

    header = check_file(tiny)
    name = model_name(tiny, header)
    measured = {1: 1.0, 8: 9.0}
    monkeypatch.setattr(quantise, "speeds", lambda kinds, file: measured)
    assert quantise.fast_copy(tiny, header, name, tmp_path, 0) is None, "no room, no copy"
    copy = quantise.fast_copy(tiny, header, name, tmp_path, 1 << 30)
    assert copy is not None and copy.parent == tmp_path / FOLDER
    made = copy.stat().st_mtime_ns
    assert quantise.fast_copy(tiny, header, name, tmp_path, 1 << 30) == copy and copy.stat().st_mtime_ns == made
    whole = copy.read_bytes()
    copy.write_bytes(whole[:-100])
    assert quantise.fast_copy(tiny, header, name, tmp_path, 1 << 30) == copy and copy.read_bytes() == whole
    assert [path.name for path in copy.parent.iterdir()] == [copy.name]


@needs_llama
def test_a_disk_that_takes_nothing_costs_speed_and_never_the_judge(
    tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from penchant.app.judge import gguf_file, quantise

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "file").touch()
    header, nowhere = gguf_file.check_file(tiny), tmp_path / "file" / "folder"
    monkeypatch.setattr(gguf_file, "LARGE", 0)
    name = gguf_file.model_name(tiny, header, nowhere)
    assert name == gguf_file.model_name(tiny, header)
    monkeypatch.setattr("penchant.app.judge.kernels.measure", full)
    assert quantise.fast_copy(tiny, header, name, nowhere, 1 << 30) is None


def test_a_copy_has_to_be_worth_its_disk() -> None:
    def speeds(**known: float) -> object:
        kinds = {"q4": 3, "f16": 1, "q8": 8}
        return lambda _: {kinds[name]: speed for name, speed in known.items()}

    assert choice(3, 100, 1000, speeds(q4=1.0, f16=2.0, q8=2.2)) == 1  # type: ignore[arg-type]
    assert choice(3, 100, 1000, speeds(q4=1.0, f16=2.0, q8=4.0)) == 8  # type: ignore[arg-type]
    assert choice(3, 100, 150, speeds(q4=1.0, f16=9.0, q8=2.0)) == 8, "the other has no room"  # type: ignore[arg-type]
    assert choice(3, 100, 1000, speeds(q4=2.0, f16=2.2, q8=2.2)) is None  # type: ignore[arg-type]
    assert choice(99, 100, 1000, speeds(f16=9.0)) is None  # type: ignore[arg-type]


@needs_llama
def test_a_stop_that_comes_before_the_writing_is_begun_is_heard(tiny: Path) -> None:
    from penchant.app.embed.child import HEADER
    from penchant.app.judge import child
    from penchant.app.judge.carrying import Carrying
    from penchant.app.judge.eyes_requests import Looking
    from penchant.app.judge.llama import Judge
    from penchant.app.judge.plugged import Plugs
    from penchant.app.judge.state import Histories

    judge = Judge(tiny, context_tokens=256)
    carrying, maker = Carrying(judge, "m"), dict.fromkeys(("model", "weights", "library", "layout"), "x")
    looking = Looking(judge.model, "m", "", "", 1)
    served = child.Served(Histories(judge, "m", None, carrying), carrying, Plugs(judge, maker), tiny, looking)
    asked = {"do": "write", "system": "s", "user": "u", "tokens": 64, "stop": "", "temperature": 0.0, "seed": 0}
    asked |= {"plugs": [], "exact": False, "turns": []}
    ours, theirs = os.pipe()
    with os.fdopen(ours, "rb") as pipe, os.fdopen(theirs, "wb") as end:
        waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
        listening = threading.Thread(target=child._listen, args=(pipe, waiting, served.stopped), daemon=True)
        listening.start()
        for frame in (json.dumps(each).encode() for each in (asked, {"do": child.STOP})):
            end.write(HEADER.pack(len(frame)) + frame)
        end.flush()
        request = waiting.get(timeout=20)
        assert served.stopped.wait(20)
        pieces: list[str] = []
        served.answer(request, pieces.append)
        assert len(pieces) <= 1, "it goes on writing for nobody"
        end.close()
        listening.join(20)


@needs_llama
async def test_an_answer_may_be_longer_than_one_call(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Models of many words take few tokens in one call: their answers are no shorter for it."""
    from penchant.app.judge import llama

    monkeypatch.setattr(llama, "BATCH", 64)
    judge = llama.Judge(tiny, context_tokens=256)
    monkeypatch.setattr(judge.model, "ends", lambda token: False)
    pieces: list[str] = []
    prompt = judge.chat_tokens("s", "u")
    judge.generate(prompt, 150, pieces.append)
    assert judge.batch_tokens == 64 and len(pieces) >= 150
    pieces.clear()
    judge.generate(prompt, 10_000, pieces.append)
    assert len(pieces) >= judge.context_tokens - len(prompt), "up to the end of the context, and no further"
