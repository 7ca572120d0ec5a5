"""Who cites whom in the archive, kept up to date a few texts at a time; items as works to cite."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from penchant.app.memory.deeds import local
from penchant.app.scholar.names import Titles, mentioned, own, phrase
from penchant.app.scholar.work import Work

from .rows import load_links

if TYPE_CHECKING:
    from .connection import Database

#: Texts of one transaction, and texts in which a new paper's title is looked for.
BATCH, TEXTS = 200, 200
#: Texts that are found due at once: finding them looks through all items.
AHEAD = 5_000
#: Citations shown of one item.
SHOWN = 50
_SAME = (
    " AND NOT EXISTS (SELECT 1 FROM paper_names a JOIN paper_names b ON b.name = a.name"
    " WHERE a.item_id = c.item_id AND b.item_id = p.item_id)"
)


class Citations:
    """Derived rows: what a text says is read once, and again when it changed."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self._titles: Titles | None = None
        self._due: list[int] = []

    def catch_up(self, most: int = BATCH) -> int:
        """Read up to `most` texts that are new or changed; how many there were. Raises `StoreError`."""
        if not self._due:
            self._due, self._titles = self._find(), None
        due, self._due = self._due[:most], self._due[most:]
        if due:
            with self.db.write():
                self._read(json.dumps(due))
        return len(due)

    def _find(self) -> list[int]:
        rows = self.db.rows(
            "SELECT i.id FROM items i INDEXED BY items_hash LEFT JOIN cite_texts c ON c.item_id = i.id"
            " WHERE c.content_hash IS NOT i.content_hash LIMIT ?",
            (AHEAD,),
        )
        return [item_id for (item_id,) in rows]

    def _read(self, ids: str) -> None:
        rows = self.db.rows(
            "SELECT i.id, i.content_hash, i.kind, i.url, i.title, i.extra, i.links, i.text,"
            " (SELECT json_group_array(a.native_id) FROM aliases a WHERE a.item_id = i.id)"
            " FROM json_each(?) j CROSS JOIN items i ON i.id = j.value",
            (ids,),
        )
        named = {row[0]: own(row[2], json.loads(row[8]), row[3], _extra(row[5])) for row in rows}
        self.db.run("DELETE FROM paper_names WHERE item_id IN (SELECT value FROM json_each(?))", (ids,))
        self.db.run("DELETE FROM cited_names WHERE item_id IN (SELECT value FROM json_each(?))", (ids,))
        pairs = [(name, item_id) for item_id, names in named.items() for name in names]
        self.db.run_many("INSERT OR IGNORE INTO paper_names(name, item_id) VALUES (?, ?)", pairs)
        if pairs or self._titles is None:
            self._titles = Titles(self.db.rows(
                "SELECT min(p.name), i.title FROM paper_names p JOIN items i ON i.id = p.item_id GROUP BY i.id"
            ))  # fmt: skip
        cited: list[tuple[int, str]] = []
        for item_id, _, _, _, title, _, links, text, _ in rows:
            urls = [link.url for link in load_links(links)]
            found = dict.fromkeys([*mentioned([text, *urls]), *self._titles.found(text)])
            cited += [(item_id, name) for name in found if name not in named[item_id]]
            cited += [(other, min(named[item_id])) for other in self._with_title(item_id, title, named[item_id])]
        self.db.run_many("INSERT OR IGNORE INTO cited_names(item_id, name) VALUES (?, ?)", cited)
        self.db.run_many(
            "INSERT OR REPLACE INTO cite_texts(item_id, content_hash) VALUES (?, ?)", [(row[0], row[1]) for row in rows]
        )

    def _with_title(self, item_id: int, title: str, names: Sequence[str]) -> list[int]:
        """Texts, read before, that hold the title of a paper: one question of the full text index for each paper."""
        words = phrase(title) if names else ""
        if not words:
            return []
        sql = "SELECT rowid FROM search WHERE search MATCH ? AND rowid <> ? LIMIT ?"
        return [row[0] for row in self.db.rows(sql, (f"text : {words}", item_id, TEXTS))]

    def cites(self, item_id: int) -> list[int]:
        """Items of the archive that this one cites, the newest first, at most SHOWN."""
        return self._ids(
            "SELECT DISTINCT i.id, i.sort_at FROM cited_names c JOIN paper_names p ON p.name = c.name"
            " JOIN items i ON i.id = p.item_id WHERE c.item_id = ? AND p.item_id <> c.item_id",
            item_id,
        )

    def cited_by(self, item_id: int) -> list[int]:
        """Items of the archive that cite this one, the newest first, at most SHOWN."""
        return self._ids(
            "SELECT DISTINCT i.id, i.sort_at FROM paper_names p JOIN cited_names c ON c.name = p.name"
            " JOIN items i ON i.id = c.item_id WHERE p.item_id = ? AND c.item_id <> p.item_id",
            item_id,
        )

    def _ids(self, sql: str, item_id: int) -> list[int]:
        rows = self.db.rows(
            f"{sql}{_SAME} AND i.deleted_at IS NULL ORDER BY i.sort_at DESC, i.id DESC LIMIT ?", (item_id, SHOWN)
        )
        return [row[0] for row in rows]

    def works(self, ids: Iterable[int], today: date | None = None) -> list[Work]:
        """Items as works, in the order of `ids`; those that are gone are left out. `today`: when looked at."""
        rows = self.db.rows(
            "SELECT i.id, coalesce(nullif(i.title, ''), i.excerpt), i.author, i.published, i.url, i.kind, i.extra,"
            " coalesce(nullif(u.title, ''), i.domain, ''), (SELECT json_group_array(a.native_id) FROM aliases a"
            " WHERE a.item_id = i.id) FROM json_each(?) j CROSS JOIN items i ON i.id = j.value"
            " LEFT JOIN subscriptions u ON u.id = i.subscription_id",
            (json.dumps(list(ids)),),
        )
        return [_work(row, today) for row in rows]


def _work(row: tuple[Any, ...], today: date | None) -> Work:
    item_id, title, author, published, url, kind, packed, site, natives = row
    extra = _extra(packed)
    names = own(kind, json.loads(natives), url, extra)
    arxiv = next((name.removeprefix("arxiv:") for name in names if name.startswith("arxiv:")), "")
    doi = next((name.removeprefix("doi:") for name in names if name.startswith("doi:")), "")
    authors = [name for name in extra.get("authors") or () if isinstance(name, str)] or [author]
    version = extra.get("version")
    return Work(
        item_id, title, tuple(name for name in authors if name), local(published).date() if published else None,
        url, site, arxiv, version if isinstance(version, int) else 0, _text(extra, "primary"), doi,
        _text(extra, "journal"), _text(extra, "comment"),
        tuple(code for code in extra.get("code") or () if isinstance(code, str)), today,
    )  # fmt: skip


def _extra(packed: str) -> dict[str, Any]:
    found = json.loads(packed) if packed else {}
    return found if isinstance(found, dict) else {}


def _text(extra: dict[str, Any], name: str) -> str:
    value = extra.get(name)
    return value if isinstance(value, str) else ""
