"""The table of embedders, loaded by name."""

from __future__ import annotations

from functools import cache

from penchant.app.errors import PenchantError

from .base import Embedder

#: The embedder that every installation has, and its space in the vector store.
DEFAULT = "static"


def names() -> tuple[str, ...]:
    """Names that `load` accepts."""
    return (DEFAULT,)


def space(name: str = DEFAULT) -> str:
    """`load(name).name` without loading the model. Raises `PenchantError` for an unknown name."""
    if name == DEFAULT:
        from .static import StaticEmbedder

        return StaticEmbedder.name
    return load(name).name


@cache
def load(name: str = DEFAULT) -> Embedder:
    """Return the embedder of this name, loaded once. Raises `PenchantError` where it cannot be had."""
    if name == DEFAULT:
        from .static import StaticEmbedder

        return StaticEmbedder()
    raise PenchantError(f"no embedder named {name!r}", hint=f"Known: {', '.join(names())}.")
