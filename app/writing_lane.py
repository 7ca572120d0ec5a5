"""Drafts in the worker: what a screen asked for is written into its row, and each draft into the archive as it stands.

Whoever asked deletes the row to take the request back. What a killed worker left unwritten the next one takes up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from functools import partial
from typing import TYPE_CHECKING

from .errors import PenchantError, StoreError
from .writing.desk import Desk, keep
from .writing.values import Progress, Wish

if TYPE_CHECKING:
    from .config import Config
    from .paths import Paths
    from .store import Store
    from .store.control import Request
    from .sync import Call

log = logging.getLogger(__name__)

KIND = "write"
#: Seconds: of one request, between two looks of the screen at it, until an idle model is given back, and for which a
#: request of a worker that ended is still waited for.
PATIENCE, OFTEN, IDLE, STILL_ASKED = 900.0, 0.25, 120.0, 120.0


class Drafting:
    """`run` it as a task until the end; `hear` letters: "write" with {"answer": id}."""

    def __init__(self, config: Config, paths: Paths, call: Call) -> None:
        self._call = call
        self._desk = Desk(config, paths, call)
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        self._known: set[str] = set()

    def hear(self, letter: Request) -> None:
        """Take a letter; those of other lanes are ignored."""
        name = letter.payload.get("answer")
        if letter.kind == KIND and isinstance(name, str):
            self._take(name)

    def _take(self, name: str) -> None:
        if name not in self._known:
            self._known.add(name)
            self._waiting.put_nowait(name)

    async def run(self) -> None:
        """Write until cancelled, one request after another."""
        since = time.time() - STILL_ASKED
        with contextlib.suppress(StoreError):
            for name in await self._call(lambda store: store.answers.open(KIND, since)):
                self._take(name)
        async with self._desk:
            while True:
                name = await self._next()
                try:
                    await self._write(name)
                except StoreError as error:
                    log.error("the archive refuses: %s", error)
                except Exception:
                    log.exception("a draft was not written")
                finally:
                    self._known.discard(name)

    async def _next(self) -> str:
        """The next request; an idle model is given back meanwhile."""
        try:
            return await asyncio.wait_for(self._waiting.get(), IDLE)
        except TimeoutError:
            await self._desk.close()
            return await self._waiting.get()

    async def _write(self, name: str) -> None:
        wish = await self._call(partial(_begin, name))
        if wish is None:
            return  # taken back meanwhile
        error, hint = "", ""
        try:
            async with asyncio.timeout(PATIENCE):
                if not await self._follow(name, wish):
                    return
        except TimeoutError:
            error = f"the model took longer than {PATIENCE:g} seconds"
            hint = "A smaller model writes sooner; what stands already is kept."
        except PenchantError as failure:
            if isinstance(failure, StoreError):
                raise
            log.warning("no draft: %s", failure)
            error, hint = str(failure), failure.hint
        except Exception:
            await self._finish(name, "a fault of penchant's own", "The log has the details.")
            raise
        await self._finish(name, error, hint)

    async def _follow(self, name: str, wish: Wish) -> bool:
        """Write down every step that a screen could see; False once the request was taken back."""
        told_at, before = 0.0, ("", -1)
        known: dict[str, str] = {}
        async with contextlib.aclosing(self._desk.write(wish)) as steps:
            async for step in steps:
                now, stands = time.monotonic(), (step.state, len(step.offered))
                if stands == before and now - told_at < OFTEN:
                    continue
                told_at, before = now, stands
                if not await self._call(partial(_tell, name, wish, step, known)):
                    return False
        return True

    async def _finish(self, name: str, error: str, hint: str) -> None:
        await self._call(lambda store: store.answers.finish(name, error, hint))


def _begin(name: str, store: Store) -> Wish | None:
    row = store.answers.get(name)
    if row is None or not store.answers.begin(name, time.time()):
        return None
    return Wish.of(store.answers.item_of(name), row.payload)


def _tell(name: str, wish: Wish, step: Progress, known: dict[str, str], store: Store) -> bool:
    facts = {"state": step.state, "arm": step.arm, "by": step.by, "refused": dict(step.refused)}
    told = store.answers.tell(name, drafts=keep(store, wish, step, known), notes=list(step.notes), **facts)
    return told and store.answers.say(name, step.text)
