"""A lane that answers rows: steps are told as they come, and a row that was taken back is left alone at once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from penchant.app import answering_lane
from penchant.app.answering_lane import AnsweringLane
from penchant.app.errors import PenchantError, StoreError
from penchant.app.store import Store
from penchant.app.store.answers import Answer
from penchant.app.store.control import Request
from penchant.app.store_thread import StoreThread

KIND = "count"


class Counting(AnsweringLane[int, int]):
    """Counts to the number that a row asks for; `before` runs ahead of each step, as a reader's key might."""

    kind, patience, idle = KIND, 30.0, 30.0
    late, missing = "Ask for less.", "no count"

    def __init__(self, call: Any) -> None:
        super().__init__(call)
        self.log: list[str] = []
        self.before: Callable[[int], Any] = lambda _: None

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        self.log.append("opened")
        try:
            yield
        finally:
            self.log.append("left")

    async def close(self) -> None:
        self.log.append("closed")

    def asked(self, item_id: int | None, payload: Mapping[str, Any]) -> int:
        return int(payload["to"])

    async def steps(self, asked: int) -> AsyncGenerator[int, None]:
        self.log.append(f"began {asked}")
        try:
            for n in range(1, asked + 1):
                made = self.before(n)
                if asyncio.iscoroutine(made):
                    await made
                yield n
        finally:
            self.log.append(f"ended {asked}")

    def mark(self, step: int) -> object:
        return step == 3

    def teller(self, name: str, asked: int) -> Callable[[int, Store], bool]:
        return partial(self._tell, name)

    def _tell(self, name: str, step: int, store: Store) -> bool:
        self.log.append(f"told {step}")
        return store.answers.say(name, str(step))


@asynccontextmanager
async def lane(tmp_path: Path) -> AsyncIterator[Counting]:
    async with StoreThread(tmp_path / "archive.db") as call:
        yield Counting(call)


async def ask(of: Counting, name: str, to: int) -> None:
    await of._call(lambda store: store.answers.ask(name, None, KIND, time.time(), payload={"to": to}))


async def row(of: Counting, name: str) -> Answer | None:
    found: Answer | None = await of._call(lambda store: store.answers.get(name))
    return found


async def take_back(of: Counting, name: str) -> None:
    await of._call(lambda store: store.answers.take_back(name))


async def run(of: Counting, *names: str, until: Callable[[], Any] | None = None) -> None:
    """Hear of rows and answer until the last one is done, or something holds."""
    for name in names:
        of.hear(Request(KIND, {"answer": name}, time.time()))
    task = asyncio.create_task(of.run())
    try:
        async with asyncio.timeout(30):
            while True:
                last = await row(of, names[-1]) if until is None else None
                if (last is not None and last.done) or (until is not None and until()):
                    return
                assert not task.done(), f"the lane has ended: {task}"
                await asyncio.sleep(0.002)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_row_taken_back_between_two_steps_ends_the_work_at_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering_lane, "OFTEN", 0.0)  # every step is told
    async with lane(tmp_path) as of:
        of.before = lambda n: take_back(of, "a") if n == 4 else None
        await ask(of, "a", 1_000)
        await ask(of, "b", 2)
        await run(of, "a", "b")
        assert of.log[:7] == ["opened", "began 1000", "told 1", "told 2", "told 3", "told 4", "ended 1000"]
        assert of.log[7] == "began 2" and await row(of, "a") is None


async def test_a_row_taken_back_while_it_waits_is_never_begun(tmp_path: Path) -> None:
    async with lane(tmp_path) as of:
        of.before = lambda n: take_back(of, "b") if n == 1 else None
        for name, to in (("a", 3), ("b", 700), ("c", 2)):
            await ask(of, name, to)
        await run(of, "a", "b", "c")
        assert [each for each in of.log if each.startswith("began")] == ["began 3", "began 2"]
        assert await row(of, "b") is None


