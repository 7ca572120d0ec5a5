"""Items: stored by the page, read as cards, articles, threads and rows for the ranking."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.app.errors import NoSuchItem
from penchant.app.types import Article, Card, Marks, View

from .connection import Database, Row
from .views import Views

if TYPE_CHECKING:
    from penchant.adapters.base import Page
    from penchant.app.muting import Mute
    from penchant.app.rank.types import RankItem

    from .ingest import Ingest, PageResult

# The plus keeps SQLite from walking the whole generation by its primary key: 60 cards cost 1 ms so.
_CARD = (
    "i.id, i.kind, i.title, i.excerpt, i.url, coalesce(nullif(u.title, ''), u.address, i.domain),"
    " i.subscription_id,"
    " i.author, i.author_key, i.published, i.first_seen, i.points, i.comments, i.people, p.probability,"
    " s.item_id IS NOT NULL, s.opened, s.liked, s.skipped, s.saved, s.later, i.media_count,"
    " i.content_warning,"
    " i.also_in, d.at, (SELECT count(*) FROM ranking r WHERE r.leader = i.id AND r.leader <> 0"
    " AND +r.generation = g.value AND NOT EXISTS (SELECT 1 FROM item_state x WHERE x.item_id = r.item_id)),"
    " coalesce((SELECT r.note FROM ranking r WHERE r.item_id = i.id AND +r.generation = g.value), '')"
)
_CARD_FROM = (
    "FROM json_each(?) j CROSS JOIN items i ON i.id = j.value"
    " LEFT JOIN subscriptions u ON u.id = i.subscription_id"
    " LEFT JOIN scores p ON p.item_id = i.id LEFT JOIN item_state s ON s.item_id = i.id"
    " LEFT JOIN dropped d ON d.item_id = i.id LEFT JOIN settings g ON g.key = 'ranking'"
)
_CARD_COLUMNS = 27
#: Items of one conversation that are shown at most.
THREAD = 200


class Items:
    """Everything about items; ids of lists come from `Views`."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._views = Views(db)
        self._ingest: Ingest | None = None

    def put_page(
        self, subscription_id: int, page: Page, now: float, progress: tuple[int, int | None] | None = None
    ) -> PageResult:
        """Store a page of a source; its cursor and the visit's `progress` (done, total) commit with the last of it.

        Duplicates join the item they repeat, each arrival as a sighting. The
        write lock is held for a few ms at a time. Raises `NoSuchSource` when
        the source was removed meanwhile, else `StoreError`.
        """
        if self._ingest is None:
            from .ingest import Ingest

            self._ingest = Ingest(self.db)
        return self._ingest.put(subscription_id, page, now, progress=progress)

    def ids(
        self,
        view: View,
        *,
        subscription_id: int | None = None,
        limit: int = 200,
        offset: int = 0,
        now: float | None = None,
        folded: bool = False,
    ) -> list[int]:
        """Item ids of a view, in its order. `subscription_id` narrows any list but For you to one source.

        `now` (Unix seconds): the moment for which mutes hold. `folded`: with what For you folds behind
        another item of the same story.
        """
        return self._views.ids(
            view, subscription_id=subscription_id, limit=limit, offset=offset, now=now, folded=folded
        )

    def candidates(self, limit: int, now: float | None = None) -> list[int]:
        """Ids worth ranking: unseen and not muted; three quarters by the last order, the rest the newest."""
        return self._views.candidates(limit, now)

    def lately_seen(self, since: float, limit: int) -> list[int]:
        """Ids of items that an event named after `since` (Unix seconds), latest first, among the newest events."""
        rows = self.db.rows(
            "SELECT item_id FROM (SELECT item_id, at, seq FROM events WHERE item_id IS NOT NULL"
            " ORDER BY seq DESC LIMIT ?1) e JOIN items i ON i.id = item_id JOIN item_state s USING (item_id)"
            " WHERE at > ?2 GROUP BY item_id ORDER BY max(seq) DESC LIMIT ?3",
            (4 * limit, since, limit),
        )
        return [row[0] for row in rows]

    def origins(self, ids: Sequence[int]) -> dict[int, tuple[float, str]]:
        """(when it appeared, key of its source) of items."""
        rows = self.db.rows(
            "SELECT i.id, i.sort_at, iif(u.id IS NULL, i.kind, u.kind || ':' || u.address) FROM json_each(?) j"
            " CROSS JOIN items i ON i.id = j.value LEFT JOIN subscriptions u ON u.id = i.subscription_id",
            (json.dumps(list(ids)),),
        )
        return {item_id: (at, key) for item_id, at, key in rows}

    def count(self, view: View, *, subscription_id: int | None = None, now: float | None = None) -> int:
        """How many items a view has (For you: without what is muted at `now`)."""
        return self._views.count(view, subscription_id=subscription_id, now=now)

    def counts(self) -> dict[View, int]:
        """Sizes of all views."""
        return {view: self._views.count(view) for view in View}

    def cards(self, ids: Sequence[int]) -> list[Card]:
        """Cards in the order of `ids`; those that are gone are left out."""
        rows = self.db.rows(f"SELECT {_CARD} {_CARD_FROM}", (json.dumps(list(ids)),))
        return self._dressed([_card(row) for row in rows])

    def _dressed(self, cards: list[Card]) -> list[Card]:
        """What a model wrote is marked as such, or says nothing in a blind test; no caller sees it otherwise."""
        if not any(card.kind == "draft" for card in cards):
            return cards
        from .generated import dressed

        return dressed(self.db, cards)

    def offerable(self, ids: Sequence[int], least: int) -> list[int]:
        """Those of `ids` to show somebody who asked for nothing: unseen, with a title or `least` characters,
        not sensitive, without a content warning; in the order of `ids`.
        """
        sql = (
            "SELECT i.id FROM json_each(?) j CROSS JOIN items i ON i.id = j.value WHERE i.deleted_at IS NULL"
            " AND NOT i.sensitive AND i.content_warning = '' AND (trim(i.title) <> '' OR i.text_len >= ?)"
            " AND NOT EXISTS (SELECT 1 FROM item_state s WHERE s.item_id = i.id)"
        )
        return [item_id for (item_id,) in self.db.rows(sql, (json.dumps(list(ids)), least))]

    def authors(self, name: str) -> list[tuple[str, str]]:
        """(key, name) of authors with this key, handle or name; at most ten."""
        sql = (
            "SELECT author_key, max(author) FROM items WHERE author_key <> '' AND (author_key = ?1"
            " OR author = ?1 COLLATE NOCASE OR ltrim(author_handle, '@') = ltrim(?1, '@') COLLATE NOCASE)"
            " GROUP BY author_key ORDER BY count(*) DESC LIMIT 10"
        )
        return [(key, author or key) for key, author in self.db.rows(sql, (name,))]

    def article(self, item_id: int) -> Article | None:
        """Everything about one item."""
        from .rows import load_links, load_media, load_poll, load_tags

        row = self.db.row(
            f"SELECT {_CARD}, i.text, i.links, i.media, i.tags, i.lang, i.comments_url, i.updated,"
            f" i.poll, i.extra"
            f" {_CARD_FROM}",
            (json.dumps([item_id]),),
        )
        if row is None:
            return None
        text, links, media, tags, lang, comments_url, updated, poll, extra = row[_CARD_COLUMNS:]
        return Article(
            card=self._dressed([_card(row[:_CARD_COLUMNS])])[0],
            text=text,
            links=load_links(links),
            media=load_media(media),
            tags=load_tags(tags),
            lang=lang,
            comments_url=comments_url,
            updated=updated,
            poll=load_poll(poll),
            sightings=self._sightings(item_id),
            extra=json.loads(extra) if extra else {},
        )

    def _sightings(self, item_id: int) -> tuple[str, ...]:
        """One line for each arrival, oldest first: "boosted by Ada in Mastodon home"."""
        verbs = {
            "boost": "boosted",
            "link": "linked",
            "list": "listed",
            "reply": "answered",
            "quote": "quoted",
        }
        rows = self.db.rows(
            "SELECT g.how, g.by_name, g.by_key, coalesce(nullif(u.title, ''), u.address) FROM sightings g"
            " JOIN subscriptions u ON u.id = g.subscription_id WHERE g.item_id = ? ORDER BY g.at, g.by_key",
            (item_id,),
        )
        lines = (
            f"{verbs.get(how, 'posted')} by {name or key} in {source}" if key else f"in {source}"
            for how, name, key, source in rows
        )
        return tuple(dict.fromkeys(lines))

    def muted_by(self, item_id: int, now: float) -> list[Mute]:
        """The mutes that hold at `now` and hide this item."""
        from penchant.app.muting import in_force

        from .events import Events
        from .mutes import hides

        return [mute for mute in in_force(Events(self.db).mutes(), now) if hides(self.db, mute, item_id, now)]

    def story(self, item_id: int) -> list[int]:
        """Ids of the unseen items that the order on show folds behind this one."""
        rows = self.db.rows(
            "SELECT r.item_id FROM ranking r WHERE r.leader = ?1 AND r.leader <> 0 AND r.generation ="
            " (SELECT value FROM settings WHERE key = 'ranking')"
            " AND NOT EXISTS (SELECT 1 FROM item_state s WHERE s.item_id = r.item_id) ORDER BY r.position",
            (item_id,),
        )
        return [row[0] for row in rows]

    def thread(self, item_id: int) -> list[Card]:
        """The conversation an item belongs to, oldest first, itself included; at most THREAD items."""
        rows = self.db.rows(
            """WITH RECURSIVE
            me AS (SELECT id, kind, native_id, thread, in_reply_to FROM items WHERE id = ?1),
            up(id, kind, native_id, in_reply_to, depth) AS (
                SELECT id, kind, native_id, in_reply_to, 0 FROM me
                UNION
                SELECT i.id, i.kind, i.native_id, i.in_reply_to, up.depth + 1 FROM up
                JOIN aliases a ON a.kind = up.kind AND a.native_id = up.in_reply_to AND up.in_reply_to <> ''
                JOIN items i ON i.id = a.item_id WHERE up.depth < 50
            ),
            down(id, kind, native_id, depth) AS (
                SELECT id, kind, native_id, 0 FROM me
                UNION
                SELECT i.id, i.kind, i.native_id, down.depth + 1 FROM down
                JOIN items i ON i.kind = down.kind AND i.in_reply_to = down.native_id AND i.in_reply_to <> ''
                WHERE down.depth < 50 LIMIT 400
            ),
            whole AS (
                SELECT i.id FROM me
                JOIN items i ON i.kind = me.kind AND i.thread = me.thread AND i.thread <> ''
                UNION SELECT a.item_id FROM me JOIN aliases a ON a.kind = me.kind AND a.native_id = me.thread
                UNION SELECT id FROM up UNION SELECT id FROM down
            )
            SELECT i.id FROM whole JOIN items i ON i.id = whole.id ORDER BY i.sort_at, i.id LIMIT ?2""",
            (item_id, THREAD),
        )
        return self.cards([row[0] for row in rows])

    def recent_times(self, subscription_id: int, limit: int = 20) -> list[float]:
        """When a source's newest items were posted, newest first: see `decide.poll_interval`."""
        rows = self.db.rows(
            "SELECT at FROM sightings WHERE subscription_id = ? ORDER BY at DESC LIMIT ?",
            (subscription_id, limit),
        )
        return [row[0] for row in rows]

    def by_native(self, kind: str, native_id: str) -> int | None:
        """The item known under a source's own id."""
        found = self.db.value(
            "SELECT item_id FROM aliases WHERE kind = ? AND native_id = ?", (kind, native_id)
        )
        return None if found is None else int(found)

    def resolve(self, name: str) -> int:
        """The id that a reader typed: a number, or at least four digits of a uid. Raises `NoSuchItem`."""
        text = name.strip().lower()
        if text.isascii() and text.isdigit() and len(text) < 19:
            found = self.db.value("SELECT id FROM items WHERE id = ?", (int(text),))
            if found is not None:
                return int(found)
        if len(text) >= 4 and all(c in "0123456789abcdef" for c in text):
            rows = self.db.rows("SELECT id FROM items WHERE uid >= ?1 AND uid < ?1 || 'g' LIMIT 2", (text,))
            if len(rows) == 1:
                return int(rows[0][0])
            if rows:
                raise NoSuchItem(f"more than one item begins with {name}")
        raise NoSuchItem(f"there is no item {name}")

    def uids(self, ids: Sequence[int]) -> dict[int, str]:
        """The machine-independent identity of items."""
        return dict(
            self.db.rows(
                "SELECT i.id, i.uid FROM json_each(?) j CROSS JOIN items i ON i.id = j.value",
                (json.dumps(list(ids)),),
            )
        )

    def hashes(self, ids: Sequence[int]) -> dict[int, bytes]:
        """The content_hash of items."""
        return dict(
            self.db.rows(
                "SELECT i.id, i.content_hash FROM json_each(?) j CROSS JOIN items i ON i.id = j.value",
                (json.dumps(list(ids)),),
            )
        )

    def rank_items(self, ids: Sequence[int]) -> list[RankItem]:
        """What the ranking needs, in the order of `ids`; those that are gone are left out."""
        from penchant.app.rank.types import RankItem

        from .rows import about, load_tags

        wanted = json.dumps(list(ids))
        people: dict[int, list[tuple[str, str, str, float]]] = {}
        for item_id, key, name, how, at in self.db.rows(
            "SELECT g.item_id, g.by_key, g.by_name, g.how, min(g.at) FROM json_each(?) j"
            " CROSS JOIN sightings g ON g.item_id = j.value AND g.by_key <> ''"
            " GROUP BY g.item_id, g.by_key, g.how ORDER BY g.item_id, min(g.at), g.by_key",
            (wanted,),
        ):
            people.setdefault(item_id, []).append((key, name, how, at))
        rows = self.db.rows(
            "SELECT i.id, i.content_hash, i.title, i.text_len, i.tags, i.lang, i.kind,"
            " iif(u.id IS NULL, i.kind, u.kind || ':' || u.address),"
            " coalesce(nullif(u.title, ''), u.address, i.domain), i.author_key, i.author, i.domain,"
            " i.published, i.first_seen, i.points, i.comments, i.media_count,"
            " i.media_count > 0 AND (instr(i.media, '\"video\"') > 0 OR instr(i.media, '\"audio\"') > 0),"
            " i.canonical_url, iif(i.title = '', i.links, ''), (SELECT at FROM counted c WHERE c.item_id = i.id)"
            " FROM json_each(?) j"
            " CROSS JOIN items i ON i.id = j.value LEFT JOIN subscriptions u ON u.id = i.subscription_id",
            (wanted,),
        )
        return [
            RankItem(
                item_id=row[0],
                content_hash=row[1],
                title=row[2],
                text_len=row[3],
                tags=load_tags(row[4]),
                lang=row[5],
                kind=row[6],
                source_key=row[7],
                source=row[8],
                author_key=row[9],
                author=row[10],
                domain=row[11],
                published=row[12],
                first_seen=row[13],
                points=row[14],
                comments=row[15],
                people=tuple(people.get(row[0], ())),
                media=row[16],
                moving=bool(row[17]),
                about=about(row[18], row[19]),
                counted=row[20],
            )
            for row in rows
        ]

    def texts(self, ids: Sequence[int]) -> dict[int, tuple[str, str, tuple[str, ...]]]:
        """(title, text, tags) of items, for embedding and word statistics."""
        from .rows import load_tags

        rows = self.db.rows(
            "SELECT i.id, i.title, i.text, i.tags FROM json_each(?) j CROSS JOIN items i ON i.id = j.value",
            (json.dumps(list(ids)),),
        )
        return {item_id: (title, text, load_tags(tags)) for item_id, title, text, tags in rows}


def _card(row: Row) -> Card:
    # The first fifteen columns are Card's first fifteen fields, in their order.
    return Card(*row[:15], Marks(*map(bool, row[15:21])), *row[21:])  # type: ignore[call-arg]
