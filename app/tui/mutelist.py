"""What is muted, and for how long still; the list can stand on any screen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.strip import Strip

from penchant.app.muting import Mute, in_force, left, value_of
from penchant.app.types import Event

from . import words
from .bars import StatusLine
from .closing import is_there
from .deeds import Place
from .dialog import Box
from .rowlist import RowList

if TYPE_CHECKING:
    from .app import PenchantApp

#: Seconds between looks at the time left.
TICK = 30.0


class MuteList(RowList):
    """One line each, newest first. Reads the archive itself; whoever holds it passes events on by `load`."""

    app: PenchantApp
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"card--{role}" for role in ("title", "meta", "text", "middle", "bar", "selected")
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        ("j,down", "move(1)", "Down"),
        ("k,up", "move(-1)", "Up"),
        ("g,home", "move(-1000000)", "Top"),
        ("G,end", "move(1000000)", "End"),
        ("d,x,delete", "remove", "No longer mute it"),
        ("u", "restore", "Mute it again"),
    ]
    row_height = 1

    class Said(Message):
        """Something to tell the reader."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.mutes: Sequence[Mute] = ()
        self._removed: list[Mute] = []
        self._loaded = False

    def on_mount(self) -> None:
        self.set_interval(TICK, self.reload)
        self.reload()

    def reload(self) -> None:
        """Read the archive again, without waiting for it."""
        self.app.spawn(self.load())

    async def load(self) -> None:
        """Read what is muted now."""
        events = await self.app.bridge.reader.do(lambda store: store.events.mutes())
        if not is_there(self):
            return
        self._loaded = True
        self.mutes = in_force(events, time.time())[::-1]
        self.selected = max(0, min(self.selected, len(self.mutes) - 1))
        self.room_changed()
        self.redraw()

    def current(self) -> Mute | None:
        """The selected mute."""
        return self.mutes[self.selected] if self.selected < len(self.mutes) else None

    def action_move(self, step: int) -> None:
        self.select(self.selected + step)

    def action_remove(self) -> None:
        mute = self.current()
        if mute is not None:
            self.app.spawn(self._remove(mute))

    async def _remove(self, mute: Mute) -> None:
        await self.app.deeds.take_back(mute.events)
        self._removed.append(mute)
        await self.load()
        self.post_message(self.Said(f"No longer muted: {mute.what} {words.one_line(mute.name)}; u mutes it again"))

    def action_restore(self) -> None:
        if self._removed:
            self.app.spawn(self._restore(self._removed.pop()))
        else:
            self.post_message(self.Said("Nothing was removed here"))

    async def _restore(self, mute: Mute) -> None:
        deeds = self.app.deeds
        value = value_of(mute.what, mute.key, mute.name, mute.until)
        await deeds.record(deeds.event("mute", mute.events[-1].item_id, Place(), value))
        await self.load()
        self.post_message(self.Said(f"Muted again: {mute.what} {words.one_line(mute.name)}"))

    # -- drawing
    def row_count(self) -> int:
        return len(self.mutes)

    def row_strips(self, index: int, width: int, selected: bool) -> list[Strip]:
        mute = self.mutes[index]
        still = left(mute.until, time.time())
        room = max(0, width - 13 - len(still))
        pieces = [
            ("▌ " if selected else "  ", "bar"),
            (words.fit(mute.what, 9), "meta"),
            (words.fit(words.one_line(mute.name), room), "title"),
            (f" {still} ", "middle" if mute.until is not None else "meta"),
        ]
        ground = self.get_component_rich_style("card--selected", partial=True) if selected else None
        segments = []
        for text, role in pieces:
            style = self.get_component_rich_style(f"card--{role}", partial=True)
            segments.append(Segment(text, ground + style if ground else style))
        return [Strip(list(Segment.adjust_line_length(segments, width, ground)), width)]

    def empty_strip(self, y: int, width: int) -> Strip:
        said = "  Nothing is muted: m on an item mutes its author, source, site, language or a word."
        text = said if y == 0 and self._loaded and not self.mutes else ""
        return Strip([Segment(words.fit(text, width), self.rich_style)], width)


class MuteListScreen(Box[None]):
    """The list over the feed."""

    BINDINGS: ClassVar[list[BindingType]] = [("q", "close", "Close")]
    AUTO_FOCUS = "MuteList"
    foot = "d removes  u mutes again  esc closes"

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall"):
            yield StatusLine(id="above")
            yield MuteList()
            yield StatusLine(id="below")

    def on_mount(self) -> None:
        self.query_one("#above", StatusLine).tell("Muted: kept out of For you")
        self.query_one("#below", StatusLine).tell(self.foot)

    def on_mute_list_said(self, message: MuteList.Said) -> None:
        self.query_one("#below", StatusLine).tell(message.text)

    async def event_shown(self, event: Event) -> None:
        """Something was decided, here or below: it may be a mute."""
        if event.kind in ("mute", "undo"):
            await self.query_one(MuteList).load()
