"""The picture thread and its cache. The loop asks and goes on; what is ready is told there."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections import OrderedDict
from collections.abc import Callable

from penchant.app.pictures.files import PictureFiles

from .raster import Raster
from .wish import Wish

#: Bytes of rasters kept: some 300 thumbnails of kitty's, 2,000 of half blocks. They are made again in milliseconds.
ROOM = 4_000_000
#: Wishes that wait at most; the oldest are forgotten, since the reader has scrolled on.
MOST_WAITING = 64


class Workshop:
    """`get` on the loop; `ready(wish, whether it could be made)` is called on the loop as well."""

    def __init__(self, files: PictureFiles, ready: Callable[[Wish, bool], None]) -> None:
        self._files = files
        self._ready = ready
        self._made: OrderedDict[Wish, Raster] = OrderedDict()
        self._bytes = 0
        self._failed: set[Wish] = set()
        #: What waits, and in which turn of the loop it was last asked for.
        self._waiting: OrderedDict[Wish, int] = OrderedDict()
        self._turn = 0
        self._turning = False
        self._under_way: set[Wish] = set()
        self._lock = threading.Lock()
        self._pool: concurrent.futures.ThreadPoolExecutor | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def get(self, wish: Wish, *, make: bool = True) -> Raster | None:
        """The raster if it is there; otherwise it is begun, where `make` says so."""
        raster = self._made.get(wish)
        if raster is not None:
            self._made.move_to_end(wish)
            return raster
        if make and wish not in self._failed:
            self._begin(wish)
        return None

    def again(self, hash: bytes) -> None:
        """The files of a picture came again: what could not be made may be tried anew."""
        self._failed = {wish for wish in self._failed if wish.hash != hash}

    def close(self) -> None:
        """Begin nothing more. Does not wait."""
        with self._lock:
            self._waiting.clear()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _begin(self, wish: Wish) -> None:
        with self._lock:
            if wish in self._under_way:
                return
            new = self._waiting.pop(wish, None) is None
            self._waiting[wish] = self._turn
            while len(self._waiting) > MOST_WAITING:
                self._waiting.popitem(last=False)
        if self._pool is None:
            self._loop = asyncio.get_running_loop()
            self._pool = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="penchant-pictures")
        if not self._turning and self._loop is not None:
            self._turning = True
            self._loop.call_soon(self._next_turn)
        if new:
            self._pool.submit(self._work)

    def _next_turn(self) -> None:
        self._turn += 1
        self._turning = False

    def _keep(self, wish: Wish, raster: Raster | None) -> None:
        with self._lock:
            self._under_way.discard(wish)
        if raster is None:
            self._failed.add(wish)
        else:
            self._made[wish] = raster
            self._bytes += raster.size
            while self._bytes > ROOM and len(self._made) > 1:
                self._bytes -= self._made.popitem(last=False)[1].size
        self._ready(wish, raster is not None)

    # -- in the thread
    def _work(self) -> None:
        with self._lock:
            if not self._waiting:
                return
            # What was asked for last is on screen; of that the first, which is the highest.
            newest = max(self._waiting.values())
            wish = next(wish for wish, turn in self._waiting.items() if turn == newest)
            del self._waiting[wish]
            self._under_way.add(wish)
        raster = self._make(wish)
        loop = self._loop
        if loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(self._keep, wish, raster)

    def _make(self, wish: Wish) -> Raster | None:
        from .scale import raster_of

        path = self._files.large(wish.hash) if wish.large else self._files.thumb(wish.hash)
        try:
            return raster_of(path, wish)
        except Exception:
            # Missing or damaged: Pillow raises anything. The screen shows a quiet placeholder.
            return None
