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
