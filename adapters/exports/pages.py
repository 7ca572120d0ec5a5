"""A saved web page as an item: its address names it, and nothing is known of it but what the list says."""

from __future__ import annotations

import hashlib

from penchant.adapters import wire
from penchant.adapters.base import Item
from penchant.adapters.text import canonical_url, clean_line


def page_item(url: str, title: str, at: float | None, text: str = "", tags: tuple[str, ...] = ()) -> Item | None:
    """The page at `url`, kept at `at`; None where it has no web address.

    When it was published nobody says. `extra["first_seen"]` is when the reader had it (0: unknown).
    """
    address = wire.address("", url.strip())
    if not address:
        return None
    name = clean_line(title, 500)
    if name in (url.strip(), address):
        name = ""
    own = hashlib.blake2b(canonical_url(address).encode("utf-8", "replace"), digest_size=12).hexdigest()
    return Item(f"page:{own}", address, title=name, text=text, tags=tags, extra={"first_seen": at or 0.0})
