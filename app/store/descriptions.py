"""What machines say of pictures, and the text shadow of each item that is searched and read by models without eyes.

A description belongs to a picture (the hash of its bytes), a shadow to an item: it joins the descriptions, alt texts
and file names of the item's pictures. Whatever changes a description makes the shadows of its items again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence

from .bound import bound
from .condition import Condition
from .connection import Database
from .rows import load_media
from .shadow_text import Described, machine_words, shadow_lines

#: Items whose shadows are made in one piece.
PIECE = 200
#: Newest matches that compete for BM25.
COMPETING = 500


class Descriptions:
    """`store.descriptions`. Makers are "tags", "ocr" and "model:NAME"; an empty text says that there is nothing."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def put(self, maker: str, rows: Iterable[tuple[bytes, str]]) -> int:
        """Keep (picture hash, text) pairs, replacing what the maker said before; returns how many."""
        pairs = list(rows)
        if not pairs:
            return 0
        now = time.time()
        with self.db.write():  # with the shadows, so that a kill leaves no description unsearched
            self.db.run_many(
                "INSERT OR REPLACE INTO descriptions VALUES (?, ?, ?, ?)",
                [(each, maker, text, now) for each, text in pairs],
            )
            self._cast(self._items_of([each for each, _ in pairs]))
        return len(pairs)

    def moment(self) -> tuple[int, int]:
        """Changes with every write, of other processes and of this one: what is missing is asked of every picture."""
        return self.db.data_version(), self.db.apsw.total_changes()

    def of(self, picture: bytes) -> dict[str, str]:
        """Maker -> what it says of this picture."""
        return dict(self.db.rows("SELECT maker, text FROM descriptions WHERE hash = ?", (picture,)))

    def missing(self, maker: str, limit: int) -> list[bytes]:
        """Hashes of pictures whose files are there and of which this maker has said nothing, the newest first."""
        return [
            row[0]
            for row in self.db.rows(
                "SELECT p.hash FROM pictures p WHERE p.state = 'there' AND p.hash IS NOT NULL AND NOT EXISTS"
                " (SELECT 1 FROM descriptions d WHERE d.hash = p.hash AND d.maker = ?)"
                " GROUP BY p.hash ORDER BY max(p.fetched_at) DESC, p.hash LIMIT ?",
                (maker, limit),
            )
        ]

    def untagged(self, space: str, maker: str, limit: int) -> list[tuple[bytes, bytes]]:
        """(hash, float32 vector) of pictures with a vector in this space of which a maker has said nothing."""
        return self.db.rows(
            "SELECT e.content_hash, e.vector FROM embeddings e"
            " WHERE e.space_id = (SELECT id FROM spaces WHERE name = ?) AND NOT EXISTS"
            " (SELECT 1 FROM descriptions d WHERE d.hash = e.content_hash AND d.maker = ?)"
            " ORDER BY e.id DESC LIMIT ?",
            (space, maker, limit),
        )

    def counts(self) -> dict[str, tuple[int, int]]:
        """Maker -> (pictures it was shown, those it had something to say of)."""
        rows = self.db.rows("SELECT maker, count(*), sum(text <> '') FROM descriptions GROUP BY maker ORDER BY maker")
        return {maker: (int(all_), int(some)) for maker, all_, some in rows}

    def forget(self, maker: str) -> None:
        """Drop all that one maker said; its words leave the shadows."""
        piece = "SELECT hash FROM descriptions WHERE maker = ? LIMIT ?"
        while hashes := [row[0] for row in self.db.rows(piece, (maker, PIECE))]:
            with self.db.write():
                self.db.run_many(
                    "DELETE FROM descriptions WHERE maker = ? AND hash = ?", [(maker, each) for each in hashes]
                )
                self._cast(self._items_of(hashes))
            self.db.give_way()

    # -- shadows
    def shadow(self, item_id: int) -> str:
        """What stands for the item's pictures in a text: "" where it has none or nothing is known of them."""
        return "\n".join(shadow_lines(self.described([item_id]).get(item_id, ())))

    def described(self, item_ids: Sequence[int]) -> dict[int, tuple[Described, ...]]:
        """Each item's pictures (those of `item_pictures`) with what is known of them, in their order."""
        rows = self.db.rows(
            "SELECT s.item_id, s.place, p.url, p.hash, i.media FROM carray(?) c"
            " CROSS JOIN item_pictures s ON s.item_id = c.value CROSS JOIN pictures p ON p.id = s.picture_id"
            " CROSS JOIN items i ON i.id = s.item_id ORDER BY s.item_id, s.place",
            (bound(sorted(set(item_ids))),),
        )
        said = self._said([row[3] for row in rows if row[3] is not None])
        found: dict[int, list[Described]] = {}
        for item_id, _, url, hash_, media in rows:
            made = Described(url, _alts(media).get(url, ""), said.get(hash_, {}))
            found.setdefault(int(item_id), []).append(made)
        return {item_id: tuple(pictures) for item_id, pictures in found.items()}

    def uncast(self, limit: int) -> list[int]:
        """Items with pictures of which no shadow was made yet."""
        rows = self.db.rows(
            "SELECT DISTINCT s.item_id FROM item_pictures s"
            " WHERE NOT EXISTS (SELECT 1 FROM shadows x WHERE x.item_id = s.item_id) LIMIT ?",
            (limit,),
        )
        return [int(row[0]) for row in rows]

    def shown(self) -> list[int]:
        """Every item whose pictures are known."""
        return [int(row[0]) for row in self.db.rows("SELECT DISTINCT item_id FROM item_pictures")]

    def cast(self, item_ids: Sequence[int]) -> None:
        """Make the searched shadows of these items; only what changed is written."""
        ids = sorted(set(item_ids))
        for at in range(0, len(ids), PIECE):
            with self.db.write():
                self._cast(ids[at : at + PIECE])
            self.db.give_way()

    def _cast(self, item_ids: Sequence[int]) -> None:
        described = self.described(item_ids)
        for item_id in sorted(set(item_ids)):
            # Alt texts are searched by themselves, with the item.
            text = "\n".join(shadow_lines(described.get(item_id, ()), alt=False))
            self.db.run(
                "INSERT INTO shadows VALUES (?, ?) ON CONFLICT (item_id) DO UPDATE SET text = excluded.text"
                " WHERE text <> excluded.text",
                (item_id, text),
            )

    def matching(self, expression: str, where: Condition) -> list[int]:
        """Items whose shadow matches an FTS5 expression and that pass a filter, best first by BM25."""
        return [
            int(row[0])
            for row in self.db.rows(
                "SELECT id FROM (SELECT i.id AS id, bm25(search_shadows) AS rank FROM search_shadows s"
                f" CROSS JOIN items i ON i.id = s.rowid WHERE s.search_shadows MATCH ? AND {where.sql}"
                f" ORDER BY s.rowid DESC LIMIT {COMPETING}) ORDER BY rank, id DESC",
                (expression, *where.params),
            )
        ]

    def of_pictures(self, item_id: int) -> dict[str, str]:
        """Address -> what machines say of that picture of an item, in one line."""
        found = self.described([item_id]).get(item_id, ())
        return {picture.url: words for picture in found if (words := machine_words(picture.said))}

    def texts(self, item_ids: Iterable[int]) -> dict[int, str]:
        """The searched shadows of items that have one."""
        return dict(
            self.db.rows(
                "SELECT item_id, text FROM shadows WHERE text <> '' AND item_id IN (SELECT value FROM carray(?))",
                (bound(item_ids),),
            )
        )

    def _items_of(self, hashes: Sequence[bytes]) -> list[int]:
        found: list[int] = []
        for each in set(hashes):
            rows = self.db.rows(
                "SELECT s.item_id FROM pictures p CROSS JOIN item_pictures s ON s.picture_id = p.id WHERE p.hash = ?",
                (each,),
            )
            found += [int(row[0]) for row in rows]
        return found

    def _said(self, hashes: Sequence[bytes]) -> dict[bytes, Mapping[str, str]]:
        return {each: self.of(each) for each in set(hashes)}


def _alts(column: str) -> dict[str, str]:
    """Address (also of a preview) -> alt text, from an item's stored media."""
    found: dict[str, str] = {}
    for media in load_media(column):
        for address in (media.url, media.preview_url):
            if address and media.alt:
                found.setdefault(address, media.alt)
    return found
