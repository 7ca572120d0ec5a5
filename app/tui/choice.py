"""`C`: twelve items, as different as can be; the reader ticks what they would read. A first guess that fades."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.strip import Strip
from textual.widgets import Button, Static

from penchant.app.types import Card, Event

from . import words
from .bars import StatusLine
from .deeds import Place
from .ticklist import TickList

if TYPE_CHECKING:
    from .app import PenchantApp

#: Fewer items than this say nothing about a taste.
FEWEST = 4
ASK = "Which of these would you read?"
WHY = "A first guess at your taste; it fades as you like and skip, and can be taken back (T)."
KEYS = "⏎ space tick  d done  n none of these  o others  esc not now"


class ChoiceScreen(Screen[None]):
    """Stores what was ticked of what was offered, as one event."""

    CSS_PATH = "more.tcss"
    app: PenchantApp
    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "leave", "Not now"),
        ("d,ctrl+s", "done", "Done"),
        ("n", "none", "None of these"),
        ("o", "others", "Others"),
    ]
    AUTO_FOCUS = "Twelve"

    def __init__(self) -> None:
        super().__init__()
        self.cards: Sequence[Card] = ()
        self._offered: set[int] = set()

    def compose(self) -> ComposeResult:
        yield Static(f"{ASK}\n{WHY}", id="headline", markup=False)
        yield Twelve()
        with Horizontal(id="buttons"):
            yield Button("Done", id="done", variant="primary", compact=True)
            yield Button("None of these", id="none", compact=True)
            yield Button("Not now", id="leave", compact=True)
        yield StatusLine(id="said")
        yield StatusLine(id="below")

    def on_mount(self) -> None:
        self.query_one("#below", StatusLine).tell(KEYS)
        self.say("Looking for twelve items that differ ...")
        self.app.spawn(self._load())

    async def _load(self) -> None:
        before = await self.app.bridge.reader.do(lambda store: store.events.of_kind("picks"))
        offered = [i for event in before for i in event.value.get("offered", ())]
        self._offered.update(i for i in offered if isinstance(i, int))
        await self._show()

    async def _show(self) -> None:
        try:
            cards = await self.app.lessons.choice(sorted(self._offered))
        except Exception as error:
            self.say(f"The ranking could not choose ({type(error).__name__}: {error})", "error")
            return
        if not self.query(Twelve):
            return
        self.cards = cards
        self.query_one(Twelve).put(cards)
        self.say("" if len(cards) >= FEWEST else "Too few items have arrived yet: come back when there are more")

    def say(self, text: str, role: str = "") -> None:
        """Say something above the keys."""
        for said in self.query("#said").results(StatusLine):
            said.tell(text, role)

    def action_done(self) -> None:
        ticked = sorted(self.query_one(Twelve).ticked)
        if not ticked:
            self.say("Nothing is ticked: space ticks the line you are on, n says none of these", "error")
            return
        self.app.spawn(self._keep([self.cards[index].item_id for index in ticked]))

    def action_none(self) -> None:
        self.app.spawn(self._keep([]))

    async def _keep(self, chosen: list[int]) -> None:
        if len(self.cards) < FEWEST:
            self.say("There are too few items to choose from yet", "error")
            return
        offered = [card.item_id for card in self.cards]
        deeds = self.app.deeds
        event: Event = deeds.event("picks", None, Place("choice"), {"chosen": chosen, "offered": offered})
        self.app.feed_screen.begin_anew()
        await deeds.record(event)
        self.dismiss()
        said = f"Chosen: {len(chosen)} of {len(offered)}" if chosen else "None of these: noted, C offers others"
        self.app.feed_screen.tell(f"{said}; T takes it back")

    def action_others(self) -> None:
        self._offered.update(card.item_id for card in self.cards)
        self.query_one(Twelve).put(())
        self.say("Looking for others ...")
        self.app.spawn(self._show())

    def action_leave(self) -> None:
        self.app.spawn(self.app.offer.declined())
        self.dismiss()

    @on(Button.Pressed)
    def pressed(self, message: Button.Pressed) -> None:
        {"done": self.action_done, "none": self.action_none}.get(message.button.id or "", self.action_leave)()


class Twelve(TickList):
    """One line each; the selected one tells more of itself."""

    def __init__(self) -> None:
        super().__init__((), id="twelve")
        self.opening = 3
        self.cards: Sequence[Card] = ()

    def put(self, cards: Sequence[Card]) -> None:
        """Show these, none of them ticked."""
        self.cards = cards
        self.fill((words.one_line(card.title or card.excerpt), "") for card in cards)

    def row_strips(self, index: int, width: int, selected: bool) -> list[Strip]:
        card = self.cards[index]
        tick = "[x] " if index in self.ticked else "[ ] "
        title = words.one_line(card.title or card.excerpt)
        lines = [[(tick, "bar"), (words.fit(title, max(0, width - 6)), "title")]]
        if selected:
            room = max(2, min(width - 8, 110))
            by = " · ".join(dict.fromkeys(part for part in (card.author, card.source) if part))
            told = [words.fit(words.one_line(by), room), *words.wrap(words.one_line(card.excerpt), room, 2)]
            lines += [[("    ", ""), (text, "meta")] for text in (*told, "", "")[: self.opening]]
        ground = self.get_component_rich_style("card--selected", partial=True) if selected else None
        edge = "▌ " if selected and self.has_focus else "  "
        strips = []
        for line in lines:
            segments = []
            for text, role in [(edge, "bar"), *line]:
                style = self.get_component_rich_style(f"card--{role}", partial=True) if role else None
                segments.append(Segment(text, ground + style if ground and style else style or ground))
            strips.append(Strip(list(Segment.adjust_line_length(segments, width, ground)), width))
        return strips
