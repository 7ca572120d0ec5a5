"""Promise 7: any number of windows on one file, any number of machines with one folder.

    python bench/promises/machines.py [--worlds N] [--kills N] [--windows N] [--seconds N] [--short]

`worlds`: machines of random number with random items, keys, undos and exchanges in random order, repeated and cut
off in the middle; afterwards the same events in the same order and the same marks everywhere, and where the items are
the same, the same head bit for bit. `kills`: kill -9 in the middle of taking a log in. `windows`: processes that type
on one file beside a worker that ingests for `seconds`: no error, each key seen by every other process within a second.
At the end two real windows on terminals: what one likes or takes back, the other shows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import kill9
from common import Result, main
from windows import Window, make_home

from penchant.adapters.base import Item, Page
from penchant.app.eventlog.merging import merge
from penchant.app.eventlog.writing import lines
from penchant.app.store import Store
from penchant.app.store.writer import EventWriter
from penchant.app.types import Event

FEED = "https://one.example/feed"
KINDS = ("like", "like", "skip", "save", "later", "open")
#: Seconds in which a key must be seen by everybody else, and in the short form, which runs on busy machines.
SEEN, SEEN_SHORT = 1.0, 15.0
#: Seconds between two looks of a typist, as of a window.
LOOK = 0.25
#: On the line of the selected item, which is painted anew when its marks change.
NUMBER = b"Number 0"
#: Items that every machine of a world of equals has: enough for a model to learn from.
COMMON = 40


def item(number: int) -> Item:
    words = random.Random(number)
    text = " ".join(f"word{words.randrange(200)}" for _ in range(40))
    return Item(f"n{number}", f"https://one.example/{number}", f"Title {number} w{number % 7}", text)


def follow(store: Store, numbers: Iterable[int]) -> list[int]:
    source = store.subscriptions.add("rss", FEED, "One")
    return list(store.items.put_page(source, Page(tuple(map(item, numbers)), {}), 1_700_000_000.0).item_ids)


def said(store: Store) -> list[tuple[object, ...]]:
    """Events in order with the names of their items: comparable across machines."""
    names = dict(store.db.rows("SELECT id, native_id FROM items"))
    return [(e.id, e.kind, names.get(e.item_id), e.at, e.undoes) for _, e in store.events.in_order()]


def marks(store: Store) -> dict[str, object]:
    names = dict(store.db.rows("SELECT id, native_id FROM items"))
    return {names[number]: found for number, found in store.events.marks(list(names)).items()}


def act(store: Store, pick: random.Random) -> None:
    """A key on this machine, an undo now and then of something that came from elsewhere."""
    made = [e for _, e in store.events.since(0, 100_000) if e.kind != "undo"]
    if made and pick.random() < 0.2:
        store.events.append([Event("undo", undoes=pick.choice(made).id)])
    else:
        ids = [row[0] for row in store.db.rows("SELECT id FROM items ORDER BY id")]
        store.events.append([Event(pick.choice(KINDS), pick.choice(ids), at=1e9 + pick.random() * 1e8)])


def told(store: Store, name: str, pick: random.Random) -> list[str]:
    """A log as it may arrive: whole or from the middle, repeated, or cut off."""
    log = list(lines(store, name, pick.choice((0, 0, store.events.last_seq() // 2))))
    if pick.random() < 0.3:
        log = log[: pick.randint(1, len(log))]
    return log + log[1:] if pick.random() < 0.3 else log


def world(folder: Path, pick: random.Random, result: Result, number: int, *, equals: bool) -> int:
    """One world; returns how many events it ended with."""
    names = [f"m{n}" for n in range(pick.randint(2, 5))]
    with ExitStack() as stack:
        stores = {name: stack.enter_context(Store.open(folder / f"{name}.db", role="cli")) for name in names}
        for store in stores.values():
            follow(store, range(COMMON) if equals else pick.sample(range(20), 8))
        for _ in range(pick.randint(60, 90) if equals else pick.randint(5, 40)):
            name, other = pick.sample(names, 2)
            if pick.random() < 0.75:
                act(stores[name], pick)
            else:
                merge(stores[other], told(stores[name], name, pick))
        for name, other in ((a, b) for _ in range(2) for a in names for b in names if a != b):
            merge(stores[other], list(lines(stores[name], name)))
        first = stores[names[0]]
        for name in names[1:]:
            result.check(said(stores[name]) == said(first), f"world {number}: {name} has other events than {names[0]}")
            result.check(marks(stores[name]) == marks(first), f"world {number}: {name} has other marks")
        count = int(first.events.count())
    if equals:
        heads = [head(folder / f"{name}.db") for name in names]
        result.check(all(each == heads[0] for each in heads), f"world {number}: replay gives different heads")
    return count


def head(path: Path) -> object:
    """What replay of the log makes of an archive: every item's probability, to the last bit, and the trust."""
    from penchant.app.derive import Deriver
    from penchant.app.ranking import RankSession

    with Store.open(path, role="worker") as store:
        deriver = Deriver(store)
        while deriver.step():
            pass
        names = dict(store.db.rows("SELECT id, native_id FROM items"))
    session = RankSession(path)
    try:
        session.load()
        model, block = session.learned
        numbers = model.score(block.batch, now=2e9).probability.tolist()
        ids = block.columns.ids.tolist()
        found = {names[id_]: value.hex() for id_, value in zip(ids, numbers, strict=True)}
        return found, repr(session.trust())
    finally:
        session.close()


