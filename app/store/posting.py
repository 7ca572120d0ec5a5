"""What posting an answer needs to know of the item that is answered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .connection import Database

#: Kinds of source whose posts can be answered.
KINDS = ("mastodon", "bluesky")


@dataclass(frozen=True, slots=True)
class Target:
    """A post to answer: its name at its service, its address, who wrote it (key, "@handle"), what else is known."""

    kind: str
    native_id: str
    url: str
    handle: str
    extra: Mapping[str, Any]


def target(db: Database, item_id: int) -> Target | None:
    """How an item can be answered at its service; None where it stands at none of `KINDS`."""
    row = db.row(
        "SELECT a.kind, a.native_id, i.url, i.author_handle, iif(i.kind = a.kind, i.extra, '')"
        " FROM aliases a JOIN items i ON i.id = a.item_id WHERE a.item_id = ?"
        " AND a.kind IN (SELECT value FROM json_each(?)) AND (a.kind <> 'bluesky' OR a.native_id LIKE 'at://%')"
        " ORDER BY i.kind = a.kind DESC, a.kind LIMIT 1",
        (item_id, json.dumps(KINDS)),
    )
    if row is None:
        return None
    kind, native_id, url, handle, extra = row
    return Target(kind, native_id, url, handle, json.loads(extra) if extra else {})
