"""What can be done with drafts on a screen: choose, like, skip, edit, keep, copy, post, drop."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Concatenate, ParamSpec

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Static, TextArea

from penchant.app.errors import PenchantError
from penchant.app.types import Event, EventKind

from . import words
from .bars import StatusLine
from .closing import is_there
from .deeds import DONE, UNDONE, Place
from .dialog import Box
from .pager import Block, Pager
from .writinglines import Shown, blocks_of
from .writingpost import ON_ITS_WAY, Posting

if TYPE_CHECKING:
    from penchant.app.store import Store
    from penchant.app.store.drafts import Draft

    from .app import PenchantApp

P = ParamSpec("P")

#: What events of these screens carry as their view.
VIEW = "drafts"
KEYS = "l like  x skip  e edit  s keep  y copy  p post  D drop"


Deed = Callable[Concatenate["DraftDesk", P], Awaitable[None]]


def told(deed: Deed[P]) -> Callable[Concatenate[DraftDesk, P], Coroutine[Any, Any, None]]:
    """What goes wrong in a key's work is said in the box, where it was pressed."""

    @functools.wraps(deed)
    async def careful(self: DraftDesk, /, *args: P.args, **more: P.kwargs) -> None:
        try:
            await deed(self, *args, **more)
        except PenchantError as error:
            self._failed(error)

    return careful


