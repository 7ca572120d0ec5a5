"""Pictures by their addresses: what is known of them. Their files lie in the cache folder (`app.pictures.files`)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from penchant.app.types import Shot

from .connection import Database
from .pictures_rows import SMALL, Counts, Failed, Kept, Outcome, Target, Unchanged, Wanted, Whole, targets

#: Moments of use are kept to so many seconds: looking at pictures writes nothing most of the time.
COARSE = 1_800.0
#: What was asked for longer ago than this is nobody's wish any more when the worker starts (seconds).
FRESH = 3_600.0
_MASK = (1 << 64) - 1


class Pictures:
    """`store.pictures`: filled by the worker, read by the screens and by models. A hash is 16 bytes."""

    def __init__(self, db: Database) -> None:
        self.db = db

    def of_items(self, ids: Sequence[int]) -> dict[int, tuple[Shot, ...]]:
        """The pictures of those of `ids` that have any, also of items nobody asked about; at most 16 each."""
        named = self._named(ids)
        urls = {target.url for _, found, _ in named for target in found}
        known = {
            row[0]: row[1:]
            for row in self.db.rows(
                "SELECT url, iif(state = 'wanted' AND used_at IS NULL, '', state), hash, width, height, frames,"
                " coalesce(preview, x''), note, format FROM pictures WHERE url IN (SELECT value FROM json_each(?))",
                (json.dumps(list(urls)),),
            )
        }
        return {
            item_id: tuple(
                _shot(place, target, hidden, known.get(target.url)) for place, target in enumerate(found)
            )
            for item_id, found, hidden in named
        }

    def ask(self, ids: Sequence[int], now: float) -> list[Wanted]:
        """Somebody looks at these items: every picture of theirs, in the same order, whatever its state.

        What nobody knew is "wanted" from now on, so is what failed and may be tried again.
        """
        named = self._named(ids)
        urls = list(dict.fromkeys(target.url for _, found, _ in named for target in found))
        if not urls:
            return []
        if self._news(urls, named, now):
            with self.db.write():
                self._note(urls, named, now)
        places = {url: place for place, url in enumerate(urls)}
        small = {target.url: target.small for _, found, _ in named for target in found}
        asked = self._wanted("p.url IN (SELECT value FROM json_each(?))", json.dumps(urls))
        return [each._replace(small=small[each.url]) for each in sorted(asked, key=lambda each: places[each.url])]

    def wanting(self, now: float, most: int = 100) -> list[int]:
        """Items whose pictures were asked for lately and have not come, the newest wish first."""
        rows = self.db.rows(
            "SELECT i.item_id FROM pictures p CROSS JOIN item_pictures i ON i.picture_id = p.id"
            " WHERE p.state = 'wanted' AND p.used_at > ? GROUP BY i.item_id ORDER BY max(p.used_at) DESC, min(p.id)"
            " LIMIT ?",
            (now - FRESH, most),
        )
        return [row[0] for row in rows]

    def ranked(self, most: int = 100) -> list[int]:
        """Those of the first items of the stored For you whose pictures nobody has asked for."""
        return [
            row[0]
            for row in self.db.rows(
                "SELECT r.item_id FROM ranking r JOIN items i ON i.id = r.item_id"
                " WHERE r.generation = (SELECT value FROM settings WHERE key = 'ranking') AND r.position < ?"
                " AND i.media_count > 0 AND NOT EXISTS (SELECT 1 FROM item_pictures p WHERE p.item_id = i.id)"
                " ORDER BY r.position",
                (most,),
            )
        ]

    def put(self, outcomes: Iterable[Outcome], now: float) -> None:
        """Record what became of fetches. A failure leaves a picture alone whose files are there."""
        with self.db.write():
            for each in outcomes:
                if isinstance(each, Kept):
                    self.db.run(
                        "UPDATE pictures SET state = 'there', hash = ?2, format = ?3, width = ?4, height = ?5,"
                        " frames = ?6, size = ?7, preview = ?8, fingerprint = ?9, etag = ?10, last_modified = ?11,"
                        " fetched_at = ?12, used_at = ?12, retry_at = NULL, failures = 0, note = '' WHERE id = ?1",
                        (*each, now),
                    )
                elif isinstance(each, Unchanged):
                    self.db.run("UPDATE pictures SET fetched_at = ? WHERE id = ?", (now, each.id))
                elif isinstance(each, Whole):
                    self.db.run("UPDATE pictures SET format = replace(format, ?, '') WHERE id = ?", (SMALL, each.id))
                else:
                    self._put_failure(each)

    def twin(self, hash: bytes) -> Kept | None:
        """What is known of bytes that came from another address before."""
        row = self.db.row(
            "SELECT id, hash, format, width, height, frames, size, preview, fingerprint, etag, last_modified"
            " FROM pictures WHERE hash = ? AND preview IS NOT NULL LIMIT 1",
            (hash,),
        )
        return None if row is None else Kept(*row)

    def put_back(self, ids: Iterable[int]) -> None:
        """Nobody waits for these any more: they are asked for again when they are shown again."""
        self._each("UPDATE pictures SET used_at = NULL WHERE id = ? AND state = 'wanted'", ids)

    def evicted(self, hashes: Iterable[bytes]) -> None:
        """The files of these are gone. What was learned of them stays; they are fetched again when shown."""
        self._each(
            "UPDATE pictures SET state = 'wanted', used_at = NULL, etag = '', last_modified = '' WHERE hash = ?"
            " AND state = 'there'",
            hashes,
        )

    def last_use(self) -> list[tuple[bytes, float]]:
        """(hash, Unix seconds) of every picture whose files are there, the longest unused first."""
        return [
            (row[0], row[1])
            for row in self.db.rows(
                "SELECT hash, max(coalesce(used_at, 0)) AS used FROM pictures WHERE state = 'there'"
                " AND hash IS NOT NULL GROUP BY hash ORDER BY used, max(id)"
            )
        ]

    def prune(self) -> int:
        """Forget pictures that no item shows any more; returns how many."""
        orphan = "NOT EXISTS (SELECT 1 FROM item_pictures i WHERE i.picture_id = pictures.id)"
        if self.db.row(f"SELECT 1 FROM pictures WHERE {orphan} LIMIT 1") is None:
            return 0
        with self.db.write():
            return self.db.run(f"DELETE FROM pictures WHERE {orphan}")

    def forgive(self) -> int:
        """Ask again for what failed or was refused, when it is next shown; returns how many."""
        with self.db.write():
            return self.db.run(
                "UPDATE pictures SET state = 'wanted', used_at = NULL, retry_at = NULL, failures = 0, note = ''"
                " WHERE state IN ('failed', 'refused')"
            )

    def clear(self) -> None:
        """Forget every picture, failures too."""
        with self.db.write():
            self.db.run("DELETE FROM pictures")

    def counts(self) -> Counts:
        """How many there are of each kind."""
        row = self.db.row(
            "SELECT count(*) FILTER (WHERE state = 'there'), count(DISTINCT iif(state = 'there', hash, NULL)),"
            " coalesce(sum(size) FILTER (WHERE state = 'there'), 0),"
            " count(*) FILTER (WHERE state = 'wanted' AND used_at IS NOT NULL),"
            " count(*) FILTER (WHERE state = 'wanted' AND used_at IS NULL),"
            " count(*) FILTER (WHERE state = 'failed'), count(*) FILTER (WHERE state = 'refused') FROM pictures"
        )
        return Counts(*row) if row else Counts(0, 0, 0, 0, 0, 0, 0)

    def failures(self, most: int = 20) -> list[tuple[str, str, str, float | None]]:
        """(url, state, note, retry at) of what did not come, the newest first."""
        return [
            (row[0], row[1], row[2], row[3])
            for row in self.db.rows(
                "SELECT url, state, note, retry_at FROM pictures WHERE state IN ('failed', 'refused')"
                " ORDER BY coalesce(used_at, 0) DESC, id DESC LIMIT ?",
                (most,),
            )
        ]

    def there(self, after: int = 0, most: int = 500) -> list[tuple[int, bytes]]:
        """(picture id, hash) of pictures whose files are there, by id, from behind `after`."""
        sql = "SELECT id, hash FROM pictures WHERE state = 'there' AND hash IS NOT NULL AND id > ? ORDER BY id LIMIT ?"
        return [(row[0], row[1]) for row in self.db.rows(sql, (after, most))]

    def hashes(self, ids: Sequence[int]) -> dict[int, tuple[bytes, ...]]:
        """The pictures of items, in their places, as far as they ever came; their files may be gone."""
        found: dict[int, tuple[bytes, ...]] = {}
        for item_id, hash in self.db.rows(
            "SELECT i.item_id, p.hash FROM item_pictures i JOIN pictures p ON p.id = i.picture_id"
            " WHERE p.hash IS NOT NULL AND i.item_id IN (SELECT value FROM json_each(?)) ORDER BY i.item_id, i.place",
            (json.dumps(list(ids)),),
        ):
            found[item_id] = (*found.get(item_id, ()), hash)
        return found

    def items_of(self, hashes: Iterable[bytes]) -> dict[bytes, tuple[int, ...]]:
        """The items that show a picture, the newest first."""
        return {
            hash: tuple(
                row[0]
                for row in self.db.rows(
                    "SELECT DISTINCT i.item_id FROM pictures p JOIN item_pictures i ON i.picture_id = p.id"
                    " WHERE p.hash = ? ORDER BY i.item_id DESC",
                    (hash,),
                )
            )
            for hash in hashes
        }

    def near(self, hash: bytes, distance: int = 4) -> list[int]:
        """Items that show this picture or one that looks the same: at most `distance` of 64 bits differ."""
        own = self.db.value("SELECT fingerprint FROM pictures WHERE hash = ? LIMIT 1", (hash,))
        like = {hash}
        if own is not None:
            rows = self.db.rows("SELECT hash, fingerprint FROM pictures WHERE fingerprint IS NOT NULL")
            like |= {each for each, print_ in rows if ((own ^ print_) & _MASK).bit_count() <= distance}
        found = {item_id for ids in self.items_of(like).values() for item_id in ids}
        return sorted(found, reverse=True)

    def relink(self) -> None:
        """Note again which items show the pictures that are known, as a rebuild does."""
        with self.db.write():
            shown = [row[0] for row in self.db.rows("SELECT DISTINCT item_id FROM item_pictures")]
            self.db.run("DELETE FROM item_pictures")
            self._link(self._named(shown))

    def _named(self, ids: Sequence[int]) -> list[tuple[int, list[Target], bool]]:
        """(item, its pictures, whether they are to be hidden) in the order of `ids`."""
        rows = {
            row[0]: row
            for row in self.db.rows(
                "SELECT id, media, sensitive <> 0 OR content_warning <> '' FROM items"
                " WHERE media_count > 0 AND id IN (SELECT value FROM json_each(?))",
                (json.dumps(list(ids)),),
            )
        }
        found = [(rows[id][0], targets(rows[id][1]), bool(rows[id][2])) for id in dict.fromkeys(ids) if id in rows]
        return [each for each in found if each[1]]

    def _news(self, urls: Sequence[str], named: Sequence[tuple[int, list[Target], bool]], now: float) -> bool:
        """Whether asking for these changes anything."""
        current = self.db.value(
            "SELECT count(*) FROM pictures WHERE url IN (SELECT value FROM json_each(?))"
            " AND used_at > ? AND NOT (state = 'failed' AND coalesce(retry_at, 0) <= ?)",
            (json.dumps(list(urls)), now - COARSE, now),
        )
        if current < len(urls):
            return True
        ids = json.dumps([item_id for item_id, _, _ in named])
        have = self.db.rows(
            "SELECT i.item_id, i.place, p.url FROM item_pictures i JOIN pictures p ON p.id = i.picture_id"
            " WHERE i.item_id IN (SELECT value FROM json_each(?))",
            (ids,),
        )
        want = {(item_id, place, each.url) for item_id, found, _ in named for place, each in enumerate(found)}
        return want != set(have)

    def _note(self, urls: Sequence[str], named: Sequence[tuple[int, list[Target], bool]], now: float) -> None:
        self.db.run_many(
            "INSERT INTO pictures(url, state, used_at) VALUES (?1, 'wanted', ?2) ON CONFLICT(url) DO UPDATE SET"
            " used_at = ?2,"
            " state = iif(state = 'failed' AND coalesce(retry_at, 0) <= ?2, 'wanted', state)",
            [(url, now) for url in urls],
        )
        ids = json.dumps([item_id for item_id, _, _ in named])
        self.db.run("DELETE FROM item_pictures WHERE item_id IN (SELECT value FROM json_each(?))", (ids,))
        self._link(named)

    def _link(self, named: Iterable[tuple[int, list[Target], bool]]) -> None:
        self.db.run_many(
            "INSERT INTO item_pictures(item_id, place, picture_id) SELECT ?, ?, id FROM pictures WHERE url = ?",
            [(item_id, place, each.url) for item_id, found, _ in named for place, each in enumerate(found)],
        )

    def _wanted(self, where: str, value: object) -> list[Wanted]:
        rows = self.db.rows(
            "SELECT p.id, p.url, p.state, p.hash, p.etag, p.last_modified, coalesce(p.fetched_at, 0),"
            f" coalesce(p.retry_at, 0), p.failures, p.format FROM pictures p WHERE {where}",
            (value,),
        )
        brought: dict[int, list[str]] = {}
        for picture_id, address in self.db.rows(
            "SELECT DISTINCT i.picture_id, s.address FROM item_pictures i JOIN sightings g ON g.item_id = i.item_id"
            " JOIN subscriptions s ON s.id = g.subscription_id"
            " WHERE i.picture_id IN (SELECT value FROM json_each(?))",
            (json.dumps([row[0] for row in rows]),),
        ):
            brought.setdefault(picture_id, []).append(address)
        return [Wanted(*row)._replace(addresses=tuple(brought.get(row[0], ()))) for row in rows]

    def _put_failure(self, failed: Failed) -> None:
        state = "refused" if failed.retry_at is None else "failed"
        self.db.run(
            "UPDATE pictures SET state = ?, note = ?, retry_at = ?, failures = failures + 1"
            " WHERE id = ? AND state <> 'there'",
            (state, failed.note, failed.retry_at, failed.id),
        )

    def _each(self, sql: str, values: Iterable[object]) -> None:
        params = [(value,) for value in values]
        if params:
            with self.db.write():
                self.db.run_many(sql, params)


def _shot(place: int, target: Target, hidden: bool, row: tuple[object, ...] | None) -> Shot:
    if row is None:
        return Shot(
            place, target.url, "", None, target.width, target.height,
            alt=target.alt, sensitive=hidden, video=target.video,
        )  # fmt: skip
    state, hash, width, height, frames, preview, note, format = row
    small = str(format).startswith(SMALL)
    if small and target.width and target.height:
        width, height = target.width, target.height
    return Shot(
        place, target.url, state, hash, width or target.width, height or target.height,  # type: ignore[arg-type]
        frames, preview, target.alt, hidden, note, small, target.video,  # type: ignore[arg-type]
    )  # fmt: skip
