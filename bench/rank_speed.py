"""CPU time and memory of the ranking at scale: 10,000 unseen items, 10,000 events, one thread.

    python bench/rank_speed.py [--items 10000] [--events 10000] [--json]

Prints what each step costs beside its budget. The archive is a real one in a
temporary folder: invented texts of 60 to 120 words over a Zipf vocabulary, random vectors.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time
from pathlib import Path

os.environ["OPENBLAS_NUM_THREADS"] = os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np

from penchant.adapters.base import Author, Item, Page
from penchant.app.embed.static import StaticEmbedder
from penchant.app.rank.features import encode_words
from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.types import Event

#: Budgets of the requirements, in milliseconds of CPU.
BUDGET = {"learn one label": 5.0, "like to re-scored": 30.0, "replay of all events": 60_000.0}


def build(path: Path, items: int, events: int, seed: int = 7) -> list[int]:
    """An archive with `items` unseen items, and `events` on as many others. Returns the unseen ids."""
    rng = np.random.default_rng(seed)
    words = np.array([f"w{i:05d}" for i in range(30_000)])
    weight = 1.0 / np.arange(1, len(words) + 1)
    weight /= weight.sum()
    with Store.open(path, role="worker") as store:
        sub = store.subscriptions.add("rss", "https://bench.example/feed", title="Bench")
        now = time.time()
        total = items + events
        for at in range(0, total, 1_000):
            page = [
                Item(
                    native_id=f"n{k}",
                    url=f"https://bench.example/{k}",
                    title=" ".join(rng.choice(words, 8, p=weight)),
                    text=" ".join(rng.choice(words, int(rng.integers(60, 120)), p=weight)),
                    author=Author(f"a{k % 300}", f"Author {k % 300}"),
                    published=now - float(rng.random()) * 20 * 86400,
                    points=int(rng.lognormal(3, 1)),
                )
                for k in range(at, min(at + 1_000, total))
            ]
            store.items.put_page(sub, Page(tuple(page), {}), now)
        ids = store.items.candidates(1 << 40)
        hashes = store.items.hashes(ids)
        base = rng.standard_normal((40, StaticEmbedder.dim)).astype(np.float32)
        vectors = base[rng.integers(0, 40, len(ids))] + rng.standard_normal((len(ids), StaticEmbedder.dim))
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        store.vectors.put(
            StaticEmbedder.name,
            [(hashes[i], v.astype("<f4").tobytes()) for i, v in zip(ids, vectors, strict=True)],
        )
        for at in range(0, len(ids), 1_000):
            texts = store.items.texts(ids[at : at + 1_000])
            store.features.put([(hashes[i], encode_words(*text)) for i, text in texts.items()])
        judged = sorted(ids)[:events]
        liked = rng.random(events) < 0.4
        kinds = ["like" if y else "skip" for y in liked]
        pairs = zip(kinds, judged, strict=True)
        store.events.append([Event(k, i, at=now + n) for n, (k, i) in enumerate(pairs)])
        return sorted(ids)[events:]


def measure(path: Path, unseen: list[int]) -> dict[str, float]:
    """Milliseconds of CPU of each step, and megabytes."""
    out: dict[str, float] = {}
    session = RankSession(path, seed=3)
    before = _resident()
    out["replay of all events"] = _cpu(session.load)
    out["resident memory that loading adds (MB)"] = _resident() - before
    now = time.time()
    out["first order"] = _cpu(lambda: session.order([], now))
    learn, scored, undo = [], [], []
    store = Store.open(path)
    for n, item_id in enumerate(unseen[:40]):
        event = Event("like" if n % 2 else "skip", item_id)
        store.events.append([event])
        learn.append(_cpu(lambda e=event: session.learn(e)))
        scored.append(_cpu(lambda: session.order(unseen[:40], now)))
        if n % 4 == 3:
            store.events.append([Event("undo", undoes=event.id)])
            undo.append(_cpu(lambda e=event: session.undo(e.id)))
    store.close()
    out["learn one label"] = float(np.median(learn))
    out["learn one label, worst of 40"] = max(learn)
    out["like to re-scored"] = float(np.median(np.add(learn, scored)))
    out["like to re-scored, worst of 40"] = max(np.add(learn, scored))
    out["undo"] = float(np.median(undo))
    out["why"] = _cpu(lambda: session.why(unseen[50]))
    out["publish"] = _cpu(session.publish)
    session.close()
    again = RankSession(path, seed=3)
    out["load from the snapshot"] = _cpu(again.load)
    again.close()
    return out


def _cpu(step) -> float:  # type: ignore[no-untyped-def]
    start = time.thread_time()
    step()
    return (time.thread_time() - start) * 1000.0


def _resident() -> float:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    except OSError:
        return float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        unseen = build(path, options.items, options.events)
        found = measure(path, unseen)
    if options.json:
        print(json.dumps(found, indent=1))
        return
    for name, value in found.items():
        budget = BUDGET.get(name)
        verdict = "" if budget is None else f"   budget {budget:,.0f}: {'ok' if value <= budget else 'OVER'}"
        print(f"{name:40} {value:12,.2f}{verdict}")


if __name__ == "__main__":
    main()