def killed_merge(folder: Path, pick: random.Random, result: Result, number: int) -> None:
    """kill -9 while a long log is taken in, again and again until it is in: nothing missing, nothing doubled."""
    ada, bob = folder / "ada.db", folder / "bob.db"
    with Store.open(ada, role="cli") as store:
        ids = follow(store, range(200))
        store.events.append(Event(pick.choice(KINDS), pick.choice(ids)) for _ in range(3_000))
        log, wanted = list(lines(store, "ada")), said(store)
    Store.open(bob).close()
    for _ in range(3):
        child = os.fork()
        if child == 0:
            with Store.open(bob, role="worker") as store:
                merge(store, log)
            os._exit(0)
        time.sleep(pick.uniform(0.02, 0.6))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    with Store.open(bob, role="cli") as store:
        merge(store, log)
        result.check(said(store) == wanted, f"merge {number}: killed in the middle, it ends with other events")
        result.check(store.db.rows("PRAGMA integrity_check") == [("ok",)], f"merge {number}: damaged")


def _typist(path: Path, out: Path, seed: int, until: float) -> None:
    """A window without a screen: types through the writer's thread, looks four times a second at what others did."""
    pick, writer, mine, seen = random.Random(seed), EventWriter(path), dict[str, float](), dict[str, float]()
    with Store.open(path) as store:
        version, last, typing = -1, 0, until - 2.0
        ids = [row[0] for row in store.db.rows("SELECT id FROM items")]
        while time.time() < until:
            if time.time() < typing:
                event = Event(pick.choice(KINDS), pick.choice(ids))
                writer.submit(event).result(60)
                mine[event.id] = time.time()
            for _ in range(pick.randint(1, 3)):
                time.sleep(LOOK / 3)
                if (now := store.data_version()) != version:
                    version = now
                    for seq, other in store.events.since(last, 10_000):
                        last, seen[other.id] = seq, time.time()
    if not writer.close():
        os._exit(2)
    out.write_text(json.dumps([mine, seen]), encoding="utf-8")
    os._exit(0)


