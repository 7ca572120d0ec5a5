"""The worker's lane: nothing while it is off, a few ahead while it is on, one arm after another, and why not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest

from penchant.app import generating_lane, generating_make
from penchant.app.config import Config, GeneratedOptions
from penchant.app.errors import PenchantError
from penchant.app.generating import IMAGE, REAL, Settings, arm_event, blind_event, share_event
from penchant.app.generating_blind import unseal
from penchant.app.generating_lane import Generating, state
from penchant.app.paths import Paths
from penchant.app.store import Store, generated
from penchant.app.store_thread import StoreThread
from penchant.app.types import Event
from penchant.app.writing.values import Candidate, Progress, Wish

from .conftest import put


class FakeDesk:
    """Writes at once; what it was asked for is kept."""

    wishes: ClassVar[list[Wish]] = []
    closed = 0
    fails: ClassVar[list[PenchantError]] = []
    cannot: ClassVar[set[str]] = set()

    def __init__(self, *_: Any) -> None: ...

    async def write(self, wish: Wish) -> AsyncGenerator[Progress, None]:
        yield Progress("writing")
        await asyncio.sleep(0)
        if FakeDesk.fails:
            raise FakeDesk.fails.pop()
        if wish.arm in FakeDesk.cannot:
            raise PenchantError(f"{wish.arm} needs likes")
        FakeDesk.wishes.append(wish)
        text = f"The {wish.arm} text number {len(FakeDesk.wishes)} goes on about a tram that nobody had expected."
        yield Progress("done", offered=(Candidate(text, 0.6, tokens=20),), arm=wish.arm, by="tiny")

    async def close(self) -> None:
        FakeDesk.closed += 1


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeDesk.wishes, FakeDesk.closed, FakeDesk.fails, FakeDesk.cannot = [], 0, [], set()
    monkeypatch.setattr(generating_make, "Desk", FakeDesk)
    monkeypatch.setattr(generating_lane.power, "on_battery", lambda: False)
    monkeypatch.setattr(generating_lane, "calm_in", lambda last, now: 0.0)
    for name, value in {"BEGIN": 0.0, "LOOK": 0.01, "AGAIN": 0.01, "IDLE": 0.0}.items():
        monkeypatch.setattr(generating_lane, name, value)


def work(store: Store, until: Callable[[Store], Any], config: Config | None = None) -> None:
    """Run the lane until something holds in the archive, then a little longer: nothing more may happen."""

    async def go() -> None:
        async with StoreThread(store.path) as call:
            paths = Paths.under(Path(store.path).parent)
            task = asyncio.create_task(Generating(config or Config(), paths, call).run())
            try:
                async with asyncio.timeout(20):
                    while not await call(until):
                        await asyncio.sleep(0.01)
                await asyncio.sleep(0.1)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    asyncio.run(go())


def waiting(store: Store) -> list[int]:
    return [item for members in generated.pool(store.db, generated.read(store.db)) for item in members]


def test_while_it_is_off_nothing_is_loaded(filled: Store) -> None:
    work(filled, lambda store: True)
    assert FakeDesk.wishes == [] and filled.drafts.list() == []


def test_a_few_wait_and_no_more_are_made(filled: Store) -> None:
    filled.events.append([share_event(0.05)])
    work(filled, lambda store: len(waiting(store)) >= 5)
    assert len(waiting(filled)) == 5 and FakeDesk.closed
    assert state(filled) == generating_lane.State()


def test_arms_take_turns_and_write_about_the_same_things(filled: Store) -> None:
    filled.events.append([share_event(0.12), arm_event("history@other.gguf", True)])
    work(filled, lambda store: len(waiting(store)) >= 12)
    arms = [wish.arm for wish in FakeDesk.wishes]
    assert {arms.count(name) for name in ("none", "vector", "history")} == {4}
    assert {wish.model for wish in FakeDesk.wishes if wish.arm == "history"} == {"other.gguf"}
    titles = {card.title for card in filled.items.cards(filled.items.ids(generating_make.View.NEWEST))}
    assert {wish.topic for wish in FakeDesk.wishes} <= titles
    assert len(FakeDesk.wishes[-1].avoid) == 11, "what was written is not written again"


def test_what_is_shown_makes_room_for_more(filled: Store) -> None:
    filled.events.append([share_event(0.05)])
    work(filled, lambda store: len(waiting(store)) >= 5)
    filled.events.append([Event("impression", item) for item in waiting(filled)[:2]])
    work(filled, lambda store: len(waiting(store)) >= 5)
    assert len(filled.drafts.list("feed")) == 7


def test_in_a_blind_test_they_come_in_pairs_and_the_log_is_silent(
    filled: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    put(filled, 120, first=100)
    filled.events.append([share_event(0.04), blind_event()])
    work(filled, lambda store: len(waiting(store)) >= 8)
    kinds = [unseal(filled.drafts.of_item(item).facts["sealed"])["arm"] for item in waiting(filled)]  # type: ignore[union-attr]
    assert len(kinds) == 8 and kinds.count(REAL) == 4 and kinds.count("none") == kinds.count("vector") == 2
    told = caplog.text + str(filled.control.setting(generating_lane.STATE))
    assert not any(word in told for word in ("vector", "none", "tiny"))


def test_a_failure_is_told_and_tried_again(filled: Store) -> None:
    FakeDesk.fails = [PenchantError("no language model is installed", hint="Get one.") for _ in range(2)]
    filled.events.append([share_event(0.02)])
    seen: list[str] = []
    work(filled, lambda store: seen.append(state(store).note) or len(waiting(store)) >= 2)
    assert "no language model is installed" in seen and state(filled).note == ""


def test_an_arm_that_cannot_write_keeps_nobody_from_it(filled: Store) -> None:
    FakeDesk.cannot = {"vector"}
    filled.events.append([share_event(0.05)])
    work(filled, lambda store: len(waiting(store)) >= 5)
    assert {wish.arm for wish in FakeDesk.wishes} == {"none"}
    assert state(filled).resting == "vector: vector needs likes" and state(filled).note == ""


def test_without_minutes_nothing_is_written(filled: Store) -> None:
    filled.events.append([share_event(0.1)])
    config = Config(generated=GeneratedOptions(minutes_per_hour=0.0))
    work(filled, lambda store: state(store).note, config)
    assert FakeDesk.wishes == [] and "minutes_per_hour" in state(filled).note


def test_a_test_that_began_meanwhile_takes_the_draft_in(filled: Store) -> None:
    put(filled, 120, first=100)
    filled.events.append([share_event(0.1)])
    marked = generated.read(filled.db)
    filled.events.append([blind_event()])

    async def go() -> None:
        async with StoreThread(filled.path) as call:
            await generating_make.Maker(Config(), Paths.under(filled.path.parent), call).make(marked)

    asyncio.run(go())
    assert len(waiting(filled)) == 2
    assert {card.source for card in filled.items.cards(waiting(filled))} == {"blind test"}


def test_the_arm_that_has_fewest_is_next() -> None:
    import random

    wanted = Settings(0.1, tuple(generating_make.Arm(name) for name in ("a", "b", IMAGE)))
    draw = random.Random(0)
    assert generating_make.turn(wanted, {"a": 1, "b": 2}, draw).name == IMAGE
    blind = Settings(0.1, wanted.arms, "test")
    assert {generating_make.turn(blind, {}, draw).name for _ in range(20)} == {"a", "b"}
