"""Adapters: one module for each kind of source. A leaf package: imports nothing of `app`."""

from __future__ import annotations

import importlib
from functools import cache

if not __name__.startswith("penchant."):
    raise ImportError("import it as 'penchant.adapters': a bare 'adapters' makes a second copy of every class")

from .base import Source

#: Built-in kinds and the module:class that serves each; loaded on first use.
BUILTIN = {
    # Before "rss": they read their own sites' feeds too, and more of them.
    "reddit": "penchant.adapters.reddit:Reddit",
    "lobsters": "penchant.adapters.lobsters:Lobsters",
    "lemmy": "penchant.adapters.lemmy:Lemmy",
    "rss": "penchant.adapters.rss:Rss",
    "mastodon": "penchant.adapters.mastodon:Mastodon",
    "hackernews": "penchant.adapters.hackernews:HackerNews",
    "github": "penchant.adapters.github:GitHub",
    "arxiv": "penchant.adapters.arxiv:ArXiv",
    "sample": "penchant.adapters.sample:Sample",
}
ENTRY_POINT_GROUP = "penchant.adapters"


def names() -> tuple[str, ...]:
    """Kinds of source that can be loaded, built-in ones first."""
    from importlib.metadata import entry_points  # 10 ms that a start of the screen need not pay

    outside = (e.name for e in entry_points(group=ENTRY_POINT_GROUP) if e.name not in BUILTIN)
    return (*BUILTIN, *sorted(set(outside)))


@cache
def load(name: str) -> Source:
    """Return the adapter of this kind. Raises `KeyError` for an unknown one."""
    if name in BUILTIN:
        module, _, attribute = BUILTIN[name].partition(":")
        adapter: Source = getattr(importlib.import_module(module), attribute)()
        return adapter
    from importlib.metadata import entry_points

    for entry in entry_points(group=ENTRY_POINT_GROUP):
        if entry.name == name:
            adapter = entry.load()()
            return adapter
    raise KeyError(f"no adapter named {name!r}; known: {', '.join(names())}")
