"""The worker keeps carriers up to date: only once a voice was used, only what lacks something, within its budget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penchant.app import power
from penchant.app.config import Config, Models, VoiceOptions
from penchant.app.judging_plan import Budget
from penchant.app.paths import Paths
from penchant.app.voice import arm, keeping, shelf
from penchant.app.voice.keeping import CARRIERS, Keeping, due


@pytest.fixture
def lane(world: Any, tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Keeping:
    monkeypatch.setattr(power, "on_battery", lambda: False)
    monkeypatch.setattr(keeping, "calm_in", lambda last, now: 0.0)
    config = Config(models=Models(judge=str(tiny)), voice=VoiceOptions(minutes_per_hour=5.0))
    return Keeping(config, Paths.under(tmp_path), world.call)


async def test_nothing_is_loaded_before_a_voice_was_used(world: Any, lane: Keeping) -> None:
    world.decide()
    assert await lane._step() == keeping.LOOK and lane._voice is None
    arm.say(world.store, "carrier", "vector")
    assert keeping.used(world.store)


async def test_what_was_liked_is_taken_in_and_then_it_rests(world: Any, lane: Keeping) -> None:
    world.decide()
    arm.say(world.store, "dial", 1.0)
    try:
        for _ in range(12):
            if await lane._careful() >= keeping.LOOK:
                break
        made = {each.name: each for each in shelf.rows(world.store)}
        assert made["vector"].facts["liked"] == made["vector"].facts["skipped"] == 12
        assert made["map"].upto == made["vector"].upto
        left = set(due(world.store, made["vector"].model))
        assert "vector" not in left and "map" not in left
        world.say("like", world.OTHERS[0], 5)
        assert "vector" in due(world.store, made["vector"].model)
        assert "map" not in due(world.store, made["vector"].model), "one like moves no map"
        await lane._careful()
        again = shelf.read(world.store, "vector", made["vector"].model)
        assert again is not None and again.facts["liked"] == 13
        assert Budget.from_json(world.store.control.setting(keeping.BUDGET)).used
    finally:
        await lane._close()


async def test_it_waits_for_the_budget_the_battery_and_the_keys(
    world: Any, lane: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.decide()
    arm.say(world.store, "dial", 1.0)
    monkeypatch.setattr(power, "on_battery", lambda: True)
    assert await lane._step() == power.HOLDS
    monkeypatch.setattr(power, "on_battery", lambda: False)
    monkeypatch.setattr(keeping, "calm_in", lambda last, now: 4.0)
    assert await lane._step() == 4.0
    keeping._spend(400.0, world.store)
    assert await lane._step() == 60.0
    assert lane._voice is None and not shelf.rows(world.store)
    off = Keeping(replace(lane._config, voice=VoiceOptions(minutes_per_hour=0.0)), lane._paths, world.call)
    assert await off._step() == keeping.LOOK


def test_everything_is_due_at_first(world: Any) -> None:
    assert due(world.store) == list(CARRIERS)
    shelf.write(world.store, shelf.Kept("soft", "m", world.store.events.last_seq(), {"more": True}))
    assert "soft" in due(world.store, "m"), "a run that is not done goes on"
    shelf.write(world.store, shelf.Kept("soft", "m", world.store.events.last_seq(), {"more": False}))
    assert "soft" not in due(world.store, "m") and "soft" in due(world.store, "other")


async def test_what_is_still_right_is_not_looked_at_again_and_keeps_nothing_waiting(world: Any, lane: Keeping) -> None:
    """A summary stays as it is until half of the likes are others; what comes after it must have its turn."""
    world.decide()
    arm.say(world.store, "dial", 1.0)
    try:
        model = (await lane._opened(str(lane._config.models.judge))).key
        liked, upto = [world.ids[text] for text in world.LIKED], world.store.events.last_seq()
        for name in CARRIERS:
            shelf.write(world.store, shelf.Kept(name, model, upto, {"text": "Trains and the sea.", "items": liked}))
        for at, text in enumerate(world.OTHERS[:5]):
            world.say("like", text, 100 + at)
        assert due(world.store, model) == ["vector", "map", "summary"]
        waits = [await lane._careful() for _ in range(6)]
        assert waits[-1] == keeping.LOOK, "it rests"
        kept = shelf.read(world.store, "summary", model)
        assert kept is not None and kept.facts["text"] == "Trains and the sea." and kept.upto > upto
    finally:
        await lane._close()


async def test_what_cannot_be_made_is_not_tried_at_every_key(
    world: Any, lane: Keeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    class Refusing:
        def __init__(self, name: str) -> None:
            self.name = name

        async def taste(self, reader: Any, voice: Any) -> Any:
            tried.append(self.name)
            raise keeping.carriers.CannotCarry("not now")

    monkeypatch.setattr(keeping.carriers, "make", lambda name, tools: Refusing(name))
    arm.say(world.store, "dial", 1.0)
    model = (await lane._opened(str(lane._config.models.judge))).key
    shelf.write(world.store, shelf.Kept("soft", model, 0, {"more": True}))
    try:
        for at in range(8):
            await lane._careful()
            world.say("impression", world.OTHERS[at], at)
        assert tried == list(CARRIERS), "each once, whatever is on screen since"
        world.say("like", world.OTHERS[0], 50)
        await lane._careful()
        assert tried[4:] == ["vector"], "one like is enough for this one alone"
    finally:
        await lane._close()
