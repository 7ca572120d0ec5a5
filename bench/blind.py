"""Does a blind test leak? What could tell drafts from real items is measured, channel by channel; and the report too.

    python bench/blind.py [--seeds 5] [--pairs 40] [--json FILE]

For every seed an archive is filled with made-up posts, a blind test is begun and pairs are made by the code that the
worker runs. Every channel is a number for each shown text that somebody at the screen, or with the exports in hand,
could come by: numbers and order of items, places in the list, times, lengths of envelopes, what cards, articles,
events, `export` and the log of events say, and how long it takes to open one. AUC says how well that number tells
drafts from real items: 0.5 is not at all. The band is what exchanging the two of each pair by lot gives, so wide that
all 14 channels keep within it in 95 of 100 cases (Bonferroni). Only the words may differ; their length is reported
too, since real items are drawn to be of like length, never exactly the same.

Then the report: simulated readers like a text at a known rate; the interval must hold it about 95 times in 100.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from penchant.adapters.base import Author, Item, Page
from penchant.app import export
from penchant.app.derive import Deriver
from penchant.app.eventlog.writing import lines
from penchant.app.generating import REAL, blind_event, share_event
from penchant.app.generating_blind import unseal, wilson
from penchant.app.generating_keep import offer
from penchant.app.store import Store, generated
from penchant.app.store.drafts import Draft
from penchant.app.tui.loading import mixed
from penchant.app.types import Event, View

WORDS = (Path(__file__).resolve().parents[1] / "adapters" / "sample_subjects.py").read_text(encoding="utf-8").split()
WORDS = sorted({word.strip("\"'(),.:;").lower() for word in WORDS if word.strip("\"'(),.:;").isalpha()})
SHUFFLES, OPENINGS, CHANNELS = 10_000, 5, 14


def sentence(draw: random.Random, words: int) -> str:
    return " ".join(draw.choice(WORDS) for _ in range(words)).capitalize() + "."


def fill(store: Store, draw: random.Random, count: int) -> None:
    source = store.subscriptions.add("rss", "https://x.example/feed", "The source")
    now = time.time()
    items = [
        Item(f"n{n}", f"https://x.example/{n}", sentence(draw, 6), " ".join(sentence(draw, draw.randint(4, 12))
             for _ in range(draw.randint(1, 4))), Author(f"k{n % 40}", f"Author {n % 40}"), now - draw.uniform(0, 9e5),
             points=draw.randint(0, 900))
        for n in range(count)
    ]  # fmt: skip
    store.items.put_page(source, Page(tuple(items), {}), now)


def a_test(store: Store, draw: random.Random, pairs: int) -> list[list[int]]:
    store.events.append([share_event(0.2), blind_event()])
    wanted, arms = generated.read(store.db), ("none", "history", "vector")
    for n in range(pairs):
        text = " ".join(sentence(draw, draw.randint(8, 14)) for _ in range(draw.randint(1, 3)))
        facts = {"probability": draw.random(), "tokens": draw.randint(9, 80), "seconds": draw.random()}
        if not offer(store, Draft("feed", text, arm=arms[n % 3], model="a-model", facts=facts), wanted, draw):
            sys.exit("no real item was left to stand beside a draft")
    deriver = Deriver(store)
    while deriver.step():
        pass
    return generated.pool(store.db, wanted)


def channels(store: Store, pairs: list[list[int]]) -> dict[str, dict[int, float]]:
    """Channel -> item -> a number. Texts are turned into numbers by a hash: equal texts are equal numbers."""
    items = [item for pair in pairs for item in pair]
    listed = mixed(store, store.items.ids(View.FOR_YOU, limit=100_000))
    rows = {row[0]: row for row in store.db.rows(
        "SELECT i.id, i.sort_at, i.first_seen, i.published, i.uid, f.id, d.made_at, length(d.facts), d.id, i.text_len"
        " FROM items i JOIN drafts d ON d.item_id = i.id"
        " LEFT JOIN features f ON f.content_hash = i.content_hash")}  # fmt: skip
    store.events.append([Event("impression", item, {"dwell": 2.0}, view="for-you") for item in items])
    said = "".join(export.jsonl(store)) + "".join(lines(store, "here"))
    events = {event.item_id: event for _, event in store.events.since(0) if event.item_id}
    found: dict[str, Callable[[int], float]] = {
        "number of the item": lambda item: item,
        "place in For you": lambda item: listed.index(item),
        "time of arrival": lambda item: rows[item][2],
        "date": lambda item: rows[item][1] + (rows[item][3] or 0.0),
        "name of the item (uid)": lambda item: int(rows[item][4][:12], 16),
        "number of its word statistics": lambda item: rows[item][5] or 0,
        "time of making": lambda item: rows[item][6],
        "length of the envelope": lambda item: rows[item][7],
        "name of the draft": lambda item: int(rows[item][8][:12], 16),
        "card without its words": lambda item: coded(card_of(store, item)),
        "article without its words": lambda item: coded(article_of(store, item)),
        "its events": lambda item: coded([events[item].kind, dict(events[item].value), events[item].view]),
        "named in exports": lambda item: said.count(f'"item_id":{item},') + said.count(f'"item_id":{item}}}'),
        "milliseconds to open it": lambda item: opening(store, item),
        "(length of the words)": lambda item: rows[item][9],
    }
    return {name: {item: float(number(item)) for item in items} for name, number in found.items()}


def card_of(store: Store, item: int) -> Any:
    facts = asdict(store.items.cards([item])[0])
    return [str(value) for name, value in facts.items() if name not in ("item_id", "title", "excerpt")]


def article_of(store: Store, item: int) -> Any:
    article = store.items.article(item)
    assert article is not None
    facts = asdict(article)
    return [str(value) for name, value in facts.items() if name not in ("card", "text")]


def coded(value: Any) -> float:
    return float(int.from_bytes(__import__("hashlib").blake2b(repr(value).encode(), digest_size=6).digest(), "big"))


def opening(store: Store, item: int) -> float:
    times = []
    for _ in range(OPENINGS):
        began = time.perf_counter()
        store.items.article(item)
        times.append(time.perf_counter() - began)
    return float(np.median(times)) * 1000.0


def ranked(values: np.ndarray) -> np.ndarray:
    """Ranks from 1; equal values share theirs."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2.0)[inverse]


