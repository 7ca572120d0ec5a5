"""Is the archive sound, what of it is out of date, and how to put either right."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from . import checks
from .backup import Progress, backup
from .checks import SALVAGE
from .connection import Database
from .errors import FromNewerVersion, NotADatabase, StoreError
from .migrations import identify, inspect, latest
from .report import Finding, Report
from .salvage import Salvaged, salvage

if TYPE_CHECKING:
    from . import Store

__all__ = ["Finding", "Report", "Salvaged", "backup", "check", "rebuild", "salvage"]


def check(path: str | Path, progress: Progress | None = None) -> Report:
    """Look at everything without changing the file. Never raises for what is wrong with it."""
    archive = Path(path).absolute()
    report = Report(archive)
    if not archive.exists():
        report.warn(
            "file", f"there is no archive at {archive}", "Nothing was stored yet.", "Start `penchant`."
        )
        return report
    try:
        inspect(archive)
        db = Database(archive, "cli")
    except StoreError as error:
        _refused(report, error)
        return report
    try:
        version = identify(db, latest())
        report.ok("file", f"{archive}, {archive.stat().st_size / 1e6:.1f} MB, version {version}")
        if version < latest():
            report.warn(
                "version",
                f"version {version} of {latest()}",
                "An older penchant wrote it; what is newer was not checked.",
                "Start `penchant`: it makes a backup and brings the file up to date.",
            )
            _try(report, "structure", lambda: checks.structure(db, report))
            return report
        for number, (topic, look) in enumerate(checks.ALL):
            if progress:
                progress(topic, number, len(checks.ALL))
            if not _try(report, topic, partial(look, db, report)) and topic == "structure":
                break
            if topic == "structure" and not report.sound:
                break
    except StoreError as error:
        _refused(report, error)
    finally:
        db.close()
    return report


def rebuild(
    path: str | Path,
    progress: Progress | None = None,
    *,
    derive: Callable[[Store], int] | None = None,
    publish: Callable[[Store], object] | None = None,
) -> Report:
    """Drop everything that is derived and make it again from items and events; returns a check of the result.

    Full text, marks, counts and fingerprints are made here. `derive` makes
    one chunk of vectors and word statistics and returns its size (0 when all
    is there), `publish` refits and scores; without them the worker makes
    those again when it runs next. Raises `StoreError` where the file is damaged.
    """
    from . import Store

    sound = check(path)
    structural = [
        each for each in sound.findings if each.level == "error" and each.topic in ("file", "structure")
    ]
    if structural:
        raise StoreError(f"cannot rebuild: {structural[0].found}", hint=structural[0].action or SALVAGE)
    with Store.open(path, create=False, role="cli") as store:
        steps = checks.derived(store)
        for number, (topic, make) in enumerate(steps):
            if progress:
                progress(topic, number, len(steps))
            make()
        _forget(store)
        if derive:
            _derive(store, derive, progress)
        if publish:
            if progress:
                progress("ranking", 0, 1)
            publish(store)
    return check(path)


def _forget(store: Store) -> None:
    """Drop vectors, word statistics, opinions, scores and heads; items go back into nobody's queue (see `missing`)."""
    with store.db.write():
        # What belongs to texts that the gate dropped, or to pictures whose files went, could not be made again.
        gone = "content_hash NOT IN (SELECT i.content_hash FROM dropped d JOIN items i ON i.id = d.item_id)"
        fled = "content_hash NOT IN (SELECT hash FROM pictures WHERE hash IS NOT NULL AND state <> 'there')"
        store.db.run(f"DELETE FROM embeddings WHERE {gone} AND {fled}")
        store.vectors.rebuild_coarse()
        store.db.run("UPDATE spaces SET complete = 0")
        store.db.run(f"DELETE FROM features WHERE {gone}")
        # The worker's judge says it all again; the ranking hears it once it has said enough (see `judging_keep`).
        store.db.run(f"DELETE FROM opinions WHERE {gone}")
        store.opinions.activate(None)
        store.opinions.activate_hidden(None)
        store.db.run("DELETE FROM scores")
        store.db.run("UPDATE heads SET blob = x''")  # versions count on: events name them
        store.db.run("DELETE FROM ranking")
        store.db.run("DELETE FROM threads")
        # Citations are read again by the worker (`citations.catch_up`).
        store.db.run("DELETE FROM cite_texts WHERE item_id NOT IN (SELECT item_id FROM dropped)")


def _derive(store: Store, derive: Callable[[Store], int], progress: Progress | None) -> None:
    total = int(store.db.value("SELECT count(DISTINCT content_hash) FROM items"))
    while derive(store):
        if progress:
            progress("vectors and words", store.features.count(), total)
    for space in store.vectors.spaces():
        store.vectors.set_complete(space.name, not store.vectors.missing(space.name, 1))


def _try(report: Report, topic: str, look: Callable[[], None]) -> bool:
    """Run one check; what stops it becomes a finding."""
    try:
        look()
        return True
    except StoreError as error:
        report.error(
            topic, str(error), "This part could not be read.", error.hint if topic != "structure" else SALVAGE
        )
        return False


def _refused(report: Report, error: StoreError) -> None:
    untouched = "The file was left as it is."
    if isinstance(error, (FromNewerVersion, NotADatabase)):
        report.error("file", str(error), untouched, error.hint)
    else:
        report.error("file", str(error), untouched, SALVAGE)
