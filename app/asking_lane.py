"""Questions to the archive in the worker: a lane of `answering_lane`, which can also load the model ahead."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from .answering_lane import AnsweringLane
from .asking import Asker, Progress, Question

if TYPE_CHECKING:
    from .config import Config
    from .paths import Paths
    from .store import Store
    from .store.control import Request
    from .sync import Call

KIND = "ask"


class Questions(AnsweringLane[Question, Progress]):
    """Letters are "ask" with {"answer": id}, or with {} to load the model."""

    kind, patience, idle = KIND, 300.0, 60.0
    late = "A smaller model answers sooner; on a busy machine it may be worth another try."
    missing = "no answer"

    def __init__(self, config: Config, paths: Paths, call: Call) -> None:
        super().__init__(call)
        self._asker = Asker(config, paths, call)
        self._warming: asyncio.Task[None] | None = None

    def hear(self, letter: Request) -> None:
        """Take a letter; those of other lanes are ignored."""
        super().hear(letter)
        if letter.kind == KIND and not isinstance(letter.payload.get("answer"), str):
            self.take("")

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        async with self._asker:
            try:
                yield
            finally:
                if self._warming is not None:
                    self._warming.cancel()
                    await asyncio.gather(self._warming, return_exceptions=True)

    async def close(self) -> None:
        await self._asker.close()

    async def answer(self, name: str) -> None:
        """Answer one row; "" loads the model beside the next question: what was found is shown meanwhile."""
        if name:
            await super().answer(name)
        elif self._warming is None or self._warming.done():
            self._warming = asyncio.create_task(self._asker.warm())

    def asked(self, item_id: int | None, payload: Mapping[str, Any]) -> Question:
        return Question.of(item_id, payload)

    def steps(self, asked: Question) -> AsyncGenerator[Progress, None]:
        return self._asker.ask(asked)

    def mark(self, step: Progress) -> object:
        return step.state == "done"

    def teller(self, name: str, asked: Question) -> Callable[[Progress, Store], bool]:
        return partial(_tell, name)


def _tell(name: str, step: Progress, store: Store) -> bool:
    facts = {"state": step.state, "absent": step.absent, "by": step.by, "cited": list(step.cited)}
    told = store.answers.tell(name, sources=list(step.sources), notes=list(step.notes), **facts)
    return told and store.answers.say(name, step.text)