def auc(ranks: np.ndarray, real: np.ndarray) -> float:
    n = int(real.sum())
    return float((ranks[real].sum() - n * (n + 1) / 2) / (n * (len(ranks) - n)))


def band(ranks: np.ndarray, pairs: int, rng: np.random.Generator) -> tuple[float, float]:
    """Where the AUC would lie if each pair were told apart by a coin, for all channels at once in 95 of 100 cases."""
    found = []
    for _ in range(SHUFFLES):
        first = rng.integers(0, 2, pairs).astype(bool)
        found.append(auc(ranks, np.column_stack([first, ~first]).ravel()))
    tail = 0.025 / CHANNELS
    return float(np.quantile(found, tail)), float(np.quantile(found, 1.0 - tail))


def leaks(seeds: int, pairs: int) -> list[dict[str, Any]]:
    values: dict[str, list[np.ndarray]] = {}
    kinds: list[np.ndarray] = []
    for seed in range(seeds):
        draw = random.Random(seed)
        with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder) / "a.db", role="cli") as store:
            fill(store, draw, 8 * pairs + 500)
            made = a_test(store, draw, pairs)
            items = [item for pair in made for item in pair]
            arms = [unseal(store.drafts.of_item(item).facts["sealed"])["arm"] for item in items]  # type: ignore[union-attr]
            kinds.append(np.array([arm == REAL for arm in arms]))
            for name, found in channels(store, made).items():
                one = np.array([found[item] for item in items])
                ranks = np.argsort(np.argsort(one, kind="stable"))
                values.setdefault(name, []).append(ranks if "number" in name else one)
    real, rng = np.concatenate(kinds), np.random.default_rng(0)
    out = []
    for name, parts in values.items():
        every = ranked(np.concatenate(parts))
        low, high = band(every, len(real) // 2, rng)
        out.append({"channel": name, "auc": round(auc(every, real), 3), "low": round(low, 3), "high": round(high, 3),
                    "different": int(sum(len(set(part.tolist())) > 1 for part in parts))})  # fmt: skip
    return out


def coverage(readers: int, shown: int) -> float:
    """The share of simulated readers whose true rate lies in the report's interval."""
    draw, held = random.Random(7), 0
    for _ in range(readers):
        rate = draw.uniform(0.05, 0.95)
        low, high = wilson(sum(draw.random() < rate for _ in range(shown)), shown)
        held += low <= rate <= high
    return held / readers


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--pairs", type=int, default=40)
    parser.add_argument("--json")
    args = parser.parse_args()
    found, share = leaks(args.seeds, args.pairs), coverage(5_000, 30)
    bad = []
    print(f"{args.seeds} seeds, {args.pairs} pairs each: drafts against real items\n")
    print("| channel | AUC | by chance | |\n|---|---|---|---|")
    for row in found:
        told = not row["low"] - 1e-9 <= row["auc"] <= row["high"] + 1e-9
        if told and not row["channel"].startswith("("):
            bad.append(row["channel"])
        chance = f"{row['low']:.3f} to {row['high']:.3f}"
        print(f"| {row['channel']} | {row['auc']:.3f} | {chance} | {'TELLS' if told else ''} |")
    print(f"\nIts 95 % intervals held the true like rate of {share:.1%} of 5,000 simulated readers (30 texts).")
    if args.json:
        Path(args.json).write_text(json.dumps({"channels": found, "coverage": share}, indent=1))
    print("\nLeaks: " + (", ".join(bad) or "none found"))
    return int(bool(bad) or not 0.93 <= share <= 0.98)


if __name__ == "__main__":
    sys.exit(main())
