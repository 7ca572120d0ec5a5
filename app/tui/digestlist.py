"""The rows of the digest: three lines for each story, and three for each heading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.strip import Strip

from . import words
from .cardview import marks_of
from .headedlist import HeadedList

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


class DigestList(HeadedList[Row]):
    """Draws `Row`s; headings are never selected. Says what moved by plain calls."""

    row_height = 3

    def __init__(self, moved: Callable[[], None], scrolled_to: Callable[[bool], None]) -> None:
        super().__init__()
        self.cards: Mapping[int, Card] = {}
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

    def selectable(self, row: Row) -> bool:
        return row.story is not None

    # -- RowList
    def selection_moved(self) -> None:
        self._moved()

    def scrolled(self, forward: bool) -> None:
        self._scrolled_to(forward)

    def row_strips(self, index: int, width: int, selected: bool) -> list[Strip]:
        row = self.rows[index]
        lines = self._heading(row.section, width) if row.story is None else self._story(row.story, width, selected)
        return [self.strip_of(line, width, selected) for line in lines]

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


def _role(probability: float) -> str:
    return "high" if probability >= 0.6 else "middle" if probability >= 0.35 else "low"
