"""Sentence vectors for every text, newest first, in the background: resumable, polite, switched in when complete.

A lane of the worker. The model runs in a child process (`embed.runner`); what is missing is always asked of the
archive, so a kill costs one chunk. The ranking goes on reading the old space until the new one has every text.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from . import backfill_status
from .backfill_status import KEY, Status
from .embed.base import item_text
from .embed.runner import Runner
from .errors import PenchantError, StoreError
from .models.choice import chosen_in
from .store import spaces

if TYPE_CHECKING:
    from .config import Models
    from .store import Store
    from .store.control import Request

    T = TypeVar("T")
    Call = Callable[[Callable[[Store], T]], Awaitable[T]]

log = logging.getLogger(__name__)

#: Texts in one chunk at most, and the seconds that one should take.
CHUNK, CHUNK_SECONDS = 32, 2.0
#: Characters of an item that are handed over; the model reads fewer.
CHARACTERS = 4_000
#: Seconds: before the first look, between looks when all is done, between notes of the progress.
BEGIN, LOOK, TELL = 2.0, 1.0, 1.0
#: Seconds after a failure of the model or of the archive until the next attempt.
AGAIN, STORE_PAUSE = 300.0, 30.0
#: An idle model is given back after so many seconds (100 MB; loading it takes half a second).
IDLE = 60.0
#: Longest time that it waits for the end of a rush of visits.
MOST_RUSH = 900.0
#: Looking through the whole archive takes at most one part in so many of the time.
SHARE_OF_LOOKING = 20.0
#: With more failing texts than this, and more than one in twenty, the model is to blame.
MOST_ASIDE = 50
_ASIDE = "aside:"


def chosen(models: Models, folder: Path) -> str | None:
    """The model to run, as `embed.child` takes it; None for none. `folder` has the models."""
    return chosen_in("sentence", models, folder)


class Backfill:
    """`run` it as a task until the end. `changed` is called when the ranking has new vectors to read.

    While `rush` says that hundreds of sources are being visited, the model leaves them the processor.
    """

    def __init__(
        self, models: Models, folder: Path, call: Call, changed: Callable[[], None],
        rush: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._models, self._folder, self._call, self._changed = models, folder, call, changed
        self._rush, self._rushed = rush, 0.0
        self._model = chosen(models, folder)
        self._runner = Runner(self._model or "", threads=models.threads)
        self._broken = False
        self._space = ""
        self._aside: dict[str, int] = {}  # content hash (hex) -> an item of that text
        self._queue: list[int] = []  # items, the newest last
        self._seen = -1  # epoch up to which new items are in the queue
        self._searched = -1  # epoch of the last look through everything
        self._finished = -1  # epoch at which every text had its vector
        self._search_at = 0.0
        self._top = self._total = self._left = self._fresh = 0
        self._speed = 0.0
        self._heard = False
        self._size = 4
        self._told_at = self._worked_at = 0.0

    def up_to_date(self, store: Store) -> bool:
        """Nothing to do now: every text has its vector, or no model can make any."""
        return self._model is None or self._broken or spaces.epoch(store.db) in (0, self._finished)

    def hear(self, letter: Request) -> None:
        """A model was chosen or pulled, perhaps ours."""
        self._heard = self._heard or letter.kind == "models"

    async def run(self) -> None:
        """Work until cancelled; failures are told in the status and tried again later."""
        if self._model is not None:
            await asyncio.sleep(BEGIN)
        try:
            while True:
                try:
                    if self._heard:
                        await self._choose()
                    if self._model is None:
                        await self._call(switch_off)
                        pause = math.inf
                    else:
                        pause = await self._step()
                except StoreError as error:
                    log.error("the archive refuses: %s", error)
                    pause = STORE_PAUSE
                except PenchantError as error:
                    log.error("no sentence vectors: %s", error)
                    pause = await self._failed(str(error), error.hint)
                except Exception:
                    log.exception("no sentence vectors")
                    pause = await self._failed("a fault of penchant's own", "The log has the details.")
                await self._nap(pause)
        finally:
            await self._runner.close()

    async def _nap(self, seconds: float) -> None:
        """Wait, but not longer than until a letter comes."""
        await asyncio.sleep(min(seconds, LOOK))
        while (seconds := seconds - LOOK) > 0.0 and not self._heard:
            await asyncio.sleep(min(seconds, LOOK))

    async def _choose(self) -> None:
        """Which model is wanted by now; another than before is another child and another space."""
        self._heard = False
        wanted = chosen(self._models, self._folder)
        if wanted == self._model and not self._broken:
            return
        await self._runner.close()
        self._model, self._space, self._broken, self._speed = wanted, "", False, 0.0
        self._queue, self._aside = [], {}
        self._seen = self._searched = self._finished = -1
        self._runner = Runner(wanted or "", threads=self._models.threads)

    async def _step(self) -> float:
        """One chunk, or a look; returns the seconds to wait. Raises `PenchantError`."""
        if not self._space:
            if not await self._call(lambda store: spaces.counted(store.db)[1]):
                return LOOK
            await self._open()
        if self._to_blame():
            await self._open()  # another file may lie there by now
        if self._gives_way():
            return LOOK
        rows = await self._call(self._next)
        if not rows:
            return await self._rest()
        if await self._open():
            return 0.0
        self._broken = False
        started = time.monotonic()
        vectors = await self._runner.embed([item_text(title, text) for _, _, title, text in rows])
        took = time.monotonic() - started
        self._worked_at = time.monotonic()
        self._size = max(1, min(CHUNK, int(len(rows) * CHUNK_SECONDS / max(took, 1e-3))))
        self._speed = round(len(rows) / max(took, 1e-3), 1)
        await self._call(lambda store: self._keep(store, rows, vectors))
        if self._to_blame():
            await self._open()
        return took * (1.0 / self._models.cpu_share - 1.0)

    async def _open(self) -> bool:
        """Load the model; True when its file is another than before: another space, from the beginning."""
        name = (await self._runner.ready()).name
        if changed := name != self._space:
            self._space, self._seen, self._searched, self._finished, self._total = name, -1, -1, -1, 0
            await self._call(self._remembered)
        if self._to_blame():
            raise PenchantError(
                f"the model failed on {len(self._aside)} texts",
                hint="It is damaged, or unknown to llama.cpp: get it anew.",
            )
        return changed

    def _gives_way(self) -> bool:
        """Whether to wait for the end of a rush, but not for ever; counted in looks."""
        self._rushed = self._rushed + LOOK if self._rush() else 0.0
        return 0.0 < self._rushed < MOST_RUSH

    def _to_blame(self) -> bool:
        """Whether so many texts fail that it is the model."""
        return self._total > 0 and len(self._aside) > max(MOST_ASIDE, (self._total - self._left) // 20)

    async def _rest(self) -> float:
        """Nothing waits: switch over if that is complete, and give the model back after a while."""
        if self._finished != self._searched == self._seen:
            if await self._call(self._complete):
                self._fresh += 1
            self._finished, self._broken = self._searched, False
        if self._fresh:
            self._fresh = 0
            self._changed()
        if self._worked_at and time.monotonic() - self._worked_at > IDLE:
            await self._runner.close()
        return LOOK

    async def _failed(self, note: str, hint: str) -> float:
        self._broken = True
        await self._runner.close()
        try:
            await self._call(lambda store: self._tell(store, note, hint))
        except StoreError as error:
            log.error("the archive refuses: %s", error)
        return AGAIN

    # -- in the thread of the store
    def _remembered(self, store: Store) -> None:
        known = store.control.setting(_ASIDE + self._space)
        self._aside = {str(key): int(value) for key, value in json.loads(known).items()} if known else {}

    def _next(self, store: Store) -> list[tuple[int, bytes, str, str]]:
        """The next texts to embed; looks for new items first."""
        now = spaces.epoch(store.db)
        if now != self._seen:
            self._look(store, now)
        elif not self._queue and now != self._searched and time.monotonic() >= self._search_at:
            self._search(store, now)
        rows: list[tuple[int, bytes, str, str]] = []
        while self._queue and not rows:
            ids = self._queue[-self._size :][::-1]
            del self._queue[-self._size :]
            rows = [
                row for row in spaces.beginnings(store.db, ids, CHARACTERS) if row[1].hex() not in self._aside
            ]
        return rows

    def _look(self, store: Store, now: int) -> None:
        """New items go first, whatever else waits."""
        if self._searched < 0:
            self._search(store, now)
            return
        new = spaces.lacking_since(store.db, self._space, self._top)
        self._queue += new
        self._left += len(new)
        self._total += len(new)
        self._seen, self._top = now, max(self._top, spaces.counted(store.db)[1])

    def _search(self, store: Store, now: int) -> None:
        """Everything that lacks a vector, also what was edited or lost."""
        started = time.monotonic()
        self._queue = spaces.lacking(store.db, self._space)
        self._total, self._top = spaces.counted(store.db)
        there = {row[1].hex() for row in spaces.beginnings(store.db, self._aside.values(), 0)}
        self._left = len(self._queue) - len(there & self._aside.keys())
        self._seen = self._searched = now
        self._search_at = time.monotonic() + SHARE_OF_LOOKING * (time.monotonic() - started)

    def _keep(
        self, store: Store, rows: list[tuple[int, bytes, str, str]], vectors: list[bytes | None]
    ) -> None:
        """Store a chunk; texts without a vector are set aside for good."""
        made = [(row[1], vector) for row, vector in zip(rows, vectors, strict=True) if vector is not None]
        self._fresh += store.vectors.put(self._space, made)
        failed = {row[1].hex(): row[0] for row, vector in zip(rows, vectors, strict=True) if vector is None}
        if failed:
            self._aside |= failed
            log.warning(
                "texts set aside", extra={"fields": {"items": sorted(failed.values()), "space": self._space}}
            )
            store.control.remember(_ASIDE + self._space, json.dumps(self._aside))
        self._left = max(0, self._left - len(rows))
        if time.monotonic() - self._told_at >= TELL or failed:
            self._tell(store)

    def _complete(self, store: Store) -> bool:
        """Every text has its vector: read this space from now on, and drop the one before. True if switched."""
        self._tell(store)
        known = {space.name for space in store.vectors.spaces()}
        if self._space not in known:
            return False
        store.vectors.set_complete(self._space)
        active = store.vectors.sentence()
        if switched := active is None or active.name != self._space:
            store.vectors.use_sentence(self._space)
            log.info("sentence vectors switched", extra={"fields": {"space": self._space}})
        for name in known - {self._space}:
            if name.startswith(spaces.PREFIX):
                store.vectors.drop(name)
                store.control.forget(_ASIDE + name)
        return switched

    def _tell(self, store: Store, note: str = "", hint: str = "") -> None:
        before = backfill_status.of(store)
        if not self._speed and before is not None and before.space == self._space:
            self._speed = before.speed
        done = self._total - self._left - len(self._aside)
        status = Status(
            self._space, max(0, done), self._total, tuple(sorted(self._aside.values())), note, hint, self._speed
        )
        if store.control.setting(KEY) != status.to_json():
            store.control.remember(KEY, status.to_json())
        self._told_at = time.monotonic()


def switch_off(store: Store) -> None:
    """The reader wants no sentence vectors: the ranking stops reading them; they stay until they are dropped."""
    if store.vectors.sentence() is not None:
        store.vectors.use_sentence(None)
    store.control.forget(KEY)
