"""The single checks of `doctor`, and how each derived part is made again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from penchant.app import backfill_status, picture_status

from . import vector_items
from .bound import WHOLE
from .connection import Database
from .errors import Damaged
from .report import Report
from .spaces import ORPHAN, active_picture_spaces, active_sentence_space, of_pictures

if TYPE_CHECKING:
    from . import Store

REBUILD = "`penchant doctor --rebuild` makes it again from items and events."
SALVAGE = (
    "Copy a backup over it, or `penchant doctor --recover NEWFILE` saves what can be read into a new file."
)
LATER = "The worker catches up while penchant runs; nothing needs doing."

_PEOPLE = """SELECT i.id FROM items i LEFT JOIN (
    SELECT item_id, count(DISTINCT nullif(by_key, '')) AS people,
        count(DISTINCT subscription_id) AS subscriptions
    FROM sightings GROUP BY item_id
) s ON s.item_id = i.id
WHERE i.people <> coalesce(s.people, 0) OR i.also_in <> max(coalesce(s.subscriptions, 0) - 1, 0)"""


def structure(db: Database, report: Report) -> None:
    """Pages, indexes, types and references, as SQLite sees them."""
    found = [row[0] for row in db.rows("PRAGMA integrity_check(20)")]
    if found != ["ok"]:
        report.error(
            "structure",
            "; ".join(found[:3]) + (f" and {len(found) - 3} more" if len(found) > 3 else ""),
            "The file is damaged: a disk, a copy or another program harmed it. It was left as it is.",
            SALVAGE,
        )
        return
    broken = db.rows("PRAGMA foreign_key_check")
    if broken:
        report.error(
            "structure",
            f"{len(broken)} rows of {', '.join(sorted({row[0] for row in broken}))} refer to nothing",
            "Another program wrote into the archive.",
            "`penchant doctor --recover NEWFILE` makes a file without them.",
        )
        return
    report.ok("structure", "every page, index and reference is sound")


def contents(db: Database, report: Report) -> None:
    """What there is."""
    items, sources, events = (
        db.value(f"SELECT count(*) FROM {table}") for table in ("items", "subscriptions", "events")
    )
    nameless = db.value(
        "SELECT count(*) FROM items i WHERE NOT EXISTS (SELECT 1 FROM aliases a WHERE a.item_id = i.id)"
    )
    if nameless:
        report.warn(
            "contents",
            f"{nameless} of {items:,} items have no name at their source",
            "They may arrive a second time.",
            REBUILD,
        )
    else:
        report.ok("contents", f"{items:,} items, {sources:,} sources, {events:,} events")


#: Full-text tables, each with its own content.
INDEXES = ("search", "search_unspaced", "search_shadows")


def full_text(db: Database, report: Report) -> None:
    """The indexes against the texts; SQLite's own integrity check does not compare them."""
    bad = [table for table in INDEXES if not _index_agrees(db, table)]
    if bad:
        report.error(
            "full text",
            f"the index {' and '.join(bad)} differs from the items",
            "Searches miss or invent hits.",
            REBUILD,
        )
    else:
        report.ok("full text", "the index agrees with every item")


def _index_agrees(db: Database, table: str) -> bool:
    db.rows("BEGIN IMMEDIATE")
    try:
        db.rows(f"INSERT INTO {table}({table}, rank) VALUES ('integrity-check', 1)")
        return True
    except Damaged:
        return False
    finally:
        if db.apsw.in_transaction:
            db.apsw.execute("ROLLBACK")


def marks(db: Database, report: Report) -> None:
    """Seen, liked, saved ... against the events."""
    wanted = "SELECT * FROM derived_state WHERE item_id IN (SELECT id FROM items)"
    wrong = db.value(
        f"SELECT (SELECT count(*) FROM (SELECT * FROM item_state EXCEPT {wanted}))"
        f" + (SELECT count(*) FROM ({wanted} EXCEPT SELECT * FROM item_state))"
    )
    if wrong:
        report.error(
            "marks", f"{wrong} marks differ from what the events say", "Lists show wrong items.", REBUILD
        )
    else:
        report.ok("marks", "seen, liked, saved and later agree with the events")


def people(db: Database, report: Report) -> None:
    """Counts of who brought an item against its sightings."""
    wrong = len(db.rows(_PEOPLE))
    if wrong:
        report.warn(
            "people", f"{wrong} counts of who brought an item are wrong", "Cards show wrong numbers.", REBUILD
        )
    else:
        report.ok("people", "counts agree with the sightings")


