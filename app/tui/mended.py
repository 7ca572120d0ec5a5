"""Faults of Textual that are mended here until they are mended there."""

from __future__ import annotations

import io
import sys
from functools import lru_cache
from typing import Any

from textual._styles_cache import StylesCache
from textual.strip import Strip

#: Colours whose codes are kept ready. Textual keeps 16,384: nearly every cell of a half-block picture has two of its
#: own, and with all that belongs to each they took 15 MB after 1,500 keys among pictures.
CODES = 2_048


def mend() -> None:
    """Bound what Textual keeps, once for all; does nothing where Textual is another than it was written for."""
    _closed_widgets()
    _codes()
    _whole_frames()


def _codes() -> None:
    """Keep the codes of fewer colours."""
    held: Any = getattr(Strip.__dict__.get("render_ansi"), "__func__", None)
    rendered = getattr(held, "__wrapped__", None)
    if rendered is not None and held.cache_info().maxsize > CODES:
        fewer: Any = lru_cache(CODES)(rendered)
        Strip.render_ansi = classmethod(fewer)  # type: ignore[method-assign, assignment]


def _closed_widgets() -> None:
    """Let widgets go once they are closed.

    Textual 8.2 keeps the colours of each line under a key that holds the whole cache of the widget's lines, so that
    1,024 closed widgets stay in memory with all they drew: https://github.com/Textualize/textual/issues/6665. A window
    that opened an article or a panel at every tenth key grew by 10 MB in 400 keys.
    """
    held = StylesCache.__dict__.get("get_inner_outer")
    colours = getattr(held, "__wrapped__", None)
    if colours is None or isinstance(held, staticmethod | classmethod):
        return

    @lru_cache(1024)
    def get_inner_outer(base_background: object, background: object) -> object:
        return colours(StylesCache, base_background, background)

    StylesCache.get_inner_outer = staticmethod(get_inner_outer)  # type: ignore[method-assign, assignment, arg-type]


def _whole_frames() -> None:
    """Write to the terminal through a buffer, which goes on after a write that a signal cut short.

    Where PYTHONUNBUFFERED is set, as in many container images, the stream that Textual writes frames to has none, and
    what a short write leaves is dropped: https://github.com/python/cpython/issues/85393. A frame lost its end when
    another process ended while the terminal was slow.
    """
    stream = sys.__stderr__
    if stream is not None and isinstance(getattr(stream, "buffer", None), io.RawIOBase):
        raw = io.FileIO(stream.fileno(), "wb", closefd=False)  # the stream's own would be closed with it
        whole = io.TextIOWrapper(io.BufferedWriter(raw), stream.encoding, stream.errors, line_buffering=True)
        sys.__stderr__ = whole  # type: ignore[misc]
