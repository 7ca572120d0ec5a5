"""Readers with a hidden taste over real texts: they like those that speak of one subject (or more), skip the others."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np

#: Subject -> words of which one makes a text speak of it.
SUBJECTS = {
    "space": "space planet planets alien aliens spaceship galaxy nasa astronaut moon mars rocket orbit telescope stars",
    "crime": "murder murdered killer detective police gang mob robbery heist criminal crime thief cop cops assassin",
    "war": "war soldiers soldier army military battle nazi troops marine vietnam weapon invasion navy platoon",
    "school": "school college teacher student students teenage teenager university classmates campus professor",
    "health": "cancer patients patient doctors hospital drug disease medical vaccine diet obesity brain surgery clinic",
    "software": "software code linux programming python rust database api server compiler javascript github app git",
    "money": "money bank tax market price economy companies company business million billion investors stock pay",
    "romance": "love romance wedding marriage married romantic girlfriend boyfriend falls couple lovers bride",
    "music": "music band singer song rock guitar musician jazz concert songs rapper piano",
    "sport": "football baseball boxing boxer coach team championship hockey basketball race racing olympic soccer",
    "climate": "climate energy carbon coal solar emissions environment warming oil water forest ocean",
    "magic": "magic wizard dragon witch prince princess king fairy kingdom spell curse demon ghost haunted vampire",
}
LIKED, CHARACTERS = 1, 130
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


def speaks_of(text: str) -> frozenset[str]:
    """The subjects of a text."""
    words = set(re.findall(r"[a-z]+", text.lower()))
    return frozenset(name for name, known in SUBJECTS.items() if words & set(known.split()))


def write(
    folder: Path, known: list[str], seed: int, count: int, subjects: int = LIKED
) -> tuple[list[str], np.ndarray, list[str]]:
    """One reader as a data set in `folder`: (lines, liked 0 or 1, the subjects they like); half of them are liked."""
    rng = np.random.default_rng([7, seed])
    liked = [str(each) for each in rng.permutation(sorted(SUBJECTS))[:subjects]]
    about = [(text, speaks_of(text)) for text in known]
    mine = [text for text, found in about if found & set(liked)]
    other = [text for text, found in about if found and not found & set(liked)]
    half = min(count // 2, len(mine), len(other))
    lines = [*rng.permutation(mine)[:half], *rng.permutation(other)[:half]]
    y = np.array([1.0] * half + [0.0] * half)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "items.jsonl").open("w", encoding="utf-8") as file:
        for at, line in enumerate(lines):
            file.write(json.dumps({"id": str(at), "title": str(line), "text": ""}) + "\n")
    with (folder / "ratings.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["user", "item", "rating"])
        out.writerows([["1", str(at), int(value)] for at, value in enumerate(y)])
    return [str(line) for line in lines], y, liked
