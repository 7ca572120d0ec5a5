"""Picture vectors in the background: pictures that came, then the items that show them, then every text.

A lane of the worker beside `backfill`, and like it: the model runs in a child (`embed.clip_child`), what is missing is
asked of the archive, and the ranking reads the vectors once everything has its own for the first time. Nothing is
loaded before there is a picture.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from . import picture_status, power
from .embed.base import item_text
from .embed.clip_files import weights_at
from .embed.clip_runner import ClipRunner, remembered
from .errors import PenchantError, StoreError
from .models.choice import chosen
from .picture_status import Status
from .pictures.files import PictureFiles
from .store import picture_vectors, spaces
from .store.picture_vectors import Marks

if TYPE_CHECKING:
    from .config import Models
    from .paths import Paths
    from .store import Store
    from .store.control import Request

    T = TypeVar("T")
    Call = Callable[[Callable[[Store], T]], Awaitable[T]]

log = logging.getLogger(__name__)

#: Pictures and texts in one chunk at most, and the seconds that one should take.
PICTURES, TEXTS, CHUNK_SECONDS = 16, 32, 2.0
#: Items whose means are made at once: a few milliseconds of the archive's lock.
MEANS = 200
#: Characters of an item that are handed over; the model reads 77 tokens.
CHARACTERS = 1_000
#: Seconds: before the first look, between looks, until everything is looked through again, between notes of progress.
BEGIN, LOOK, WHOLE, TELL = 3.0, 1.0, 30.0, 1.0
#: Seconds after a failure of the model or of the archive until the next attempt, and between looks at the battery.
AGAIN, STORE_PAUSE, BATTERY = 300.0, 30.0, 30.0
#: An idle model is given back after so many seconds (some hundred MB; loading it takes seconds).
IDLE = 60.0
_ASIDE = "aside:"


def lane(paths: Paths, models: Models, call: Call, changed: Callable[[], None]) -> PictureBackfill:
    """The worker's, with the model that the reader chose."""
    return PictureBackfill(
        lambda: chosen("picture", models, paths), PictureFiles(paths.cache / "pictures").large, call, changed,
        threads=models.threads, share=models.cpu_share,
    )  # fmt: skip


class Job(NamedTuple):
    """A chunk: `kind` "picture" or "text", and (key of the vector, an item, path or text) of each."""

    kind: str
    rows: list[tuple[bytes, int, str]]


