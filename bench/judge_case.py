"""One seed of one reader: a history of so many labels, items to judge, and what the judge says of all of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from judge_said import Said

from penchant.app.judge import history

#: Labels at most, half of them likes.
MOST = 64
#: Tokens of a prefix, as the setting judge.history_tokens.
TOKENS = 700


@dataclass(frozen=True, slots=True)
class Case:
    """`pairs` int64[MOST / 2, 2]: liked and skipped items, the oldest first; `test`: items to judge."""

    lines: Sequence[str]
    y: np.ndarray
    pairs: np.ndarray
    test: np.ndarray

    def labels(self, n: int) -> np.ndarray:
        """The first n labelled items, likes and skips in turn."""
        return self.pairs[: n // 2].ravel()

    def folds(self, n: int, said: Said) -> tuple[history.Fold, ...]:
        """The histories of the first n labels."""
        likes, skips = (self.pairs[: n // 2, side][::-1].tolist() for side in (0, 1))
        return history.folds(likes, skips, dict(enumerate(self.lines)), TOKENS, said.tokens)


def lines_of(folder: Path) -> list[str]:
    """What a judge reads of each item of a data set."""
    with (folder / "items.jsonl").open(encoding="utf-8") as file:
        raw = [json.loads(line) for line in file if line.strip()]
    return [history.line(". ".join(filter(None, (str(e.get("title") or ""), str(e.get("text") or ""))))) for e in raw]


def drawn(lines: Sequence[str], rows: np.ndarray, y: np.ndarray, seed: int, test: int) -> Case:
    """Draw a history of MOST labels and `test` other items; a smaller history begins the larger one."""
    rng = np.random.default_rng([17, seed])
    liked, skipped = rng.permutation(rows[y > 0]), rng.permutation(rows[y <= 0])
    half = min(MOST // 2, len(liked) - 4, len(skipped) - 4)
    rest = rng.permutation(np.concatenate([liked[half:], skipped[half:]]))[:test]
    known = np.zeros(len(lines))
    known[rows] = y
    return Case(lines, known, np.stack([liked[:half], skipped[:half]], axis=1), rest)


def ratios(case: Case, n: int, said: Said) -> np.ndarray:
    """float64[items]: the judge's opinion of test and labelled items, NaN of others."""
    dealt, found = case.folds(n, said), {}
    labels = case.labels(n).tolist()
    centres = []
    for place, fold in enumerate(dealt):
        mine = [i for i in [*labels, *case.test.tolist()] if case.lines[i] not in fold.texts]
        texts = [history.candidate(case.lines[i]) for i in mine]
        liked, skipped = (said.loglik(prefix, texts) for prefix in history.prefixes(fold, dict(enumerate(case.lines))))
        here = dict(zip(mine, (liked - skipped).tolist(), strict=True))
        centres.append(history.centre(here[i] for i in history.reference(dealt, place)))
        for i, ratio in here.items():
            found.setdefault(i, {})[place] = ratio
    out = np.full(len(case.lines), np.nan)
    for i, of in found.items():
        out[i] = history.opinion(of, centres)
    return out


def asked(case: Case, n: int, said: Said, words: Mapping[str, str]) -> np.ndarray:
    """float64[test]: logit of yes against no, with all of the history in one chat."""
    shown = case.labels(n)[-16:]
    told = [f"{'Liked' if case.y[i] else 'Skipped'}: {case.lines[i]}\n" for i in shown]
    questions = [words["question"].format(case.lines[i]) for i in case.test]
    return said.yes(words["system"], "".join(told), questions)
