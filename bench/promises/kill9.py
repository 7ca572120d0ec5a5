"""kill -9 under full load: no acknowledged keypress lost, no damage, no duplicate, the queue resumes.

    python bench/promises/kill9.py [ROUNDS] [--seed N]

Each round forks an ingesting process and a typing one on one archive, kills one or both at a random
moment and checks the file. The typing process acknowledges an event over a pipe once its future resolved.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from penchant.adapters.base import Author, Item, Page
from penchant.app.store import Store
from penchant.app.store.writer import EventWriter
from penchant.app.types import Event

ADDRESS = "https://site.example/feed"
#: Items in the archive at which it starts afresh: checks stay quick, full-text merges still happen.
ENOUGH = 8_000
PER_PAGE = 60
#: Imported before the first fork, so that children work instead of importing when they are killed.
WARM = (
    "numpy",
    "penchant.adapters.text",
    "penchant.app.nearness",
    "penchant.app.store.ingest",
    "penchant.app.store.features",
)


def make_page(number: int) -> Page:
    """Page `number` of an endless feed: 40 new items, 20 of the page before, two of those edited,
    one deleted.
    """
    pick = random.Random(number)
    first = max(number * 40 - 20, 0)
    items = []
    for i in range(first, first + PER_PAGE):
        edit = " edited" if i < number * 40 and i % 10 == 0 else ""
        text = f"{i} " * 15 + " ".join(f"word{pick.randrange(3000)}" for _ in range(60)) if not edit else f"{i}" + edit
        items.append(
            Item(f"native-{i}", f"https://site.example/{i}", f"Title {i}{edit}", text, Author(f"a{i % 9}", "A"))
        )
    return Page(tuple(items), {"next": number + 1}, deleted=(f"native-{first + 7}",) if number % 3 == 0 else ())


def ingest(path: Path, pipe: int) -> None:
    """A worker: stores pages from its stored cursor on and consumes the queue of changes."""
    with Store.open(path, role="worker") as store:
        source = store.subscriptions.add("rss", ADDRESS)
        while True:
            subscription = store.subscriptions.get(source)
            assert subscription is not None
            store.items.put_page(source, make_page(subscription.cursor.get("next", 0)), time.time())
            os.write(pipe, b".")
            consume(store, 50)


def consume(store: Store, limit: int) -> int:
    """Derive something for every change, then forget the changes: at least once, whatever happens in
    between.
    """
    changes = store.changes.pending(0, limit)
    if changes:
        hashes = store.items.hashes([change.item_id for change in changes])
        store.features.put([(digest, b"words") for digest in hashes.values()])
        store.changes.done(changes[-1].seq)
    return len(changes)


def type_keys(path: Path, pipe: int, seed: int) -> None:
    """A reader who likes, skips and undoes as fast as the disk allows."""
    pick = random.Random(seed)
    writer = EventWriter(path)
    with Store.open(path) as store:
        known = [row[0] for row in store.db.rows("SELECT id FROM items")] or [None]
    mine: list[str] = []
    for turn in itertools.count():
        events = []
        for _ in range(pick.randint(1, 4)):
            if mine and pick.random() < 0.2:
                events.append(Event("undo", undoes=pick.choice(mine)))
            else:
                kind = pick.choice(("like", "skip", "save", "later", "open", "impression"))
                events.append(Event(kind, item_id=pick.choice(known), session=str(turn)))
        futures = [(event, writer.submit(event)) for event in events]
        for event, future in futures:
            future.result()
            os.write(pipe, event.id.encode() + b"\n")
            mine.append(event.id)


def fork(run: Callable[[], object]) -> int:
    child = os.fork()
    if child == 0:
        try:
            run()
        finally:
            os._exit(1)
    return child


def one_round(path: Path, pick: random.Random, acknowledged: set[str]) -> None:
    """Start both, kill at a random moment, collect what was acknowledged before."""
    (read, write), (pages, stored) = os.pipe(), os.pipe()
    seed = pick.randrange(1 << 30)
    # Neither may hold the other's pipe open: the end of one shows as the end of its pipe.
    children = [
        fork(lambda: (os.close(write), ingest(path, stored))[0]),
        fork(lambda: (os.close(stored), type_keys(path, write, seed))[0]),
    ]
    os.close(write)
    os.close(stored)
    # By progress, not by the clock: on a busy machine a process may need long to get going.
    for _ in range(pick.choice((0, 0, 1, 2, 4, 8))):
        if not os.read(pages, 1):
            break
    time.sleep(pick.uniform(0.0, 0.08))
    pick.shuffle(children)
    os.kill(children[0], signal.SIGKILL)
    if pick.random() < 0.5:
        # The survivor goes on for a while beside the dead one's leftovers.
        time.sleep(pick.uniform(0.0, 0.05))
    os.kill(children[1], signal.SIGKILL)
    for child in children:
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            raise AssertionError(f"a process ended by itself (status {status}): see its traceback above")
    os.close(pages)
    with os.fdopen(read, "rb") as pipe:
        lines = pipe.read().split(b"\n")
    acknowledged.update(line.decode() for line in lines[:-1])


def faults(path: Path, acknowledged: set[str], *, thorough: bool) -> Iterator[str]:
    """What is wrong with the archive after a kill, in words."""
    with Store.open(path, role="worker") as store:
        db = store.db
        check = db.rows("PRAGMA integrity_check" if thorough else "PRAGMA quick_check")
        if check != [("ok",)]:
            yield f"integrity: {check[:3]}"
        if db.rows("PRAGMA foreign_key_check"):
            yield "a foreign key points nowhere"
        lost = acknowledged - {row[0] for row in db.rows("SELECT id FROM events")}
        if lost:
            yield f"{len(lost)} acknowledged events lost"
        items, names, titles = db.rows("SELECT count(*), count(DISTINCT native_id), count(DISTINCT title) FROM items")[
            0
        ]
        if not items == names == titles == db.value("SELECT count(*) FROM aliases"):
            yield f"duplicates: {items} items, {names} native ids, {titles} titles"
        waiting = db.value(
            "SELECT count(*) FROM items i WHERE NOT EXISTS (SELECT 1 FROM changes c WHERE c.item_id = i.id)"
            " AND NOT EXISTS (SELECT 1 FROM features f WHERE f.content_hash = i.content_hash)"
        )
        if waiting:
            yield f"{waiting} items were neither derived nor waiting for it"
        if thorough:
            db.run("INSERT INTO search(search, rank) VALUES ('integrity-check', 1)")
            before = db.rows("SELECT * FROM item_state ORDER BY item_id")
            store.events.rebuild_state()
            if before != db.rows("SELECT * FROM item_state ORDER BY item_id"):
                yield "marks differ from what the events say"


def drain(path: Path) -> str | None:
    """The queue resumes: a fresh worker consumes it to the end."""
    with Store.open(path, role="worker") as store:
        while consume(store, 500):
            pass
        left = store.db.value(
            "SELECT count(*) FROM items i WHERE NOT EXISTS"
            " (SELECT 1 FROM features f WHERE f.content_hash = i.content_hash)"
        )
        return f"{left} items never derived" if left else None


def run(rounds: int, seed: int, folder: Path, say: Callable[[str], None]) -> list[str]:
    """All rounds; returns the faults found."""
    for module in WARM:
        importlib.import_module(module)
    pick, found, events, stored = random.Random(seed), [], 0, 0
    path, acknowledged = folder / "archive-0.db", set()
    for number in range(1, rounds + 1):
        one_round(path, pick, acknowledged)
        last = number == rounds
        found += [f"round {number}: {fault}" for fault in faults(path, acknowledged, thorough=last or number % 10 == 0)]
        with Store.open(path) as store:
            items = store.db.value("SELECT count(*) FROM items")
        if last or items > ENOUGH:
            found += [f"round {number}: {fault}" for fault in [drain(path)] if fault]
            events, stored, items = events + len(acknowledged), stored + items, 0
            path, acknowledged = folder / f"archive-{number}.db", set()
        if number % 50 == 0 or last:
            say(
                f"{number} rounds, {events + len(acknowledged):,} acknowledged events, {stored + items:,}"
                f" items: {len(found)} faults"
            )
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", nargs="?", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = run(options.rounds, options.seed, Path(folder), lambda line: print(line, flush=True))
    for fault in found:
        print(f"\x1b[31m{fault}\x1b[0m")
    print("\x1b[31mfaults\x1b[0m" if found else "\x1b[32mnothing lost, damaged or doubled\x1b[0m")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