class Editor(TextArea):
    """A plain text area: escape and ctrl+s end it, and the draft is as it then stands."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape,ctrl+s", "screen.end_edit", "Done")]


class DraftDesk(Posting, Box[None]):
    """A box with drafts in it. Subclasses say which (`drafts`) and what stands below them (`rest`)."""

    app: PenchantApp
    AUTO_FOCUS = "Pager"
    BINDINGS: ClassVar[list[BindingType]] = [
        ("q", "leave", "Close"),
        ("j,down", "step(1)", "Next draft"),
        ("k,up", "step(-1)", "Previous draft"),
        ("space,pagedown", "page(1)", "Page"),
        ("b,pageup", "page(-1)", "Page up"),
        *((str(n), f"number({n})", f"Draft {n}") for n in range(1, 10)),
        ("l,f", "decide('like')", "Like"),
        ("x,h", "decide('skip')", "Skip"),
        ("u", "undo", "Undo"),
        ("e,enter", "edit", "Edit"),
        ("s", "keep", "Keep"),
        ("y", "copy", "Copy"),
        ("D", "drop", "Drop"),
        ("p", "post", "Post"),
        ("P", "post_now", "Post now"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.drafts: list[Shown] = []
        self.at = 0
        #: Whether the reader has a draft in mind; until then the best one is at hand.
        self.chosen = False
        #: The draft in the editor: whatever comes in meanwhile, it is this one that is edited.
        self._edited: Draft | None = None

    def above(self) -> ComposeResult:
        """Widgets over the drafts."""
        yield from ()

    def compose(self) -> ComposeResult:
        with Vertical(classes="box tall"):
            yield Static("", id="about", markup=False)
            yield from self.above()
            yield Pager()
            yield Editor("", id="editor", classes="hidden", soft_wrap=True, show_line_numbers=False)
            yield Static("", id="notice", classes="hidden", markup=False)
            yield StatusLine()

    def tell(self, text: str, role: str = "") -> None:
        """Say something in the last line."""
        self.announce("")
        if is_there(self):
            self.query_one(StatusLine).tell(text, role)

    def announce(self, text: str, *, wrong: bool = False) -> None:
        """Say something that may take several lines, over the last one; "" takes it away."""
        if is_there(self):
            notice = self.query_one("#notice", Static)
            notice.update(words.one_line(text))
            notice.set_class(not text, "hidden")
            notice.set_class(wrong, "wrong")

    def rest(self) -> list[Block]:
        """What stands below the drafts."""
        return []

    def show(self, *, top: bool = False) -> None:
        """Show everything as it stands."""
        if is_there(self):
            self.query_one(Pager).show([*blocks_of(self.drafts, self.at), *self.rest()], top=top)

    async def read(self, ids: Sequence[str]) -> None:
        """Read these drafts anew, and their marks; the one at hand stays at hand."""
        here = self.drafts[self.at].draft.id if self.drafts else ""
        found = await self.app.bridge.reader.do(lambda store: _shown(store, ids))
        if not is_there(self):
            return
        self.drafts = found
        self.at = next(
            (n for n, each in enumerate(found) if each.draft.id == here), min(self.at, max(0, len(found) - 1))
        )
        self.show()

    async def again(self) -> None:
        """Read what is on screen anew."""
        await self.read([each.draft.id for each in self.drafts])

    async def event_shown(self, event: Event) -> None:
        """An event is on disk, here or in the list below."""
        if event.item_id is not None and event.item_id in [each.draft.item_id for each in self.drafts]:
            await self.again()

    # -- choosing
    def current(self) -> Shown | None:
        return self.drafts[self.at] if self.at < len(self.drafts) else None

    def action_step(self, step: int) -> None:
        self.chosen = True
        self.select(self.at + step)

    def action_number(self, number: int) -> None:
        if number <= len(self.drafts):
            self.chosen = True
            self.select(number - 1)
        else:
            self.tell(f"There is no draft {number}")

    def select(self, place: int) -> None:
        """Have the draft at a place at hand, and on screen."""
        self.unready()
        self.at = max(0, min(place, len(self.drafts) - 1))
        self.show()
        pager = self.query_one(Pager)
        line = next((pager.line_of(n) for n, block in enumerate(pager.blocks) if block.text.startswith("▸")), 0)
        top, page = pager.scroll_offset.y, pager.page
        if not top <= line <= top + page - 4:
            pager.scroll_to(y=max(0, line - 1), animate=False, immediate=True)

    def action_page(self, direction: int) -> None:
        pager = self.query_one(Pager)
        pager.move(direction * pager.page)

    # -- deciding. Keys wait for the one before: what is done with a draft stands before the next is looked at.
    @told
    async def action_decide(self, kind: EventKind) -> None:
        """Like or skip: the draft becomes an item that the ranking learns from."""
        shown = self.current()
        self.unready()
        if shown is None:
            self.tell("There is no draft yet")
            return
        draft, position, self.chosen = shown.draft, self.at, True
        item_id = await self.app.bridge.clerk.do(lambda store: _as_item(store, draft.id))
        (card,) = await self.app.bridge.reader.do(lambda store: store.items.cards([item_id]))
        known = draft.facts.get("probability")
        place = Place(VIEW, position, known if isinstance(known, float) else None)
        undone = self.app.deeds.holds(card, kind)
        await self.app.deeds.decide(kind, card, place)
        await self.again()
        self.tell(f"{UNDONE[kind]} taken back" if undone else f"{DONE[kind]}: it learns from that")

    @told
    async def action_undo(self) -> None:
        self.unready()
        event = await self.app.deeds.undo()
        await self.again()
        self.tell(f"{UNDONE[event.kind]} undone" if event is not None else "Nothing to undo")

    async def act(self, draft: Draft, act: str, state: Any = None, **facts: Any) -> None:
        """Set the state of a draft, and record what was done with it."""
        if state is not None:
            await self.app.bridge.clerk.do(lambda store: store.drafts.state(draft.id, state))
        value = {"draft": draft.id, "act": act, **facts}
        event = self.app.deeds.event("draft", draft.item_id, Place(VIEW, self.at), value)
        await self.app.deeds.record(event)
        await self.again()

    @told
    async def action_keep(self) -> None:
        self.unready()
        shown = self.current()
        if shown is None or shown.draft.state == "posted":
            self.tell("There is no draft to keep" if shown is None else "It was posted: it is kept anyway")
            return
        kept = shown.draft.state == "kept"
        await self.act(shown.draft, "unkept" if kept else "kept", "offered" if kept else "kept")
        self.tell("No longer kept" if kept else "Kept: V lists it")

    @told
    async def action_drop(self) -> None:
        """Away with it: says nothing of taste."""
        self.unready()
        shown = self.current()
        if shown is None:
            return
        if shown.draft.state == "posted" or shown.draft.id == self._sending:
            self.tell(ON_ITS_WAY if self._sending else "It was posted: what is out stays listed")
            return
        await self.act(shown.draft, "dropped", "dropped")
        self.drafts = [each for each in self.drafts if each.draft.id != shown.draft.id]
        self.at = min(self.at, max(0, len(self.drafts) - 1))
        self.show()
        self.tell("Dropped")

    @told
    async def action_copy(self) -> None:
        self.unready()
        shown = self.current()
        if shown is None:
            self.tell("There is no draft to copy yet")
            return
        self.app.copy_to_clipboard(shown.draft.text)
        await self.act(shown.draft, "copied")
        self.tell("Copied to the clipboard")

    # -- editing
    def action_edit(self) -> None:
        shown = self.current()
        if shown is None or shown.draft.state == "posted":
            self.tell("There is no draft to edit yet" if shown is None else "It was posted and cannot be changed here")
            return
        if shown.draft.id == self._sending:
            self.tell(ON_ITS_WAY)
            return
        self.unready()
        self.chosen, self._edited = True, shown.draft
        editor = self.query_one(Editor)
        editor.text = shown.draft.text
        self.editing(True)
        editor.move_cursor(editor.document.end)
        editor.focus()
        self.tell("Edit the draft; esc or ctrl+s ends it")

    def editing(self, on: bool) -> None:
        """Show the editor, or the drafts."""
        self.query_one(Editor).set_class(not on, "hidden")
        self.query_one(Pager).set_class(on, "hidden")

    @told
    async def action_end_edit(self) -> None:
        """Keep the draft as it stands in the editor."""
        from penchant.adapters.text import clean

        editor, draft = self.query_one(Editor), self._edited
        if draft is None:
            return
        text = clean(editor.text).strip()
        if text and text != draft.text:
            # on disk before the editor is gone: what cannot be kept is still there to be copied
            await self.app.bridge.clerk.do(lambda store: store.drafts.edit(draft.id, text))
        self._edited = None
        self.editing(False)
        self.query_one(Pager).focus()
        if not text or text == draft.text:
            self.tell("Unchanged" if text else "An empty draft says nothing: it stays as it was")
            return
        await self.act(draft, "edited")
        self.tell("Edited; p posts it, y copies it")

    def on_click(self, event: events.Click) -> None:
        """A click beside the box closes it, but for a draft that is being edited."""
        if event.widget is self and self._edited is None:
            self.action_leave()

    def action_close(self) -> None:
        self.action_leave()

    def action_leave(self) -> None:
        self.dismiss(None)


def _as_item(store: Store, draft_id: str) -> int:
    try:
        return store.drafts.as_item(draft_id)
    except KeyError:
        raise PenchantError("this draft is gone", hint="It was removed meanwhile: m writes others.") from None


def _shown(store: Store, ids: Sequence[str]) -> list[Shown]:
    drafts = [draft for each in ids if (draft := store.drafts.get(each)) is not None]
    cards = store.items.cards([draft.item_id for draft in drafts if draft.item_id is not None])
    marks = {card.item_id: card.marks for card in cards}
    return [Shown(each, marks[each.item_id]) if each.item_id in marks else Shown(each) for each in drafts]
