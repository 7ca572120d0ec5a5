"""Lunch menus as a source for penchant: `penchant add lunch:https://canteen.example`.

The canteen answers GET /menus.json with a list, newest first:
[{"id": 7, "day": "2026-03-02", "dish": "Soup", "about": "<p>With bread</p>", "cook": "Ada", "photo": "/7.jpg"}]
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any, ClassVar

from penchant.adapters.base import Author, BadSettings, Cursor, Item, Media, Page, Settings, Suggestion
from penchant.adapters.http import Client
from penchant.adapters.text import clean_line, html_to_text, parse_date
from penchant.adapters.wire import address, decode, ident, parts, records, text


class Lunch:
    kind: ClassVar[str] = "lunch"  # the name of the entry point
    min_interval: ClassVar[float] = 3600.0  # seconds: a menu changes once a day

    def recognise(self, address: str) -> Suggestion | None:
        site = address.removeprefix("lunch:").rstrip("/")
        if not address.startswith("lunch:") or not parts(site).netloc:
            return None
        return Suggestion("lunch", address, clean_line(f"Lunch at {parts(site).netloc}", 100))

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        site = str(settings.get("address", "")).removeprefix("lunch:").rstrip("/")
        if not site:
            raise BadSettings("This canteen has no address.")
        # `typed`: the reader typed this address, so it may lie in a private network.
        answer = await client.get(site + "/menus.json", typed=True, etag=str(cursor.get("etag") or ""))
        if answer.not_modified:
            yield Page((), cursor)
            return
        # Pure functions of hostile bytes go through `client.parse`.
        items = await client.parse(read_menus, answer.body, site)
        for start in range(0, len(items), 50):
            done = start + 50 >= len(items)  # only the last page carries the validator: a stop loses nothing
            yield Page(items[start : start + 50], {"etag": answer.headers.get("etag", "")[:500]} if done else cursor)


def read_menus(body: bytes, site: str) -> tuple[Item, ...]:
    """Items of a menu; `records`, `text`, `ident` turn whatever has the wrong type into nothing."""
    found = {f"{site}/{ident(menu.get('id'))}": menu for menu in records(decode(body, site)) if ident(menu.get("id"))}
    return tuple(to_item(native_id, menu, site) for native_id, menu in found.items())


def to_item(native_id: str, menu: Mapping[str, Any], site: str) -> Item:
    body, links, media = html_to_text(text(menu.get("about"), 100_000), site)
    cook, photo = clean_line(text(menu.get("cook"), 500), 100), address(site, menu.get("photo"))
    dish = clean_line(text(menu.get("dish"), 1000), 200)
    return Item(
        clean_line(native_id), f"{site}/menus/{ident(menu.get('id'))}", title=dish, text=body, links=links,
        author=Author(f"lunch:{parts(site).netloc}/{cook}", cook) if cook else None,
        published=parse_date(text(menu.get("day"), 40)),
        media=((Media(photo, alt=dish),) if photo else ()) + media,
    )  # fmt: skip
