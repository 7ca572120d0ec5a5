"""What the application does for pictures: owns the gallery and the painter, and lets go of the terminal cleanly."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from textual import events

from .terminal import cell_size
from .wish import Way

if TYPE_CHECKING:
    from textual.app import App

    from penchant.app.config import Config
    from penchant.app.paths import Paths
    from penchant.app.tui.bridge import Bridge
    from penchant.app.tui.feedscreen import FeedScreen

    from .gallery import Gallery
    from .painter import Painter

    _App = App[None]
else:
    _App = object


class PictureWindow(_App):
    """A mixin of the application. `gallery` is None where pictures are off."""

    bridge: Bridge
    config: Config
    paths: Paths
    feed_screen: FeedScreen
    gallery: Gallery | None = None
    _painter: Painter | None = None
    _way: Way = "none"
    _typed = b""

    if TYPE_CHECKING:

        def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]: ...

    def open_pictures(self, way: Way, typed: bytes) -> None:
        """Before the first paint: how pictures are drawn, and what was typed while that was found out."""
        self._way, self._typed = way, typed
        if way in ("kitty", "iterm2"):
            from .painter import painter_for

            self._painter = painter_for(self, way)

    def hang_pictures(self) -> None:
        """After the first paint. Neither Pillow nor a thread is loaded before the first picture is needed."""
        if self._way == "none":
            return
        from penchant.app.pictures.files import PictureFiles

        from .gallery import Gallery

        files = PictureFiles(self.paths.cache / "pictures")
        self.gallery = Gallery(self.bridge, files, self.config.pictures, self._way, cell_size(), self.spawn)
        self.feed_screen.hang(self.gallery)

    def terminal_ready(self) -> None:
        """The driver runs: take care of its end, and give it what was typed while the terminal was asked."""
        driver: Any = self._driver
        if self._painter is not None and driver is not None:
            self._painter.guard(driver)
        if self._typed and driver is not None:
            from textual._xterm_parser import XTermParser

            for event in XTermParser().feed(self._typed.decode("utf-8", "ignore")):
                driver.process_message(event)
            self._typed = b""

    def _display(self, screen: Any, renderable: Any) -> None:
        over = renderable if self._painter is None else self._painter.over(renderable)
        super()._display(screen, over)

    def on_resize(self, event: events.Resize) -> None:
        """The terminal has another size: its cells may have one too, and its pictures have moved."""
        if self.gallery is not None:
            self.gallery.cell = cell_size()
        if self._painter is not None and self._driver is not None and not self.is_headless:
            self._driver.write(self._painter.overlay.clear())

    def close_pictures(self) -> None:
        """End the picture thread."""
        if self.gallery is not None:
            self.gallery.close()
