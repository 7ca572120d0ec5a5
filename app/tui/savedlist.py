"""`F`: the saved searches; one is opened as a view, told about, or forgotten."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from penchant.app.store.saved_searches import SavedSearch, announces
from penchant.app.types import Event

from . import words
from .closing import is_there
from .deeds import Place
from .dialog import Box

if TYPE_CHECKING:
    from .app import PenchantApp

KEYS = "enter opens  n tells of what is new  d deletes  u undoes  esc closes"
NOTHING = "There is no saved search yet. / searches; ctrl+s there saves it."


class SavedScreen(Box[SavedSearch]):
    """Answers with the one to open, or None. What it changes is an event first, on the screen after."""

    app: PenchantApp
    AUTO_FOCUS = "OptionList"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("q,F", "close", "Close"),
        ("j", "move('down')", "Down"),
        ("k", "move('up')", "Up"),
        ("n", "notify_me", "Tell of what is new"),
        ("d,delete", "forget", "Delete"),
        ("u", "undo", "Undo"),
    ]

    def __init__(self, saved: list[SavedSearch]) -> None:
        super().__init__()
        self.saved = saved

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static("Saved searches", classes="head", markup=False)
            yield OptionList()
            yield Static(KEYS, id="keys", markup=False)
            yield Static("", id="said", markup=False)

    def on_mount(self) -> None:
        self.fill(self.saved)

    def fill(self, saved: list[SavedSearch]) -> None:
        """Show these; the selection stays on its line."""
        options = self.query_one(OptionList)
        at = options.highlighted or 0
        self.saved = saved
        options.clear_options()
        options.add_options([Option(line_of(each)) for each in saved])
        options.display = bool(saved)
        if saved:
            options.highlighted = min(at, len(saved) - 1)
        else:
            self.say(NOTHING)

    def say(self, text: str) -> None:
        """What just happened."""
        self.query_one("#said", Static).update(Content(words.one_line(text)))

    async def reload(self) -> None:
        """Read them again."""
        saved = await self.app.bridge.reader.do(lambda store: store.saved.all())
        if is_there(self):
            self.fill(saved)

    def heard(self, pulse: object) -> None:
        """Another process changed the archive: perhaps there are news."""
        self.app.spawn(self.reload())

    async def event_shown(self, event: Event) -> None:
        """An event is on disk."""
        if event.kind in ("saved-search", "undo"):
            await self.reload()

    def at_hand(self) -> SavedSearch | None:
        """The one on the line."""
        at = self.query_one(OptionList).highlighted
        return self.saved[at] if at is not None and at < len(self.saved) else None

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        self.dismiss(self.saved[message.option_index])

    def action_move(self, way: str) -> None:
        options = self.query_one(OptionList)
        options.action_cursor_down() if way == "down" else options.action_cursor_up()

    def action_notify_me(self) -> None:
        found = self.at_hand()
        if found is None:
            return
        if not found.notify and not announces(found.query):
            self.say("like: alone leaves nothing out, so nothing can be new in it; add words or a filter")
            return
        said = "off" if found.notify else "on: what comes from now on is told"
        self.app.spawn(self._record(replace(found, notify=not found.notify), f"{found.name}: {said}"))

    def action_forget(self) -> None:
        found = self.at_hand()
        if found is not None:
            self.app.spawn(self._record(found, f"Deleted {found.name}; u undoes", gone=True))

    async def action_undo(self) -> None:
        """Take the last change of a saved search back, and nothing else."""
        made = await self.app.bridge.reader.do(lambda store: store.events.of_kind("saved-search"))
        if not made:
            self.say("Nothing to undo")
            return
        await self.app.deeds.take_back(made[-1:])
        self.say("Undone")

    async def _record(self, wanted: SavedSearch, said: str, *, gone: bool = False) -> None:
        value = {"name": wanted.name, "query": wanted.query, "notify": wanted.notify, "gone": gone}
        await self.app.deeds.record(self.app.deeds.event("saved-search", None, Place("search"), value))
        self.say(said)
        if gone or not wanted.notify:
            await self.app.bridge.clerk.do(lambda store: store.saved.looked(wanted.name))
        await self.app.feed_screen.news.look()


def line_of(each: SavedSearch) -> Content:
    """One saved search: what is new, its name, its query."""
    new = f"{each.news:,} new" if each.news else "on" if each.notify else ""
    name = words.fit(words.one_line(each.name), 24)
    return Content(f"{new:>7}  {name}  {words.fit(words.one_line(each.query), 34).rstrip()}")


async def show_saved(app: PenchantApp) -> None:
    """The list; the chosen one becomes the view."""
    saved = await app.bridge.reader.do(lambda store: store.saved.all())

    def chosen(found: SavedSearch | None) -> None:
        if found is not None:
            app.feed_screen.show_search(text=found.query, saved=found)

    app.push_screen(SavedScreen(saved), chosen)