class PictureBackfill:
    """`run` it as a task until the end. `choose` says which model, `file` where the JPEG of a picture is (by its hash),
    `changed` is called when the ranking has new vectors to read. It hears letters of the kind "models".
    """

    def __init__(
        self,
        choose: Callable[[], str | None],
        file: Callable[[bytes], Path],
        call: Call,
        changed: Callable[[], None],
        *,
        threads: int = 1,
        share: float = 0.5,
    ) -> None:
        self._choose, self._file, self._call, self._changed = choose, file, call, changed
        self._threads, self._share = threads, share
        self._path: str | None = ""  # what was chosen last; "": not asked yet
        self.runner: ClipRunner | None = None
        self._wake = asyncio.Event()
        self._broken = self._waits = False
        self._looked: Marks | None = None
        self._finished: Marks | None = None
        self._size: dict[str, int] = {}
        self._fresh = 0
        self._reset("")

    def hear(self, letter: Request) -> None:
        """Another model may have been chosen or pulled."""
        if letter.kind == "models":
            self._wake.set()

    def up_to_date(self, store: Store) -> bool:
        """Nothing to do now: all that is there has its vector, no model can make any, or the battery is spared."""
        if self._choose() is None or self._broken or self._waits:
            return True
        marks = picture_vectors.marks(store.db)
        return not marks.pictures or (self._finished == marks and bool(self._path))

    async def run(self) -> None:
        """Work until cancelled; failures are told in the status and tried again later."""
        pause = BEGIN
        try:
            while True:
                await self._rest(pause)
                try:
                    pause = await self._step()
                except StoreError as error:
                    log.error("the archive refuses: %s", error)
                    pause = STORE_PAUSE
                except PenchantError as error:
                    log.error("no picture vectors: %s", error)
                    pause = await self._failed(str(error), error.hint)
                except Exception:
                    log.exception("no picture vectors")
                    pause = await self._failed("a fault of penchant's own", "The log has the details.")
        finally:
            await self._close()

    async def _rest(self, seconds: float) -> None:
        if seconds <= 0:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
        self._wake.clear()

    async def _step(self) -> float:
        """One chunk, or a look; returns the seconds to wait. Raises `PenchantError`."""
        if (chosen := self._choose()) != self._path:
            await self._switch(chosen)
        if self.runner is None:
            return LOOK
        if not await self._call(lambda store: picture_vectors.marks(store.db).pictures):
            return LOOK
        if not self._model:
            await asyncio.to_thread(weights_at, Path(self.runner.path))  # no torch to say that nothing is there
            self._reset(await self._call(partial(remembered, self._path)) or (await self.runner.name()))
            await self._call(self._recall)
        job = await self._call(self._next)
        if job is None:
            return await self._idle()
        self._waits = await asyncio.to_thread(power.on_battery)
        if self._waits:
            self._looked = None  # the chunk just taken is looked for again
            await self._call(partial(self._tell, waits="waiting for mains power"))
            return BATTERY
        return await self._work(self.runner, job)

    async def _work(self, runner: ClipRunner, job: Job) -> float:
        started = time.monotonic()
        name = await runner.name()
        await self._call(lambda store: runner.remember(store))
        if name != self._model:  # another file lies there by now
            self._reset(name)
            await self._call(self._recall)
            return 0.0
        self._broken = False
        began = time.monotonic()
        vectors = await runner.embed([row[2] for row in job.rows], job.kind)
        took = time.monotonic() - began
        self._worked_at = time.monotonic()
        if job.kind == "picture":
            self._speed = round(len(job.rows) / max(took, 1e-3), 1)
        self._size[job.kind] = max(1, int(len(job.rows) * CHUNK_SECONDS / max(took, 1e-3)))
        await self._call(lambda store: self._keep(store, job, vectors))
        return (time.monotonic() - started) * (1.0 / self._share - 1.0)

    async def _idle(self) -> float:
        """Nothing waits: switch over if this is the first time, and give the model back after a while."""
        if self._looked is not None and self._finished != self._looked:
            self._fresh += await self._call(self._complete)
            self._finished, self._broken = self._looked, False
        if self._fresh:
            self._fresh = 0
            self._changed()
        if self._worked_at and time.monotonic() - self._worked_at > IDLE:
            self._worked_at = 0.0
            await self._close()
        return LOOK

    async def _switch(self, chosen: str | None) -> None:
        await self._close()
        self._path, self._broken = chosen, False
        self._reset("")
        self.runner = ClipRunner(chosen, threads=self._threads) if chosen else None
        if chosen is None:
            await self._call(switch_off)

    async def _failed(self, note: str, hint: str) -> float:
        self._broken = True
        await self._close()
        try:
            await self._call(partial(self._tell, note=note, hint=hint))
        except StoreError as error:
            log.error("the archive refuses: %s", error)
        return AGAIN

    async def _close(self) -> None:
        if self.runner is not None:
            await self.runner.close()

    def _reset(self, model: str) -> None:
        self._model = model
        self._looked = self._finished = None
        self._look_at = self._told_at = self._worked_at = 0.0
        self._pictures: list[tuple[bytes, int]] = []
        self._texts: list[int] = []
        self._aside: dict[str, dict[str, int]] = {"picture": {}, "text": {}}
        self._size = {"picture": 2, "text": 4}
        self._total = self._fresh = 0
        self._speed = 0.0
        self._stale = True  # whether items may lack the mean of their pictures

    # -- in the thread of the store
    def _recall(self, store: Store) -> None:
        for kind in self._aside:
            known = store.control.setting(f"{_ASIDE}{self._model}:{kind}")
            self._aside[kind] = {str(key): int(value) for key, value in json.loads(known).items()} if known else {}

    def _next(self, store: Store) -> Job | None:
        """The next chunk: pictures, newest first; where none is left, means are made here; then texts."""
        now = picture_vectors.marks(store.db)
        if now != self._looked or time.monotonic() >= self._look_at:
            self._look(store, now)
        size = min(PICTURES, self._size["picture"])
        while self._pictures:
            chunk, self._pictures = self._pictures[-size:][::-1], self._pictures[:-size]
            rows = [(key, item, str(self._file(key))) for key, item in chunk]
            if rows := [row for row in rows if row[0].hex() not in self._aside["picture"] and Path(row[2]).is_file()]:
                return Job("picture", rows)
        if self._stale:
            self._fresh += self._means(store)
            self._stale = False
        size = min(TEXTS, self._size["text"])
        while self._texts:
            ids, self._texts = self._texts[-size:][::-1], self._texts[:-size]
            found = spaces.beginnings(store.db, ids, CHARACTERS)
            rows = [(key, item, item_text(title, text)) for item, key, title, text in found]
            if rows := [row for row in rows if row[0].hex() not in self._aside["text"]]:
                return Job("text", rows)
        return None

    def _look(self, store: Store, now: Marks) -> None:
        """Everything that lacks a vector; looking takes a twentieth of the time at most."""
        started = time.monotonic()
        self._pictures = picture_vectors.lacking_pictures(store.db, self._model)
        self._stale = True
        if self._looked is None or self._looked.epoch != now.epoch:
            self._texts = spaces.lacking(store.db, self._model + spaces.TEXT)
            self._total = spaces.counted(store.db)[0]
        self._looked = now
        self._look_at = time.monotonic() + max(WHOLE, 20.0 * (time.monotonic() - started))

    def _means(self, store: Store) -> int:
        waiting = picture_vectors.stale_items(store.db, self._model)
        made = 0
        for at in range(0, len(waiting), MEANS):
            made += picture_vectors.put_means(store.db, self._model, waiting[at : at + MEANS])
            store.db.give_way()
        return made

    def _keep(self, store: Store, job: Job, vectors: Sequence[bytes | None]) -> None:
        """Store a chunk; what the model cannot take is set aside for good."""
        space = self._model + (spaces.EACH if job.kind == "picture" else spaces.TEXT)
        self._stale |= job.kind == "picture"
        pairs = list(zip(job.rows, vectors, strict=True))
        self._fresh += store.vectors.put(space, [(row[0], vector) for row, vector in pairs if vector is not None])
        if failed := {row[0].hex(): row[1] for row, vector in pairs if vector is None}:
            self._aside[job.kind] |= failed
            log.warning("set aside", extra={"fields": {"kind": job.kind, "items": sorted(failed.values())}})
            store.control.remember(f"{_ASIDE}{self._model}:{job.kind}", json.dumps(self._aside[job.kind]))
        if time.monotonic() - self._told_at >= TELL or failed:
            self._tell(store)

    def _complete(self, store: Store) -> bool:
        """Everything has its vector: the ranking reads these from now on, other models' go. True if switched."""
        self._tell(store)
        for part in (spaces.EACH, spaces.PICTURE, spaces.TEXT):
            store.vectors.set_complete(self._model + part)
        if store.control.setting(spaces.PICTURES_ACTIVE) == self._model:
            return False
        spaces.activate_picture_spaces(store.db, self._model)
        log.info("picture vectors switched", extra={"fields": {"model": self._model}})
        for other in picture_vectors.models(store.db) - {self._model}:
            for part in (spaces.EACH, spaces.PICTURE, spaces.TEXT):
                store.vectors.drop(other + part)
            for kind in self._aside:
                store.control.forget(f"{_ASIDE}{other}:{kind}")
        return True

    def _tell(self, store: Store, note: str = "", hint: str = "", waits: str = "") -> None:
        done, total = picture_vectors.progress(store.db, self._model)
        pictures, texts = (len(self._aside[kind]) for kind in ("picture", "text"))
        total, texts_total = max(done, total - pictures), max(0, self._total - texts)
        texts_done = max(0, texts_total - len(self._texts))
        status = Status(
            self._model, done, total, texts_done, texts_total, pictures + texts, note, hint, waits, self._speed
        )
        if store.control.setting(picture_status.KEY) != status.to_json():
            store.control.remember(picture_status.KEY, status.to_json())
        self._told_at = time.monotonic()


def switch_off(store: Store) -> None:
    """The reader wants no picture vectors: the ranking stops reading them; they stay until they are dropped."""
    if store.control.setting(spaces.PICTURES_ACTIVE) is not None:
        spaces.activate_picture_spaces(store.db, None)
    store.control.forget(picture_status.KEY)
