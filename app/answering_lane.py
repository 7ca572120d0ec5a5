"""A lane of the worker that answers what a screen asked, into its row, as the answer comes.

Whoever asked deletes the row to take the question back. What a killed worker left unanswered the next one takes up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from .errors import PenchantError, StoreError

if TYPE_CHECKING:
    from .store import Store
    from .store.control import Request
    from .sync import Call

log = logging.getLogger(__name__)

#: Seconds between two looks of a screen at its row, and for which a question of a worker that ended is waited for.
OFTEN, STILL_ASKED = 0.25, 120.0

Asked = TypeVar("Asked")
Step = TypeVar("Step")


class AnsweringLane(ABC, Generic[Asked, Step]):
    """`run` it as a task until the end; `hear` letters of its `kind` with {"answer": id of the row}.

    `patience`: seconds of one answer; `idle`: seconds until an idle model is given back; `late`: what to do where the
    model took too long; `missing`: what the log says where there is no answer.
    """

    kind: ClassVar[str]
    patience: ClassVar[float]
    idle: ClassVar[float]
    late: ClassVar[str]
    missing: ClassVar[str]

    def __init__(self, call: Call) -> None:
        self._call = call
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._known: set[str] = set()

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[object]:
        """What holds while the lane runs."""

    @abstractmethod
    async def close(self) -> None:
        """Give the model back; the next question loads it again."""

    @abstractmethod
    def asked(self, item_id: int | None, payload: Mapping[str, Any]) -> Asked:
        """What a row asks."""

    @abstractmethod
    def steps(self, asked: Asked) -> AsyncGenerator[Step, None]:
        """The answer as it comes."""

    @abstractmethod
    def mark(self, step: Step) -> object:
        """What a screen hears of at once when it changes; the rest only so often."""

    @abstractmethod
    def teller(self, name: str, asked: Asked) -> Callable[[Step, Store], bool]:
        """Writes a step into the row; False: the question was taken back."""

    def hear(self, letter: Request) -> None:
        """Take a letter; those of other lanes are ignored."""
        name = letter.payload.get("answer")
        if letter.kind == self.kind and isinstance(name, str):
            self.take(name)

    def take(self, name: str) -> None:
        """Answer a row in its turn, once."""
        if name not in self._known:
            self._known.add(name)
            self._waiting.put_nowait(name)

    async def run(self) -> None:
        """Answer until cancelled, one question after another."""
        since = time.time() - STILL_ASKED
        with contextlib.suppress(StoreError):
            for name in await self._call(lambda store: store.answers.open(self.kind, since)):
                self.take(name)
        async with self.opened():
            while True:
                name = await self._next()
                try:
                    await self.answer(name)
                except StoreError as error:
                    log.error("the archive refuses: %s", error)
                except Exception:
                    log.exception(self.missing)
                finally:
                    self._known.discard(name)

    async def _next(self) -> str:
        """The next question; an idle model is given back meanwhile."""
        try:
            async with asyncio.timeout(self.idle):  # wait_for of Python 3.11 forgets a cancellation that comes with it
                return await self._waiting.get()
        except TimeoutError:
            await self.close()
            return await self._waiting.get()

    async def answer(self, name: str) -> None:
        """Answer one row. Raises `StoreError`."""
        asked = await self._call(partial(self._begin, name))
        if asked is None:
            return  # taken back meanwhile
        error, hint = "", ""
        try:
            async with asyncio.timeout(self.patience):
                if not await self._follow(name, asked):
                    return
        except TimeoutError:
            error, hint = f"the model took longer than {self.patience:g} seconds", self.late
        except PenchantError as failure:
            if isinstance(failure, StoreError):
                raise
            log.warning("%s: %s", self.missing, failure)
            error, hint = str(failure), failure.hint
        except Exception:
            await self._finish(name, "a fault of penchant's own", "The log has the details.")
            raise
        await self._finish(name, error, hint)

    async def _follow(self, name: str, asked: Asked) -> bool:
        """Write down every step that a screen could see; False once the question was taken back."""
        told_at, before, tell = 0.0, None, self.teller(name, asked)
        async with contextlib.aclosing(self.steps(asked)) as steps:
            async for step in steps:
                now, mark = time.monotonic(), self.mark(step)
                if mark == before and now - told_at < OFTEN:
                    continue
                told_at, before = now, mark
                if not await self._call(partial(tell, step)):
                    return False
        return True

    async def _finish(self, name: str, error: str, hint: str) -> None:
        await self._call(lambda store: store.answers.finish(name, error, hint))

    def _begin(self, name: str, store: Store) -> Asked | None:
        row = store.answers.get(name)
        if row is None or not store.answers.begin(name, time.time()):
            return None
        return self.asked(store.answers.item_of(name), row.payload)
