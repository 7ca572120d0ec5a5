"""What the reader wrote, said and posted, as their exports tell: for a voice that is to be theirs."""

from __future__ import annotations

import json
from typing import NamedTuple

from .connection import Database

#: Acts of an export that are words of the reader's own.
ACTS = ("authored", "replied", "quoted")


class Own(NamedTuple):
    """One text of the reader's own; `parent` is what it answers, where the archive has that. `at` in Unix seconds."""

    item_id: int
    act: str
    at: float
    title: str
    text: str
    parent: str


def written(db: Database, limit: int, characters: int) -> list[Own]:
    """Texts by the reader that came with exports and were not taken back, the latest first; drafts are none of them."""
    rows = db.rows(
        "SELECT e.item_id, e.value ->> 'act', e.at, i.title, substr(i.text, 1, ?3),"
        " (SELECT p.title || char(10) || substr(p.text, 1, ?3) FROM aliases a JOIN items p ON p.id = a.item_id"
        "  WHERE i.in_reply_to <> '' AND a.native_id = i.in_reply_to"
        "  AND a.kind IN (SELECT m.kind FROM aliases m WHERE m.item_id = i.id UNION SELECT i.kind) LIMIT 1)"
        " FROM live_events e JOIN items i ON i.id = e.item_id"
        " WHERE e.kind = 'open' AND e.value ->> 'act' IN (SELECT value FROM json_each(?1)) AND i.kind <> 'draft'"
        " ORDER BY e.at DESC, e.item_id DESC LIMIT ?2",
        (json.dumps(ACTS), limit, characters),
    )
    return [
        Own(item, act, at or 0.0, title, text, (parent or "").strip()) for item, act, at, title, text, parent in rows
    ]


def said(db: Database) -> dict[tuple[str, str], object]:
    """What live "voice" events say, by (what, key): the latest of each."""
    rows = db.rows(
        "SELECT e.value FROM events e WHERE kind IN ('duel', 'voice', 'draft') AND kind = 'voice' AND NOT EXISTS"
        " (SELECT 1 FROM events u WHERE u.undoes = e.id AND u.kind = 'undo') ORDER BY clock, id"
    )
    found: dict[tuple[str, str], object] = {}
    for (text,) in rows:
        value = json.loads(text)
        if isinstance(value, dict):
            found[str(value.get("what", "")), str(value.get("key", ""))] = value.get("value")
    return found