def vectors(db: Database, report: Report) -> None:
    """Every text has its vector in every space, once, also among the coarse blocks."""
    for space_id, name, complete in db.rows("SELECT id, name, complete FROM spaces ORDER BY id"):
        missing = 0 if of_pictures(name) else db.value(
            f"SELECT count(DISTINCT content_hash) FROM items h WHERE {WHOLE} AND NOT EXISTS"
            " (SELECT 1 FROM embeddings e WHERE e.space_id = ? AND e.content_hash = h.content_hash)",
            (space_id,),
        )
        have = db.value("SELECT count(*) FROM embeddings WHERE space_id = ?", (space_id,))
        if not _coarse_agrees(db, space_id):
            report.error(
                "vectors",
                f"the blocks of {name} differ from its vectors",
                "Searches by meaning miss items.",
                REBUILD,
            )
        elif missing and complete:
            report.warn(
                "vectors",
                f"{name}: {missing:,} texts have no vector yet",
                "They are not found by meaning.",
                LATER,
            )
        elif missing:
            report.ok("vectors", f"{name}: {have:,}, {missing:,} texts have none yet")
        elif of_pictures(name):
            report.ok("vectors", f"{name}: {have:,}")
        else:
            report.ok("vectors", f"{name}: {have:,}, every text has one")
    if wrong := vector_items.wrong(db):
        report.error(
            "vectors", f"{wrong:,} pairs of a vector and an item are wrong", "Searches by meaning miss items.", REBUILD
        )
    _orphans(db, report, "vectors", "embeddings")


def _coarse_agrees(db: Database, space_id: int) -> bool:
    ids: list[int] = []
    for (blob,) in db.rows("SELECT ids FROM coarse WHERE space_id = ?", (space_id,)):
        ids += [number for number in memoryview(blob).cast("q") if number]
    zero = "replace(hex(vector), '0', '') = ''"  # a vector without direction stands in no block
    wanted = [
        row[0] for row in db.rows(f"SELECT id FROM embeddings WHERE space_id = ? AND NOT {zero}", (space_id,))
    ]
    return sorted(ids) == sorted(wanted)


def sentence(db: Database, report: Report) -> None:
    """Which sentence vectors the ranking reads, and how far the worker is with them."""
    active = active_sentence_space(db)
    report.ok("sentences", f"the ranking reads {active[0]}" if active else "the ranking reads no sentence vectors")
    status = backfill_status.read(db.value("SELECT value FROM settings WHERE key = ?", (backfill_status.KEY,)))
    if status is not None and status.note:
        report.warn("sentences", status.note, "New items get no sentence vectors; all else works.", status.hint)
    elif status is not None and status.line():
        report.ok("sentences", status.line())


def seeing(db: Database, report: Report) -> None:
    """Which picture vectors the ranking reads, and how far the worker is with them."""
    active = active_picture_spaces(db).get("picture")
    report.ok("seeing", f"the ranking reads {active[0]}" if active else "the ranking reads no picture vectors")
    status = picture_status.read(db.value("SELECT value FROM settings WHERE key = ?", (picture_status.KEY,)))
    if status is not None and status.note:
        report.warn("seeing", status.note, "New pictures get no vectors; all else works.", status.hint)
    elif status is not None and status.line():
        report.ok("seeing", status.line())


def words(db: Database, report: Report) -> None:
    """Every text has its word statistics."""
    have = db.value("SELECT count(*) FROM features")
    missing = db.value(
        f"SELECT count(DISTINCT content_hash) FROM items h WHERE {WHOLE} AND NOT EXISTS"
        " (SELECT 1 FROM features f WHERE f.content_hash = h.content_hash)"
    )
    if missing:
        report.warn(
            "words", f"{missing:,} texts have no word statistics yet", "They are ranked without them.", LATER
        )
    else:
        report.ok("words", f"{have:,}, every text has its statistics")
    _orphans(db, report, "words", "features")


def _orphans(db: Database, report: Report, topic: str, table: str) -> None:
    gone = ORPHAN.format("d") if table == "embeddings" else (
        "NOT EXISTS (SELECT 1 FROM items i WHERE i.content_hash = d.content_hash)"
    )  # fmt: skip
    orphans = db.value(f"SELECT count(*) FROM {table} d WHERE {gone}")
    if orphans:
        report.ok(topic, f"{orphans:,} belong to texts that are gone; a rebuild drops them")


def ranking(db: Database, report: Report) -> None:
    """Whether head and scores know of the last events and items."""
    head = db.row("SELECT version, through_seq FROM heads ORDER BY version DESC LIMIT 1")
    if head is None:
        report.ok("ranking", "no head yet: the worker makes the first one")
        return
    late = db.value("SELECT count(*) FROM events WHERE seq > ?", (head[1],))
    older = db.value("SELECT count(*) FROM scores WHERE head_version < ?", (head[0],))
    lost = db.value(
        "SELECT count(*) FROM ranking r WHERE NOT EXISTS (SELECT 1 FROM items i WHERE i.id = r.item_id)"
    )
    if head[1] > (db.value("SELECT max(seq) FROM events") or 0):
        report.error(
            "ranking", "the head has learned events that are not there", "Events were lost.", REBUILD
        )
    elif lost:
        report.warn("ranking", f"{lost:,} ranked items are gone", "For you skips them.", LATER)
    else:
        behind = ", ".join(
            part
            for part in (f"{late:,} events" * bool(late), f"{older:,} scores of an older head" * bool(older))
            if part
        )
        report.ok("ranking", f"head {head[0]}" + (f", still to do: {behind}" if behind else ", up to date"))


