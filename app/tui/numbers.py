"""`N`: what you read, like and skip, as plots and a table."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import Static

from . import words
from .bars import StatusLine
from .closing import is_there
from .paged import PagedScreen
from .pager import MEASURE, Block, Pager

if TYPE_CHECKING:
    from penchant.app.memory.numbers import Numbers

    from .app import PenchantApp

KEYS = "← → fewer or more weeks  j k move  r look again  q back"
#: What the arrows go through, in weeks.
SPANS = (4, 12, 26, 52, 156)
#: Sources in the table.
SOURCES = 100


class NumbersScreen(PagedScreen):
    """Counted in the reader's thread, once for each span; drawn there too, since plotext is slow to load."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,N", "back", "Back"),
        ("left,minus", "span(-1)", "Fewer weeks"),
        ("right,plus", "span(1)", "More weeks"),
        ("r", "again", "Look again"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.weeks = SPANS[1]
        self.numbers: Numbers | None = None
        self._kept: dict[int, Numbers] = {}

    def compose(self) -> ComposeResult:
        yield Static("Statistics", id="headline", markup=False)
        yield Pager()
        yield StatusLine(id="below")

    def on_mount(self) -> None:
        self.query_one("#below", StatusLine).tell(KEYS)
        self.load()

    def on_resize(self, event: events.Resize) -> None:
        if self.numbers is not None:
            self.load()

    def load(self) -> None:
        """Count, or take what was counted before, and draw."""
        self.app.spawn(self._load(self.weeks, max(20, min(self.app.size.width - 4, MEASURE))))

    async def _load(self, weeks: int, width: int) -> None:
        from penchant.app.store import memory

        kept = self._kept.get(weeks)

        def read(store):  # type: ignore[no-untyped-def]
            from penchant.app.memory import plots

            found = kept or memory.numbers(store, time.time(), weeks)
            return found, plots.of_numbers(found, width) if found.whole.seen else []

        found, drawn = await self.app.bridge.reader.do(read)
        if weeks != self.weeks or not is_there(self):
            return
        self._kept[weeks] = self.numbers = found
        self.query_one("#headline", Static).update(f"Statistics of {words.many(weeks, 'week')}\n{found.words}")
        self.query_one(Pager).show(blocks(found, drawn, width), top=False)

    def action_span(self, by: int) -> None:
        at = max(0, min(SPANS.index(self.weeks) + by, len(SPANS) - 1))
        self.weeks = SPANS[at]
        self.load()

    def action_again(self) -> None:
        self._kept.clear()
        self.load()


def blocks(found: Numbers, drawn: list[str], width: int) -> list[Block]:
    """Plots, then the table. Pure."""
    if not found.whole.seen:
        return [Block("It counts what you see and open in the feed, from the first day on.", "meta")]
    # leading blanks as an indent: a pager wraps paragraphs
    out = [Block(line.lstrip(), indent=len(line) - len(line.lstrip())) for line in drawn]
    out.append(Block(_line("source", "seen", "read", "liked", "skipped", "liked (95 %)", width), "head"))
    for name, each in found.sources[:SOURCES]:
        rate, low, high = each.rate
        said = f"{rate:.0%} ({100 * low:.0f}-{100 * high:.0f})"
        line = _line(
            words.one_line(name), str(each.seen), str(each.opened), str(each.liked), str(each.skipped), said, width
        )
        out.append(Block(line))
    if found.afar:
        out.append(Block(f"{found.afar:,} likes and readings came from elsewhere and are not counted.", "meta"))
    return out


def _line(name: str, seen: str, read: str, liked: str, skipped: str, rate: str, width: int) -> str:
    """Columns of a row; a narrow screen has no room for all."""
    if width < 60:
        return f"{words.fit(name, max(6, width - 15))} {read:>6} {liked:>6}"
    return f"{words.fit(name, min(width, MEASURE) - 46)} {seen:>6} {read:>6} {liked:>6} {skipped:>7} {rate:>14}"


def show_numbers(app: PenchantApp) -> None:
    """Open it."""
    app.push_screen(NumbersScreen())
