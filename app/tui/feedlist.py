"""The list of cards: ids at once, cards as they come into sight."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import events
from textual.strip import Strip

from penchant.app.types import Card

from . import words
from .cardview import ROWS, Found, Palette, card_strips, placeholder
from .pictures import cards as beside
from .pictures.frame import Frame
from .pictures.raster import Spot
from .rowlist import RowList
from .visit import Visit

if TYPE_CHECKING:
    from .pictures.gallery import Gallery

#: Cards kept in memory; one is about 1.5 KB.
MOST_CARDS = 1500
#: Cards whose lines are kept drawn, four screens of 100 lines; 7 KB and more each with what Textual keeps beside one.
MOST_DRAWN = 200
#: Seconds that the selection stays before its large picture is made: who holds a key down wants no picture.
REST = 0.1


class FeedList(RowList):
    """Draws a `Visit`. Tells its owner what it needs and what moved by plain calls: a key must stay cheap."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"card--{role}" for role in Palette._fields}
    row_height = ROWS

    def __init__(
        self,
        *,
        id: str | None = None,
        need: Callable[[list[int]], None],
        moved: Callable[[], None],
        scrolled_to: Callable[[bool], None],
    ) -> None:
        super().__init__(id=id)
        self.visit = Visit()
        self.cards: dict[int, Card] = {}
        self.found: dict[int, Found] = {}
        self.message: tuple[str, ...] = ()
        self.gallery: Gallery | None = None
        self._resting: asyncio.TimerHandle | None = None
        self._need = need
        self._moved = moved
        self._scrolled_to = scrolled_to
        self._asked: set[int] = set()
        self._drawn: list[tuple[object, ...]] = []
        self._palette: Palette | None = None
        self._now = time.time()

    # -- content
    def show(self, visit: Visit, cards: Iterable[Card] = (), *, select: int = 0, top: int = 0) -> None:
        """Begin to show a visit: selection on index `select`, line `top` first on screen."""
        self.visit = visit
        self._keep(cards)
        self.selected = max(0, min(select, len(visit.ids) - 1))
        self._now = time.time()
        self.room_changed()
        self.redraw()
        if self.is_mounted and self.size.height:
            self.jump(top)
            self.scrolled(True)
            self.selection_moved()

    def ids_changed(self) -> None:
        """The visit's ids below the fold changed."""
        if self.selected >= len(self.visit.ids):
            self.selected = max(0, len(self.visit.ids) - 1)
        self.room_changed()
        if self._looks() != self._drawn:
            self.redraw()
        self._fetch()

    def _looks(self) -> list[tuple[object, ...]]:
        """What is on screen, as far as it depends on the order."""
        rows = self.shown_rows()
        ids = self.visit.ids[rows.start : rows.stop]
        return [(item, self.probability_of(item), *self.visit.says(item)) for item in ids]

    def redraw(self) -> None:
        self._drawn = self._looks() if self.is_mounted else []
        super().redraw()

    def give(self, cards: Iterable[Card]) -> None:
        """Cards that were asked for, or that changed."""
        fresh = self._keep(cards)
        ids = self.visit.ids
        for index in self.shown_rows():
            if ids[index] in fresh:
                self.redraw_row(index)
        self.watch_pictures()

    def _keep(self, cards: Iterable[Card]) -> set[int]:
        fresh = set()
        for card in cards:
            self.cards.pop(card.item_id, None)
            self.cards[card.item_id] = card
            fresh.add(card.item_id)
        self._asked -= fresh
        for old in list(self.cards)[: max(0, len(self.cards) - MOST_CARDS)]:
            del self.cards[old]
        self._drop_strips(fresh)
        return fresh

    def _drop_strips(self, items: set[int]) -> None:
        for key in [key for key in self._strips if key[0] in items]:
            del self._strips[key]

    def current(self) -> Card | None:
        """The selected card, None while the list is empty or the card is on its way."""
        ids = self.visit.ids
        return self.cards.get(ids[self.selected]) if self.selected < len(ids) else None

    def probability_of(self, item_id: int) -> float | None:
        """The number on screen for an item."""
        card = self.cards.get(item_id)
        return self.visit.probability.get(item_id, card.probability if card else None)

    # -- what RowList asks
    def row_count(self) -> int:
        return len(self.visit.ids)

    def row_strips(self, index: int, width: int, selected: bool) -> list[Strip]:
        item_id = self.visit.ids[index]
        key = (item_id, selected, width)
        strips = self._strips.get(key)
        if strips is None:
            card = self.cards.get(item_id)
            if card is None:
                ground = self.palette.ground
                blank = placeholder(width, ground)
                return blank + [Strip.blank(width, ground)] * (self.opening if selected else 0)
            frame = self._frame(item_id, selected, width)
            strips = card_strips(
                self._as_it_stands(card),
                width if frame is None else beside.column(frame, width) - 1,
                self.opening,
                self.palette,
                self._now,
                self.visit.probability.get(item_id, card.probability),
                selected=selected,
                found=self.found.get(item_id),
            )
            if frame is not None:
                ground = self.palette.selected if selected else self.palette.ground
                strips = beside.beside(strips, frame, width, self.palette.picture, ground)
            self._strips[key] = strips
            if len(self._strips) > MOST_DRAWN:
                self._strips.pop(next(iter(self._strips)))
        return strips

    # -- pictures
    def _frame(self, item_id: int, selected: bool, width: int) -> Frame | None:
        """The picture beside a card; None for a card without one."""
        if self.gallery is None or not beside.room(width):
            return None
        if not selected:
            return self.gallery.thumb(item_id, ROWS)
        return self.gallery.thumb(item_id, ROWS + self.opening, make=self._resting is None)

    def _rest_begins(self) -> None:
        """The selection moved: the large picture of its card is made once it stays."""
        if self.gallery is None or not self.gallery.column:
            return
        if self._resting is not None:
            self._resting.cancel()
        self._resting = asyncio.get_running_loop().call_later(REST, self._rests)

    def _rests(self) -> None:
        self._resting = None
        ids = self.visit.ids
        if self.selected < len(ids) and self.is_mounted:
            self.pictures_changed({ids[self.selected]})

    def spots(self) -> list[Spot]:
        """The pictures on screen that the terminal draws itself."""
        if self.gallery is None or self.gallery.way == "block":
            return []
        width, top = self.scrollable_content_region.width, self.scroll_offset.y
        found = []
        for index in self.shown_rows():
            item_id = self.visit.ids[index]
            frame = self._frame(item_id, index == self.selected, width) if item_id in self.cards else None
            if frame is not None and frame.raster is not None:
                found.append(Spot(beside.column(frame, width), self.top_of(index) - top, frame.raster))
        return found

    def pictures_changed(self, items: set[int]) -> None:
        """Pictures of these items came, or are ready to be drawn."""
        self._drop_strips(items)
        for index in self.shown_rows():
            if self.visit.ids[index] in items:
                self.redraw_row(index)

    def watch_pictures(self) -> None:
        """Tell the gallery what is on screen and what comes next."""
        if self.gallery is None or not self.gallery.column:
            return
        rows = self.shown_rows()
        ids = self.visit.ids[rows.start : rows.stop + len(rows)]
        cards = self.cards
        self.gallery.watch("feed", [i for i in ids if (card := cards.get(i)) is None or card.media])

    def _as_it_stands(self, card: Card) -> Card:
        """A card with what this window's order says of it, which is newer than what the archive says."""
        if self.visit.standing is None:
            return card
        more, note, people = self.visit.says(card.item_id)
        return replace(card, more=more, note=note, people=people or card.people)

    def empty_strip(self, y: int, width: int) -> Strip:
        ground = self.palette.ground
        if self.visit.ids or not 1 <= y <= len(self.message):
            return Strip.blank(width, ground)
        said = words.fit("  " + words.one_line(self.message[y - 1]), width)
        return Strip([Segment(said, ground)], width)

    def say(self, *lines: str) -> None:
        """What to read where there are no cards."""
        if lines != self.message:
            self.message = lines
            if not self.visit.ids:
                self.refresh()

    def selection_moved(self) -> None:
        self._rest_begins()
        self.visit.saw(self.shown_rows().stop)
        self._moved()

    def scrolled(self, forward: bool) -> None:
        self.visit.saw(self.shown_rows().stop)
        self._drawn = self._looks()
        self._fetch()
        self._scrolled_to(forward)
        self.watch_pictures()

    def _fetch(self) -> None:
        """Ask for the cards on screen and a page around it."""
        rows = self.shown_rows()
        page = max(10, len(rows))
        ids: Sequence[int] = self.visit.ids[max(0, rows.start - page) : rows.stop + 2 * page]
        wanted = [item for item in ids if item not in self.cards and item not in self._asked]
        # Only once something near is missing: otherwise every scrolled line would ask for one card.
        near = set(self.visit.ids[rows.start : rows.stop + page // 2])
        if wanted and not near.isdisjoint(wanted):
            self._asked.update(wanted)
            self._need(wanted)

    # -- looks
    @property
    def palette(self) -> Palette:
        if self._palette is None:
            style = self.get_component_rich_style
            self._palette = Palette(*(style(f"card--{role}", partial=True) for role in Palette._fields))
        return self._palette

    def notify_style_update(self) -> None:
        self._palette = None
        super().notify_style_update()

    def on_resize(self, event: events.Resize) -> None:
        self.opening = 4 if event.size.height >= 18 else 2 if event.size.height >= 8 else 0
        super().on_resize(event)
        self.call_after_refresh(self._look_again)

    def _look_again(self) -> None:
        """The page has another size (or its first): other cards are on screen."""
        if self.visit.ids:
            self.scrolled(True)
            self.selection_moved()