def together(folder: Path, windows: int, seconds: int, seed: int, within: float, result: Result) -> None:
    """Typists and an ingesting worker on one file."""
    path = folder / "archive.db"
    with Store.open(path, role="cli") as store:
        follow(store, range(60))
    until = time.time() + seconds
    read, write = os.pipe()
    worker = kill9.fork(lambda: kill9.ingest(path, write))
    os.close(write)
    outs = [folder / f"{n}.json" for n in range(windows)]
    children = [kill9.fork(partial(_typist, path, out, seed + n, until)) for n, out in enumerate(outs)]
    os.set_blocking(read, False)
    while time.time() < until:
        time.sleep(0.1)
        try:
            os.read(read, 1 << 16)
        except BlockingIOError:
            continue
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    result.check(os.waitpid(worker, os.WNOHANG) == (0, 0), "the worker ended by itself: see above")
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    os.close(read)
    if not result.check(codes == [0] * windows, f"windows ended with {codes}: see above"):
        return
    notes = [json.loads(out.read_text(encoding="utf-8")) for out in outs]
    delays = sorted(_delays(notes, result))
    with Store.open(path) as store:
        have = {event.id for _, event in store.events.since(0, 1_000_000)}
    lost = sum(name not in have for mine, _ in notes for name in mine)
    result.check(not lost, f"{lost} acknowledged keys are not in the archive")
    result.check(not delays or delays[-1] <= within, f"a key was seen after {delays[-1]:.2f} s only")
    keys = sum(len(mine) for mine, _ in notes)
    result.figure(
        f"{windows} windows and a worker for {seconds} s: {keys:,} keys, {lost} lost, seen by the others after"
        f" {delays[len(delays) // 2] * 1e3:.0f} ms (median), {delays[-1] * 1e3:.0f} ms (longest)"
    )


def _delays(notes: list[list[dict[str, float]]], result: Result) -> Iterator[float]:
    for number, (mine, _) in enumerate(notes):
        for other, (_, seen) in enumerate(notes):
            if other != number:
                missing = [name for name in mine if name not in seen]
                result.check(not missing, f"window {other} never saw {len(missing)} keys of window {number}")
                yield from (max(0.0, seen[name] - at) for name, at in mine.items() if name in seen)


def real_windows(folder: Path, keys: int, within: float, pick: random.Random, result: Result) -> None:
    """Two windows on terminals: what either likes, the other shows."""
    make_home(folder, items=40, worker=False)
    with ExitStack() as stack:
        windows = [Window(folder) for _ in range(2)]
        for window in windows:
            stack.callback(window.close)
        if not result.check(all(window.ready() for window in windows), "two real windows: one never showed its list"):
            return
        delays = [_liked(*windows[:: pick.choice((1, -1))], pick, result) for _ in range(keys)]
        worst = max(delays)
        result.check(worst <= within, f"two real windows: a like was on the other's screen after {worst:.2f} s only")
        result.figure(
            f"two real windows: {keys} likes of one are on the other's screen after"
            f" {sorted(delays)[keys // 2] * 1e3:.0f} ms (median), {worst * 1e3:.0f} ms (longest)"
        )
        for window in windows:
            window.keys("q")
            result.check(window.ended() and window.code == 0, f"two real windows: one ended with {window.code}")


def _liked(one: Window, two: Window, pick: random.Random, result: Result) -> float:
    """One likes what is selected there, or takes it back: seconds until the other's screen has changed."""
    for window in (one, two):
        window.settle()
    one.until(lambda: False, pick.uniform(0.0, 1.0))
    two.settle()
    size, began = len(two.seen), time.monotonic()
    one.keys("l")
    shown = two.until(lambda: NUMBER in two.seen[size:], 20.0)
    result.check(shown, "two real windows: the other never showed the like")
    return time.monotonic() - began


def run(options: argparse.Namespace, folder: Path, result: Result) -> None:
    pick, events = random.Random(options.seed), 0
    for number in range(options.worlds):
        place = folder / f"world-{number}"
        place.mkdir()
        events += world(place, pick, result, number, equals=number % 5 == 0)
    result.figure(f"{options.worlds} worlds of 2 to 5 machines, {events:,} events: {len(result.faults)} faults")
    before = len(result.faults)
    for number in range(options.kills):
        place = folder / f"kill-{number}"
        place.mkdir()
        killed_merge(place, pick, result, number)
    result.figure(f"{options.kills} x 3 kill -9 while merging: {len(result.faults) - before} faults")
    (folder / "together").mkdir()
    within = SEEN_SHORT if options.short else SEEN
    together(folder / "together", options.windows, options.seconds, options.seed, within, result)
    real_windows(folder / "real", 2 if options.short else 30, within, pick, result)


if __name__ == "__main__":
    sys.exit(main(__doc__ or "", run, worlds=(2, 300), kills=(1, 50), windows=(3, 6), seconds=(4, 120)))
