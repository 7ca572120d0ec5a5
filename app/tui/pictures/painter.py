"""Pictures into Textual's frames: after the text, inside the same synchronised update.

Textual's strips carry no escape codes (cropping would count them as cells), so
what a terminal draws itself is written behind them. Like `tui/quick.py` this
leans on private parts of Textual, whose minor version is pinned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from rich.console import Console
from textual._compositor import CompositorUpdate
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Tooltip
from textual.widgets._toast import Toast

from .overlay import ItermOverlay, KittyOverlay, Overlay
from .raster import Box, Placed, Spot, placed
from .wish import Way

if TYPE_CHECKING:
    from textual.app import App
    from textual.geometry import Region

#: Seconds until a further part of large pictures goes out: keys come in between.
TURN = 0.015
#: What may lie over a list or an article on the same screen.
ABOVE = (Toast, Tooltip)


class Pictured(Protocol):
    """A widget with pictures: `spots` are relative to its upper left corner."""

    def spots(self) -> list[Spot]:
        """Every picture that is at least partly in sight."""


class Framed(CompositorUpdate):
    """A frame of Textual's with something behind it."""

    def __init__(self, inner: CompositorUpdate | None, painter: Painter) -> None:
        self.inner = inner
        self.painter = painter

    def render_segments(self, console: Console) -> str:
        text = "" if self.inner is None else self.inner.render_segments(console)
        return text + self.painter.after(self.inner)

    def __rich_console__(self, console: Console, options: Any) -> Any:
        if self.inner is not None:
            yield self.inner


class Painter:
    """Owns what the terminal shows; `over` wraps each frame."""

    def __init__(self, app: App[Any], overlay: Overlay) -> None:
        self.app = app
        self.overlay = overlay
        self._more = False

    def over(self, renderable: Any) -> Any:
        """A frame on its way to the terminal, with the pictures behind it."""
        return Framed(renderable, self) if isinstance(renderable, CompositorUpdate) else renderable

    def after(self, inner: CompositorUpdate | None) -> str:
        """What to write behind a frame."""
        painted = [] if inner is None else _painted(inner)
        text, waiting = self.overlay.frame(wanted(self.app.screen), painted)
        if waiting and not self._more:
            self._more = True
            self.app.set_timer(TURN, self.flush)
        return text

    def flush(self) -> None:
        """A frame of pictures only."""
        self._more = False
        self.app._display(self.app.screen, Framed(None, self))

    def guard(self, driver: Any) -> None:
        """Whenever the terminal is given back (end, suspension, crash), take every picture away first."""
        stop = driver.stop_application_mode

        def stopping() -> None:
            text = self.overlay.clear()
            if text:
                driver.write(text)
            stop()

        driver.stop_application_mode = stopping


def wanted(screen: Screen[Any]) -> list[Placed]:
    """The pictures of the screen on top, cut to what can be seen of them; a dialog has none."""
    found: list[Placed] = []
    covers: list[Box] = []
    # From the topmost widget down.
    for widget, (region, clip) in screen._compositor.visible_widgets.items():
        seen = region.intersection(clip)
        if isinstance(widget, ABOVE):
            covers.append(_box(seen))
        spots = getattr(widget, "spots", None)
        if spots is not None and (here := spots()):
            left, top = widget.gutter.left, widget.gutter.top
            moved = [Spot(region.x + left + s.x, region.y + top + s.y, s.raster) for s in here]
            found += placed(moved, _box(_inside(widget, region).intersection(clip)), covers)
    return found


def _inside(widget: Widget, region: Region) -> Region:
    """Without padding and scroll bar."""
    size = widget.scrollable_content_region.size
    return region.shrink(widget.gutter).crop_size((size.width, size.height))


def _box(region: Region) -> Box:
    return Box(*region)


def _painted(frame: CompositorUpdate) -> list[Box] | None:
    """The cells that a frame paints; None for all."""
    lines = getattr(frame, "lines", None)
    if lines is not None:
        return [Box(x, y, strip.cell_length, 1) for x, y, strip in lines]
    spans = getattr(frame, "spans", None)
    return None if spans is None else [Box(start, y, end - start, 1) for y, start, end in spans]


def painter_for(app: App[Any], way: Way) -> Painter | None:
    """None where pictures are text, or none."""
    if way not in ("kitty", "iterm2"):
        return None
    return Painter(app, KittyOverlay() if way == "kitty" else ItermOverlay())


__all__ = ["Framed", "Painter", "Pictured", "painter_for", "wanted"]
