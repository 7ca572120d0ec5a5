"""Which pictures an item shows, read from its media; and the values that the lane and the store exchange."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from penchant.adapters.base import INSIDE

#: Pictures of one item; a gallery of hundreds shows its first ones.
MOST = 16
#: Longest address that is asked for (characters).
LONGEST = 4_000
#: How `pictures.format` begins where the smaller copy that an item names is what came: "small jpeg".
SMALL = "small "


class Target(NamedTuple):
    """A picture as the item names it; sizes in pixels, 0 where it does not say; `small` is a smaller copy or "".

    `video`: it is what a video shows before it plays.
    """

    url: str
    alt: str
    width: int
    height: int
    small: str = ""
    video: bool = False


class Wanted(NamedTuple):
    """A picture that somebody asked for, as the archive knows it. Times are Unix seconds.

    `addresses`: the subscriptions that brought its items, as the reader typed them. `small`: where a smaller copy
    is, "" for none; `prefer_small`: that one will do.
    """

    id: int
    url: str
    state: str
    hash: bytes | None
    etag: str
    last_modified: str
    fetched_at: float
    retry_at: float
    failures: int
    format: str = ""
    addresses: tuple[str, ...] = ()
    small: str = ""
    prefer_small: bool = False

    @property
    def address(self) -> str:
        """What is asked for first: the reader's own copy, where there is one."""
        return self.small if self.small and (self.prefer_small or self.small.startswith(INSIDE)) else self.url

    @property
    def is_small(self) -> bool:
        """Whether what is there was made of the smaller copy."""
        return self.format.startswith(SMALL)


class Kept(NamedTuple):
    """A picture that came and was decoded; the files named by `hash` are written.

    `format` begins with `SMALL` where the smaller copy came.
    """

    id: int
    hash: bytes
    format: str
    width: int
    height: int
    frames: int
    size: int
    preview: bytes
    fingerprint: int | None
    etag: str
    last_modified: str


class Unchanged(NamedTuple):
    """The server says that the picture is as it was."""

    id: int


class Whole(NamedTuple):
    """The smaller copy is there and stays: the whole picture cannot be had."""

    id: int


class Failed(NamedTuple):
    """No picture, and why. `retry_at` in Unix seconds; None: never again."""

    id: int
    note: str
    retry_at: float | None


Outcome = Kept | Unchanged | Whole | Failed


class Counts(NamedTuple):
    """How many addresses are in which state; `bytes` as they came, of those whose files are there."""

    there: int
    files: int
    bytes: int
    wanted: int
    evicted: int
    failed: int
    refused: int


def targets(media: str) -> list[Target]:
    """The pictures in the column `items.media`: images, moving ones too, and what videos show before they play."""
    found: dict[str, Target] = {}
    for url, kind, alt, mime, preview, width, height, *_ in map(_padded, json.loads(media) if media else ()):
        if kind == "video":
            url, preview, width, height = preview, "", 0, 0
        elif kind != "image" and not (kind == "file" and mime.startswith("image/")):
            continue
        if url and len(url) <= LONGEST and url not in found:
            small = preview if preview != url and len(preview) <= LONGEST else ""
            found[url] = Target(url, alt, max(int(width or 0), 0), max(int(height or 0), 0), small, kind == "video")
            if len(found) == MOST:
                break
    return list(found.values())


def _padded(fields: list[Any]) -> list[Any]:
    """The gate keeps the first fields only."""
    whole: list[Any] = ["", "image", "", "", "", 0, 0]
    return [*fields[:7], *whole[len(fields) :]]
