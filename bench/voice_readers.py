"""Readers with a hidden taste over real texts: they like what is about their topics (clusters of sentence vectors).

They are those of `penchant lab` (`app.lab.simulated`), with one topic of twelve and no slips unless told otherwise.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from penchant.app.evaluation_sentence import SentenceVectors
from penchant.app.lab import simulated, topics
from penchant.app.lab.values import Case, Plan, Pool

#: Topics that texts are sorted into; characters of a text; texts of the pool, drawn once.
TOPICS, CHARACTERS, MOST = 12, 130, 2_400
_SETS = ("hn_one_user", "rss_one_user_sods17", "movielens_small_tmdb")


def texts(folder: Path) -> list[str]:
    """One-line texts of all sets: headlines as they are, films with the beginning of their plot."""
    found: dict[str, None] = {}
    for name in _SETS:
        with (folder / name / "items.jsonl").open(encoding="utf-8") as lines:
            for entry in map(json.loads, lines):
                title, text = str(entry.get("title") or ""), str(entry.get("text") or "")
                line = " ".join((text if name.startswith("movie") else title).split())
                if len(line) > 20:
                    found[_cut(line)] = None
    return list(found)


def _cut(line: str) -> str:
    return line if len(line) <= CHARACTERS else line[:CHARACTERS].rpartition(" ")[0]


def pool(folder: Path, cache: Path) -> Pool:
    """The texts, sorted into topics by the vectors of all-MiniLM-L6-v2 (kept in the cache). Raises `SystemExit`."""
    known = texts(folder)
    drawn = [known[at] for at in np.random.default_rng(29).permutation(len(known))[:MOST]]
    vectors = SentenceVectors("auto", models=cache / "models", cache=cache / "vectors")
    found = vectors(drawn)
    if found is None:
        raise SystemExit(vectors.why)
    return topics.pool(drawn, found, TOPICS)


def reader(known: Pool, seed: int, labels: int, test: int, liked: int, noise: float) -> Case:
    """A reader of `liked` topics, with as many likes as skips, and as many texts to judge of either."""
    plan = Plan(k=(liked,), n=(labels // 2,), test=test, judged=8, topics=TOPICS, noise=noise)
    return simulated.case(plan, known, liked, labels // 2, seed)


def write(folder: Path, known: Pool, rows: Sequence[int], y: np.ndarray) -> None:
    """Texts and what is thought of them, as a data set in `folder`: item n is the text of the nth row."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "items.jsonl").open("w", encoding="utf-8") as file:
        for at, row in enumerate(rows):
            file.write(json.dumps({"id": str(at), "title": known.texts[row], "text": ""}) + "\n")
    with (folder / "ratings.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["user", "item", "rating"])
        out.writerows([["1", str(at), int(value)] for at, value in enumerate(y)])
