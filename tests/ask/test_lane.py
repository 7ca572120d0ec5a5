"""Questions in the worker: answered into their row, taken back, taken up again by the next worker."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from penchant.app import answering_lane
from penchant.app.asking import Question
from penchant.app.asking_lane import KIND, Questions
from penchant.app.config import Config, Models
from penchant.app.store import Store
from penchant.app.store.control import Request
from penchant.app.store_thread import StoreThread
from penchant.app.worker import FOR_LANES

ASKED = Question("Why is the harbour clock slow?").payload()


def ask(world: Any, name: str = "a", item_id: int | None = None, ago: float = 0.0, **payload: Any) -> None:
    now = time.time() - ago
    world.write(lambda store: store.answers.ask(name, item_id, KIND, now, payload={**ASKED, **payload}))


async def work(world: Any, until: Callable[[Store], Any], *letters: Request, judge: str = "/x/m.gguf") -> None:
    """Run the lane until something holds."""
    config = replace(Config(), models=Models(judge=judge))
    async with StoreThread(world.paths.archive) as call:
        lane = Questions(config, world.paths, call)
        for letter in letters:
            lane.hear(letter)
        task = asyncio.create_task(lane.run())
        try:
            async with asyncio.timeout(30):
                while not await call(until):
                    await asyncio.sleep(0.01)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def done(name: str = "a") -> Callable[[Store], bool]:
    return lambda store: (answer := store.answers.get(name)) is not None and answer.done


def letters(world: Any) -> list[Request]:
    found: list[Request] = world.write(lambda store: store.control.take())
    return found


async def test_a_letter_is_answered_into_its_row(world: Any, model: Any) -> None:
    ask(world)
    sent = letters(world)
    assert [letter.kind for letter in sent] == [KIND] and KIND in FOR_LANES
    await work(world, done(), *sent, *sent)
    answer = world.read(lambda store: store.answers.get("a"))
    assert answer.text.startswith("The clock shows local time. [1]") and not answer.error
    assert answer.payload["sources"][0]["item_id"] == world.ids["clock"] and answer.payload["cited"] == [1]
    assert answer.payload["question"] == ASKED["question"] and answer.payload["state"] == "done"
    assert len(model.made) == 1 and len(model.made[0].prompts) == 1 and model.made[0].closed


async def test_what_a_worker_left_is_taken_up_by_the_next(world: Any, model: Any) -> None:
    ask(world, "left")
    ask(world, "old", ago=2 * answering_lane.STILL_ASKED)
    letters(world)
    world.write(lambda store: store.answers.begin("left", time.time()) and store.answers.say("left", "Half an"))
    await work(world, done("left"))
    assert world.read(lambda store: store.answers.get("left")).text.startswith("The clock shows")
    assert not world.read(lambda store: store.answers.get("old")).done, "nobody waits for that any more"


async def test_a_question_taken_back_stops_the_model(
    world: Any, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering_lane, "OFTEN", 0.0)  # each piece is told before the next is asked for
    model.pieces, model.delay = [f"word{n} " for n in range(2_000)], 0.01
    taken: list[int] = []

    def begun(store: Store) -> bool:
        answer = store.answers.get("a")
        if answer is not None and answer.text:
            taken.append(model.made[0].said)
            store.answers.take_back("a")
        return bool(model.made and model.made[0].stopped)

    ask(world)
    await work(world, begun)
    assert world.read(lambda store: store.answers.get("a")) is None
    assert len(taken) == 1 and model.made[0].said <= taken[0] + 2


async def test_a_question_taken_back_while_it_waits_is_never_asked(world: Any, model: Any) -> None:
    ask(world, "a")
    sent = letters(world)
    world.write(lambda store: store.answers.take_back("a"))
    ask(world, "b")
    await work(world, done("b"), *sent, *letters(world))
    assert len(model.made[0].prompts) == 1 and world.read(lambda store: store.answers.get("a")) is None


async def test_failures_are_told_and_the_next_question_is_answered(
    world: Any, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(world, "a", item_id=10**6)
    ask(world, "b")
    await work(world, done("b"))
    assert "no longer in the archive" in world.read(lambda store: store.answers.get("a")).error
    model.pieces = ("",)
    ask(world, "c")
    await work(world, done("c"))
    assert "nothing to say" in world.read(lambda store: store.answers.get("c")).error


async def test_without_a_model_it_still_answers_from_the_passages(world: Any, model: Any) -> None:
    ask(world)
    await work(world, done(), judge="")
    answer = world.read(lambda store: store.answers.get("a"))
    assert "four minutes slow" in answer.text and any("model" in note for note in answer.payload["notes"])


async def test_a_question_to_come_loads_the_model_and_idleness_gives_it_back(
    world: Any, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Questions, "idle", 0.05)
    await work(world, lambda _: bool(model.made and model.made[0].closed), Request(KIND, {}, time.time()))
    assert model.made[0].loaded and not model.made[0].prompts
