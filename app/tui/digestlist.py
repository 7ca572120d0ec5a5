"""The rows of the digest: three lines for each story, and three for each heading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.strip import Strip

from . import words
from .cardview import Palette, marks_of
from .rowlist import RowList

if TYPE_CHECKING:
    from penchant.app.digest.compose import Digest, Section, Story
    from penchant.app.types import Card

#: Cells before the text: the edge, then the number or marks.
GUTTER = 6


@dataclass(frozen=True, slots=True)
class Row:
    """A heading (`story` None) or one story of `section`."""

    section: Section
    story: Story | None = None


def rows_of(digest: Digest) -> list[Row]:
    """Headings and stories, in order."""
    out: list[Row] = []
    for section in digest.sections:
        out += [Row(section), *(Row(section, story) for story in section.stories)]
    return out


class DigestList(RowList):
    """Draws `Row`s; headings are never selected. Says what moved by plain calls."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {f"card--{role}" for role in Palette._fields}
    row_height = 3

    def __init__(self, moved: Callable[[], None], scrolled_to: Callable[[bool], None]) -> None:
        super().__init__()
        self.rows: Sequence[Row] = ()
        self.cards: Mapping[int, Card] = {}
        self.said: tuple[str, ...] = ()
        self._moved, self._scrolled_to = moved, scrolled_to

    def show(self, digest: Digest, cards: Mapping[int, Card], *, anew: bool) -> None:
        """Show a digest; `anew`: from its beginning."""
        self.rows, self.cards = rows_of(digest), cards
        if anew:
            self.selected = next((i for i, row in enumerate(self.rows) if row.story is not None), 0)
        self.selected = max(0, min(self.selected, len(self.rows) - 1))
        self.room_changed()
        self.redraw()
        if anew:
            self.jump(0)
            self._scrolled_to(True)
            self._moved()

    def say(self, *lines: str) -> None:
        """What to read where there are no rows."""
        self.said = lines
        self.redraw()

    def current(self) -> Story | None:
        """The selected story."""
        return self.rows[self.selected].story if self.selected < len(self.rows) else None

    def stories(self, rows: range) -> list[int]:
        """Ids of the items among these rows."""
        return [row.story.item.item_id for row in self.rows[rows.start : rows.stop] if row.story is not None]

    def step(self, by: int) -> None:
        """The selection so many rows on, past headings."""
        if not self.rows:
            return
        target = max(0, min(self.selected + by, len(self.rows) - 1))
        ahead = range(target, len(self.rows) if by > 0 else -1, 1 if by > 0 else -1)
        self.select(next((i for i in ahead if self.rows[i].story is not None), self.selected))
        if self.selected == 1:
            self.jump(0)

    def select(self, index: int, *, scroll: bool = True) -> None:
        if 0 <= index < len(self.rows) and self.rows[index].story is not None:
            super().select(index, scroll=scroll)

    # -- RowList
    def selection_moved(self) -> None:
        self._moved()

    def scrolled(self, forward: bool) -> None:
        self._scrolled_to(forward)

    def row_count(self) -> int:
        return len(self.rows)

    def row_strips(self, index: int, width: int, selected: bool) -> list[Strip]:
        row = self.rows[index]
        lines = self._heading(row.section, width) if row.story is None else self._story(row.story, width, selected)
        return [self._strip(line, width, selected) for line in lines]

    def _heading(self, section: Section, width: int) -> list[list[tuple[str, str]]]:
        more = f"the best {len(section.stories)} of {len(section.stories) + section.left:,}" if section.left else ""
        room = max(0, width - 2)
        title, below = words.fit(section.title, room), words.fit(more, room)
        return [[], [("  ", ""), (title, "match")], [("  ", ""), (below, "meta")]]

    def _story(self, story: Story, width: int, selected: bool) -> list[list[tuple[str, str]]]:
        from penchant.app.digest.markdown import meta, name

        item, room = story.item, max(0, width - GUTTER)
        card = self.cards.get(item.item_id)
        signs = marks_of(card.marks)[: GUTTER - 2] if card is not None else []
        edge = ("▌" if selected else " ", "bar")
        percent = "" if item.probability is None else f"{round(100 * item.probability)}"
        role = "meta" if item.probability is None else _role(item.probability)
        also = f" · and {len(story.others)} more" if story.others else ""
        gone = bool(card and (card.marks.skipped or card.marks.liked or card.marks.opened))
        about = meta(item).split(" · ", 1)[-1] if percent else meta(item)
        title = words.fit(words.one_line(name(item)), room)
        why = story.why + (f" · a model says: {story.said}" if story.said else "")
        return [
            [edge, (f"{percent:>3}  ", role), (title, "seen" if gone else "title")],
            [edge, *((sign, of) for sign, of in signs), (" " * (GUTTER - 1 - len(signs)), ""),
             (words.fit(words.one_line(about + also), room), "meta")],
            [edge, (" " * (GUTTER - 1), ""), (words.fit(words.one_line(why), room), "text")],
        ]  # fmt: skip

    def _strip(self, pieces: Sequence[tuple[str, str]], width: int, selected: bool) -> Strip:
        ground = self.get_component_rich_style("card--selected", partial=True) if selected else None
        segments = []
        for text, role in pieces:
            style = self.get_component_rich_style(f"card--{role}", partial=True) if role else None
            segments.append(Segment(text, ground + style if ground and style else style or ground))
        return Strip(list(Segment.adjust_line_length(segments, width, ground)), width)

    def empty_strip(self, y: int, width: int) -> Strip:
        text = f"  {self.said[y - 1]}" if not self.rows and 1 <= y <= len(self.said) else ""
        return Strip([Segment(words.fit(words.one_line(text), width), self.rich_style)], width)


def _role(probability: float) -> str:
    return "high" if probability >= 0.6 else "middle" if probability >= 0.35 else "low"
