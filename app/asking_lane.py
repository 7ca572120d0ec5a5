"""Questions in the worker: what a screen asked is answered into its row, a few words at a time.

Whoever asked deletes the row to take the question back. What a killed worker left unanswered the next one takes up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from functools import partial
from typing import TYPE_CHECKING

from .asking import Asker, Progress, Question
from .errors import PenchantError, StoreError

if TYPE_CHECKING:
    from .config import Config
    from .paths import Paths
    from .store import Store
    from .store.control import Request
    from .sync import Call

log = logging.getLogger(__name__)

KIND = "ask"
#: Seconds: of one answer, between two looks of the screen at it, until an idle model is given back, and for which a
#: question of a worker that ended is still waited for.
PATIENCE, OFTEN, IDLE, STILL_ASKED = 300.0, 0.25, 60.0, 120.0


class Questions:
    """`run` it as a task until the end; `hear` letters: "ask" with {"answer": id}, or with {} to load the model."""

    def __init__(self, config: Config, paths: Paths, call: Call) -> None:
        self._call = call
        self._asker = Asker(config, paths, call)
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._known: set[str] = set()
        self._warming: asyncio.Task[None] | None = None

    def hear(self, letter: Request) -> None:
        """Take a letter; those of other lanes are ignored."""
        name = letter.payload.get("answer")
        if letter.kind == KIND and isinstance(name, str):
            self._take(name)
        elif letter.kind == KIND:
            self._take("")

    def _take(self, name: str) -> None:
        if name not in self._known:
            self._known.add(name)
            self._waiting.put_nowait(name)

    async def run(self) -> None:
        """Answer until cancelled, one question after another."""
        since = time.time() - STILL_ASKED
        with contextlib.suppress(StoreError):
            for name in await self._call(lambda store: store.answers.open(KIND, since)):
                self._take(name)
        async with self._asker, contextlib.AsyncExitStack() as ending:
            ending.push_async_callback(self._stop_warming)
            while True:
                name = await self._next()
                try:
                    if name:
                        await self._answer(name)
                    elif self._warming is None or self._warming.done():
                        # beside the next question: what was found is shown while the model is loaded
                        self._warming = asyncio.create_task(self._asker.warm())
                except StoreError as error:
                    log.error("the archive refuses: %s", error)
                except Exception:
                    log.exception("a question was not answered")
                finally:
                    self._known.discard(name)

    async def _stop_warming(self) -> None:
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.gather(self._warming, return_exceptions=True)

    async def _next(self) -> str:
        """The next question; an idle model is given back meanwhile."""
        try:
            return await asyncio.wait_for(self._waiting.get(), IDLE)
        except TimeoutError:
            await self._asker.close()
            return await self._waiting.get()

    async def _answer(self, name: str) -> None:
        asked = await self._call(partial(_begin, name))
        if asked is None:
            return  # taken back meanwhile
        error, hint = "", ""
        try:
            async with asyncio.timeout(PATIENCE):
                if not await self._follow(name, asked):
                    return
        except TimeoutError:
            error = f"the model took longer than {PATIENCE:g} seconds"
            hint = "A smaller model answers sooner; on a busy machine it may be worth another try."
        except PenchantError as failure:
            if isinstance(failure, StoreError):
                raise
            log.warning("no answer: %s", failure)
            error, hint = str(failure), failure.hint
        except Exception:
            await self._finish(name, "a fault of penchant's own", "The log has the details.")
            raise
        await self._finish(name, error, hint)

    async def _follow(self, name: str, asked: Question) -> bool:
        """Write down every step that a screen could see; False once the question was taken back."""
        told_at, state = 0.0, ""
        async with contextlib.aclosing(self._asker.ask(asked)) as steps:
            async for step in steps:
                if step.state in (state, "writing") and time.monotonic() - told_at < OFTEN:
                    continue
                told_at, state = time.monotonic(), step.state
                if not await self._call(partial(_tell, name, step)):
                    return False
        return True

    async def _finish(self, name: str, error: str, hint: str) -> None:
        await self._call(lambda store: store.answers.finish(name, error, hint))


def _begin(name: str, store: Store) -> Question | None:
    row = store.answers.get(name)
    if row is None or not store.answers.begin(name, time.time()):
        return None
    item_id = store.answers.item_of(name)
    return Question.of(item_id, row.payload)


def _tell(name: str, step: Progress, store: Store) -> bool:
    facts = {"state": step.state, "absent": step.absent, "by": step.by, "cited": list(step.cited)}
    told = store.answers.tell(name, sources=list(step.sources), notes=list(step.notes), **facts)
    return told and store.answers.say(name, step.text)
