"""Figures of `penchant sql`: calls of a model, nearest neighbours beside numpy, times.

    python bench/sql.py                 # a model that counts
    python bench/sql.py --real          # SmolLM2 over 200 items as well (minutes of CPU)
    python bench/sql.py --items 100000  # the archive of the second part
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from penchant.adapters.base import Item, Page
from penchant.app.config import Config
from penchant.app.embed import registry
from penchant.app.paths import Paths
from penchant.app.pictures.files import PictureFiles
from penchant.app.sql.model import LocalModel
from penchant.app.sql.running import Query
from penchant.app.sql.vectors import meaning_of
from penchant.app.store import Store

NOW = 1_780_000_000.0
WORDS = ["compiler", "parser", "garden", "bread", "railway", "owl", "types", "harbour", "storm", "engine", "winter"]


class Counting:
    """Answers at once; with a model behind it, counts what that is asked."""

    def __init__(self, real: Any = None) -> None:
        self.calls, self.seconds, self.real, self.suffix = 0, 0.0, real, ""

    def name(self, kind: str) -> str:
        return (self.real.name(kind) if self.real else "gguf:counting:1") + self.suffix

    def answer(self, kind: str, question: str, subjects: Sequence[str]) -> list[Any]:
        self.calls += len(subjects)
        began = time.monotonic()
        said = self.real.answer(kind, question, subjects) if self.real else [len(each) % 7 / 6 for each in subjects]
        self.seconds += time.monotonic() - began
        return said

    def close(self) -> None:
        if self.real:
            self.real.close()


def items(count: int, start: int = 1) -> tuple[Item, ...]:
    draw = np.random.default_rng(start)
    return tuple(
        Item(
            native_id=str(n), url=f"https://bench.example/{n}", title=f"Number {n}", points=n % 10, published=NOW - n,
            text=" ".join(draw.choice(WORDS, 20)) + f" {n}",
        )
        for n in range(start, start + count)
    )  # fmt: skip


def ask(store: Store, model: Counting, sql: str) -> tuple[list[tuple[Any, ...]], int, float]:
    """(rows, calls, seconds)."""
    before, began = model.calls, time.monotonic()
    files = PictureFiles(store.path.parent)
    with closing(Query(store, model, files, lambda: meaning_of(store, None), seconds=600)) as query:
        rows = list(query.run(query.plan(sql), 1_000_000))
    return rows, model.calls - before, time.monotonic() - began


def calls(store: Store, model: Counting, source: int) -> None:
    first = "SELECT id FROM items WHERE points = 3 AND ask(text, 'Is this about compilers?')"
    second = "SELECT id FROM items WHERE ask(text, 'Is this about compilers?') AND points = 3"
    for name, sql in (("plain condition first", first), ("model first", second)):
        store.model_answers.forget()
        rows, count, seconds = ask(store, model, sql)
        print(f"  {name:32} {count:4} calls, {len(rows)} rows, {seconds:.2f} s")
    print(f"  {'the second time':32} {ask(store, model, second)[1]:4} calls")
    [changed] = items(1, 3)
    store.items.put_page(source, Page((Item("3", changed.url, title="Another", text="words", points=3),), {}), NOW + 9)
    print(f"  {'one item changed':32} {ask(store, model, second)[1]:4} calls")
    print(f"  {'another question':32} {ask(store, model, second.replace('compilers', 'bread'))[1]:4} calls")
    model.suffix = "+"
    print(f"  {'another model':32} {ask(store, model, second)[1]:4} calls")


def neighbours(store: Store, count: int) -> None:
    rows = store.db.rows("SELECT id, content_hash, title, text FROM items ORDER BY id")
    draw = np.random.default_rng(0).normal(size=(len(rows), 256)).astype(np.float32)
    draw /= np.linalg.norm(draw, axis=1, keepdims=True)
    for start in range(0, len(rows), 5_000):
        part = range(start, min(start + 5_000, len(rows)))
        store.vectors.put(registry.space(), [(rows[n][1], draw[n].tobytes()) for n in part])
    model, wrong, times, unseen = Counting(), 0, [], []
    for words in ("a garden in the rain", "type inference", "railway maps", "owls at night", "storm over the harbour"):
        near = f"ORDER BY similarity(text, '{words}') DESC LIMIT 20"
        found, _, seconds = ask(store, model, f"SELECT id FROM items {near}")
        times.append(seconds)
        exact = draw.astype(np.float64) @ registry.load().embed_batch([words])[0].astype(np.float64)
        wrong += len({row[0] for row in found} ^ {rows[n][0] for n in np.argsort(-exact, kind="stable")[:20]})
        unseen.append(ask(store, model, f"SELECT id FROM items WHERE points = 3 {near}")[2])
    print(f"  {count:,} items: {wrong} of 100 neighbours differ from numpy's")
    print(f"  median {sorted(times)[2]:.2f} s, where one in ten passes {sorted(unseen)[2]:.2f} s, connecting included")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--items", type=int, default=20_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for real in (False, True) if args.real else (False,):
            model = Counting(LocalModel(Config(), Paths.from_environment()) if real else None)
            with Store.open(Path(folder) / f"calls{real}.db", role="cli") as store:
                source = store.subscriptions.add("rss", "https://bench.example/")
                store.items.put_page(source, Page(items(200), {}), NOW)
                print(f"200 items, a plain condition that 20 pass, {model.name('ask') if real else 'a counting model'}")
                calls(store, model, source)
                if real:
                    print(f"  {model.calls / model.seconds:.1f} texts a second")
            model.close()
        with Store.open(Path(folder) / "many.db", role="worker") as store:
            source = store.subscriptions.add("rss", "https://bench.example/")
            for start in range(1, args.items + 1, 1_000):
                store.items.put_page(source, Page(items(min(1_000, args.items + 1 - start), start), {}), NOW)
            print("nearest neighbours")
            neighbours(store, args.items)


if __name__ == "__main__":
    main()
