"""Sources to begin with. Plain data: kind, address, title, settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Starter:
    """A source to tick."""

    kind: str
    address: str
    title: str
    about: str
    settings: Mapping[str, Any] = field(default_factory=dict)

    def all_settings(self) -> dict[str, Any]:
        """Settings as a subscription keeps them."""
        return {"address": self.address, **self.settings}


STARTERS: tuple[Starter, ...] = (
    Starter("hackernews", "hackernews:top", "Hacker News", "the front page: links, points, comments"),
    Starter("lobsters", "lobsters:hottest", "Lobsters", "programming, invited authors"),
    Starter("rss", "https://lwn.net/headlines/rss", "LWN.net", "Linux and free software, in depth"),
    Starter(
        "rss", "https://feeds.arstechnica.com/arstechnica/index", "Ars Technica", "technology and science"
    ),
    Starter(
        "rss", "https://www.quantamagazine.org/feed/", "Quanta Magazine", "mathematics, physics, biology"
    ),
    Starter("rss", "https://xkcd.com/atom.xml", "xkcd", "three comics a week"),
    Starter("rss", "https://feeds.bbci.co.uk/news/world/rss.xml", "BBC World", "world news"),
    Starter("github", "github:trending?days=7", "GitHub: new this week", "new repositories with the most stars"),
    Starter("arxiv", "arxiv:list:cs.CL", "arXiv: language", "the day's papers of cs.CL; any category by its address"),
    Starter("reddit", "reddit:r/programming", "r/programming", "Reddit; any community by its name, like r/python"),
    Starter("lemmy", "lemmy:lemmy.world/c/technology", "!technology@lemmy.world", "Lemmy, in the fediverse"),
)
SAMPLE = Starter("sample", "sample:feed", "Sample feed", "240 made-up items, no network: to try penchant")
