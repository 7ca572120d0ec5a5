"""Generated items in the worker: while they are on, a few wait to be shown, and more are made as these are seen.

Nothing is loaded before the reader switches them on. Writing has a budget of its own, waits while keys are pressed and
on battery, and says in a setting how it stands (`penchant arms`, the key B).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import time
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from . import power
from .errors import PenchantError, StoreError
from .generating import Settings
from .generating_keep import settle
from .judging_plan import Budget, calm_in
from .store import generated
from .store import judging as asked

if TYPE_CHECKING:
    from .config import Config
    from .generating_make import Maker
    from .paths import Paths
    from .store import Store
    from .store.control import Request
    from .sync import Call

log = logging.getLogger(__name__)

#: Settings: how it stands, and the seconds that were spent.
STATE, BUDGET = "generated.state", "generated.budget"
#: Seconds: before the first look, between looks, after a failure (and twice that after the next, up to the last), until
#: an idle model is given back, and for one draft at most.
BEGIN, LOOK, AGAIN, LONGEST, IDLE, PATIENCE = 3.0, 3.0, 30.0, 1800.0, 60.0, 900.0


@dataclass(frozen=True, slots=True)
class State:
    """How it stands, for the reader: `doing` now, or why nothing is made (`note` with its `hint`); `resting`: arms that
    cannot write at the moment, and why.
    """

    doing: str = ""
    note: str = ""
    hint: str = ""
    resting: str = ""


def state(store: Store) -> State:
    """What the lane said last."""
    try:
        found = json.loads(str(store.control.setting(STATE) or "{}"))
        return State(**found)
    except (ValueError, TypeError):
        return State()


class Generating:
    """`run` it as a task until the end. It hears "models" letters: another model may be there now."""

    def __init__(self, config: Config, paths: Paths, call: Call, maker: Maker | None = None) -> None:
        self._config, self._paths, self._call = config, paths, call
        self._maker = maker
        self._worked_at = 0.0
        self._failures = 0
        self._wake = asyncio.Event()
        self._told = State()

    def hear(self, letter: Request) -> None:
        """Take a letter; those of other lanes are ignored."""
        if letter.kind == "models":
            self._failures = 0
            self._wake.set()

    async def run(self) -> None:
        """Make drafts until cancelled. What fails is told and logged, never raised."""
        await asyncio.sleep(BEGIN)
        try:
            with contextlib.suppress(StoreError, OSError):
                await self._call(_prune)
            while True:
                wait = await self._careful()
                self._wake.clear()
                try:
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
                except TimeoutError:
                    pass
        finally:
            await self._close()

    async def _careful(self) -> float:
        """A step; returns the seconds to wait, whatever went wrong."""
        try:
            return await self._step()
        except StoreError as error:
            log.error("the archive refuses: %s", error)
        except TimeoutError:
            await self._tell(State(note=f"a draft took longer than {PATIENCE:g} seconds", hint="Take a smaller model."))
        except PenchantError as error:
            log.info("no draft for the feed: %s", error)
            await self._tell(State(note=str(error), hint=error.hint))
        except Exception:
            log.exception("no draft for the feed")
            await self._tell(State(note="a fault of penchant's own", hint="The log has the details."))
        self._failures += 1
        await self._close()
        return min(LONGEST, AGAIN * 2.0 ** (self._failures - 1))

    async def _step(self) -> float:
        wanted, waiting = await self._call(_look)
        if not wanted.on or waiting >= wanted.waiting:
            if time.monotonic() - self._worked_at > IDLE:
                await self._close()
            await self._tell(State())
            return LOOK
        wait, why = await self._hindered()
        if wait > 0.0:
            if why:
                await self._tell(State(note=why))
            return wait
        await self._tell(State("the next one is being made"))
        began = time.monotonic()
        try:
            async with asyncio.timeout(PATIENCE):
                await (await self._opened()).make(wanted)
        finally:
            self._worked_at = time.monotonic()
            took = self._worked_at - began
            await self._call(partial(_spend, took))
        self._failures = 0
        if not wanted.test:  # how long an arm takes would tell which it was
            log.info("a draft for the feed", extra={"fields": {"seconds": round(took, 1)}})
        return took * (1.0 / self._config.models.cpu_share - 1.0)

    async def _hindered(self) -> tuple[float, str]:
        """Seconds to wait, and why where that is worth telling."""
        now, allowed = time.time(), self._config.generated.minutes_per_hour * 60.0
        if allowed <= 0.0:
            return LONGEST, "nothing is written: minutes_per_hour in [generated] is 0"
        spent = await self._call(lambda store: Budget.from_json(store.control.setting(BUDGET)))
        if (wait := spent.wait(now, allowed)) > 0.0:
            return min(wait, 60.0), f"its {allowed / 60:g} minutes an hour are used"
        if await asyncio.to_thread(power.on_battery):
            return power.HOLDS, "it waits while this machine runs on its battery"
        last = await self._call(lambda store: asked.last_event_at(store.db))
        return calm_in(last, now), ""

    async def _opened(self) -> Maker:
        if self._maker is None:
            from .generating_make import Maker

            self._maker = Maker(self._config, self._paths, self._call)
        return self._maker

    async def _close(self) -> None:
        if self._maker is not None:
            await self._maker.close()

    async def _tell(self, now: State) -> None:
        if self._maker is not None:
            arms = sorted(self._maker.resting.items())
            now = replace(now, resting="; ".join(f"{name}: {why}" for name, (_, why) in arms))
        if now != self._told:
            self._told = now
            await self._call(lambda store: store.control.remember(STATE, json.dumps(asdict(now))))


def _prune(store: Store) -> None:
    """What was drawn for drafts that are no more goes too."""
    from .generating_draw import prune

    rows = store.db.rows("SELECT i.media FROM drafts d JOIN items i ON i.id = d.item_id WHERE i.media_count > 0")
    prune(store.path, " ".join(media for (media,) in rows))


def _look(store: Store) -> tuple[Settings, int]:
    settle(store)
    wanted = generated.read(store.db)
    return wanted, len(generated.pool(store.db, wanted)) if wanted.on else 0


def _spend(seconds: float, store: Store) -> None:
    budget = Budget.from_json(store.control.setting(BUDGET)).spend(time.time(), seconds)
    store.control.remember(BUDGET, budget.to_json())
