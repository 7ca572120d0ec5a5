"""`V`: every draft there is, those that were kept first: read, edited, posted or dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widgets import Static

from . import words
from .closing import is_there
from .pager import Block
from .writingdesk import KEYS, DraftDesk

if TYPE_CHECKING:
    from penchant.app.store import Store
    from penchant.app.store.drafts import State

    from .app import PenchantApp

#: Drafts of each part that are listed, the latest.
MOST = 100
PARTS: tuple[tuple[str, tuple[State, ...]], ...] = (
    ("Drafts: kept and offered", ("kept", "offered")),
    ("Drafts: posted", ("posted",)),
    ("Drafts: dropped", ("dropped",)),
)
KINDS = ("reply", "post")


class DraftsScreen(DraftDesk):
    """The drafts of the archive, without a request."""

    BINDINGS: ClassVar[list[BindingType]] = [("V", "leave", "Close"), ("tab", "part", "Others")]

    def __init__(self) -> None:
        super().__init__()
        self.parts = [*PARTS]

    def on_mount(self) -> None:
        self.app.spawn(self.load())

    async def load(self) -> None:
        """Read the drafts of the part on show."""
        states = self.parts[0][1]
        ids = await self.app.bridge.reader.do(lambda store: _ids(store, states))
        if is_there(self):
            self.query_one("#about", Static).update(f"{self.parts[0][0]} ({words.many(len(ids), 'draft')})")
            self.drafts, self.at = [], 0
            await self.read(ids)
            self.tell(f"{KEYS}  tab")

    def rest(self) -> list[Block]:
        if self.drafts:
            return []
        return [
            Block("Nothing here yet.", "meta"),
            Block("p on an item drafts your reply to it, P a post; s keeps a draft.", "meta"),
        ]

    def action_part(self) -> None:
        self.unready()
        self.parts = [*self.parts[1:], self.parts[0]]
        self.app.spawn(self.load())


def _ids(store: Store, states: tuple[State, ...]) -> list[str]:
    """The latest drafts, the kept ones first."""
    found = store.drafts.list(*KINDS, states=states, limit=MOST)
    return [each.id for each in sorted(found, key=lambda each: each.state != "kept")]


def show_drafts(app: PenchantApp) -> None:
    """Open the list of drafts."""
    app.push_screen(DraftsScreen())
