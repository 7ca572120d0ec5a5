"""The sample feed: a made-up, self-contained world to try penchant with.

Twelve topics by thirty invented people, shipped as JSON Lines in
`sample_data/` and served through the same seam as any other source, with no
network and no account. Ages are stored as hours before the first fetch, so
the feed always looks fresh and stays put afterwards.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import AsyncIterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, ClassVar

from .base import (
    Author,
    BadSettings,
    Cursor,
    Item,
    Link,
    Malformed,
    Media,
    Page,
    Poll,
    Settings,
    Sighting,
    Suggestion,
)
from .text import clean, clean_line

if TYPE_CHECKING:
    from .http import Client

ADDRESS = "sample:feed"
TITLE = "The sample feed"
PAGE_SIZE = 40
PICTURE_PREFIX = "sample:picture/"
PICTURE_SIZE = (640, 400)
_PEOPLE = "people.jsonl"

Record = dict[str, Any]


class Sample:
    """`Source` of kind "sample". The cursor is {"anchor", "edition", "served"}."""

    kind: ClassVar[str] = "sample"
    min_interval: ClassVar[float] = 24 * 3600.0

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        """Yield pages of at most 40 items, newest first; one empty page when all were served.

        `settings["anchor"]` (Unix seconds) fixes the moment that ages count
        back from; otherwise it is the time of the first fetch.
        """
        address = settings.get("address", ADDRESS)
        if address != ADDRESS:
            raise BadSettings(f"there is no sample feed at {address!r}; its address is {ADDRESS!r}")
        edition, people, records = _data()
        anchor = _anchor(settings, cursor)
        # A newer penchant may ship other items: serve them all again, the store joins the known ones.
        served = _served(cursor, len(records)) if cursor.get("edition") == edition else 0
        for start in range(served, max(len(records), served + 1), PAGE_SIZE):
            part = records[start : start + PAGE_SIZE]
            yield Page(
                items=tuple(to_item(record, people, anchor) for record in part),
                cursor={"anchor": anchor, "edition": edition, "served": start + len(part)},
                title=TITLE,
                interval=self.min_interval,
                total=len(records) - served,
            )

    def recognise(self, address: str) -> Suggestion | None:
        """Recognise "sample" and "sample:feed"."""
        if address.strip().lower() not in ("sample", ADDRESS):
            return None
        return Suggestion(self.kind, ADDRESS, TITLE, {"address": ADDRESS})


def picture(url: str) -> bytes:
    """Return the PNG behind a picture address of this feed ("sample:picture/bird-3").

    The same address always gives the same bytes. Raises `ValueError` for any
    other address.
    """
    name = url.removeprefix(PICTURE_PREFIX)
    if name == url:
        raise ValueError(f"not a picture of the sample feed: {url!r}")
    from .sample_pictures import draw  # Pillow loads only when a picture is wanted

    return draw(name, PICTURE_SIZE)


def to_item(record: Record, people: dict[str, Author], anchor: float) -> Item:
    """Turn one line of the data into an `Item` with times counted back from `anchor`."""
    by = people[record["by"]]
    published = anchor - record["hours"] * 3600.0
    thread = record.get("thread", "")
    reply_to = record.get("reply_to", "")
    return Item(
        native_id=native_id(record["id"]),
        url=record["url"],
        title=clean_line(record.get("title", ""), 300),
        text=clean(record.get("text", "")),
        author=by,
        published=published,
        lang=record.get("lang", "en"),
        tags=tuple(record.get("tags", ())),
        media=tuple(_media(p) for p in record.get("pictures", ())),
        links=tuple(Link(link["url"], clean_line(link["text"], 300)) for link in record.get("links", ())),
        points=record.get("points"),
        comments=record.get("comments"),
        comments_url=record.get("comments_url", ""),
        in_reply_to=native_id(reply_to) if reply_to else "",
        thread=native_id(thread) if thread else "",
        content_warning=clean_line(record.get("content_warning", ""), 300),
        sensitive=bool(record.get("content_warning")),
        poll=_poll(record.get("poll"), published),
        sightings=_sightings(record, people, by, anchor),
        extra={"topic": record["topic"], **({"same_as": record["same_as"]} if "same_as" in record else {})},
    )


def native_id(name: str) -> str:
    """Stable id of the item whose line is called `name`."""
    return f"sample:{name}"


def _sightings(record: Record, people: dict[str, Author], by: Author, anchor: float) -> tuple[Sighting, ...]:
    how = "reply" if record.get("reply_to") else "link" if record["form"] == "link" else "post"
    first = Sighting(how, anchor - record["hours"] * 3600.0, by)  # type: ignore[arg-type]
    boosts = (
        Sighting("boost", anchor - boost["hours"] * 3600.0, people[boost["by"]])
        for boost in record.get("boosts", ())
    )
    return (first, *boosts)


def _media(picture: Record) -> Media:
    width, height = PICTURE_SIZE
    return Media(
        url=PICTURE_PREFIX + picture["name"],
        alt=clean(picture["alt"]),
        mime="image/png",
        width=width,
        height=height,
    )


def _poll(poll: Record | None, published: float) -> Poll | None:
    if poll is None:
        return None
    options = tuple((clean_line(name, 300), votes) for name, votes in poll["options"])
    return Poll(options, published + poll["open_hours"] * 3600.0, poll.get("multiple", False))


def _anchor(settings: Settings, cursor: Cursor) -> float:
    for value in (cursor.get("anchor"), settings.get("anchor")):
        if isinstance(value, int | float):
            return float(value)
    return float(int(time.time()))


def _served(cursor: Cursor, count: int) -> int:
    value = cursor.get("served", 0)
    return min(max(value, 0), count) if isinstance(value, int) else 0


@cache
def _data() -> tuple[str, dict[str, Author], tuple[Record, ...]]:
    """Read the shipped lines: (edition, people by short name, records newest first)."""
    folder = files("penchant.adapters") / "sample_data"
    people: dict[str, Author] = {}
    records: list[Record] = []
    digest = hashlib.blake2b(digest_size=8)
    for entry in sorted((e for e in folder.iterdir() if e.name.endswith(".jsonl")), key=lambda e: e.name):
        raw = entry.read_bytes()
        digest.update(raw)
        lines = [json.loads(line) for line in raw.splitlines() if line.strip()]
        if entry.name == _PEOPLE:
            people = {p["name"]: _author(p) for p in lines}
        else:
            records.extend(lines)
    if not people or not records:
        raise Malformed(
            "the sample feed's data files are missing from this installation",
            hint="Install penchant again; other sources are not affected.",
        )
    records.sort(key=lambda r: (r["hours"], r["id"]))
    return digest.hexdigest(), people, tuple(records)


def _author(person: Record) -> Author:
    return Author(
        key=f"sample:{person['name']}",
        name=clean_line(person["full_name"], 200),
        handle=person["handle"],
        url=person["url"],
    )
