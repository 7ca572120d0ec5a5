"""CPU time and memory of the ranking at scale: 10,000 unseen items, 10,000 events, one thread; and that it repeats.

    python bench/rank_speed.py [--items 10000] [--events 10000] [--json]

Prints what each step costs beside its budget, then whether the same events give the same weights to the bit and undo is
the same as never. The exit code is 1 where something is over or differs. The archive is a real one in a temporary
folder: invented texts of 60 to 120 words over a Zipf vocabulary, random vectors in a static and a sentence space.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import sys
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
from penchant.app.store.spaces import activate_sentence_space
from penchant.app.types import Event

#: Budgets of the requirements, in milliseconds of CPU.
BUDGET = {
    "learn one label": 5.0,
    "like to re-scored": 30.0,
    "replay of all events": 60_000.0,
    "score 100,000 items": 250.0,
}
SPACES = {StaticEmbedder.name: StaticEmbedder.dim, "gguf:bench": 384}


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
        subject = rng.integers(0, 40, len(ids))
        for space, dim in SPACES.items():
            base = rng.standard_normal((40, dim)).astype(np.float32)
            vectors = base[subject] + rng.standard_normal((len(ids), dim)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            rows = [(hashes[i], v.astype("<f4").tobytes()) for i, v in zip(ids, vectors, strict=True)]
            store.vectors.put(space, rows)
        activate_sentence_space(store.vectors.db, "gguf:bench")
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
    batch = session._block.batch
    many = batch.take(np.resize(np.arange(len(batch)), 100_000))
    model = session._learner.model
    model.head()
    out["score 100,000 items"] = min(_cpu(lambda: model.score(many, now=now)) for _ in range(3))
    out["why"] = _cpu(lambda: session.why(unseen[50]))
    out["publish"] = _cpu(session.publish)
    session.close()
    again = RankSession(path, seed=3)
    out["load from the snapshot"] = _cpu(again.load)
    again.close()
    return out


def repeats(folder: Path, events: int = 400) -> dict[str, bool]:
    """Whether weights are equal to the bit: replayed twice; and with an event undone as if it never was."""
    one, other = folder / "with.db", folder / "without.db"
    unseen = build(one, 1_000, events)
    shutil.copy(one, other)
    twice = [_weights(one) for _ in range(2)]
    rng = np.random.default_rng(1)
    later = [Event("like" if rng.random() < 0.4 else "skip", i) for i in unseen[1:60]]
    gone = Event("like", unseen[0])
    session = RankSession(one)
    session.load()
    with Store.open(one) as store, Store.open(other) as never:
        for event in (gone, *later):
            store.events.append([event])
            session.learn(event)
        back = Event("undo", undoes=gone.id)
        store.events.append([back])
        session.learn(back)
        never.events.append(later)
    live = _state(session)
    session.close()
    return {
        "the same events give the same weights": twice[0] == twice[1],
        "undo in a running session is as never": live == _weights(other),
        "undo replayed from the archive is as never": _weights(one) == _weights(other),
    }


def _weights(path: Path) -> dict[str, bytes]:
    session = RankSession(path)
    session.load()
    out = _state(session)
    session.close()
    return out


def _state(session: RankSession) -> dict[str, bytes]:
    model = session._learner.model
    head = model.head()
    out = {f"{n}/{k}": np.asarray(v).tobytes() for n, e in model.experts.items() for k, v in e.state().items()}
    return {**out, "head": head.weight.tobytes(), "base": np.array([head.base, head.offset, head.said]).tobytes()}


def _cpu(step) -> float:  # type: ignore[no-untyped-def]
    start = time.thread_time()
    step()
    return (time.thread_time() - start) * 1000.0


def _resident() -> float:
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    except OSError:
        return float("nan")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--events", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        unseen = build(path, options.items, options.events)
        found = measure(path, unseen)
        same = repeats(Path(folder))
    over = [name for name, budget in BUDGET.items() if found[name] > budget]
    if options.json:
        print(json.dumps({**found, **same}, indent=1))
        return int(bool(over) or not all(same.values()))
    for name, value in found.items():
        budget = f"   budget {BUDGET[name]:,.0f}: {_red('OVER') if name in over else 'ok'}" if name in BUDGET else ""
        print(f"{name:44} {value:12,.2f}{budget}")
    for name, holds in same.items():
        print(f"{name:44} {'yes' if holds else _red('NO'):>12}")
    return int(bool(over) or not all(same.values()))


def _red(text: str) -> str:
    return f"\x1b[31m{text}\x1b[0m" if sys.stdout.isatty() else text


if __name__ == "__main__":
    sys.exit(main())
