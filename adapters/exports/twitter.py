"""The archive of a Twitter/X account: tweets in one or many files, of every age; likes; bookmarks; long posts."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, ClassVar

from penchant.adapters import wire
from penchant.adapters.base import Author
from penchant.adapters.text import clean_line, parse_date

from .archive import Archive
from .base import Broken, Entry, Owner, Record, Skipped
from .files import base_name, head, named, whole
from .streams import Reading, document, elements
from .twitter_tweets import Surroundings, author, ident, liked, tweet

#: Tweets now, tweets until 2019, and the monthly files of archives before 2018.
_TWEETS = r"tweets?(?:-part\d+)?\.js|\d{4}_\d\d\.js"
_API = r"[\w.-]+\.json"
_LIKES, _SAVED, _NOTES = r"like(?:-part\d+)?\.js", r"bookmarks?(?:-part\d+)?\.js", r"note-?tweets?(?:-part\d+)?\.js"
_WRAPPER = re.compile(r"\s*(?:window\.)?((?:YTD|Grailbird\.data)\.[\w.]+)\s*=")
#: Pictures and videos of tweets: their names begin with the id.
_MEDIA = re.compile(r"(?:.*/)?(?:deleted_|community_)?tweets?_media/(\d{1,20})-[^/]+")
MAX_NOTES = 20_000


class Twitter:
    """Reads archives of every age, and lists of statuses as the API gave them."""

    kind: ClassVar[str] = "twitter"

    def members(self, archive: Archive) -> list[str]:
        found = [n for n in named(archive, _TWEETS) if wrapper(archive, n)]
        found += [n for n in named(archive, _SAVED) if wrapper(archive, n)]
        found += [n for n in named(archive, _LIKES) if wrapper(archive, n)]
        if not found:
            found = [n for n in named(archive, _API) if _is_statuses(head(archive, n))]
        return found or [n for n in named(archive, r"account\.js") if wrapper(archive, n)]

    def owner(self, archive: Archive) -> Owner:
        me = _me(archive)
        handle = me.handle.lstrip("@")
        return Owner(f"twitter:{handle.lower()}" if handle else "twitter", f"Twitter archive {me.handle}".strip())

    def read(self, archive: Archive) -> Iterator[Entry]:
        names = self.members(archive)
        around = Surroundings(_me(archive), _Ids(archive, names), _notes(archive), _files(archive))

        def file(archive: Archive, name: str, reading: Reading) -> Iterator[Entry]:
            own = base_name(name)
            if own == "account.js":
                return
            for raw in elements(archive, name, reading):
                yield entry(raw, own, around)

        yield from whole(archive, names, file)


def wrapper(archive: Archive, name: str) -> str:
    """What the list of a file is assigned to ("YTD.like.part0"); "" where the file is not Twitter's."""
    found = _WRAPPER.match(head(archive, name, 300))
    return found[1] if found else ""


def entry(raw: Any, own: str, around: Surroundings) -> Record | Skipped:
    """One element of a file, with or without its envelope."""
    raw = wire.record(raw)
    for key in ("tweet", "like", "bookmark"):
        if isinstance(raw.get(key), dict):
            raw = raw[key]
            break
    if own.startswith("like"):
        return liked(raw, "liked") or Skipped("a like without the id of its tweet")
    if own.startswith("bookmark"):
        return liked(raw, "saved") or Skipped("a bookmark without the id of its tweet")
    return tweet(raw, around) or Skipped("a tweet without id or text")


def _is_statuses(text: str) -> bool:
    return bool(re.match(r"\s*\[\s*\{", text)) and all(f'"{key}"' in text for key in ("id_str", "created_at"))


def _me(archive: Archive) -> Author:
    for name in named(archive, r"account\.js"):
        try:
            entries = document(archive, name)
        except Broken:
            continue
        account = wire.record(wire.record(next(iter(wire.records(entries, 1)), {})).get("account"))
        handle = wire.text(account.get("username"), 20)
        if re.fullmatch(r"\w{1,20}", handle):
            return author(handle, clean_line(wire.text(account.get("accountDisplayName"), 200), 200))
    return Author("", "")


def _notes(archive: Archive) -> dict[int, list[dict[str, Any]]]:
    """Long posts by the second they were written in."""
    found: dict[int, list[dict[str, Any]]] = {}
    count = 0
    for name in named(archive, _NOTES):
        try:
            for raw in elements(archive, name, Reading()):
                note = wire.record(wire.record(raw).get("noteTweet"))
                at = parse_date(wire.text(note.get("createdAt"), 80))
                if at is not None and count < MAX_NOTES:
                    found.setdefault(int(at), []).append(wire.record(note.get("core")))
                    count += 1
        except Broken:  # the cut versions are in the tweets
            continue
    return found


def _files(archive: Archive) -> dict[str, list[str]]:
    """Media files of the archive by the id of their tweet."""
    found: dict[str, list[str]] = {}
    for name in archive.names():
        if match := _MEDIA.fullmatch(name):
            found.setdefault(match[1], []).append(name)
    return found


class _Ids:
    """Every tweet id of the archive, 8 bytes each; read only once somebody asks."""

    def __init__(self, archive: Archive, names: list[str]) -> None:
        self._archive, self._names = archive, names
        self._ids: array[int] | None = None

    def __contains__(self, number: object) -> bool:
        if self._ids is None:
            self._ids = array("Q", sorted(self._all()))
        at = bisect_left(self._ids, int(str(number)))
        return at < len(self._ids) and self._ids[at] == number

    def _all(self) -> Iterator[int]:
        for name in self._names:
            try:
                for raw in elements(self._archive, name, Reading()):
                    found = _number(wire.record(raw))
                    if found:
                        yield found
            except Broken:
                continue


def _number(raw: dict[str, Any]) -> int:
    inner = next((raw[key] for key in ("tweet", "like", "bookmark") if isinstance(raw.get(key), dict)), raw)
    text = ident(inner) or wire.ident(inner.get("tweetId"))
    return int(text) if text.isdigit() and len(text) < 20 else 0

