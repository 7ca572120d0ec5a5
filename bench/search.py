"""Search at scale: words, meaning and both over one archive, beside LIKE, numpy, sqlite-vec's own table and usearch.

    python bench/search.py [--items 100000] [--dim 384] [--keep FILE] [--queries 200]

Every figure is CPU milliseconds of this process, p50 and p95 over the queries; limits stand beside them, what breaks
one is red, and then the exit code is 1. The archive is read once before each row: where the system has put parts of it
out of its memory meanwhile, fetching them is CPU time too, up to as much again. `search_archive` says what the items
and vectors are; more than 200,000 are made in bulk (`search_bulk`), and then without the peers.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
import tempfile
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402
from search_archive import LONG, SEEN, SHORT, Vectors, build, cpu  # noqa: E402
from search_bulk import checked, multiply  # noqa: E402
from search_peers import K, measured, recall, truth  # noqa: E402

from penchant.app.store import Store  # noqa: E402
from penchant.app.store.bound import bound  # noqa: E402
from penchant.app.store.condition import UNSEEN, Condition  # noqa: E402
from penchant.app.types import Event  # noqa: E402

BULK, BASE = 200_000, 100_000
SLOW_QUERIES = 10
_red: list[str] = []
_file = Path()


class _Back(Exception):
    """Takes back what was written for a measurement."""


def told(name: str, value: float, limit: float, text: str, *, least: bool = False) -> None:
    """A line, red where the limit does not hold. No limit: 0."""
    bad = bool(limit) and (value < limit if least else value > limit)
    if bad:
        _red.append(f"{name.strip()}: {value:.3g}, limit {limit:g}")
    wanted = f"   {'>=' if least else '<='} {limit:g}" if limit else ""
    print(f"{chr(27)}[31m{text}{wanted}{chr(27)}[0m" if bad else f"{text}{wanted}", flush=True)


def fetch() -> None:
    """Bring the whole archive into the system's memory."""
    with _file.open("rb", buffering=0) as file:
        room = bytearray(1 << 22)
        while file.readinto(room):
            pass


def row(name: str, times: list[float], limit: float = 0.0, beside: float = 0.0) -> float:
    """p50 and p95; `beside`: p50 of the peer that it is a ratio of. Returns p50."""
    p50, p95 = np.percentile(times, [50, 95])
    ratio = f"   {p50 / beside:5.2f} x numpy" if beside else ""
    told(name, float(p95), limit, f"  {name:62} {p50:9.2f} {p95:9.2f}{ratio}")
    fetch()  # for the next
    return float(p50)


def queries(store: Store, count: int, chance: random.Random) -> list[str]:
    """One to three words that stand together in a real title or text."""
    ids = chance.sample([item for (item,) in store.db.rows("SELECT id FROM items")], count)
    found = []
    for (text,) in store.db.rows("SELECT title || ' ' || substr(text, 1, 200) FROM items WHERE id IN"
                                 " (SELECT value FROM carray(?))", (bound(ids),)):  # fmt: skip
        words = re.findall(r"\w{3,}", text) or ["linux"]
        start = chance.randrange(len(words))
        found.append(" ".join(words[start : start + chance.randint(1, 3)]))
    return found


def typed(asked: list[str]) -> list[str]:
    return [q[: random.Random(q).randint(3, max(3, len(q)))] for q in asked]


def measure_words(store: Store, asked: list[str], large: bool) -> None:
    search, limit = store.search.search, 0.0 if large else 10.0
    row("full text, 1-3 words, best 50 with snippets", [cpu(lambda q=q: search(q)) for q in asked], limit)
    row("full text while typing (last word open)",
        [cpu(lambda q=q: search(q, typing=True)) for q in typed(asked)], limit)  # fmt: skip
    row("full text, unseen only", [cpu(lambda q=q: search(q + " is:unseen")) for q in asked], limit)
    row("full text, one author", [cpu(lambda q=q: search(q + ' author:"author 7"')) for q in asked])
    row("filters alone: is:unseen after:2023", [cpu(lambda: search("is:unseen after:2023")) for _ in range(20)])
    slips = [" ".join(w[:2] + w[3:] if len(w) > 5 else w for w in q.split()) for q in asked]
    row("misspelled words (a letter left out)", [cpu(lambda q=q: search(q)) for q in slips])
    row("facets of a search", [cpu(lambda q=q: store.search.facets(q)) for q in asked])
    for begun in ("aut", "author:aut", "source:b", "tag:x", "lang:"):
        times = [cpu(lambda b=begun: store.search.complete(b, len(b))) for _ in range(20)]
        row(f"completion of {begun}", times, limit)
    like = "SELECT id FROM items WHERE title LIKE ?1 OR text LIKE ?1 ORDER BY sort_at DESC LIMIT 50"
    times = [cpu(lambda q=q: store.db.rows(like, (f"%{q}%",))) for q in asked[:SLOW_QUERIES]]
    row("peer: LIKE over title and text (newsboat's way)", times)


