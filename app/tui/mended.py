"""Faults of Textual that are mended here until they are mended there."""

from __future__ import annotations

from functools import lru_cache

from textual._styles_cache import StylesCache


def mend() -> None:
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

    StylesCache.get_inner_outer = staticmethod(get_inner_outer)  # type: ignore[method-assign, assignment]
