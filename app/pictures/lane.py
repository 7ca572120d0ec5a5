"""The worker's lane for pictures: hears what is on screen, fetches it, keeps it, makes room."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import StoreError
from penchant.app.store.pictures_rows import Failed, Outcome, Wanted

from .decoding import decoder as new_decoder
from .fetch import Done, Fetching, failed
from .files import PictureFiles
from .keep import Keeper
from .line import Line

if TYPE_CHECKING:
    from penchant.adapters.http import Client
    from penchant.app.config import Pictures
    from penchant.app.parse_runner import ParseRunner
    from penchant.app.store import Store
    from penchant.app.store.control import Request
    from penchant.app.sync import Call

log = logging.getLogger(__name__)

#: Pictures fetched at once; decoded one after another.
AT_ONCE = 6
#: Items that one letter may name, and seconds after which nobody waits for it any more.
MOST_ITEMS, STALE = 200, 3_600.0
#: Seconds in which pictures that come together are written together.
TOGETHER = 0.1
#: Seconds without anything to do after which the decoding child ends (it takes 40 MB), and the ranking is looked at.
IDLE = 30.0
#: Seconds until the next attempt when archive or disk refuse.
TROUBLE = 30.0
#: A picture that is there is looked at again after this time where the server told how (seconds).
OLD = 30 * 86_400.0


class PictureLane:
    """One per worker: `hear` letters, `run` until cancelled. `folder` is the pictures' part of the cache."""

    def __init__(
        self, options: Pictures, folder: Path, call: Call, client: Client, *, decoder: ParseRunner | None = None
    ) -> None:
        self.options, self._call = options, call
        self.files = PictureFiles(folder)
        self.keeper = Keeper(self.files, options.disk_megabytes << 20)
        self.decoder = decoder or new_decoder()
        self._fetching = Fetching(client, self.decoder, self.files, call, options.max_megabytes << 20)
        self.line = Line()
        self.running: set[asyncio.Task[None]] = set()
        self._letters: list[tuple[list[int], bool]] = []
        self._outcomes: list[Outcome] = []
        self._wake = asyncio.Event()
        self._generation = -1

    def hear(self, letter: Request) -> None:
        """Take a "picture" letter: {"items": [item_id]}, what is on screen, the most wanted first.

        With {"small": true} the smaller copies will do that some items name: for cards, not for an article.
        """
        if letter.kind != "picture" or self.options.fetch == "none" or time.time() - letter.at > STALE:
            return
        items = letter.payload.get("items")
        if isinstance(items, list):
            known = [item for item in items if type(item) is int][:MOST_ITEMS]
            self._letters.append((known, letter.payload.get("small") is True))
            self._wake.set()

    async def run(self) -> None:
        """Serve until cancelled. What fails is written down or logged, never raised."""
        begun = False
        try:
            while True:
                try:
                    if not begun:
                        await self._begin()
                        begun = True
                    await self._turn()
                except StoreError as error:
                    log.error("the archive refuses: %s", error)
                    await asyncio.sleep(TROUBLE)
                except Exception:  # the worker goes on, and so do pictures
                    log.exception("the lane of pictures stumbled")
                    await asyncio.sleep(TROUBLE)
        finally:
            await self._end()

    async def _begin(self) -> None:
        await self._call(self.keeper.begin)
        left = await self._call(lambda store: store.pictures.wanting(time.time()))
        if self.options.fetch != "none" and left:
            await self._asked(left, small=False)
            self._wake.set()

    async def _turn(self) -> None:
        """Sleep until there is something to do, and do it."""
        await self._sleep()
        if not self._letters:
            await asyncio.sleep(TOGETHER)
        self._wake.clear()
        letters, self._letters = self._letters, []
        # The newest is put first last, and an article goes before the cards of the same moment.
        for items, small in sorted(letters, key=lambda letter: not letter[1]):
            await self._asked(items, small=small)
        self._give_up()
        await self._write()
        while len(self.running) < AT_ONCE and (job := self.line.take(time.monotonic())) is not None:
            task = asyncio.create_task(self._one(job), name=f"picture {job.id}")
            self.running.add(task)
            task.add_done_callback(self.running.discard)

    async def _sleep(self) -> None:
        """Until somebody wakes us or a host's pause ends; after a while without work the child ends."""
        at = self.line.next_at(time.monotonic())
        seconds = IDLE if at is None else min(max(at - time.monotonic(), 0.0), IDLE)
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            if not self.running and not self._letters and at is None:
                await self.decoder.close()
                await self._fetching.exports.close()
                await self._look_ahead()

    async def _asked(self, items: Sequence[int], *, small: bool, last: bool = False) -> None:
        """Queue what of these is not there; pictures that had to go, or that are old, are fetched again."""
        jobs = await self._call(lambda store: self._to_fetch(store, items, small))
        dropped = self.line.put(jobs, last=last)
        if dropped:
            await self._call(lambda store: store.pictures.put_back([job.id for job in dropped]))

    def _to_fetch(self, store: Store, items: Sequence[int], small: bool) -> list[Wanted]:
        now = time.time()
        asked = store.pictures.ask(items, now)
        here = {job.hash for job in asked if job.state == "there" and job.hash is not None}
        if lost := self.keeper.missing(store, here):
            asked = store.pictures.ask(items, now)
            log.info("pictures lost from the cache", extra={"fields": {"pictures": len(lost)}})
        jobs = (_job(each, small, now) for each in asked)
        return [job for job in jobs if job is not None]

    async def _one(self, job: Wanted) -> None:
        try:
            done = await self._fetching.fetch(job)
        except OSError as error:
            log.error("a picture cannot be kept: %s", error.strerror)
            done = Done(failed(job, f"the picture cannot be kept: {error.strerror or error}"))
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("a picture failed")
            done = Done(failed(job, "penchant could not fetch this picture; its log says why"))
        finally:
            self.line.done(job)
            self._wake.set()
        self._outcomes.append(done.outcome)
        self.keeper.used += done.bytes
        if done.host == "answered":
            self.line.reached(done.at)
        elif done.host == "rests" and isinstance(done.outcome, Failed):
            self.line.pause(done.at, time.monotonic(), done.outcome.note, done.rest)

    def _give_up(self) -> None:
        """What would wait too long for its host is written down as failed, to be asked for again after that."""
        for job, seconds, note in self.line.hopeless(time.monotonic()):
            self._outcomes.append(Failed(job.id, note, time.time() + seconds))

    async def _write(self) -> None:
        outcomes, self._outcomes = self._outcomes, []
        if outcomes:
            try:
                await self._call(lambda store: store.pictures.put(outcomes, time.time()))
            except BaseException:
                self._outcomes[:0] = outcomes
                raise
        if self.keeper.used > self.keeper.most:
            await self._call(self.keeper.make_room)

    async def _look_ahead(self) -> None:
        """With fetch = "ranked": what For you may show soon, once for each order."""
        if self.options.fetch != "ranked":
            return
        generation = await self._call(lambda store: store.scores.generation())
        if generation != self._generation:
            self._generation = generation
            ahead = await self._call(lambda store: store.pictures.ranked())
            for start in range(0, len(ahead), MOST_ITEMS):
                await self._asked(ahead[start : start + MOST_ITEMS], small=True, last=True)
            self._wake.set()

    async def _end(self) -> None:
        running = list(self.running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        with contextlib.suppress(StoreError):
            await self._write()
        await self._fetching.exports.close()
        await self.decoder.close()


def _job(asked: Wanted, small: bool, now: float) -> Wanted | None:
    """What there is to fetch: what is not there, the whole of what came small, and what is old."""
    if asked.state == "wanted":
        return asked._replace(prefer_small=small)
    if asked.state != "there":
        return None
    if asked.is_small and asked.small and not small:
        return asked._replace(etag="", last_modified="")
    if now - asked.fetched_at > OLD and (asked.etag or asked.last_modified):
        return asked._replace(prefer_small=asked.is_small)
    return None
