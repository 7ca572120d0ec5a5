"""Adapters: one module for each kind of source. A leaf package: imports nothing of `app`."""

from __future__ import annotations

import importlib
import logging
import re
from functools import cache
from typing import TYPE_CHECKING, Any

if not __name__.startswith("penchant."):
    raise ImportError("import it as 'penchant.adapters': a bare 'adapters' makes a second copy of every class")

from .base import Source
from .lean import without_command_line

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

without_command_line()

#: Built-in kinds and the module:class that serves each; loaded on first use.
BUILTIN = {
    # Before "rss": they read their own sites' feeds too, and more of them.
    "reddit": "penchant.adapters.reddit:Reddit",
    "lobsters": "penchant.adapters.lobsters:Lobsters",
    "lemmy": "penchant.adapters.lemmy:Lemmy",
    "youtube": "penchant.adapters.youtube:YouTube",
    "rss": "penchant.adapters.rss:Rss",
    "mastodon": "penchant.adapters.mastodon:Mastodon",
    "bluesky": "penchant.adapters.bluesky:Bluesky",
    "hackernews": "penchant.adapters.hackernews:HackerNews",
    "github": "penchant.adapters.github:GitHub",
    "arxiv": "penchant.adapters.arxiv:ArXiv",
    "miniflux": "penchant.adapters.miniflux:Miniflux",
    "greader": "penchant.adapters.greader:GReader",
    "fever": "penchant.adapters.fever:Fever",
    "mail": "penchant.adapters.mail:Mail",
    "page": "penchant.adapters.page:WebPage",
    "script": "penchant.adapters.script:Script",
    "sample": "penchant.adapters.sample:Sample",
}
ENTRY_POINT_GROUP = "penchant.adapters"
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")


def outside() -> tuple[EntryPoint, ...]:
    """Entry points of adapters that other packages bring, by name."""
    from importlib.metadata import distributions  # 10 ms that a start of the screen need not pay

    found: dict[str, EntryPoint] = {}
    for dist in distributions():
        try:
            offered = dist.entry_points.select(group=ENTRY_POINT_GROUP)
        except Exception:  # one damaged package in the environment must not stop the others
            logging.getLogger(__name__).warning("a package whose metadata cannot be read: %r", dist)
            continue
        for point in offered:
            if point.name not in BUILTIN and _NAME.fullmatch(point.name):
                found.setdefault(point.name, point)  # like an import: the first on the path counts
    return tuple(sorted(found.values(), key=lambda point: point.name))


def entry(name: str) -> EntryPoint | None:
    """The entry point of this name, if a package brings one."""
    return next((e for e in outside() if e.name == name), None)


def names() -> tuple[str, ...]:
    """Kinds of source that can be loaded, built-in ones first."""
    return (*BUILTIN, *(e.name for e in outside()))


@cache
def load(name: str) -> Source:
    """Return the adapter of this kind. Raises `KeyError` for an unknown one.

    One from outside is not imported here: it runs in child processes (`guard_runner`).
    """
    if name in BUILTIN:
        module, _, attribute = BUILTIN[name].partition(":")
        adapter: Source = getattr(importlib.import_module(module), attribute)()
        return adapter
    if entry(name) is None:
        raise KeyError(f"no adapter named {name!r}; known: {', '.join(names())}")
    from .guard_runner import Guarded

    guarded: Any = Guarded(name)  # its kind and interval are an instance's, which a ClassVar refuses
    source: Source = guarded
    return source
