"""What one window knows of the pictures of its items: asks the archive, asks the worker, has them made ready."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from penchant.app.config import Pictures as Options
from penchant.app.pictures.files import PictureFiles
from penchant.app.types import Shot

from .fit import Cell, within
from .frame import Frame
from .wish import Way, Wish
from .workshop import Workshop

if TYPE_CHECKING:
    from penchant.app.tui.bridge import Bridge

#: Items whose pictures are remembered.
MOST_ITEMS = 4_000
#: Seconds after the last movement until the worker is asked; then between looks whether pictures came, growing.
SETTLE, SOON, SLOWEST = 0.12, 0.4, 5.0
#: Seconds after which the worker is asked once more for what did not come.
AGAIN = 60.0
#: Cells of a card's picture, and the room of the selected one's.
SMALL = (6, 2)
ACROSS = 20


class Gallery:
    """All on the event loop. `changed(item ids)` of each listener is called when pictures came or are ready."""

    def __init__(
        self,
        bridge: Bridge,
        files: PictureFiles,
        options: Options,
        way: Way,
        cell: Cell,
        spawn: Callable[[Coroutine[Any, Any, Any]], asyncio.Task[Any]],
    ) -> None:
        self.way = way
        self.cell = cell
        self.column = options.column
        self.blur = options.blur
        self.files = files
        self.revealed: set[int] = set()
        self.listeners: list[Callable[[set[int]], None]] = []
        self._fetch = options.fetch != "none"
        self._bridge = bridge
        self._spawn = spawn
        self._workshop = Workshop(files, self._ready)
        self._shots: dict[int, tuple[Shot, ...]] = {}
        self._watched: dict[str, tuple[int, ...]] = {}
        self._asked: dict[tuple[int, bool], float] = {}
        self._missing: set[bytes] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[Any] | None = None
        self._pause = SOON

    # -- what is known
    def shots(self, item_id: int) -> tuple[Shot, ...]:
        """The pictures of an item as far as they are known; () for none, and before the archive was asked."""
        return self._shots.get(item_id, ())

    def learn(self, ids: Iterable[int], found: dict[int, tuple[Shot, ...]]) -> set[int]:
        """Take in what the archive says of some items; returns those of which it says something new."""
        changed = set()
        for item_id in ids:
            shots = found.get(item_id, ())
            if self._shots.pop(item_id, ()) != shots:
                changed.add(item_id)
                for shot in shots:
                    if shot.hash is not None and shot.state == "there" and shot.hash in self._missing:
                        self._missing.discard(shot.hash)
                        self._workshop.again(shot.hash)
            self._shots[item_id] = shots
        for old in list(self._shots)[: max(0, len(self._shots) - MOST_ITEMS)]:
            del self._shots[old]
        return changed

    def hidden(self, item_id: int, shot: Shot) -> bool:
        """Whether a picture is blurred until the reader asks."""
        return self.blur and shot.sensitive and item_id not in self.revealed

    def reveal(self, item_id: int) -> bool | None:
        """Show an item's sensitive pictures, or hide them again; None where it has none."""
        if not any(shot.sensitive for shot in self.shots(item_id)):
            return None
        self.revealed ^= {item_id}
        self._tell({item_id})
        return item_id in self.revealed

    # -- frames
    def thumb(self, item_id: int, rows: int, *, make: bool = True) -> Frame | None:
        """The frame of a card with `rows` lines (two, more for the open one); None: it has none to show.

        Without `make` it holds a picture only if that is ready.
        """
        if not self.column:
            return None
        shot = next((s for s in self.shots(item_id) if s.state not in ("failed", "refused")), None)
        if shot is None:
            return None
        fill = rows <= SMALL[1]
        cols, rows = (SMALL[0], rows) if fill else within(shot.width, shot.height, ACROSS, rows, self.cell)
        return self._frame(item_id, shot, cols, rows, large=False, fill=fill, make=make)

    def picture(self, item_id: int, shot: Shot, cols: int, rows: int, preview: bytes = b"") -> Frame:
        """The frame of a picture in an article, at most `cols` by `rows` cells."""
        cols, rows = within(shot.width, shot.height, cols, rows, self.cell)
        frame = self._frame(item_id, shot, cols, rows, large=True, fill=False, make=True)
        return frame if frame.preview or not preview else frame._replace(preview=preview)

    def _frame(self, item_id: int, shot: Shot, cols: int, rows: int, *, large: bool, fill: bool, make: bool) -> Frame:
        if shot.hash is None or shot.state != "there" or shot.hash in self._missing:
            return Frame(cols, rows, None, shot.preview, shot.moves)
        hidden = self.hidden(item_id, shot)
        # A blurred one is made of the small file, whatever its size.
        wish = Wish(shot.hash, cols, rows, self.way, self.cell, large and not hidden, fill, hidden, shot.moves)
        raster = self._workshop.get(wish, make=make)
        return Frame(cols, rows, raster, shot.preview if make else b"", shot.moves)

    # -- what is on screen
    def watch(self, owner: str, ids: Sequence[int]) -> None:
        """These items are on screen (the most important first): their pictures are wanted."""
        if self._watched.get(owner) != tuple(ids):
            self._watched[owner] = tuple(ids)
            self._pause = SOON
            self._look_in(SETTLE)

    def _look_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(seconds, self._begin)

    def _begin(self) -> None:
        self._timer = None
        if self._looking is not None and not self._looking.done():
            self._look_in(SETTLE)
            return
        self._looking = self._spawn(self._look())

    async def _look(self) -> None:
        article = self._watched.get("article", ())
        ids = [
            item_id
            for item_id in dict.fromkeys((*article, *self._watched.get("feed", ())))
            if item_id not in self._shots or self._lacks(item_id, item_id in article)
        ]
        if not ids:
            return
        changed = self.learn(ids, await self._bridge.reader.do(lambda store: store.pictures.of_items(ids)))
        if changed:
            self._pause = SOON
            self._tell(changed)
        if not self._fetch:
            return
        # The worker knows when what failed may be tried again.
        wishing = [i for i in ids if self._lacks(i, i in article) or any(s.state == "failed" for s in self.shots(i))]
        await self._ask([item_id for item_id in wishing if item_id in article], whole=True)
        await self._ask([item_id for item_id in wishing if item_id not in article], whole=False)
        if any(self._lacks(item_id, item_id in article) for item_id in ids):
            self._pause = min(SLOWEST, self._pause * 1.3)
            self._look_in(self._pause)

    def _lacks(self, item_id: int, whole: bool) -> bool:
        """Whether a picture of an item may still come; for an article also the `whole` of what came small."""
        late = time.monotonic() - self._asked.get((item_id, True), time.monotonic()) > AGAIN
        return any(
            shot.state in ("", "wanted") or shot.hash in self._missing or (whole and shot.small and not late)
            for shot in self.shots(item_id)
        )

    async def _ask(self, ids: list[int], *, whole: bool) -> None:
        """A letter to the worker about what it was not asked for lately; cards do with smaller copies."""
        now = time.monotonic()
        fresh = [i for i in ids if self._asked.get((i, whole), now - 2 * AGAIN) < now - AGAIN]
        if not fresh:
            return
        self._asked.update({(item_id, whole): now for item_id in fresh})
        letter = {"items": fresh} if whole else {"items": fresh, "small": True}
        await self._bridge.clerk.do(lambda store: store.control.request("picture", letter))

    # -- what is ready
    def _ready(self, wish: Wish, made: bool) -> None:
        if not made:
            self._missing.add(wish.hash)
            self._look_in(SOON)
        shown = {item for ids in self._watched.values() for item in ids}
        self._tell({item for item in shown if any(shot.hash == wish.hash for shot in self.shots(item))})

    def _tell(self, items: set[int]) -> None:
        if items:
            for listener in self.listeners:
                listener(items)

    def close(self) -> None:
        """End the picture thread."""
        if self._timer is not None:
            self._timer.cancel()
        self._workshop.close()
