"""Stored items that a new one may be another arrival of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.app.decide import MIN_EXACT, Text

from .connection import Database

if TYPE_CHECKING:
    from penchant.app.nearness import BandIndex

Candidate = tuple[int, Text, bool]

#: Newest items compared per address: a changelog page may stand for thousands.
SAME_ADDRESS = 8
#: Near-identical texts compared per item, and how far back the index reaches (items).
SAME_TEXT = 8
REACH = 200_000
#: Fingerprints of texts at hand kept between planning and writing.
REMEMBERED = 2_000

_TEXT = (
    "i.id, i.content_hash, i.canonical_url, i.title, i.text, i.lang, i.sort_at,"
    " EXISTS (SELECT 1 FROM sightings s WHERE s.item_id = i.id AND s.subscription_id = ?1)"
)


class Joins:
    """Finds candidates by address, by equal text and by near-identical text; `decide` judges them."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._index: BandIndex | None = None
        self._through = 0
        self._prints: dict[bytes, int | None] = {}

    def candidates(self, sub: int, texts: Sequence[Text]) -> list[tuple[list[Candidate], list[Candidate]]]:
        """For each text, (by address, by text) candidates, oldest first."""
        if not texts:
            return []
        by_address = self._by_address(sub, {text.canonical_url for text in texts if text.canonical_url})
        equal = self._ids_by_hash({text.content_hash for text in texts if len(text.text) >= MIN_EXACT})
        near = self._near_ids(texts)
        ids = {item_id for found in (*equal.values(), *near) for item_id in found}
        stored = self._load(sub, sorted(ids))
        result = []
        for text, nearby in zip(texts, near, strict=True):
            wanted = sorted({*equal.get(text.content_hash, ()), *nearby})
            result.append(
                (by_address.get(text.canonical_url, []), [stored[i] for i in wanted if i in stored])
            )
        return result

    def _by_address(self, sub: int, urls: set[str]) -> dict[str, list[Candidate]]:
        if not urls:
            return {}
        known = self.db.rows(
            "SELECT DISTINCT j.value FROM json_each(?) j CROSS JOIN items i"
            " ON i.canonical_url = j.value AND i.canonical_url <> ''",
            (json.dumps(list(urls)),),
        )
        found = {}
        for (url,) in known:
            rows = self.db.rows(
                f"SELECT {_TEXT} FROM items i WHERE i.canonical_url = ?2 AND i.canonical_url <> ''"
                " ORDER BY i.id DESC LIMIT ?3",
                (sub, url, SAME_ADDRESS),
            )
            found[url] = [_candidate(row) for row in reversed(rows)]
        return found

    def _ids_by_hash(self, hashes: set[bytes]) -> dict[bytes, list[int]]:
        if not hashes:
            return {}
        marks = ", ".join("?" * len(hashes))
        found: dict[bytes, list[int]] = {}
        for digest, item_id in self.db.rows(
            f"SELECT content_hash, max(id) FROM items WHERE content_hash IN ({marks}) GROUP BY content_hash",
            tuple(hashes),
        ):
            found.setdefault(digest, []).append(item_id)
        return found

    def _near_ids(self, texts: Sequence[Text]) -> list[list[int]]:
        prints = self._fingerprints(texts)
        result: list[list[int]] = [[] for _ in texts]
        rows = [row for row, value in enumerate(prints) if value is not None]
        if rows:
            pairs = self._current().near([value for value in prints if value is not None])
            for index, item_id in pairs:
                if len(result[rows[index]]) < SAME_TEXT:
                    result[rows[index]].append(item_id)
        return result

    def _fingerprints(self, texts: Sequence[Text]) -> list[int | None]:
        """Fingerprints of texts; those of the page at hand are kept, since planning may be repeated."""
        missing = [text for text in texts if text.content_hash not in self._prints]
        if missing:
            from penchant.app.nearness import fingerprints

            if len(self._prints) > REMEMBERED:
                self._prints.clear()
                missing = list(texts)
            prints = fingerprints([text.text for text in missing])
            self._prints.update({text.content_hash: p for text, p in zip(missing, prints, strict=True)})
        return [self._prints[text.content_hash] for text in texts]

    def _current(self) -> BandIndex:
        """The index with whatever any process stored since; one sequential scan the first time."""
        if self._index is None:
            from penchant.app.nearness import BandIndex

            self._index = BandIndex()
            newest = int(self.db.value("SELECT max(item_id) FROM fingerprints") or 0)
            self._through = max(newest - REACH, 0)
        rows = self.db.rows(
            "SELECT item_id, simhash FROM fingerprints WHERE item_id > ? ORDER BY item_id", (self._through,)
        )
        if rows:
            self._index.add([row[0] for row in rows], [row[1] for row in rows])
            self._through = rows[-1][0]
        return self._index

    def store_fingerprints(self, items: Sequence[tuple[int, Text]]) -> None:
        """Write the fingerprints of new or reworded items; too short a text has none."""
        prints = self._fingerprints([text for _, text in items])
        pairs = [
            (item_id, value) for (item_id, _), value in zip(items, prints, strict=True) if value is not None
        ]
        self.db.run_many("INSERT OR REPLACE INTO fingerprints VALUES (?, ?)", pairs)
        old = [pair for pair in pairs if pair[0] <= self._through]
        if old and self._index is not None:
            self._index.add(*zip(*old, strict=True))

    def _load(self, sub: int, ids: Sequence[int]) -> dict[int, Candidate]:
        if not ids:
            return {}
        rows = self.db.rows(
            f"SELECT {_TEXT} FROM json_each(?2) j CROSS JOIN items i ON i.id = j.value",
            (sub, json.dumps(ids)),
        )
        return {row[0]: _candidate(row) for row in rows}


def _candidate(row: tuple) -> Candidate:
    return row[0], Text(*row[1:7]), bool(row[7])
