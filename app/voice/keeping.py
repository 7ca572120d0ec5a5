"""Carriers in the worker: what is made from the reader's likes follows them, within a budget of computing.

Nothing is loaded before the reader used a voice: said something about it, let something be drafted, or chose a carrier.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from penchant.app import power
from penchant.app.errors import PenchantError, StoreError
from penchant.app.judging_plan import Budget, calm_in
from penchant.app.models.choice import chosen
from penchant.app.store import judging as asked

from . import carriers, reader, shelf
from .carriers import Tools

if TYPE_CHECKING:
    from penchant.app.config import Config
    from penchant.app.llm.local import Local
    from penchant.app.paths import Paths
    from penchant.app.store import Store
    from penchant.app.store.control import Request
    from penchant.app.sync import Call

log = logging.getLogger(__name__)

#: What is kept up to date, in this order; the others are words, or files that others make.
CARRIERS = ("vector", "map", "summary", "soft")
#: Settings: what it says of itself, and the CPU seconds that were spent.
STATE, BUDGET = "voice.state", "voice.budget"
#: Seconds: before the first look, between looks, after a failure, until an idle model is given back.
BEGIN, LOOK, AGAIN, IDLE = 20.0, 30.0, 900.0, 60.0
#: CPU seconds of tuning at a time.
SLICE = 20.0
#: Decisions after which each is made again.
NEW = {"vector": 1, "map": 5, "summary": 5, "soft": 20}
_DECISIONS = "'like', 'save', 'skip', 'mute', 'undo'"


class Keeping:
    """`run` it as a task until the end. It hears "models" letters: another model may be there now."""

    def __init__(self, config: Config, paths: Paths, call: Call) -> None:
        self._config, self._paths, self._call = config, paths, call
        self._stack = contextlib.AsyncExitStack()
        self._voice: Local | None = None
        self._worked_at = 0.0
        self._wake = asyncio.Event()
        self._given_up: dict[str, int] = {}

    def hear(self, letter: Request) -> None:
        """Take a letter; those of other lanes are ignored."""
        if letter.kind == "models":
            self._given_up.clear()
            self._wake.set()

    async def run(self) -> None:
        """Work until cancelled. What fails is told and logged, never raised."""
        try:
            wait = BEGIN
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):  # wait_for of Python 3.11 can lose a cancellation
                        await self._wake.wait()
                self._wake.clear()
                wait = await self._careful()
        finally:
            await self._close()

    async def _careful(self) -> float:
        """A step; returns the seconds to wait, whatever went wrong."""
        try:
            return await self._step()
        except StoreError as error:
            log.error("the archive refuses: %s", error)
        except PenchantError as error:
            log.info("no carrier was made: %s", error)
            with contextlib.suppress(StoreError):
                await self._tell(f"{error}. {error.hint}")
        except Exception:
            log.exception("no carrier was made")
        await self._close()
        return AGAIN

    async def _step(self) -> float:
        model = chosen("judge", self._config.models, self._paths)
        if not model or self._config.voice.minutes_per_hour <= 0.0 or not await self._call(used):
            return LOOK
        wait = await self._hindered()
        if wait > 0.0:
            return wait
        key = self._voice.key if self._voice is not None else ""
        names = await self._call(partial(self._wanted, key))
        if not names:
            if self._voice is not None and time.monotonic() - self._worked_at > IDLE:
                await self._close()
            return LOOK
        await self._make(names[0], await self._opened(model))
        return 1.0

    def _wanted(self, key: str, store: Store) -> list[str]:
        """What is due, but for what could not be made and has nothing new to be made of."""
        given_up = {name: upto for name, upto in self._given_up.items() if decisions(store, upto) < NEW[name]}
        return [name for name in due(store, key) if name not in given_up]

    async def _make(self, name: str, voice: Local) -> None:
        """Bring one carrier a step further; one that cannot is left alone until more is decided."""
        before = voice.cpu
        known = await self._call(reader.of)
        tools = replace(Tools.of(shelf.StoreShelf(self._call, self._paths), self._config), seconds=SLICE)
        was = await self._call(partial(shelf.read, name=name, model=voice.key))
        try:
            await carriers.make(name, tools).taste(known, voice)
            await self._tell("")
        except carriers.CannotCarry as why:
            log.info("carrier %s: %s", name, why)
            if await self._call(partial(shelf.read, name=name, model=voice.key)) == was:
                self._given_up[name] = known.upto
                return
        finally:
            self._worked_at = time.monotonic()
            await self._call(partial(_spend, max(0.0, voice.cpu - before)))
        if not await self._call(partial(_taken_in, name, voice.key, known.upto)):
            self._given_up[name] = known.upto  # it keeps nothing that could say so

    async def _hindered(self) -> float:
        """Seconds to wait for the budget, the battery or the reader's keys."""
        now, allowed = time.time(), 60.0 * self._config.voice.minutes_per_hour
        budget = await self._call(lambda store: Budget.from_json(store.control.setting(BUDGET)))
        if (wait := budget.wait(now, allowed)) > 0.0:
            return min(wait, 60.0)
        if await asyncio.to_thread(power.on_battery):
            return power.HOLDS
        return calm_in(await self._call(lambda store: asked.last_event_at(store.db)), now)

    async def _opened(self, model: str) -> Local:
        if self._voice is None:
            from penchant.app.judging_status import COPY
            from penchant.app.llm.choose import open_voice
            from penchant.app.llm.local import Local

            copy = await self._call(lambda store: int(store.control.setting(COPY) or 0))
            found = await self._stack.enter_async_context(open_voice(model, self._config, self._paths, copy=copy))
            assert isinstance(found, Local)
            self._voice = found
        return self._voice

    async def _close(self) -> None:
        stack, self._stack, self._voice = self._stack, contextlib.AsyncExitStack(), None
        await stack.aclose()

    async def _tell(self, note: str) -> None:
        await self._call(lambda store: store.control.remember(STATE, note or None))


