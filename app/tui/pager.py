"""Text to scroll through, wrapped to the width, with links that can be clicked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar, NamedTuple

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from . import words

MEASURE = 96
_NUMBER = re.compile(r"\[(\d{1,4})\]")


class Block(NamedTuple):
    """A paragraph (or several lines) in one role; `link` makes the whole a link, `numbers` its [n].

    `hang`: cells of the beginning under which further lines leave room.
    """

    text: str
    role: str = "text"
    link: int = 0
    numbers: bool = False
    indent: int = 0
    hang: int = 0


def _wrapped(block: Block, width: int) -> list[str]:
    head, text = block.text[: block.hang], block.text[block.hang :]
    left = block.indent + block.hang
    lines = words.wrap(text, width - left)
    return [f"{' ' * block.indent}{head}{lines[0]}", *(" " * left + line for line in lines[1:])]


class Pager(ScrollView, can_focus=True):
    """Shows blocks. Roles are component classes: title, meta, text, head, link, bar, plus, minus."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"pager--{role}" for role in ("title", "meta", "text", "head", "link", "plus", "minus")
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
        self._lines: list[tuple[str, Block]] = []
        self._wrapped = -1

    def show(self, blocks: Sequence[Block], *, top: bool = True) -> None:
        """Show these blocks, from the beginning unless `top` is off."""
        self.blocks = blocks
        self._wrapped = -1
        self._wrap()
        if top:
            self.scroll_to(y=0, animate=False, immediate=True)
        self.refresh()

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
        self._lines = [
            (line, block) for block in self.blocks for line in _wrapped(block, min(width, MEASURE))
        ]
        self.virtual_size = Size(width, len(self._lines))

    def on_resize(self, event: events.Resize) -> None:
        self._wrapped = -1
        self._wrap()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        line = self.scroll_offset.y + y
        if line >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        text, block = self._lines[line]
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
