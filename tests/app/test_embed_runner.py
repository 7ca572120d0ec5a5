"""The runner of the embedding model: deaths, hangs, culprits, with a real child process."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.app.embed.child import HEADER
from penchant.app.embed.runner import Limits, Runner
from penchant.app.errors import PenchantError

PROGRAM = (str(Path(__file__).with_name("fake_model.py")),)
QUICK = Limits(start=20.0, batch=1.0, backoff=0.0)


@pytest.fixture(autouse=True)
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAKE_MODEL_LOG", str(tmp_path / "told"))
    return tmp_path / "told"


def runner(name: str = "m") -> Runner:
    return Runner(name, limits=QUICK, program=PROGRAM)


async def test_one_child_answers_many_calls_and_side_by_side() -> None:
    async with runner() as model:
        assert (await model.ready()).name == "gguf:m:1"
        pid = model._child and model._child.pid
        answers = await asyncio.gather(*(model.embed([f"text {n}"] * 3) for n in range(10)))
        assert all(len(rows) == 3 and len(rows[0] or b"") == 32 for rows in answers)
        assert len({rows[0] for rows in answers}) == 10
        assert model._child is not None and model._child.pid == pid and model.restarts == 0
    assert model._child is None


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 12), st.data())
def test_the_one_text_that_kills_it_is_found_and_every_other_has_its_vector(
    count: int, data: st.DataObject
) -> None:
    bad = data.draw(st.sets(st.integers(0, count - 1), min_size=1, max_size=2))
    texts = [f"ABORT {n}" if n in bad else f"text {n}" for n in range(count)]

    async def ask() -> list[bytes | None]:
        async with runner() as model:
            return await model.embed(texts)

    found = asyncio.run(ask())
    assert {n for n, row in enumerate(found) if row is None} == bad
    assert len({row for row in found if row}) == count - len(bad)


async def test_a_text_without_a_direction_has_no_vector() -> None:
    async with runner() as model:
        found = await model.embed(["good", "NAN", "also good"])
    assert [row is None for row in found] == [False, True, False]


async def test_what_hangs_is_ended(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "penchant"):
        async with runner() as model:
            assert await model.embed(["HANG"]) == [None]
            assert (await model.embed(["next"]))[0]
    assert any("longer than" in record.fields["how"] for record in caplog.records)  # type: ignore[attr-defined]
    assert "HANG" not in caplog.text, "the log has no content"


async def test_killed_from_outside_it_starts_again_and_nothing_is_blamed() -> None:
    async with runner() as model:
        await model.ready()
        assert model._child is not None
        os.kill(model._child.pid, signal.SIGKILL)
        assert (await model.embed(["a text"]))[0]
        assert model.restarts == 1


@pytest.mark.parametrize(("name", "words"), [("abort", "SIGABRT"), ("refuse", "the file is bad")])
async def test_a_model_that_does_not_load_is_told_in_words(name: str, words: str) -> None:
    async with runner(name) as model:
        for _ in range(2):
            with pytest.raises(PenchantError, match=words) as failure:
                await model.embed(["a"])
            assert failure.value.hint


async def test_cancelled_in_the_middle_it_answers_the_next_call_correctly() -> None:
    async with runner() as model:
        wanted = await model.embed(["b"])
        task = asyncio.create_task(model.embed(["SLOW a"] * 10))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await model.embed(["b"]) == wanted


@pytest.mark.parametrize("computing", [False, True])
def test_the_real_child_goes_with_its_parent(
    computing: bool, llama: None, tmp_path: Path, gguf_made: object, until: Callable[..., None]
) -> None:
    """kill -9 of the parent: the child ends although somebody else still holds its pipe open."""
    model = gguf_made.write(tmp_path / "tiny.gguf")  # type: ignore[attr-defined]
    reading, writing = os.pipe()
    code = (
        "import os, subprocess, sys, time\n"
        f"argv = [sys.executable, '-P', '-m', 'penchant.app.embed.child', {str(model)!r}, '1', str(os.getpid())]\n"
        f"child = subprocess.Popen(argv, stdin={reading}, pass_fds=[{reading}])\n"
        "print(child.pid, flush=True); time.sleep(100)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=False, pass_fds=[reading]
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    length = HEADER.unpack(parent.stdout.read(HEADER.size))[0]
    assert json.loads(parent.stdout.read(length)[1:])["dim"] == 32
    if computing:
        request = json.dumps(["a"] * 10_000).encode()  # fits into the pipe, takes a second or two
        os.write(writing, HEADER.pack(len(request)) + request)
    parent.kill()
    parent.wait()
    until(
        lambda: not Path(f"/proc/{pid}").exists() or "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    )
    os.close(reading), os.close(writing)