def used(store: Store) -> bool:
    """Whether the reader ever asked for a voice."""
    return store.events.any_of("voice", "draft") or bool(store.drafts.list(limit=1))


def due(store: Store, key: str = "") -> list[str]:
    """Carriers that lack decisions that were made since, or texts that were not read yet.

    `key`: the model at work; "" where none is loaded: then any model's are looked at, the latest of each carrier.
    """
    found = []
    kept = {
        each.name: each
        for each in sorted(shelf.rows(store), key=lambda each: each.made_at)
        if not key or each.model == key
    }
    for name in CARRIERS:
        known = kept.get(name)
        if known is None:
            found.append(name)
            continue
        if decisions(store, known.upto) >= NEW[name] or known.facts.get("more"):
            found.append(name)
    return found


def decisions(store: Store, upto: int) -> int:
    """How many were made since an event."""
    return int(store.db.value(f"SELECT count(*) FROM events WHERE seq > ? AND kind IN ({_DECISIONS})", (upto,)) or 0)


def _taken_in(name: str, model: str, upto: int, store: Store) -> bool:
    """Note that what was decided up to here is in it, also where it found nothing to change; False: nothing is kept."""
    kept = shelf.read(store, name, model)
    if kept is not None and kept.upto < upto and not kept.facts.get("more"):
        shelf.write(store, replace(kept, upto=upto))
    return kept is not None


def _spend(seconds: float, store: Store) -> None:
    budget = Budget.from_json(store.control.setting(BUDGET)).spend(time.time(), seconds)
    store.control.remember(BUDGET, budget.to_json())


def state(store: Store) -> str:
    """What it says of itself: why nothing can be made, "" where all is well."""
    found = store.control.setting(STATE)
    return found if isinstance(found, str) else ""
