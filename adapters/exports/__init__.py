"""Exports that the reader already owns: one reader for each service."""

from __future__ import annotations

from penchant.adapters.base import Malformed

from .archive import Archive
from .base import Export

#: Kinds in the order in which they are tried, as `--as` names them.
KINDS = (
    "twitter", "mastodon", "reddit", "bluesky", "instagram", "tiktok", "youtube", "pocket", "instapaper", "raindrop",
    "readwise", "reader", "starred", "hackernews", "bookmarks", "opml", "newsboat",
)  # fmt: skip


def load(kind: str) -> Export:
    """The reader of a kind. Raises `KeyError`."""
    from .bluesky import Bluesky
    from .bookmarks import Bookmarks
    from .feeds import Newsboat, Opml
    from .hackernews import HackerNews
    from .instagram import Instagram
    from .mastodon import Mastodon
    from .reddit import Reddit
    from .saved import FORMATS, Saved
    from .starred import Starred
    from .tiktok import TikTok
    from .twitter import Twitter
    from .youtube import YouTube

    if kind in FORMATS:
        return Saved(kind)
    found: dict[str, Export] = {
        "twitter": Twitter(), "mastodon": Mastodon(), "reddit": Reddit(), "bookmarks": Bookmarks(), "opml": Opml(),
        "newsboat": Newsboat(), "youtube": YouTube(), "bluesky": Bluesky(), "instagram": Instagram(),
        "tiktok": TikTok(), "starred": Starred(), "hackernews": HackerNews(),
    }  # fmt: skip
    return found[kind]


def detect(archive: Archive) -> tuple[str, Export]:
    """(kind, reader) of an archive. Raises `Malformed` where it is none that can be read."""
    for kind in KINDS:
        reader = load(kind)
        if reader.members(archive):
            return kind, reader
    seen = archive.damage or ", ".join(archive.names()[:5]) or "nothing"
    raise Malformed(
        f"{archive.path} is no export that penchant knows ({'' if archive.damage else 'it holds '}{seen})",
        hint="It reads the exports of Twitter/X, Mastodon, Reddit, Bluesky, Instagram, TikTok, YouTube, Pocket, "
        "Instapaper, Raindrop and Readwise, starred articles of Inoreader, FreshRSS and Feedly, saved pages of Hacker "
        "News, bookmarks as HTML, OPML and newsboat's urls file.",
    )
