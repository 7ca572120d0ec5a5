"""How fast drafts are made: within a budget, kindly to the machine, rarer after failures; what a blind test hides."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from penchant.adapters.base import Media
from penchant.app import generating_lane as lane
from penchant.app import generating_make as making
from penchant.app.config import Config, GeneratedOptions
from penchant.app.errors import PenchantError
from penchant.app.generating import MOST_SHARE, REAL, blind_event, settings, share_event
from penchant.app.generating_keep import offer, unblind
from penchant.app.judging_plan import Budget
from penchant.app.paths import Paths
from penchant.app.store import Store, generated
from penchant.app.store.control import Request
from penchant.app.store.drafts import Draft
from penchant.app.types import Event

from .conftest import put


class FakeMaker:
    """Takes `seconds` of the clock for a draft, or fails."""

    def __init__(self, clock: SimpleNamespace) -> None:
        self.clock, self.seconds, self.fails, self.made, self.closed = clock, 6.0, 0, 0, 0
        self.resting: dict[str, tuple[float, str]] = {}

    async def make(self, wanted: Any) -> str:
        self.clock.now += self.seconds
        if self.fails:
            self.fails -= 1
            raise PenchantError("no model", hint="Get one.")
        self.made += 1
        return "vector"

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """What the lane takes for the time; a machine on its mains, a reader who is still."""
    found = SimpleNamespace(now=1_000_000.0)
    told = SimpleNamespace(monotonic=lambda: found.now, time=lambda: found.now)
    monkeypatch.setattr(lane, "time", told)
    monkeypatch.setattr(lane.power, "on_battery", lambda: False)
    monkeypatch.setattr(lane, "calm_in", lambda last, now: 0.0)
    return found


def made(store: Store, clock: SimpleNamespace, **options: Any) -> tuple[lane.Generating, FakeMaker]:
    async def call(work: Callable[[Store], Any]) -> Any:
        return work(store)

    config = replace(Config(), generated=replace(GeneratedOptions(), **options))
    maker: Any = FakeMaker(clock)
    return lane.Generating(config, Paths.under(Path(store.path).parent), call, maker), maker


async def test_after_a_draft_the_machine_rests_for_its_share(filled: Store, clock: SimpleNamespace) -> None:
    filled.events.append([share_event(0.1)])
    of, _ = made(filled, clock)
    share = Config().models.cpu_share
    assert 0.0 < share < 1.0
    assert await of._careful() == pytest.approx(6.0 / share - 6.0)


async def test_failures_make_it_rarer_and_a_success_or_another_model_makes_good(
    filled: Store, clock: SimpleNamespace
) -> None:
    filled.events.append([share_event(0.1)])
    of, maker = made(filled, clock, minutes_per_hour=60.0)
    maker.fails = 100
    waits = [await of._careful() for _ in range(12)]
    assert waits[:4] == [lane.AGAIN * 2**n for n in range(4)] and waits[-1] == lane.LONGEST
    assert maker.closed == 12, "a model that fails is given back"
    of.hear(Request("others", {}, 0.0))
    assert await of._careful() == lane.LONGEST
    of.hear(Request("models", {}, 0.0))
    assert await of._careful() == lane.AGAIN
    maker.fails = 0
    await of._careful()
    maker.fails = 1
    assert await of._careful() == lane.AGAIN


async def test_what_was_spent_is_kept_and_used_up(filled: Store, clock: SimpleNamespace) -> None:
    filled.events.append([share_event(0.1)])
    of, maker = made(filled, clock, minutes_per_hour=0.25)
    maker.seconds, maker.fails = 10.0, 1
    await of._careful()
    assert Budget.from_json(filled.control.setting(lane.BUDGET)).spent(clock.now) == 10.0, "failures cost as much"
    await of._careful()
    assert 0.0 < await of._careful() <= 60.0 and maker.made == 1
    assert "0.25 minutes an hour" in lane.state(filled).note
    clock.now += 3_700.0
    await of._careful()
    assert maker.made == 2 and lane.state(filled).note == ""


async def test_on_battery_and_between_keys_it_waits(
    filled: Store, clock: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.events.append([share_event(0.1)])
    of, maker = made(filled, clock)
    monkeypatch.setattr(lane.power, "on_battery", lambda: True)
    assert await of._careful() == lane.power.HOLDS and "battery" in lane.state(filled).note
    monkeypatch.setattr(lane.power, "on_battery", lambda: False)
    monkeypatch.setattr(lane, "calm_in", lambda last, now: 4.0)
    assert await of._careful() == 4.0 and maker.made == 0


async def test_how_long_a_draft_took_is_logged_but_in_a_blind_test(
    filled: Store, clock: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    filled.events.append([share_event(0.1)])
    of, _ = made(filled, clock)
    await of._careful()
    assert [record.fields for record in caplog.records if hasattr(record, "fields")] == [{"seconds": 6.0}]
    caplog.clear()
    filled.events.append([blind_event()])
    await of._careful()
    assert not caplog.records, "times tell arms apart"


async def test_an_arm_that_could_not_write_is_asked_again_after_its_rest(
    filled: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, asked = SimpleNamespace(now=50.0), list[str]()
    monkeypatch.setattr(making, "time", SimpleNamespace(monotonic=lambda: clock.now, time=lambda: clock.now))
    filled.events.append([share_event(0.1)])
    wanted = generated.read(filled.db)

    async def call(work: Callable[[Store], Any]) -> Any:
        return work(filled)

    maker = making.Maker(Config(), Paths.under(Path(filled.path).parent), call, random.Random(1))

    async def of(arm: Any, _: Any) -> str:
        asked.append(arm.name)
        if arm.name == "vector":
            raise PenchantError("it needs likes")
        return str(arm.name)

    monkeypatch.setattr(maker, "_of", of)
    while "vector" not in asked:
        await maker.make(wanted)
    asked.clear()
    for _ in range(6):
        clock.now += making.REST / 10
        assert await maker.make(wanted) == "none"
    assert "vector" not in asked
    clock.now += making.REST
    while "vector" not in asked:
        await maker.make(wanted)
    assert maker.resting["vector"] == (clock.now + making.REST, "it needs likes")


@pytest.mark.parametrize(("said", "meant"), [(0.9, MOST_SHARE), (-3, 0.0), (float("inf"), 0.2), ("0.4", 0.2)])
def test_a_share_from_anywhere_stays_within_its_bounds(said: Any, meant: float) -> None:
    events = [share_event(0.2), Event("voice", value={"what": "share", "value": said})]
    assert settings(events).share == meant


def test_only_decisions_move_from_a_copy_to_its_item(store: Store) -> None:
    put(store, 120)
    store.events.append([share_event(0.1), blind_event()])
    wanted = generated.read(store.db)
    text = "A tram that a model made up went past the windows of the town, and a bell was heard twice."
    assert offer(store, Draft("feed", text, arm="vector"), wanted, random.Random(1))
    items = [item for pair in generated.pool(store.db, wanted) for item in pair]
    kinds = ("impression", "open", "like", "mark")
    for item in items:
        store.events.append([Event(kind, item) for kind in kinds if kind != "mark"])  # type: ignore[arg-type]
        store.events.append([Event("draft", item, {"act": "kept", "draft": "d"})])
    assert unblind(store, wanted) is not None
    copies = [draft for draft in store.drafts.list("feed", limit=10) if draft.arm == REAL]
    original = copies[0].facts["original"]
    moved = [event.kind for event in store.events.of_item(original)]
    assert sorted(moved) == ["impression", "like", "open"]
    assert all(event.value["blind"] for event in store.events.of_item(original))


def test_nothing_with_a_picture_stands_beside_a_draft(store: Store) -> None:
    put(store, 120, media=(Media("https://x.example/p.png", alt="an owl"),))
    store.events.append([share_event(0.1), blind_event()])
    wanted = generated.read(store.db)
    draft = Draft("feed", "A tram that a model made up went past all of the windows of the old town twice.", arm="none")
    assert not offer(store, draft, wanted, random.Random(1)), "a copy of words alone would be told by what it lacks"
    put(store, 120, first=200)
    assert offer(store, draft, wanted, random.Random(1))
