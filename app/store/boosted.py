"""Who is boosted by the people you follow without being followed: one look through the sightings."""

from __future__ import annotations

import json
from dataclasses import dataclass

from .connection import Database


@dataclass(frozen=True, slots=True)
class Boosted:
    """A person, how many of yours boosted how many of their posts, and some of those by name."""

    key: str
    name: str
    handle: str
    url: str
    people: int
    posts: int
    by: tuple[str, ...]


def boosted(db: Database, *, least: int, limit: int, since: float = 0.0) -> list[Boosted]:
    """Authors boosted by at least `least` people since `since` (Unix seconds), most people first.

    Whoever has a post of their own in a timeline of people you follow is left
    out, as is who only boosts himself.
    """
    rows = db.rows(
        "SELECT i.author_key, max(i.author), max(i.author_handle), max(i.author_url),"
        " count(DISTINCT s.by_key) AS boosters, count(DISTINCT i.id) AS posts, json_group_array(DISTINCT s.by_name)"
        " FROM sightings s JOIN items i ON i.id = s.item_id"
        " WHERE s.how = 'boost' AND s.by_key <> '' AND s.by_key <> i.author_key AND s.at >= ?1"
        " AND i.kind = 'mastodon' AND i.author_key <> ''"
        " AND i.author_key NOT IN (SELECT by_key FROM sightings WHERE how = 'post')"
        " GROUP BY i.author_key HAVING boosters >= ?2 ORDER BY boosters DESC, posts DESC, i.author_key LIMIT ?3",
        (since, least, limit),
    )
    return [Boosted(r[0], r[1], r[2], r[3], r[4], r[5], _names(r[6])) for r in rows]


def _names(listed: str) -> tuple[str, ...]:
    return tuple(sorted(name for name in json.loads(listed) if name)[:5])