async def test_what_a_screen_would_not_see_is_not_written_and_a_change_of_mark_is(tmp_path: Path) -> None:
    async with lane(tmp_path) as of:
        await ask(of, "a", 5)
        await run(of, "a")
        # the first step, and those at which the mark changes; the rest come sooner than a screen looks
        told = [each for each in of.log if each.startswith("told")]
        assert {"told 1", "told 3", "told 4"} <= {*told} and told == sorted(told)


async def test_a_letter_that_comes_twice_is_answered_once_and_can_be_asked_again_later(tmp_path: Path) -> None:
    async with lane(tmp_path) as of:
        await ask(of, "a", 1)
        await ask(of, "b", 2)
        await run(of, "a", "a", "a", "b")
        assert of.log.count("began 1") == 1
        assert not of._known - {"b"}, "what is answered is forgotten"


@pytest.mark.parametrize(
    ("fault", "error", "hint"),
    [
        (PenchantError("no model", hint="Get one."), "no model", "Get one."),
        (ValueError("x"), "a fault of penchant's own", "The log has the details."),
    ],
)
async def test_a_failure_is_told_in_the_row_and_the_lane_goes_on(
    tmp_path: Path, fault: Exception, error: str, hint: str
) -> None:
    def fail(n: int) -> None:
        if n == 2:
            of.before = lambda _: None
            raise fault

    async with lane(tmp_path) as of:
        of.before = fail
        await ask(of, "a", 5)
        await ask(of, "b", 1)
        await run(of, "a", "b")
        found = await row(of, "a")
        assert found is not None and found.done and (found.error, found.hint, found.text) == (error, hint, "1")


async def test_an_archive_that_refuses_ends_the_answer_and_not_the_lane(tmp_path: Path) -> None:
    def refuse(n: int) -> None:
        of.before = lambda _: None
        raise StoreError("the disk is full")

    async with lane(tmp_path) as of:
        of.before = refuse
        await ask(of, "a", 5)
        await ask(of, "b", 1)
        await run(of, "a", "b")
        found = await row(of, "a")
        assert found is not None and not found.done, "whoever comes next takes it up"


async def test_a_model_that_never_ends_is_given_up_with_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counting, "patience", 0.05)
    async with lane(tmp_path) as of:
        of.before = lambda n: asyncio.sleep(60.0) if n == 2 else None
        await ask(of, "a", 5)
        await run(of, "a")
        found = await row(of, "a")
        assert found is not None and "longer than 0.05 seconds" in found.error and found.hint == "Ask for less."
        assert found.text == "1" and "ended 5" in of.log


async def test_idleness_gives_the_model_back_once_and_the_end_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Counting, "idle", 0.02)
    async with lane(tmp_path) as of:
        await ask(of, "a", 1)
        await run(of, "a", until=lambda: "closed" in of.log)
        assert of.log == ["opened", "began 1", "told 1", "ended 1", "closed", "left"]


async def test_letters_of_other_lanes_are_let_pass(tmp_path: Path) -> None:
    async with lane(tmp_path) as of:
        await of._call(lambda store: store.answers.ask("a", None, "write", time.time(), payload={"to": 700}))
        await ask(of, "b", 2)
        of.hear(Request("write", {"answer": "a"}, time.time()))
        of.hear(Request(KIND, {"answer": 7}, time.time()))
        await run(of, "b")
        assert "began 2" in of.log and "began 700" not in of.log


async def test_a_letter_of_a_finished_row_changes_nothing(tmp_path: Path) -> None:
    async with lane(tmp_path) as of:
        await ask(of, "a", 700)
        await of._call(lambda store: store.answers.finish("a", "as it was"))
        await ask(of, "b", 2)
        await run(of, "a", "b")
        found = await row(of, "a")
        assert "began 700" not in of.log and found is not None and found.error == "as it was"


async def test_the_end_is_heard_while_the_next_question_comes_in(tmp_path: Path) -> None:
    async with lane(tmp_path) as of:
        task = asyncio.create_task(of.run())
        while "opened" not in of.log:
            await asyncio.sleep(0.002)
        await asyncio.sleep(0)
        of.take("gone")
        await asyncio.sleep(0)  # the question is handed over in this very turn of the loop
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=10)
        assert done and task.cancelled(), "a lane that goes on holds the end of the worker up"
