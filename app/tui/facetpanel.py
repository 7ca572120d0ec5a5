"""What a search could be narrowed by, beside its results: sources, authors, months, what the reader said of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from rich.segment import Segment
from textual import events
from textual.binding import BindingType
from textual.strip import Strip
from textual.widget import Widget

from . import queryline, words

if TYPE_CHECKING:
    from penchant.app.store.facets import Facets


class Row(NamedTuple):
    """One line: a heading where `term` is "", else what enter puts into the query line or takes out."""

    label: str
    term: str = ""
    items: int | None = None
    on: bool = False


def rows_of(facets: Facets, text: str, room: int) -> list[Row]:
    """The lines for a query, at most `room` where that leaves three of each kind. Pure."""
    held = queryline.narrowing(text)
    groups = {
        "Yours": facets.liked, "Source": facets.sources, "Author": facets.authors, "Month": facets.months,
    }  # fmt: skip
    most = max(3, (room - 2 * len(groups) - len(held) - 1) // len(groups))
    rows = [Row("Narrowed by"), *(Row(term, term, None, True) for term in held)] if held else []
    for heading, found in groups.items():
        if found:
            rows.append(Row(heading))
            rows += [Row(label, term, n, queryline.has(text, term)) for label, term, n in found[:most]]
    return rows


class FacetPanel(Widget, can_focus=True):
    """Enter adds the term of the line to the query, or takes it out."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"facet--head", "facet--line", "facet--count", "facet--on", "facet--at"}
    BINDINGS: ClassVar[list[BindingType]] = [
        ("down,j", "move(1)", "Down"),
        ("up,k", "move(-1)", "Up"),
        ("enter,space", "choose", "Add or take out"),
        ("escape,left,tab,h", "leave", "To the results"),
    ]

    def __init__(self, chosen: Callable[[str], None], left: Callable[[], None]) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.selected = 0
        self.top = 0
        self._chosen, self._left = chosen, left
        self._last: tuple[Facets, str] | None = None

    def show(self, facets: Facets, text: str) -> None:
        """Other counts, or another query; the selection stays on its term."""
        self._last = facets, text
        term = self.rows[self.selected].term if self.selected < len(self.rows) else ""
        self.rows = rows_of(facets, text, self.size.height)
        lines = self._lines()
        same = [n for n in lines if self.rows[n].term == term]
        self.selected = (same or [n for n in lines if n >= self.selected] or lines or [0])[0]
        self._into_sight()

    def _lines(self) -> list[int]:
        return [n for n, row in enumerate(self.rows) if row.term]

    def action_move(self, step: int) -> None:
        lines = self._lines()
        if lines:
            at = lines.index(self.selected) if self.selected in lines else 0
            self.selected = lines[max(0, min(at + step, len(lines) - 1))]
            self._into_sight()

    def action_choose(self) -> None:
        if self.selected < len(self.rows) and self.rows[self.selected].term:
            self._chosen(self.rows[self.selected].term)

    def action_leave(self) -> None:
        self._left()

    def _into_sight(self) -> None:
        height = max(1, self.size.height - 1)
        first = 0 if self.selected <= 1 else self.selected
        self.top = max(min(self.top, first), self.selected - height + 1, 0)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        width, number = self.size.width, self.top + y
        style = self.get_component_rich_style("facet--line")
        if y == self.size.height - 1:
            said = "⏎ adds or takes out  esc back" if self.has_focus else "tab: narrow the search"
            line = [Segment(words.fit(f" {said}", width), self.get_component_rich_style("facet--count"))]
        elif number >= len(self.rows):
            said = " nothing to narrow by" if not self.rows and y == 0 else ""
            line = [Segment(words.fit(said, width), self.get_component_rich_style("facet--count"))]
        else:
            line = self._row(self.rows[number], width, self.has_focus and number == self.selected)
        return Strip(list(Segment.adjust_line_length(line, width, style)), width)

    def _row(self, row: Row, width: int, at: bool) -> list[Segment]:
        label = words.one_line(row.label)
        if not row.term:
            return [Segment(words.fit(f" {label}", width), self.get_component_rich_style("facet--head"))]
        count = "" if row.items is None else f"{row.items:,}"
        room = max(1, width - 5 - len(count))
        role = "at" if at else "on" if row.on else "line"
        style = self.get_component_rich_style(f"facet--{role}")
        quiet = style if at else self.get_component_rich_style("facet--count")
        return [Segment(f" {'✓' if row.on else ' '} {words.fit(label, room)} ", style), Segment(f"{count} ", quiet)]

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def on_resize(self, event: events.Resize) -> None:
        if self._last is not None:
            self.show(*self._last)

    def on_click(self, event: events.Click) -> None:
        number = self.top + event.y
        if number < len(self.rows) and self.rows[number].term:
            self.selected = number
            self.action_choose()
