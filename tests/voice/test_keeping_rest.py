"""What the worker's carriers give back and take up again: an idle model, what could not be made, damaged rows."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from penchant.app import power
from penchant.app.config import Config, Models, VoiceOptions
from penchant.app.paths import Paths
from penchant.app.store.control import Request
from penchant.app.voice import arm, keeping, shelf
from penchant.app.voice.keeping import Keeping


class FakeVoice:
    """A model that is there and does nothing."""

    key, cpu = "m", 0.0


@pytest.fixture
def lane(world: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keeping:
    """A lane whose model is there at once; `tried` holds the carriers that were to be made, none of which can be."""
    monkeypatch.setattr(power, "on_battery", lambda: False)
    monkeypatch.setattr(keeping, "calm_in", lambda last, now: 0.0)
    config = Config(models=Models(judge="/x/m.gguf"), voice=VoiceOptions(minutes_per_hour=5.0))
    made: Any = Keeping(config, Paths.under(tmp_path), world.call)
    made.tried, made.given_back = [], 0

    async def opened(_: str) -> Any:
        if made._voice is None:
            made._voice = FakeVoice()
            made._stack.callback(lambda: setattr(made, "given_back", made.given_back + 1))
        return made._voice

    class Refusing:
        def __init__(self, name: str) -> None:
            self.name = name

        async def taste(self, *_: Any) -> Any:
            made.tried.append(self.name)
            raise keeping.carriers.CannotCarry("not now")

    monkeypatch.setattr(made, "_opened", opened)
    monkeypatch.setattr(keeping.carriers, "make", lambda name, tools: Refusing(name))
    arm.say(world.store, "dial", 1.0)
    return made  # type: ignore[no-any-return]


async def steps(lane: Keeping) -> list[str]:
    """What is tried until it rests."""
    found: Any = lane
    found.tried.clear()
    for _ in range(10):
        if await lane._careful() >= keeping.LOOK:
            return list(found.tried)
    raise AssertionError(f"it never rests: {found.tried}")


async def test_another_model_is_a_new_chance_and_other_letters_are_none(lane: Keeping) -> None:
    assert await steps(lane) == list(keeping.CARRIERS)
    lane.hear(Request("ask", {"answer": "x"}, 0.0))
    assert await steps(lane) == [] and not lane._wake.is_set()
    lane.hear(Request("models", {}, 0.0))
    assert lane._wake.is_set() and await steps(lane) == list(keeping.CARRIERS)


async def test_an_idle_model_is_given_back(lane: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, found = SimpleNamespace(now=100.0), lane
    monkeypatch.setattr(keeping, "time", SimpleNamespace(monotonic=lambda: clock.now, time=lambda: clock.now))
    await steps(lane)
    clock.now += keeping.IDLE - 1.0
    assert await lane._careful() == keeping.LOOK and found._voice is not None
    clock.now += 2.0
    assert await lane._careful() == keeping.LOOK and found._voice is None
    assert found.given_back == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("facts", ["{", "[1]", "3", "null"])
def test_a_row_that_makes_no_sense_is_no_row(world: Any, facts: str) -> None:
    shelf.write(world.store, shelf.Kept("vector", "m", 3, {"liked": 2}, b"x", 1.0))
    assert shelf.read(world.store, "vector", "m") is not None
    with world.store.db.write():
        world.store.db.run("PRAGMA ignore_check_constraints = on")
        world.store.db.run("UPDATE carrier_states SET facts = ?", (facts,))
    assert shelf.read(world.store, "vector", "m") is None


async def test_the_end_is_heard_while_a_letter_comes_in(lane: Keeping, monkeypatch: pytest.MonkeyPatch) -> None:
    began = asyncio.Event()

    async def rest() -> float:
        began.set()
        return 3_600.0

    monkeypatch.setattr(lane, "_careful", rest)
    monkeypatch.setattr(keeping, "BEGIN", 0.0)
    task = asyncio.create_task(lane.run())
    await began.wait()
    await asyncio.sleep(0)
    lane.hear(Request("models", {}, 0.0))
    await asyncio.sleep(0)  # the waiting ends in this very turn of the loop
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=10)
    assert done and task.cancelled(), "a lane that goes on holds the end of the worker up"
