"""`L`: put the item at hand into a collection, or take it out; a collection is made by naming it."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from penchant.app.errors import UsageError
from penchant.app.store.collections import called, key
from penchant.app.types import Card

from . import words
from .cardview import title_of
from .dialog import Box

if TYPE_CHECKING:
    from .actions import ItemActions
    from .app import PenchantApp
    from .deeds import Place

NEW = "new"


class Shelf(NamedTuple):
    """A collection as the box shows it: its name, how many items it has, whether this one is inside."""

    name: str
    size: int
    inside: bool


class CollectScreen(Box[Shelf]):
    """Answers with the collection as it was before, so that what to do is the opposite; or None."""

    app: PenchantApp
    AUTO_FOCUS = "OptionList"
    BINDINGS: ClassVar[list[BindingType]] = [("q", "close", "Close")]

    def __init__(self, card: Card, shelves: list[Shelf]) -> None:
        super().__init__()
        self.card, self.shelves = card, shelves

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(f"Collect: {words.fit(title_of(self.card), 60).rstrip()}", classes="head", markup=False)
            yield OptionList(
                *(Option(_line(shelf), id=str(number)) for number, shelf in enumerate(self.shelves)),
                Option(Content("a new collection ..."), id=NEW),
            )
            yield Input(placeholder="its name, then enter", classes="" if not self.shelves else "hidden")
            yield Static("enter puts it in, or takes it out; esc closes", markup=False)
            yield Static("", id="wrong", classes="hidden", markup=False)

    def on_mount(self) -> None:
        if not self.shelves:
            self.query_one(Input).focus()

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        if message.option_id == NEW:
            field = self.query_one(Input)
            field.remove_class("hidden")
            field.focus()
        else:
            self.dismiss(self.shelves[int(message.option_id or "0")])

    def on_input_submitted(self, message: Input.Submitted) -> None:
        if not message.value.strip():
            return
        try:
            name = called(message.value)
        except UsageError as error:
            wrong = self.query_one("#wrong", Static)
            wrong.remove_class("hidden")
            wrong.update(Content(words.one_line(f"{error}. {error.hint}")))
            return
        known = next((shelf for shelf in self.shelves if key(shelf.name) == key(name)), None)
        # who types the name of one that has it already wants it there
        self.dismiss(known._replace(inside=False) if known is not None else Shelf(name, 0, False))

    def on_key(self, event: events.Key) -> None:
        options = self.query_one(OptionList)
        if options.has_focus and event.key in ("j", "k"):
            options.action_cursor_down() if event.key == "j" else options.action_cursor_up()
        elif not options.has_focus and event.key == "up":
            options.focus()


async def collect(screen: ItemActions, card: Card, place: Place) -> None:
    """Ask for a collection; say that it is done once the event is on disk."""
    item_id = card.item_id

    def look(store):  # type: ignore[no-untyped-def]
        inside = set(store.collections.of_item(item_id))
        return [Shelf(each.name, each.size, each.name in inside) for each in store.collections.all()]

    shelves = await screen.app.bridge.reader.do(look)

    def chosen(shelf: Shelf | None) -> None:
        if shelf is not None:
            screen.app.spawn(_record(screen, card, place, shelf))

    screen.app.push_screen(CollectScreen(card, shelves), chosen)


async def _record(screen: ItemActions, card: Card, place: Place, shelf: Shelf) -> None:
    deeds = screen.app.deeds
    value = {"collection": shelf.name, "in": not shelf.inside}
    await deeds.record(deeds.event("collect", card.item_id, place, value))
    done = "Taken out of" if shelf.inside else "Put into"
    screen.tell(f"{done} {words.one_line(shelf.name)}; u undoes")


def _line(shelf: Shelf) -> Content:
    mark = "[x]" if shelf.inside else "[ ]"
    return Content(f"{mark} {words.fit(words.one_line(shelf.name), 50).rstrip()}  {words.many(shelf.size, 'item')}")
