"""ctrl+s in a search: it gets a name and is a view from then on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from penchant.app.errors import UsageError
from penchant.app.store.collections import LONGEST, key
from penchant.app.store.saved_searches import SavedSearch, asked, called

from . import words
from .deeds import Place
from .dialog import Box

if TYPE_CHECKING:
    from .app import PenchantApp
    from .search import SearchPanel


class SaveBox(Box[str]):
    """Answers with the name, or None."""

    AUTO_FOCUS = "Input"

    def __init__(self, query: str, before: str, taken: list[SavedSearch]) -> None:
        super().__init__()
        self.query_line, self.before, self.taken = query, before, taken

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static("Save this search as", classes="head", markup=False)
            yield Static(words.fit(words.one_line(self.query_line), 60).rstrip(), markup=False)
            yield Input(self.before, max_length=LONGEST)
            yield Static("enter saves it, esc leaves it; F lists what is saved", id="said", markup=False)

    def on_input_changed(self, message: Input.Changed) -> None:
        same = next((each for each in self.taken if key(each.name) == key(message.value)), None)
        other = same is not None and same.query != self.query_line
        said = f"enter replaces {words.one_line(same.query)}" if same and other else "enter saves it, esc leaves it"
        self.query_one("#said", Static).update(Content(words.fit(said, 60).rstrip()))

    def on_input_submitted(self, message: Input.Submitted) -> None:
        try:
            self.dismiss(called(message.value))
        except UsageError as error:
            self.query_one("#said", Static).update(Content(words.one_line(f"{error}. {error.hint}")))


def save(app: PenchantApp, panel: SearchPanel) -> None:
    """Ask for a name; say that it is saved once the event is on disk."""
    try:
        query = asked(panel.text)
    except UsageError as error:
        app.feed_screen.tell(words.sentences(str(error), error.hint))
        return
    app.spawn(_ask(app, panel, query))


async def _ask(app: PenchantApp, panel: SearchPanel, query: str) -> None:
    taken = await app.bridge.reader.do(lambda store: store.saved.all())
    before = next((each.name for each in taken if each.query == query), "") or panel.title()

    def named(name: str | None) -> None:
        if name is not None:
            app.spawn(_record(app, panel, name, query))

    app.push_screen(SaveBox(query, before or query[:LONGEST], taken), named)


async def _record(app: PenchantApp, panel: SearchPanel, name: str, query: str) -> None:
    before = await app.bridge.reader.do(lambda store: store.saved.get(name))
    name = before.name if before is not None else name
    notify = before is not None and before.notify
    value = {"name": name, "query": query, "notify": notify, "gone": False}
    await app.deeds.record(app.deeds.event("saved-search", None, Place("search"), value))
    if before is not None and before.query != query:
        await app.bridge.clerk.do(lambda store: store.saved.looked(name))
    screen = app.feed_screen
    panel.saved = SavedSearch(name, query, notify)
    screen.search_shown(screen.query_text, f"{name}: saved", panel.title(), screen.search_unseen)
    screen.tell(f"Saved as {words.one_line(name)}: F lists what is saved, u undoes")
