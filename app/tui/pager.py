"""Text to scroll through, wrapped to the width, with links that can be clicked."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from . import words
from .pictures.frame import Frame
from .pictures.frame import line as frame_line
from .pictures.raster import Spot

MEASURE = 96
#: Lines of the highest picture.
HIGHEST = 40
_NUMBER = re.compile(r"\[(\d{1,4})\]")


class Block(NamedTuple):
    """A paragraph (or several lines) in one role; `link` makes the whole a link, `numbers` its [n].

    `hang`: cells of the beginning under which further lines leave room. `picture`: the place of a picture that
    stands here instead of text (`Pager.frame_of` gives it), -1 for none.
    """

    text: str
    role: str = "text"
    link: int = 0
    numbers: bool = False
    indent: int = 0
    hang: int = 0
    picture: int = -1


def _wrapped(block: Block, width: int) -> list[str]:
    head, text = block.text[: block.hang], block.text[block.hang :]
    left = block.indent + block.hang
    lines = words.wrap(text, width - left)
    return [f"{' ' * block.indent}{head}{lines[0]}", *(" " * left + line for line in lines[1:])]


class Pager(ScrollView, can_focus=True):
    """Shows blocks. Roles are component classes: title, meta, text, head, link, bar, plus, minus."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"pager--{role}" for role in ("title", "meta", "text", "head", "link", "plus", "minus", "picture")
    }
    DEFAULT_CSS = "Pager { overflow-x: hidden; overflow-y: auto; scrollbar-gutter: stable; padding: 0 1; }"

    class Link(Message):
        """A link was clicked; `number` counts from 1."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.blocks: Sequence[Block] = ()
        #: The picture at a place, in at most so many columns and rows.
        self.frame_of: Callable[[int, int, int], Frame] | None = None
        self._lines: list[tuple[str, Block]] = []
        self._starts: list[int] = []
        self._wrapped = -1

    def show(self, blocks: Sequence[Block], *, top: bool = True) -> None:
        """Show these blocks, from the beginning unless `top` is off."""
        at = (0, 0) if top else self._place()
        self.blocks = blocks
        self._wrapped = -1
        self._wrap()
        self._return(at)
        self.refresh()

    def _place(self) -> tuple[int, int]:
        """The block at the top of the screen, and how many of its lines are above."""
        line = self.scroll_offset.y
        block = max(0, bisect_right(self._starts, line) - 1)
        return block, line - self._starts[block] if self._starts else 0

    def _return(self, place: tuple[int, int]) -> None:
        """To a place of before: a picture above it may have another height now."""
        block, line = place
        start = self._starts[block] if block < len(self._starts) else 0
        self.scroll_to(y=start + line, animate=False, immediate=True)

    def line_of(self, block: int) -> int:
        """The line at which a block begins."""
        return self._starts[block] if block < len(self._starts) else 0

    def move(self, lines: int) -> bool:
        """Scroll; says whether there was any way to go."""
        before = self.scroll_offset.y
        self.scroll_to(y=before + lines, animate=False, immediate=True)
        return self.scroll_offset.y != before

    @property
    def page(self) -> int:
        """Lines of one page, less one to find one's place again."""
        return max(1, self.scrollable_content_region.height - 1)

    def _wrap(self) -> None:
        width = self.scrollable_content_region.width
        if width == self._wrapped or width <= 0:
            return
        self._wrapped = width
        self._lines, self._starts = [], []
        for block in self.blocks:
            self._starts.append(len(self._lines))
            lines = _wrapped(block, min(width, MEASURE)) if block.picture < 0 else [""] * self._frame(block).rows
            self._lines += [(line, block) for line in lines]
        self.virtual_size = Size(width, len(self._lines))

    def _frame(self, block: Block) -> Frame:
        """A picture as it stands at the moment, no higher than the screen."""
        size = self.scrollable_content_region.size
        if self.frame_of is None:
            return Frame(1, 1)
        return self.frame_of(block.picture, min(size.width, MEASURE), max(4, min(size.height - 3, HIGHEST)))

    def spots(self) -> list[Spot]:
        """The pictures on screen that the terminal draws itself."""
        top, height = self.scroll_offset.y, self.scrollable_content_region.height
        found = []
        for block, start in zip(self.blocks, self._starts, strict=False):
            if block.picture >= 0 and start < top + height:
                raster = self._frame(block).raster
                if raster is not None and raster.tiles and start + raster.rows > top:
                    found.append(Spot(0, start - top, raster))
        return found

    def _picture_line(self, line: int, block: Block, width: int) -> Strip:
        row = line - self._starts[bisect_right(self._starts, line) - 1]
        frame = self._frame(block)
        ground = self.rich_style
        if row >= frame.rows:
            return Strip.blank(width, ground)
        drawn = frame_line(frame, row, self.get_component_rich_style("pager--picture"), ground)
        return Strip(drawn).adjust_cell_length(width, ground)

    def on_resize(self, event: events.Resize) -> None:
        self._wrapped = -1
        self._wrap()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        line = self.scroll_offset.y + y
        if line >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        text, block = self._lines[line]
        if block.picture >= 0:
            return self._picture_line(line, block, width)
        style = self.get_component_rich_style(f"pager--{block.role}")
        if block.link:
            style += Style(meta={"link": block.link})
        segments = self._numbered(text, style) if block.numbers else [Segment(text, style)]
        return Strip(segments).adjust_cell_length(width, self.rich_style)

    def _numbered(self, text: str, style: Style) -> list[Segment]:
        segments, at = [], 0
        for match in _NUMBER.finditer(text):
            link = self.get_component_rich_style("pager--link") + Style(meta={"link": int(match[1])})
            segments += [Segment(text[at : match.start()], style), Segment(match[0], link)]
            at = match.end()
        return [*segments, Segment(text[at:], style)]

    def on_click(self, event: events.Click) -> None:
        number = event.style.meta.get("link")
        if number:
            self.post_message(self.Link(number))
