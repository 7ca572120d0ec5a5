"""Drafts in the worker: a lane of `answering_lane` that writes each draft into the archive as it stands."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import TYPE_CHECKING, Any

from .answering_lane import AnsweringLane
from .writing.desk import Desk, keep
from .writing.values import Progress, Wish

if TYPE_CHECKING:
    from .config import Config
    from .paths import Paths
    from .store import Store
    from .sync import Call

KIND = "write"


class Drafting(AnsweringLane[Wish, Progress]):
    """Letters are "write" with {"answer": id}."""

    kind, patience, idle = KIND, 900.0, 120.0
    late = "A smaller model writes sooner; what stands already is kept."
    missing = "no draft"

    def __init__(self, config: Config, paths: Paths, call: Call) -> None:
        super().__init__(call)
        self._desk = Desk(config, paths, call)

    def opened(self) -> AbstractAsyncContextManager[object]:
        return self._desk

    async def close(self) -> None:
        await self._desk.close()

    def asked(self, item_id: int | None, payload: Mapping[str, Any]) -> Wish:
        return Wish.of(item_id, payload)

    def steps(self, asked: Wish) -> AsyncGenerator[Progress, None]:
        return self._desk.write(asked)

    def mark(self, step: Progress) -> object:
        return step.state, len(step.offered)

    def teller(self, name: str, asked: Wish) -> Callable[[Progress, Store], bool]:
        return partial(_tell, name, asked, {})


def _tell(name: str, wish: Wish, known: dict[str, str], step: Progress, store: Store) -> bool:
    facts = {"state": step.state, "arm": step.arm, "by": step.by, "refused": dict(step.refused)}
    told = store.answers.tell(name, drafts=keep(store, wish, step, known), notes=list(step.notes), **facts)
    return told and store.answers.say(name, step.text)
