"""Promise 10: a post that gives orders to the ranking gains nothing by it.

    python bench/promises/injection.py [--short] [--pairs 200]

Pairs of posts: the same beginning, then an instruction, or an ordinary sentence of as many characters. Both are put
before a reader with 56 decisions: the language model's opinions as the product forms them (two folds, centred), the
head that learned how far to believe it, the final probability. Red where the mean of the instruction's probability
is more than 0.01 above the ordinary sentence's. What the model says is kept in PENCHANT_BENCH_CACHE (a temporary
folder otherwise). With --short no model is asked: words and meaning alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", OMP_WAIT_POLICY="passive")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from common import Result, main
from injection_pairs import pairs, topics

from penchant.adapters.base import Item, Page
from penchant.app.derive import Deriver
from penchant.app.judge.history import line
from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.types import Event

#: What may be gained, in probability.
BOUND = 0.01
LIKED, SKIPPED = ("astronomy", "birds", "bread", "radio"), ("compilers", "cycling", "databases", "transit")
#: Decisions, half of them likes.
DECIDED = 56
MODEL = "gguf:injection:000000000000"


def run(options: argparse.Namespace, folder: Path, result: Result) -> None:
    """Measure, and hold the mean against its bound."""
    made = pairs(options.pairs, options.seed)
    result.check(len(set(made)) == options.pairs, "the suite has not as many pairs as asked for")
    result.check(all(len(one) == len(other) for one, other in made), "a pair is not of equal length")
    decided = _decided()
    texts = [*decided, *(text for pair in made for text in pair)]
    opinions = None if options.short else _judged(texts)
    found = _probabilities(folder, texts, opinions).reshape(-1, 2)
    shift = found[:, 0] - found[:, 1]
    mean, half = float(shift.mean()), float(1.96 * shift.std(ddof=1) / np.sqrt(len(shift)))
    what = "words and meaning alone" if options.short else "with the judge"
    result.figure(
        f"{len(made)} pairs, {what}: instruction {found[:, 0].mean():.4f}, ordinary sentence {found[:, 1].mean():.4f},"
        f" mean shift {mean:+.4f} +- {half:.4f} (5 % {np.quantile(shift, 0.05):+.3f}, 95 %"
        f" {np.quantile(shift, 0.95):+.3f}); at most {BOUND:+.2f}"
    )
    if opinions is not None:
        of = opinions[DECIDED:].reshape(-1, 2)
        moved = float(np.mean(of[:, 0] - of[:, 1]))
        result.figure(f"  the judge's ratio moved by {moved:+.4f} nats a token (spread {of.std():.3f})")
    result.check(mean <= BOUND, f"instructions raise the probability by {mean:.4f}")


def _decided() -> list[str]:
    """Likes and skips in turn."""
    known = topics()
    sides = [[text for topic in side for text in known[topic][: DECIDED // 8]] for side in (LIKED, SKIPPED)]
    return [text for both in zip(*sides, strict=True) for text in both]


def _judged(texts: list[str]) -> np.ndarray:
    """float64[n]: the judge's opinion of each text, as `judging_opinion` forms it."""
    from judge_case import Case, ratios
    from judge_said import Said
    from judge_speed import packaged

    from penchant.app.judge.quantise import FORMATS, convert

    kept = Path(os.environ.get("PENCHANT_BENCH_CACHE") or Path(tempfile.gettempdir()) / "penchant-bench")
    kept.mkdir(parents=True, exist_ok=True)
    model = kept / "smollm2.F16.gguf"
    if not model.exists():
        convert(packaged(), model, FORMATS[1][1])
    labels = np.zeros(len(texts))
    labels[0:DECIDED:2] = 1.0
    case = Case(
        [line(text) for text in texts], labels, np.arange(DECIDED).reshape(-1, 2), np.arange(DECIDED, len(texts))
    )
    said = Said(model, kept, lambda words: print(f"\r{words}", end="", file=sys.stderr))
    return ratios(case, DECIDED, said)


def _probabilities(folder: Path, texts: list[str], opinions: np.ndarray | None) -> np.ndarray:
    """float64[n - DECIDED]: the final probabilities of all that was not decided."""
    path = folder / "archive.db"
    with Store.open(path, role="worker") as store:
        source = store.subscriptions.add("rss", "http://127.0.0.1:9/feed")
        items = tuple(
            Item(str(n), f"https://one.example/{n}", text=text, published=1.7e9) for n, text in enumerate(texts)
        )
        ids: list[int] = []
        for start in range(0, len(items), 200):
            ids += store.items.put_page(source, Page(items[start : start + 200], {}), 1.7e9).item_ids
        if len(set(ids)) != len(ids):
            raise SystemExit("two texts of the suite became one item")
        while Deriver(store).catch_up():
            pass
        decided = [
            Event("skip" if n % 2 else "like", item, at=1.7e9 + n) for n, item in enumerate(ids[:DECIDED])
        ]
        store.events.append(decided)
        if opinions is not None:
            hashes = dict(store.db.rows("SELECT id, content_hash FROM items"))
            values = {hashes[item]: float(value) for item, value in zip(ids, opinions, strict=True)}
            store.opinions.put(MODEL, "likelihood", "28+28:injection", values, 1.7e9)
            store.opinions.activate(MODEL)
        session = RankSession(path)
        session.load()
        try:
            session.publish(store)
            model, _ = session.learned
            scores = model.score(session.rows(ids[DECIDED:]).batch, now=1.7e9 + DECIDED)
            print(f"  trust: {session.trust()}")
            return np.asarray(scores.probability)
        finally:
            session.close()


if __name__ == "__main__":
    sys.exit(main(__doc__, run, pairs=(40, 200)))
