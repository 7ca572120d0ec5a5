"""Google Takeout of YouTube: the channels followed, and the videos of playlists."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import ClassVar

from penchant.adapters.base import Item
from penchant.adapters.text import clean_line

from .archive import Archive
from .base import Act, ActKind, Broken, Entry, Feed, Owner, Record, Skipped
from .files import base_name, head, named, whole
from .saved import stamp
from .streams import Reading, lines

_CHANNEL, _VIDEO = re.compile(r"UC[\w-]{22}"), re.compile(r"[\w-]{11}")
#: Where a list's own columns begin: older playlists have facts of their own above an empty line.
_HEADS = re.compile(r'"?Video I', re.IGNORECASE)
_FEED = "https://www.youtube.com/feeds/videos.xml?channel_id="


class YouTube:
    """Columns are told by what is in them, because their names come in the language of the account."""

    kind: ClassVar[str] = "youtube"

    def members(self, archive: Archive) -> list[str]:
        found = [n for n in named(archive, r"subscriptions\.csv") if _CHANNEL.search(head(archive, n))]
        return found + [n for n in named(archive, r".+\.csv") if "/playlists/" in f"/{n}" and _is_playlist(archive, n)]

    def owner(self, archive: Archive) -> Owner:
        return Owner("youtube", "YouTube takeout")

    def read(self, archive: Archive) -> Iterator[Entry]:
        yield from whole(archive, self.members(archive), _file)


def _is_playlist(archive: Archive, name: str) -> bool:
    return any(_HEADS.match(line) for line in head(archive, name).splitlines())


def _file(archive: Archive, name: str, reading: Reading) -> Iterator[Entry]:
    own = base_name(name).lower()
    kind: ActKind = "liked" if own.startswith("liked") else "saved"
    try:
        for row in csv.reader(lines(archive, name, reading)):
            found = _channel(row) if own == "subscriptions.csv" else _video(row, kind)
            if found is not None:
                reading.count += 1
                yield found
    except csv.Error as error:
        raise Broken(f"{name} is no sound CSV ({str(error)[:80]})") from None


def _channel(row: list[str]) -> Feed | Skipped | None:
    """None for the row of names."""
    if not row or not _CHANNEL.fullmatch(row[0].strip()):
        return None
    return Feed(_FEED + row[0].strip(), clean_line(row[2], 200) if len(row) > 2 else "")


def _video(row: list[str], kind: ActKind) -> Record | None:
    number = row[0].strip() if row else ""
    at = stamp(row[1].replace(" UTC", "+00:00")) if len(row) > 1 else None
    if not _VIDEO.fullmatch(number) or at is None:
        return None
    item = Item(
        f"youtube:{number}", f"https://www.youtube.com/watch?v={number}",
        extra={"first_seen": at, "unavailable": ["the title"]},
    )  # fmt: skip
    return Record(item, (Act(kind, at),), sketch=True, unavailable=1)
