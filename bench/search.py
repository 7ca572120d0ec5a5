"""Search at scale: words, meaning and both over one archive, beside LIKE, numpy and sqlite-vec's own table.

    python bench/search.py [--items 100000] [--keep FILE]

Every figure is CPU milliseconds of this process, p50 and p95 over the queries; the targets stand beside them.
The items are sentences of the bundled sample feed in new combinations plus rare made-up words (so that the
vocabulary grows like a real one), the vectors those of the bundled embedder.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

import numpy as np  # noqa: E402

from penchant.adapters import sample  # noqa: E402
from penchant.adapters.base import Author, Item, Page  # noqa: E402
from penchant.app import embed  # noqa: E402
from penchant.app.store import Store  # noqa: E402
from penchant.app.store.bound import bound  # noqa: E402
from penchant.app.store.condition import Condition  # noqa: E402
from penchant.app.types import Event  # noqa: E402

QUERIES = 200
SLOW_QUERIES = 10
SEEN = 0.9


def cpu(call: Callable[[], Any]) -> float:
    """CPU milliseconds of one call."""
    started = time.process_time()
    call()
    return (time.process_time() - started) * 1e3


def row(name: str, times: list[float], target: str = "") -> None:
    p50, p95 = np.percentile(times, [50, 95])
    print(f"  {name:58} {p50:9.2f} {p95:9.2f}   {target}")


def texts(count: int, chance: random.Random) -> Iterator[tuple[str, str]]:
    """(title, text) pairs: a handful of real sentences and three words in a hundred that are rare."""
    folder = Path(sample.__file__).parent / "sample_data"
    records = [
        json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.open(encoding="utf-8")
    ]
    bodies = [record["text"] for record in records if "text" in record]
    sentences = [part for body in bodies for part in re.split(r"(?<=[.!?])\s+", body) if 20 < len(part) < 400]
    titles = [record["title"] for record in records if record.get("title")]
    syllables = [
        "ka",
        "re",
        "mo",
        "ti",
        "lun",
        "sor",
        "vex",
        "pha",
        "dri",
        "ne",
        "quo",
        "zan",
        "bel",
        "ust",
        "ir",
    ]
    rare = ["".join(chance.choice(syllables) for _ in range(chance.randint(2, 5))) for _ in range(60_000)]
    for _ in range(count):
        words = " ".join(chance.choice(sentences) for _ in range(chance.choice((1, 2, 5, 9)))).split()
        for _ in range(0, len(words), 30):
            words.insert(chance.randrange(len(words)), rare[int(chance.random() ** 3 * len(rare))])
        head = chance.choice(titles).split()
        head.insert(chance.randrange(len(head) + 1), rare[int(chance.random() ** 3 * len(rare))])
        yield " ".join(head), " ".join(words)


def build(store: Store, count: int) -> None:
    """Fill an archive by the same doors as the worker, and say what each item cost."""
    chance = random.Random(1)
    sub = store.subscriptions.add("rss", "https://bench.example/feed", "Bench")
    people = [Author(f"a{n}", f"Author {n}") for n in range(3_000)]
    now, spent, number = 1_700_000_000.0, 0.0, itertools.count()
    stream = texts(count, chance)
    while batch := list(itertools.islice(stream, 1_000)):
        page = Page(
            tuple(
                Item(f"n{n}", f"https://bench.example/{n}", title, text, chance.choice(people), now - n)
                for (title, text), n in zip(batch, number, strict=False)
            ),
            {},
        )
        spent += cpu(lambda page=page: store.items.put_page(sub, page, now))
    have = store.db.value("SELECT count(*) FROM items")
    print(f"{have:,} items stored, {spent * 1e3 / count:.0f} us of CPU each (joined, indexed for full text)")
    ids = [item for (item,) in store.db.rows("SELECT id FROM items ORDER BY id")]
    seen = random.Random(2).sample(ids, int(len(ids) * SEEN))
    for start in range(0, len(seen), 5_000):
        store.events.append([Event("impression", item) for item in seen[start : start + 5_000]])
    fill_vectors(store)


def fill_vectors(store: Store) -> None:
    model, embedding, putting = embed.load(), 0.0, 0.0
    while rows := store.vectors.missing(model.name, 2_000):
        started = time.process_time()
        vectors = model.embed_batch([f"{title}\n{text}" for _, _, title, text in rows])
        embedding += time.process_time() - started
        for start in range(0, len(rows), 50):
            pairs = [
                (r[1], v.tobytes())
                for r, v in zip(rows[start : start + 50], vectors[start : start + 50], strict=True)
            ]
            putting += cpu(lambda pairs=pairs: store.vectors.put(model.name, pairs))
    store.vectors.set_complete(model.name)
    count = store.vectors.spaces()[0].count
    print(f"{count:,} vectors: embedding {embedding / count * 1e6:.0f} us,"
          f" storing {putting / count * 1e3:.0f} us of CPU each"
          " (target: storing < 50 us)")  # fmt: skip
    store.db.checkpoint()
    size = store.path.stat().st_size
    print(f"file: {size / 1e6:.0f} MB, {size / count:.0f} bytes an item")


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


def measure_words(store: Store, asked: list[str]) -> None:
    search = store.search.search
    row(
        "full text, 1-3 words, best 50 with snippets",
        [cpu(lambda q=q: search(q)) for q in asked],
        "p95 <= 10",
    )
    typed = [q[: random.Random(q).randint(3, max(3, len(q)))] for q in asked]
    row(
        "full text while typing (last word open)",
        [cpu(lambda q=q: search(q, typing=True)) for q in typed],
        "p95 <= 10",
    )
    row("full text, unseen only", [cpu(lambda q=q: search(q + " is:unseen")) for q in asked], "p95 <= 10")
    row("full text, one author", [cpu(lambda q=q: search(q + ' author:"author 7"')) for q in asked])
    row(
        "filters alone: is:unseen after:2023",
        [cpu(lambda: search("is:unseen after:2023")) for _ in range(20)],
    )
    like = "SELECT id FROM items WHERE title LIKE ?1 OR text LIKE ?1 ORDER BY sort_at DESC LIMIT 50"
    times = [cpu(lambda q=q: store.db.rows(like, (f"%{q}%",))) for q in asked[:SLOW_QUERIES]]
    row("peer: LIKE over title and text (newsboat's way)", times)


def measure_meaning(store: Store, asked: list[str]) -> None:
    model = embed.load()
    near = store.vectors.nearest
    vectors = model.embed_batch(asked)
    row("nearest 20", [cpu(lambda v=v: near(model.name, v, 20)) for v in vectors], "p95 <= 25")
    unseen = [cpu(lambda v=v: near(model.name, v, 20, unseen=True)) for v in vectors]
    row(f"nearest 20 unseen ({1 - SEEN:.0%} are)", unseen, "p95 <= 25")
    few = Condition("i.id % 1000 = 7")
    row("nearest 20 under a filter that 1 in 1,000 passes", [cpu(lambda v=v: near(model.name, v, 20, where=few))
        for v in vectors], "p95 <= 25")  # fmt: skip
    enough = [len(near(model.name, v, 20, where=few)) for v in vectors[:20]]
    print(f"  of 20 asked for under that filter, at least {min(enough)} came   20")
    ids = [item for (item,) in store.db.rows("SELECT id FROM items ORDER BY id")]
    loading = cpu(lambda: store.vectors.get_matrix(model.name, ids))
    matrix, _ = store.vectors.get_matrix(model.name, ids)
    exact = [cpu(lambda v=v: np.argpartition(-(matrix @ v), 20)[:20]) for v in vectors[:50]]
    row(f"peer: numpy over {matrix.nbytes / 1e6:.0f} MB kept in memory (loaded in {loading:.0f} ms)", exact)
    measure_vec0(store, matrix, vectors[:SLOW_QUERIES])
    hits = []
    for vector in vectors[:50]:
        scores = matrix @ vector
        least = np.partition(scores, -20)[-20]
        position = dict(zip(ids, range(len(ids)), strict=True))
        hits += [scores[position[item]] >= least - 1e-6 for item, _ in near(model.name, vector, 20)]
    print(f"  recall@20 against exact float search: {np.mean(hits):.4f}   >= 0.98")
    newest = ids[-10_000:]
    row("10,000 newest vectors as a matrix",
        [cpu(lambda: store.vectors.get_matrix(model.name, newest)) for _ in range(5)],
        "< 50")  # fmt: skip
    some = random.Random(3).sample(ids, min(10_000, len(ids)))
    row(
        "10,000 scattered vectors as a matrix",
        [cpu(lambda: store.vectors.get_matrix(model.name, some)) for _ in range(5)],
    )


def measure_vec0(store: Store, matrix: np.ndarray, vectors: Iterable[np.ndarray]) -> None:
    """sqlite-vec's own virtual table, in a temporary schema of the same connection."""
    dim = matrix.shape[1]
    for kind, wrap, scale in (("float", "?", 0.0), ("int8", "vec_int8(?)", 127.0)):

        def blob(rows: np.ndarray, scale: float = scale) -> bytes:
            return (rows if not scale else np.rint(rows * (scale / np.abs(rows).max()))).astype(
                np.float32 if not scale else np.int8
            ).tobytes()  # fmt: skip

        store.db.run(f"CREATE VIRTUAL TABLE temp.peer USING vec0(v {kind}[{dim}])")
        store.db.run_many(f"INSERT INTO temp.peer(v) VALUES ({wrap})", ((blob(vector),) for vector in matrix))
        sql = f"SELECT rowid, distance FROM temp.peer WHERE v MATCH {wrap} AND k = 20"
        row(
            f"peer: sqlite-vec vec0 {kind}, nearest 20",
            [cpu(lambda v=v, sql=sql: store.db.rows(sql, (blob(v),))) for v in vectors],
        )
        store.db.run("DROP TABLE temp.peer")


