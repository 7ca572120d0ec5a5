"""TikTok's data in JSON: liked, favourite and shared videos by their address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, ClassVar

from penchant.adapters import wire
from penchant.adapters.base import Item

from .archive import Archive
from .base import Act, ActKind, Broken, Entry, Owner, Record, Skipped
from .files import head, named, whole
from .saved import stamp
from .streams import Reading, elements

#: Names of the lists, under whatever headings each year's export puts them. What was merely watched is no lesson.
_LISTS: dict[str, ActKind] = {"ItemFavoriteList": "liked", "FavoriteVideoList": "saved"}
_VIDEO = re.compile(r"https://(?:www\.)?tiktok(?:v)?\.com/(?:share|@[\w.]{1,40})/video/(\d{6,24})")
_SIGNS = ('"Activity"', '"Your Activity"', '"Likes and Favorites"', '"App Settings"', '"TikTok', '"Profile"')


class TikTok:
    """`user_data_tiktok.json`, also as the older `user_data.json`."""

    kind: ClassVar[str] = "tiktok"

    def members(self, archive: Archive) -> list[str]:
        found = named(archive, r"user_data(_tiktok)?\.json")
        return [name for name in found if any(sign in head(archive, name) for sign in _SIGNS)]

    def owner(self, archive: Archive) -> Owner:
        return Owner("tiktok", "TikTok data")

    def read(self, archive: Archive) -> Iterator[Entry]:
        def file(archive: Archive, name: str, reading: Reading) -> Iterator[Entry]:
            missing = 0
            for wanted, act in _LISTS.items():
                start = re.compile(rf'"{wanted}"\s*:\s*\[')
                try:
                    yield from (_video(wire.record(raw), act) for raw in elements(archive, name, reading, start))
                except Broken as error:
                    # a list that nothing was put into is written as null, or not at all
                    if "holds no list" not in str(error):
                        raise
                    missing += 1
            if missing == len(_LISTS):
                raise Broken(f"{name} holds neither liked nor favourite videos")

        yield from whole(archive, self.members(archive), file)


def _video(raw: dict[str, Any], act: ActKind) -> Record | Skipped:
    """{"date": "2023-01-02 03:04:05", "link": "https://www.tiktokv.com/share/video/7.../"}, also capitalised; UTC."""
    known = {key.lower(): value for key, value in raw.items() if isinstance(key, str)}
    found = _VIDEO.match(wire.text(known.get("link") or known.get("videolink"), 300))
    if found is None:
        return Skipped("an entry without the address of its video")
    date = wire.text(known.get("date"), 40).removesuffix(" UTC")
    at = stamp(f"{date}Z") if date else None
    item = Item(
        f"tiktok:{found[1]}", f"https://www.tiktok.com/@/video/{found[1]}",
        extra={"first_seen": at or 0.0, "unavailable": ["the title"]},
    )  # fmt: skip
    return Record(item, (Act(act, at),), sketch=True, unavailable=1)
