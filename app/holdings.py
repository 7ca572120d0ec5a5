"""What penchant keeps on this machine, by place: looked up, never changed, and without any secret's value."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .config import Config
    from .paths import Paths
    from .store.connection import Database


@dataclass(frozen=True, slots=True)
class Holding:
    """One kind of thing. `count` rows or files (-1: not counted), `bytes` on disk, `where` a path, `about` in words."""

    group: str
    name: str
    count: int
    bytes: int
    where: str
    about: str


#: Tables of the archive: what each says about the reader, or about what was read.
TABLES: dict[str, tuple[str, str]] = {
    "subscriptions": ("sources", "what you follow, its settings and health"),
    "items": ("items", "texts and addresses of what sources brought"),
    "aliases": ("names of items", "ids that sources give them"),
    "sightings": ("sightings", "which source and who brought an item"),
    "counted": ("counts", "when points were counted"),
    "events": ("events", "what you did and when: seen, opened, liked, skipped, muted, searched"),
    "item_state": ("marks", "what your events say of each item"),
    "embeddings": ("vectors", "what a text or picture means, as numbers"),
    "coarse": ("vectors, packed", "the same, for searching"),
    "vector_items": ("items of vectors", "which items have the text of a vector"),
    "features": ("word statistics", "which words a text has, as numbers"),
    "fingerprints": ("fingerprints", "to find the same text twice"),
    "scores": ("scores", "what the ranking thinks of items"),
    "ranking": ("order", "the order of For you"),
    "heads": ("learned model", "what was learned from your events"),
    "threads": ("threads", "replies that were fetched, a cache"),
    "pictures": ("pictures", "addresses of pictures and how fetching went"),
    "item_pictures": ("pictures of items", "which item shows which"),
    "descriptions": ("descriptions", "what models said of pictures"),
    "shadows": ("shadows", "descriptions as they are searched"),
    "opinions": ("opinions", "what a language model thinks of a text, as a number"),
    "answers": ("answers", "what you asked a language model and its words, for a day"),
    "model_answers": ("answers of models", "what `penchant sql` asked, kept"),
    "interests": ("interests", "clusters of what you liked, with names"),
    "search_news": ("news of searches", "what saved searches found"),
    "remote_states": ("reader servers", "what was agreed on with them"),
    "dropped": ("dropped bodies", "bodies that the gate dropped, for a while"),
    "gate_log": ("log of the gate", "what it dropped and why"),
    "paper_names": ("papers", "names by which papers are cited"),
    "cited_names": ("citations", "papers that texts mention"),
    "control": ("letters", "what a window asks of the worker"),
    "settings": ("remembered values", "small facts between two starts"),
    "forgotten": ("forgotten", "digests of what you had forgotten, so that it does not come back"),
    "drafts": ("drafts", "what models wrote and drew for you"),
    "carrier_states": ("carriers", "what carries your taste into a model"),
    "changes": ("queue", "items that wait for the worker"),
}


def holdings(paths: Paths, config: Config, db: Database | None) -> list[Holding]:
    """Everything, by group. `db`: the archive, where there is one."""
    archive = _archive(db) if db is not None else ()
    return [*archive, *_files(paths, config.backup.folder), *_machines(paths, config), *_secrets(paths)]


def _archive(db: Database) -> Iterable[Holding]:
    where = str(db.path)
    sizes: dict[str, int] = {}
    for name, size in db.rows(
        "SELECT coalesce(m.tbl_name, s.name), sum(s.pgsize) FROM dbstat s"
        " LEFT JOIN sqlite_schema m ON m.name = s.name GROUP BY 1"
    ):
        sizes[str(name)] = int(size)
    for table, (name, about) in TABLES.items():
        if table in sizes:
            count = int(db.value(f"SELECT count(*) FROM {table}"))
            yield Holding("archive", name, count, sizes.pop(table), where, about)
    index = {name: sizes.pop(name) for name in list(sizes) if name.startswith("search")}
    yield Holding("archive", "full-text index", -1, sum(index.values()), where, "the words of every text")
    others = {name: size for name, size in sizes.items() if not name.startswith("sqlite_")}
    yield Holding("archive", "other", -1, sum(sizes.values()), where, ", ".join(sorted(others)) or "SQLite's own")
    exports = db.rows("SELECT address, title FROM subscriptions WHERE kind = 'export'")
    for address, title in exports:
        yield Holding("imports", str(title or address), 1, 0, where, f"an export that was taken in: {address}")


def _files(paths: Paths, folder: str) -> Iterable[Holding]:
    from .forgetting import backups_of

    archive = paths.archive
    log = [archive.with_name(archive.name + end) for end in ("-wal", "-shm")]
    for group, name, files, where, about in (
        ("archive", "its log", log, paths.data, "what was written last, until it is in the archive"),
        ("backups", "backups", backups_of(paths, folder), paths.data, "whole copies of the archive"),
        ("models", "models", _below(paths.models), paths.models, "files of models; nothing of yours"),
        ("plugs", "plugs", _below(paths.data / "plugs"), paths.data / "plugs", "what a model has read"),
        ("drafts", "drawn pictures", _below(paths.data / "drawn"), paths.data / "drawn", "what was drawn for you"),
        ("voice", "carriers", _below(paths.data / "voice"), paths.data / "voice", "carries your taste into a model"),
        ("digests", "digests", _below(paths.data / "digests"), paths.data / "digests", "written out"),
        ("caches", "pictures", _below(paths.cache / "pictures"), paths.cache / "pictures", "small copies"),
        ("caches", "histories", _below(paths.cache / "judge"), paths.cache / "judge",
         "the language model's memory of what you liked and skipped"),
        ("caches", "looks at pictures", _below(paths.cache / "sights"), paths.cache / "sights", "what a model saw"),
        ("caches", "vectors", _below(paths.cache / "vectors"), paths.cache / "vectors", "of `penchant evaluate`"),
        ("logs", "logs", [*paths.state.glob("penchant.log*"), *paths.state.glob("crash.log*")], paths.state,
         "what went wrong; crash.log may quote content"),
        ("configuration", "configuration", [paths.config_file], paths.config_file, "your settings"),
    ):  # fmt: skip
        there = [size for path in files if (size := _size(path)) >= 0]
        yield Holding(group, name, len(there), sum(there), str(where), about)
    mine = ("plugs", "digests", "backups", "drawn", "voice")
    known = {paths.data / name for name in mine} | {paths.models, paths.secrets}
    caches = {paths.cache / name for name in ("pictures", "judge", "sights", "vectors")}
    for place in (paths.data, paths.cache, paths.state):
        for path in sorted(place.iterdir()) if place.is_dir() else ():
            if path.is_dir() and path not in known | caches:
                sizes = [size for each in _below(path) if (size := _size(each)) >= 0]
                yield Holding("other", path.name, len(sizes), sum(sizes), str(path), "")


def _machines(paths: Paths, config: Config) -> Iterable[Holding]:
    from .eventlog.folder import others

    if not config.machines.folder:
        return
    folder = Path(config.machines.folder).expanduser()
    try:
        own = (paths.state / "machine").read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        own = ""
    files = _below(folder / own) if own else []
    about = f"your events and their items, for {others(folder, own)} other machines; whoever syncs it can read it"
    yield Holding("machines", "this machine's logs", len(files), sum(map(_size, files)), str(folder), about)


def _secrets(paths: Paths) -> Iterable[Holding]:
    from penchant.adapters import secrets

    secrets.configure(paths.secrets)
    place = secrets.folder() / secrets.FILE_NAME
    for name in secrets.names():
        yield Holding("secrets", name, 1, 0, str(place), "its value is in the system keyring, or there")


def _below(folder: Path) -> list[Path]:
    return [Path(root) / name for root, _, names in os.walk(folder) for name in names]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1
