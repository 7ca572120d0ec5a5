"""The archive that `bench/search.py` measures: made items, real marks, vectors of 256 or 384 numbers.

The items are sentences of the bundled sample feed in new combinations plus rare made-up words (so that the vocabulary
grows like a real one). Vectors of 256 numbers are the bundled embedder's. Those of 384 are its vector of title and text
beside 128 projections of its vector of the title: neighbours are as near as real ones, which random numbers would not
be. Everything goes through the doors that the worker uses.
"""

from __future__ import annotations

import itertools
import json
import random
import re
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from penchant.adapters import sample
from penchant.adapters.base import Author, Item, Page
from penchant.app import embed
from penchant.app.store import Store
from penchant.app.types import Event

SEEN = 0.9
#: Sentences of a text, drawn evenly; with short texts a million items stay below 4 GB.
LONG, SHORT = (1, 2, 5, 9), (1, 1, 2)
#: The name of the space of each number of dimensions.
MADE = "bench:384"


def cpu(call: Callable[[], Any]) -> float:
    """CPU milliseconds of one call."""
    started = time.process_time()
    call()
    return (time.process_time() - started) * 1e3


class Vectors:
    """What stands for the embedder: `dim` numbers, 256 or 384."""

    def __init__(self, dim: int) -> None:
        self.model = embed.load()
        self.dim, self.name = dim, self.model.name if dim == 256 else MADE
        self.projection = np.random.default_rng(5).standard_normal((256, 128)).astype(np.float32)

    def of(self, pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        """float32[n, dim], of unit length, for (title, text) pairs."""
        whole = self.model.embed_batch([f"{title}\n{text}" for title, text in pairs])
        if self.dim == 256:
            return whole
        heads = self.model.embed_batch([title for title, _ in pairs]) @ self.projection
        both = np.hstack([whole, heads / np.maximum(np.linalg.norm(heads, axis=1, keepdims=True), 1e-9)])
        return both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-9)

    def query(self, text: str) -> np.ndarray:
        """float32[dim] of what is typed."""
        return self.model.embed_batch([text])[0] if self.dim == 256 else self.of([(text, "")])[0]


def texts(count: int, chance: random.Random, lengths: Sequence[int] = LONG) -> Iterator[tuple[str, str]]:
    """(title, text) pairs: a handful of real sentences and three words in a hundred that are rare."""
    folder = Path(sample.__file__).parent / "sample_data"
    records = [
        json.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.open(encoding="utf-8")
    ]
    bodies = [record["text"] for record in records if "text" in record]
    sentences = [part for body in bodies for part in re.split(r"(?<=[.!?])\s+", body) if 20 < len(part) < 400]
    titles = [record["title"] for record in records if record.get("title")]
    syllables = ["ka", "re", "mo", "ti", "lun", "sor", "vex", "pha", "dri", "ne", "quo", "zan", "bel", "ust", "ir"]
    rare = ["".join(chance.choice(syllables) for _ in range(chance.randint(2, 5))) for _ in range(60_000)]
    for _ in range(count):
        words = " ".join(chance.choice(sentences) for _ in range(chance.choice(lengths))).split()
        for _ in range(0, len(words), 30):
            words.insert(chance.randrange(len(words)), rare[int(chance.random() ** 3 * len(rare))])
        head = chance.choice(titles).split()
        head.insert(chance.randrange(len(head) + 1), rare[int(chance.random() ** 3 * len(rare))])
        yield " ".join(head), " ".join(words)


def build(store: Store, count: int, vectors: Vectors, lengths: Sequence[int], *, seen: float = SEEN) -> None:
    """Fill an archive by the same doors as the worker, and say what each item cost."""
    chance = random.Random(1)
    sub = store.subscriptions.add("rss", "https://bench.example/feed", "Bench")
    people = [Author(f"a{n}", f"Author {n}") for n in range(3_000)]
    now, spent, number = 1_700_000_000.0, 0.0, itertools.count()
    stream = texts(count, chance, lengths)
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
    marked = random.Random(2).sample(ids, int(len(ids) * seen))
    for start in range(0, len(marked), 5_000):
        store.events.append([Event("impression", item) for item in marked[start : start + 5_000]])
    fill_vectors(store, vectors)


def fill_vectors(store: Store, maker: Vectors) -> None:
    embedding, putting = 0.0, 0.0
    while rows := store.vectors.missing(maker.name, 50_000):
        started = time.process_time()
        vectors = maker.of([(title, text) for _, _, title, text in rows])
        embedding += time.process_time() - started
        for start in range(0, len(rows), 50):
            pairs = [
                (r[1], v.tobytes())
                for r, v in zip(rows[start : start + 50], vectors[start : start + 50], strict=True)
            ]
            putting += cpu(lambda pairs=pairs: store.vectors.put(maker.name, pairs))
    store.vectors.set_complete(maker.name)
    count = store.vectors.spaces()[0].count
    print(f"{count:,} vectors: embedding {embedding / count * 1e6:.0f} us,"
          f" storing {putting / count * 1e3:.0f} us of CPU each")  # fmt: skip
    store.db.checkpoint()
    size = store.path.stat().st_size
    print(f"file: {size / 1e6:.0f} MB, {size / count:.0f} bytes an item")
