"""The archive at size: file, first page, cards, throughput, and a like made durable while the worker ingests.

    python bench/store.py [ITEMS] [--likes N]

Prints every figure beside a floor measured in the same run on the same disk.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable
from multiprocessing.synchronize import Event as Flag
from pathlib import Path

import apsw

from penchant.adapters.base import Author, Item, Link, Page
from penchant.app.store import Store
from penchant.app.store.writer import EventWriter
from penchant.app.types import Event, View

PER_PAGE = 100
SOURCES = 100
#: Milliseconds from a like to its durability at p99 while the worker ingests at full speed.
DURABLE_MS = 20.0


class Writing:
    """Text with a natural distribution of words (Zipf), so that the full-text index works as hard as
    on real text.
    """

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        letters = "abcdefghijklmnopqrstuvwxyz"
        self.words = ["".join(self.random.choices(letters, k=self.random.randint(2, 10))) for _ in range(20_000)]
        self.weights = list(itertools.accumulate(1 / (rank + 1) for rank in range(len(self.words))))

    def text(self, length: int) -> str:
        return " ".join(self.random.choices(self.words, cum_weights=self.weights, k=length))

    def item(self, number: int, now: float) -> Item:
        source = number // PER_PAGE % SOURCES
        return Item(
            native_id=f"https://site{source}.example/{number}",
            url=f"https://site{source}.example/post/{number}",
            title=self.text(8),
            text=self.text(self.random.randint(20, 240)),
            author=Author(f"rss:site{source}:{number % 7}", f"Author {source}.{number % 7}"),
            published=now - self.random.random() * 365 * 86_400,
            tags=("one", "two"),
            links=(Link("https://elsewhere.example/1"),),
            lang="en",
        )

    def page(self, number: int, now: float) -> Page:
        first = number * PER_PAGE
        return Page(tuple(self.item(i, now) for i in range(first, first + PER_PAGE)), {"etag": str(number)})


def subscribe(store: Store) -> list[int]:
    return [store.subscriptions.add("rss", f"https://site{i}.example/feed") for i in range(SOURCES)]


def fill(path: Path, items: int) -> None:
    writing, now = Writing(1), time.time()
    with Store.open(path, role="worker") as store:
        sources = subscribe(store)
        spent = waited = 0.0
        for number in range(items // PER_PAGE):
            page = writing.page(number, now)
            cpu, wall = time.process_time(), time.perf_counter()
            store.items.put_page(sources[number % SOURCES], page, now)
            spent += time.process_time() - cpu
            waited += time.perf_counter() - wall
        store.db.checkpoint()
    print(f"stored {items:,} items: {spent / items * 1e4:.2f} CPU-s and {waited / items * 1e4:.2f} s per 10,000")
    print(f"file: {path.stat().st_size / 1e6:.0f} MB, {path.stat().st_size / items / 1e3:.1f} kB an item")


def best(run: Callable[[], object], times: int = 15) -> float:
    """Fastest of several runs, milliseconds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        taken.append(time.perf_counter() - start)
    return min(taken) * 1e3


def read(path: Path) -> None:
    with Store.open(path) as store:
        order = store.items.ids(View.NEWEST, limit=10**9)
        random.Random(2).shuffle(order)
        with Store.open(path, role="worker") as worker:
            worker.scores.publish([(i, 0.0, 0.5, "{}") for i in order], order, 1)
        floor = best(lambda: store.db.rows("SELECT id FROM items LIMIT 200"))
        for view in (View.NEWEST, View.FOR_YOU):
            page = best(lambda view=view: store.items.ids(view))
            print(f"first 200 of {view}: {page:.2f} ms ({page / floor:.0f} x any 200 rows)")
        ids = store.items.ids(View.NEWEST)
        bare = best(lambda: [store.db.row("SELECT title FROM items WHERE id = ?", (i,)) for i in ids])
        cards = best(lambda: store.items.cards(ids))
        print(f"200 cards: {cards:.2f} ms ({cards / bare:.1f} x 200 look-ups by id)")
        print(f"all {len(order):,} ids: {best(lambda: store.items.ids(View.NEWEST, limit=10**9), 3):.0f} ms")