def measure_both(store: Store, asked: list[str]) -> None:
    model = embed.load()
    search = store.search.search

    def vector(text: str) -> np.ndarray:
        return model.embed_batch([text])[0]

    typed = [q[: random.Random(q).randint(3, max(3, len(q)))] for q in asked]
    row("hybrid while typing, query embedded too",
        [cpu(lambda q=q: search(q, embed=vector, typing=True)) for q in typed],
        "< 50")  # fmt: skip
    row("facets of a search", [cpu(lambda q=q: store.search.facets(q)) for q in asked])
    for begun in ("aut", "author:aut", "source:b", "tag:x", "lang:"):
        times = [cpu(lambda b=begun: store.search.complete(b, len(b))) for _ in range(20)]
        row(f"completion of {begun}", times, "< 10")
    slips = [" ".join(w[:2] + w[3:] if len(w) > 5 else w for w in q.split()) for q in asked]
    row("misspelled words (a letter left out)", [cpu(lambda q=q: search(q)) for q in slips])
    row(
        "hybrid, unseen only",
        [cpu(lambda q=q: search(q + " is:unseen", embed=vector)) for q in asked],
        "< 50",
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--keep", type=Path, help="use or make this archive instead of a temporary one")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = args.keep or Path(folder) / "archive.db"
        fresh = not path.exists()
        with Store.open(path, role="worker") as store:
            if fresh:
                build(store, args.items)
        with Store.open(path, role="reader") as store:
            asked = queries(store, QUERIES, random.Random(4))
            print(f"{'CPU ms':60} {'p50':>9} {'p95':>9}   target")
            for part in (measure_words, measure_meaning, measure_both):
                part(store, asked)


if __name__ == "__main__":
    main()
