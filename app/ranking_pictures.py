"""Short posts among the items a session holds that show the same picture: what `rank.same_picture` needs, read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .rank.same_picture import EMBLEM, MOST_PICTURES, SHORT, Shown, alike
from .store.bound import bound
from .store.spaces import EACH, PICTURES_ACTIVE

if TYPE_CHECKING:
    from .store import Store

#: So many of the newest pictures are compared (10 ms of products).
NEWEST = 2_000


def same_pictures(store: Store, ids: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of those items that show the same picture, which is no source's emblem."""
    pairs = alike(shown(store, ids))
    if not pairs:
        return []
    emblems = set(worn(store, {each.picture for pair in pairs for each in pair}))
    return [(a.item_id, b.item_id) for a, b in pairs if not {a.picture, b.picture} & emblems]


def shown(store: Store, ids: Sequence[int]) -> list[Shown]:
    """The newest pictures of short posts, oldest first, with the vectors of the active model where it has read them."""
    if store.db.row("SELECT 1 FROM item_pictures LIMIT 1") is None:
        return []
    model = store.control.setting(PICTURES_ACTIVE)
    rows = store.db.rows(
        "SELECT s.item_id, p.hash, p.fingerprint, e.vector FROM carray(?) c"
        " CROSS JOIN item_pictures s ON s.item_id = c.value CROSS JOIN items i ON i.id = s.item_id"
        " CROSS JOIN pictures p ON p.id = s.picture_id LEFT JOIN embeddings e ON e.content_hash = p.hash"
        " AND e.space_id = (SELECT id FROM spaces WHERE name = ?)"
        " WHERE i.text_len <= ? AND i.media_count <= ? AND p.fingerprint IS NOT NULL AND p.hash IS NOT NULL"
        " ORDER BY s.item_id DESC LIMIT ?",
        (bound(ids), f"{model}{EACH}", SHORT, MOST_PICTURES, NEWEST),
    )
    return [Shown(item, hash, print_, np.frombuffer(e, "<f4") if e else None) for item, hash, print_, e in rows[::-1]]


def worn(store: Store, pictures: set[bytes]) -> list[bytes]:
    """Those of these pictures that some source has shown in so many items that they are its emblem."""
    return [
        hash
        for hash in sorted(pictures)
        if store.db.row(
            "SELECT 1 FROM pictures p JOIN item_pictures s ON s.picture_id = p.id JOIN items i ON i.id = s.item_id"
            " WHERE p.hash = ? GROUP BY coalesce(i.subscription_id, i.domain) HAVING count(DISTINCT i.id) > ? LIMIT 1",
            (hash, EMBLEM),
        )
    ]