def ingest_for_ever(path: str, ready: Flag, stop: Flag, seed: int) -> None:
    """A worker at full speed: never waits for anything but the lock.

    Pages are made beforehand, then re-dated.
    """
    writing, now = Writing(seed), time.time()
    pages = [writing.page(10**6 * seed + number, now) for number in range(20)]
    with Store.open(path, role="worker") as store:
        sources = subscribe(store)
        for turn in itertools.count():
            for number, page in enumerate(pages):
                items = tuple(_again(item, turn) for item in page.items) if turn else page.items
                store.items.put_page(sources[number % SOURCES], Page(items, {"turn": turn}), now)
                ready.set()
                if stop.is_set():
                    return


def _again(item: Item, turn: int) -> Item:
    suffix = f"-{turn}"
    return Item(
        item.native_id + suffix,
        item.url + suffix,
        item.title + suffix,
        f"{turn} " * 20 + item.text,
        item.author,
    )


def likes(path: Path, count: int) -> list[float]:
    """Milliseconds from each like to its durability, typed at random moments."""
    pace, taken = random.Random(3), []
    with Store.open(path) as store:
        ids = store.items.ids(View.NEWEST, limit=count)
    writer = EventWriter(path)
    writer.submit(Event("open", item_id=ids[0])).result()
    for turn in range(count):
        time.sleep(pace.uniform(0.005, 0.04))
        start = time.perf_counter()
        writer.submit(Event("like", item_id=ids[turn % len(ids)])).result()
        taken.append((time.perf_counter() - start) * 1e3)
    writer.close()
    return taken


def bare_commits(folder: Path, count: int) -> list[float]:
    """Milliseconds of one INSERT with its fsync and nothing else: what the disk allows."""
    db = apsw.Connection(str(folder / "bare.db"))
    for pragma in ("journal_mode = wal", "synchronous = full", "wal_autocheckpoint = 0"):
        db.execute(f"PRAGMA {pragma}").fetchall()
    db.execute("CREATE TABLE t(a TEXT)").fetchall()
    taken = []
    for turn in range(count):
        time.sleep(0.005)
        start = time.perf_counter()
        db.execute("INSERT INTO t VALUES (?)", (str(turn) * 20,)).fetchall()
        taken.append((time.perf_counter() - start) * 1e3)
    db.close()
    return taken


def quantile(values: list[float], q: float) -> float:
    return sorted(values)[min(int(len(values) * q), len(values) - 1)]


def durability(path: Path, count: int) -> bool:
    floor = bare_commits(path.parent, min(count, 300))
    alone = likes(path, min(count, 300))
    process = multiprocessing.get_context("spawn")
    ready, stop = process.Event(), process.Event()
    worker = process.Process(target=ingest_for_ever, args=(str(path), ready, stop, 5), daemon=True)
    worker.start()
    ready.wait(60)
    with Store.open(path) as store:
        before, start = store.items.count(View.NEWEST), time.perf_counter()
        busy = likes(path, count)
        speed = (store.items.count(View.NEWEST) - before) / (time.perf_counter() - start)
    stop.set()
    worker.join(30)
    for name, values in (
        ("bare INSERT + fsync", floor),
        ("like, alone", alone),
        ("like, during ingest", busy),
    ):
        p50, p99 = quantile(values, 0.5), quantile(values, 0.99)
        print(
            f"{name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {max(values):.1f} ms"
            f" ({p99 / quantile(floor, 0.99):.1f} x the floor's p99)"
        )
    print(f"meanwhile the worker stored {speed:,.0f} items a second")
    fine = quantile(busy, 0.99) <= DURABLE_MS
    mark = "\x1b[32mok\x1b[0m" if fine else "\x1b[31mover\x1b[0m"
    print(f"like to durable p99 <= {DURABLE_MS:.0f} ms during ingest: {mark}")
    return fine


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("items", nargs="?", type=int, default=100_000)
    parser.add_argument("--likes", type=int, default=1_000)
    options = parser.parse_args()
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "archive.db"
        fill(path, options.items)
        read(path)
        return 0 if durability(path, options.likes) else 1


if __name__ == "__main__":
    sys.exit(main())