def gate(db: Database, report: Report) -> None:
    """Dropped bodies are in the log, and nothing that the reader acted on is among them."""
    dropped, here = db.row("SELECT count(*), count(body) FROM dropped") or (0, 0)
    unlogged = db.value(
        "SELECT count(*) FROM dropped d WHERE coalesce((SELECT action FROM gate_log g WHERE g.item_id = d.item_id"
        " ORDER BY id DESC LIMIT 1), '') <> 'dropped'"
    )
    whole = db.value("SELECT count(*) FROM dropped d JOIN items i ON i.id = d.item_id WHERE i.text <> ''")
    if unlogged or whole:
        report.warn(
            "gate",
            f"{unlogged + whole} of {dropped:,} dropped bodies differ from the log",
            "Another program wrote into the archive; `penchant gate log` is not complete.",
            "`penchant gate restore ITEM` brings back what the attic has.",
        )
    elif dropped:
        report.ok("gate", f"{dropped:,} bodies dropped, {here:,} of them still in the attic, each in the log")
    else:
        report.ok("gate", "nothing dropped")


def pictures(db: Database, report: Report) -> None:
    """What is known of pictures. Their files lie in the cache: the worker compares them when it starts."""
    there, nameless, failed = db.row(
        "SELECT count(*) FILTER (WHERE state = 'there'), count(*) FILTER (WHERE state = 'there' AND hash IS NULL),"
        " count(*) FILTER (WHERE state IN ('failed', 'refused')) FROM pictures"
    ) or (0, 0, 0)
    if nameless:
        report.warn(
            "pictures",
            f"{nameless:,} of {there:,} pictures have no file that belongs to them",
            "Another program wrote into the archive; they are not shown.",
            "`penchant pictures clear` has all of them fetched again.",
        )
    elif there or failed:
        report.ok("pictures", f"{there:,} in the cache" + (f", {failed:,} did not come" if failed else ""))
    else:
        report.ok("pictures", "none yet")


def queue(db: Database, report: Report) -> None:
    """Changes that wait for the worker."""
    waiting = db.value("SELECT count(*) FROM changes")
    report.ok("queue", f"{waiting:,} changes wait for the worker" if waiting else "empty")


ALL: tuple[tuple[str, Callable[[Database, Report], None]], ...] = (
    ("structure", structure),
    ("contents", contents),
    ("full text", full_text),
    ("marks", marks),
    ("people", people),
    ("vectors", vectors),
    ("sentences", sentence),
    ("seeing", seeing),
    ("words", words),
    ("ranking", ranking),
    ("gate", gate),
    ("pictures", pictures),
    ("queue", queue),
)


def derived(store: Store) -> list[tuple[str, Callable[[], object]]]:
    """How to make each part that SQL alone derives."""
    return [
        ("full text", lambda: _rebuild_index(store.db)),
        ("marks", store.events.rebuild_state),
        ("names", lambda: rename(store.db)),
        ("people", lambda: _recount(store.db)),
        ("fingerprints", lambda: _fingerprints(store)),
        ("pictures", store.pictures.relink),
        ("shadows", lambda: store.descriptions.cast(store.descriptions.shown())),
    ]


def _rebuild_index(db: Database) -> None:
    for table in INDEXES:
        with db.write():
            db.run(f"INSERT INTO {table}({table}) VALUES ('rebuild')")


def rename(db: Database) -> None:
    """Give every item that lost them its own name again."""
    with db.write():
        db.run(
            "INSERT OR IGNORE INTO aliases(kind, native_id, item_id, content_hash, points, comments, body)"
            " SELECT kind, native_id, id, content_hash, points, comments, 1 FROM items i"
            " WHERE NOT EXISTS (SELECT 1 FROM aliases a WHERE a.item_id = i.id)"
        )


def _recount(db: Database) -> None:
    from .ingest import recount_people

    with db.write():
        recount_people(db, [row[0] for row in db.rows(_PEOPLE)])


def _fingerprints(store: Store) -> None:
    from penchant.app.nearness import fingerprints

    last = 0
    with store.db.write():
        store.db.run("DELETE FROM fingerprints")
        while rows := store.db.rows(
            "SELECT id, text FROM items WHERE id > ? AND kind <> 'draft' ORDER BY id LIMIT 1000", (last,)
        ):
            last = rows[-1][0]
            prints = fingerprints([text for _, text in rows])
            pairs = [(row[0], value) for row, value in zip(rows, prints, strict=True) if value is not None]
            store.db.run_many("INSERT INTO fingerprints VALUES (?, ?)", pairs)