def measure_meaning(store: Store, maker: Vectors, asked: list[str], large: bool) -> None:
    ids = [item for (item,) in store.db.rows("SELECT id FROM items ORDER BY id")]
    place = dict(zip(ids, range(len(ids)), strict=True))
    matrix, _ = store.vectors.get_matrix(maker.name, ids)
    vectors = np.stack([maker.query(text) for text in asked])
    some = vectors[:50]
    beside = 0.0
    for each in [] if large else measured(matrix, some, store):
        p50 = row(f"peer: {each.name}; bytes an item: {each.size}; recall {each.recall:.4f}", each.times, 0.0, beside)
        beside = beside or p50
    limit = 0.0 if large else 25.0

    def near(name: str, where: Condition, chosen: np.ndarray) -> None:
        times = [cpu(lambda v=v: store.vectors.nearest(maker.name, v, K, where=where)) for v in vectors]
        row(name, times, limit, beside)
        held = matrix[chosen] if len(chosen) < len(matrix) else matrix
        rows = {int(number): at for at, number in enumerate(chosen)}
        found = [[rows[place[item]] for item, _ in store.vectors.nearest(maker.name, v, K, where=where)] for v in some]
        share = recall(held, some, truth(held, some), found)
        told(f"{name}: recall", share, 0.98, f"    recall@20 against exact float search: {share:.4f}", least=True)

    def unseen(name: str) -> None:
        seen = {item for (item,) in store.db.rows("SELECT item_id FROM item_state WHERE seen")}
        left = np.array([place[item] for item in ids if item not in seen])
        near(name, UNSEEN, left)

    near("nearest 20", Condition("1"), np.arange(len(ids)))
    unseen(f"nearest 20 unseen, {SEEN:.0%} seen")
    few = Condition("i.id % 1000 = 7")
    near("nearest 20 under a filter that 1 in 1,000 passes", few, np.flatnonzero(np.array(ids) % 1000 == 7))
    if large:
        return
    try:
        with store.db.write():
            left = [item for (item,) in store.db.rows("SELECT i.id FROM items i WHERE NOT EXISTS"
                    " (SELECT 1 FROM item_state z WHERE z.item_id = i.id AND z.seen)")]  # fmt: skip
            chosen = random.Random(7).sample(left, len(left) - len(ids) // 1_000)
            store.events.append([Event("impression", item) for item in chosen])
            unseen("nearest 20 unseen, 99.9% seen")
            raise _Back
    except _Back:
        pass
    newest = ids[-10_000:]
    times = [cpu(lambda: store.vectors.get_matrix(maker.name, newest)) for _ in range(5)]
    row("10,000 newest vectors as a matrix", times)


def measure_both(store: Store, maker: Vectors, asked: list[str], large: bool) -> None:
    search, limit = store.search.search, 150.0 if large else 50.0
    row("hybrid while typing, query embedded too",
        [cpu(lambda q=q: search(q, embed=maker.query, typing=True)) for q in typed(asked)], limit)  # fmt: skip
    row("hybrid", [cpu(lambda q=q: search(q, embed=maker.query)) for q in asked], limit)
    row("hybrid, unseen only", [cpu(lambda q=q: search(q + " is:unseen", embed=maker.query)) for q in asked], limit)


def fill(path: Path, items: int, maker: Vectors) -> None:
    with Store.open(path, role="worker") as store:
        if items <= BULK:
            build(store, items, maker, LONG)
        else:
            build(store, BASE, maker, SHORT)
            print(f"in bulk: {cpu(lambda: multiply(store, maker.name, round(items / BASE))) / 1e3:.0f} s of CPU")
        store.db.checkpoint()
    blocks = "SELECT sum(length(ids) + length(inverse) + length(vectors)) FROM coarse"
    with Store.open(path, role="reader") as store:
        count = store.db.value("SELECT count(*) FROM items")
        print(f"file: {path.stat().st_size / count:.0f} bytes an item, {4 * maker.dim} of them its vector,"
              f" {store.db.value(blocks) / count:.0f} its two-bit copy")  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=384, choices=(256, 384))
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--keep", type=Path, help="use or make this archive instead of a temporary one")
    args = parser.parse_args()
    maker = Vectors(args.dim)
    with tempfile.TemporaryDirectory() as folder:
        path = args.keep or Path(folder) / "archive.db"
        if not path.exists():
            if args.items > BULK:
                small = Path(folder) / "checked.db"
                with Store.open(small, role="worker") as store:
                    build(store, 1_000, maker, SHORT, seen=0.0)
                    checked(store, small, maker.name)
            fill(path, args.items, maker)
        with Store.open(path, role="reader") as store:
            asked = queries(store, args.queries, random.Random(4))
            large = store.db.value("SELECT count(*) FROM items") > BULK
            global _file
            _file = path
            fetch()
            print(f"{'CPU ms':64} {'p50':>9} {'p95':>9}   limit of p95")
            measure_words(store, asked, large)
            measure_meaning(store, maker, asked, large)
            measure_both(store, maker, asked, large)
    print("\n".join(["", "limits broken:", *_red]) if _red else "\nall limits hold")
    return 1 if _red else 0


if __name__ == "__main__":
    sys.exit(main())
