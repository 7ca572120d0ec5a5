"""The views of `penchant sql`: what is promised to stay while the tables below change. docs/sql.md describes them.

`COLUMNS` and the SELECTs stand apart on purpose: a view names its columns, so that nothing appears in it by accident.
"""

from __future__ import annotations

from .held import items as held

_TIME = "strftime('%Y-%m-%dT%H:%M:%SZ', {}, 'unixepoch')"
#: What a model wrote is in no view, nor what was done with it.
_DRAFTS = "(SELECT d.item_id FROM main.drafts d WHERE d.item_id IS NOT NULL)"
_REAL_EVENT = f"(e.item_id IS NULL OR e.item_id NOT IN {_DRAFTS})"
_HELD = held("main")
_SOURCE = "coalesce(nullif(u.title, ''), u.address, '')"

#: View -> its columns in their order. Times are ISO 8601 in UTC, truth values 0 or 1, lists JSON, hashes blobs.
COLUMNS: dict[str, tuple[str, ...]] = {
    "items": (
        "id", "uid", "title", "text", "url", "author", "author_key", "source", "source_id", "kind", "domain", "lang",
        "tags", "published_at", "seen_at", "points", "comments", "people", "length", "is_unseen", "is_opened",
        "is_liked", "is_saved", "is_later", "is_skipped", "is_gone", "probability", "has_picture", "picture", "alt",
        "comments_url", "hash",
    ),
    "sources": (
        "id", "kind", "address", "title", "folder", "is_paused", "added_at", "last_success_at", "error", "items",
    ),
    "authors": ("author_key", "author", "items", "unseen", "liked", "saved", "newest_at"),
    "events": ("seq", "id", "kind", "item_id", "value", "view", "position", "at"),
    "pictures": ("item_id", "place", "picture", "url", "state", "width", "height", "frames", "bytes", "description"),
    "sightings": ("item_id", "source_id", "how", "by_key", "by_name", "at"),
    "collections": ("collection", "item_id", "since"),
    "opinions": ("item_id", "model", "kind", "value", "at"),
}  # fmt: skip

_SELECTS = {
    "items": f"""SELECT i.id, i.uid, i.title, i.text, i.url, i.author, i.author_key, {_SOURCE}, i.subscription_id,
    i.kind, i.domain, i.lang, iif(i.tags = '', '[]', i.tags), {_TIME.format("i.published")},
    {_TIME.format("i.first_seen")}, i.points, i.comments, i.people, i.text_len, coalesce(s.seen, 0) = 0,
    coalesce(s.opened, 0), coalesce(s.liked, 0), coalesce(s.saved, 0), coalesce(s.later, 0), coalesce(s.skipped, 0),
    i.deleted_at IS NOT NULL, c.probability, i.media_count > 0 AND instr(i.media, '"image"') > 0,
    (SELECT p.hash FROM main.item_pictures x JOIN main.pictures p ON p.id = x.picture_id
        WHERE x.item_id = i.id AND p.state = 'there' ORDER BY x.place LIMIT 1),
    i.alt, i.comments_url, i.content_hash
FROM main.items i LEFT JOIN main.item_state s ON s.item_id = i.id LEFT JOIN main.scores c ON c.item_id = i.id
    LEFT JOIN main.subscriptions u ON u.id = i.subscription_id WHERE i.kind <> 'draft' AND i.id NOT IN {_HELD}""",
    "sources": f"""SELECT u.id, u.kind, u.address, coalesce(nullif(u.title, ''), u.address), u.folder, u.paused,
    {_TIME.format("u.added_at")}, {_TIME.format("u.last_success")}, u.error,
    (SELECT count(DISTINCT g.item_id) FROM main.sightings g WHERE g.subscription_id = u.id)
FROM main.subscriptions u WHERE u.removed_at IS NULL""",
    "authors": f"""SELECT i.author_key, max(i.author), count(*), sum(coalesce(s.seen, 0) = 0),
    sum(coalesce(s.liked, 0)), sum(coalesce(s.saved, 0)), {_TIME.format("max(i.sort_at)")}
FROM main.items i LEFT JOIN main.item_state s ON s.item_id = i.id
WHERE i.author_key <> '' AND i.deleted_at IS NULL GROUP BY i.author_key""",
    "events": f"""SELECT e.seq, e.id, e.kind, e.item_id, e.value, e.view, e.position, {_TIME.format("e.at")}
FROM main.live_events e WHERE {_REAL_EVENT}""",
    "pictures": """SELECT x.item_id, x.place, iif(p.state = 'there', p.hash, NULL), p.url, p.state, p.width, p.height,
    p.frames, p.size, (SELECT d.text FROM main.descriptions d WHERE d.hash = p.hash AND d.maker GLOB 'model:*'
        AND d.text <> '' ORDER BY d.at DESC LIMIT 1)
FROM main.item_pictures x JOIN main.pictures p ON p.id = x.picture_id""",
    "sightings": f"""SELECT g.item_id, g.subscription_id, g.how, g.by_key, g.by_name, {_TIME.format("g.at")}
FROM main.sightings g""",
    "collections": f"""SELECT name, item_id, {_TIME.format("at")} FROM (
    SELECT e.item_id, e.value ->> 'collection' AS name, e.value ->> 'in' AS is_in, e.at, max(e.seq)
    FROM main.live_events e WHERE e.kind = 'collect' AND e.item_id IS NOT NULL GROUP BY 1, 2)
WHERE is_in AND EXISTS (SELECT 1 FROM main.items i WHERE i.id = item_id AND i.kind <> 'draft')""",
    "opinions": f"""SELECT i.id, o.model, o.kind, o.value, {_TIME.format("o.at")}
FROM main.opinions o JOIN main.items i ON i.content_hash = o.content_hash WHERE i.kind <> 'draft'""",
}


def statements(prefix: str = "TEMP ") -> list[str]:
    """A CREATE VIEW for each; `prefix` "" makes them lasting (in a copy, whose own tables must be elsewhere)."""
    return [
        f"CREATE {prefix}VIEW {name}({', '.join(columns)}) AS {_SELECTS[name]}" for name, columns in COLUMNS.items()
    ]


def select(name: str) -> str:
    """The SELECT behind a view."""
    return _SELECTS[name]
