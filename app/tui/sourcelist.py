"""The sources as a list of two-line rows: name and health, then figures; the selected one tells its error."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.strip import Strip

from penchant.app.types import Subscription

from . import words
from .rowlist import RowList


def health(source: Subscription, now: float) -> tuple[str, str]:
    """(sign and words, role) of how a source is."""
    if source.paused:
        return "‖ paused", "meta"
    if source.state == "fetching":
        done = f"{source.done}/{source.total}" if source.total else str(source.done)
        return f"{words.bar(source.done, source.total, 10)} {done}", "bar"
    if source.state == "queued":
        return "… waiting", "bar"
    if source.error:
        return f"✗ failing ({source.failures})", "liked"
    if source.last_success is None:
        return "· not fetched yet", "meta"
    return f"● {words.age(source.last_success, now)}", "high"


def figures(source: Subscription, now: float) -> str:
    """Kind, address, items and the next fetch."""
    due = "" if source.paused or source.kind == "export" else f"next {words.until(source.next_due, now)}"
    folder = "/".join(source.folder)
    parts = [source.kind, words.many(source.items, "item"), due, folder, source.address]
    return words.one_line(" · ".join(part for part in parts if part))


def told(source: Subscription) -> list[str]:
    """What the open row says: the error with its hint, or that all is well."""
    if source.paused:
        return [words.sentences(source.error, source.hint, now=True) or "Paused by you.", "p goes on."]
    if source.error:
        return [source.error, source.hint]
    if source.kind == "export":
        return ["An archive of your own: nothing is fetched.", f"`penchant import undo {source.id}` takes it back."]
    if source.note:
        return [words.one_line(f"No trouble. {source.note}; polled every {words.span(source.interval)}."), ""]
    return ["No trouble." if source.last_success else "It has not been fetched yet.", ""]


class SourceList(RowList):
    """Draws subscriptions."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"card--{role}" for role in ("title", "meta", "text", "high", "liked", "bar", "selected")
    }
    row_height = 2

    def __init__(self) -> None:
        super().__init__()
        self.sources: Sequence[Subscription] = ()
        self.opening = 3

    def show(self, sources: Sequence[Subscription]) -> None:
        """Show these, keeping the selection on the same source."""
        current = self.current()
        self.sources = sources
        if current is not None:
            self.selected = next((i for i, s in enumerate(sources) if s.id == current.id), self.selected)
        self.selected = max(0, min(self.selected, len(sources) - 1))
        self.room_changed()
        self.redraw()

    def current(self) -> Subscription | None:
        """The selected source."""
        return self.sources[self.selected] if self.selected < len(self.sources) else None

    def row_count(self) -> int:
        return len(self.sources)

    def row_strips(self, index: int, width: int, selected: bool) -> list[Strip]:
        source, now = self.sources[index], time.time()
        state, role = health(source, now)
        name = words.one_line(source.title or source.address)
        room = max(0, width - 4 - words.cell_len(state))
        edge = "▌ " if selected else "  "
        lines = [
            [(edge, "bar"), (words.fit(name, room), "title"), (f" {state} ", role)],
            [(edge, "bar"), ("  ", ""), (words.fit(figures(source, now), max(0, width - 4)), "meta")],
        ]
        if selected:
            texts = [
                line for text in told(source) for line in words.wrap(text, max(2, min(width - 6, 100)), 2)
            ]
            texts = (texts + [""] * self.opening)[: self.opening]
            lines += [
                [(edge, "bar"), ("  ", ""), (text, "liked" if source.error and not row else "text")]
                for row, text in enumerate(texts)
            ]
        return [self._strip(line, width, selected) for line in lines]

    def _strip(self, pieces: Sequence[tuple[str, str]], width: int, selected: bool) -> Strip:
        ground = self.get_component_rich_style("card--selected", partial=True) if selected else None
        segments = []
        for text, role in pieces:
            style = self.get_component_rich_style(f"card--{role}", partial=True) if role else None
            both = ground + style if ground and style else style or ground
            segments.append(Segment(text, both))
        return Strip(list(Segment.adjust_line_length(segments, width, ground)), width)

    def empty_strip(self, y: int, width: int) -> Strip:
        text = "  You follow nothing yet: a adds sources." if y == 1 and not self.sources else ""
        return Strip([Segment(words.fit(text, width), self.rich_style)], width)

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self.redraw()
