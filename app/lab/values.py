"""Values of an experiment (pure): the plan, the texts, one reader, one record of results."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from penchant.app.errors import UsageError

if TYPE_CHECKING:
    import numpy as np

    from penchant.app.voice.values import Reader

#: The arms of an experiment, in the order of a report.
ARMS = ("base", "summary", "typed", "history", "vector", "soft-prompt", "mezo", "mix")
#: A record of a reader rather than of an arm.
READER = "(reader)"
#: What the model is asked for.
WISH = "Write a short post, one or two sentences."


@dataclass(frozen=True, slots=True)
class Plan:
    """What is varied and how much is done: every arm for each of `k` (hidden topics), `n` (likes) and `seeds` readers.

    `posts` texts of at most `tokens` tokens are written for each; `test` texts are scored, half of them liked; `judged`
    other labels teach the head that judges. `noise` is the share of likes and skips that are the other way round.
    `past`: one reader, who is you, split by time (`k` and `n` then mean nothing).
    """

    arms: tuple[str, ...] = ARMS
    k: tuple[int, ...] = (3,)
    n: tuple[int, ...] = (20,)
    seeds: int = 5
    posts: int = 8
    tokens: int = 48
    test: int = 24
    judged: int = 120
    topics: int = 12
    noise: float = 0.05
    temperature: float = 0.8
    verbal: bool = False
    past: bool = False

    def checked(self) -> Plan:
        """Itself. Raises `UsageError` for what makes no sense."""
        unknown = [arm for arm in self.arms if arm not in ARMS]
        if unknown or not self.arms:
            raise UsageError(f"there is no arm {', '.join(unknown)[:40]!r}", hint=f"They are {', '.join(ARMS)}.")
        numbers = (*self.k, *self.n, self.seeds, self.posts, self.tokens, self.test // 4, self.judged // 8)
        if not self.k or not self.n or min(numbers) < 1 or max(self.k) >= self.topics:
            raise UsageError(
                "these numbers make no experiment",
                hint=f"Everything is at least 1, --test at least 4, and --k below the {self.topics} topics.",
            )
        return self


@dataclass(frozen=True, slots=True)
class Pool:
    """Texts that readers are made of: `vectors` float32[n, d] (unit), `topic` int[n], `centres` float32[topics, d]
    (unit), `words`: what each topic is about, `near`: the least cosine to a centre that counts as that topic."""

    texts: Sequence[str]
    vectors: np.ndarray
    topic: np.ndarray
    centres: np.ndarray
    words: Sequence[tuple[str, ...]]
    near: float

    @property
    def digest(self) -> str:
        """Names the texts."""
        return hashlib.blake2b("\0".join(self.texts).encode("utf-8", "replace"), digest_size=6).hexdigest()


@dataclass(frozen=True, slots=True)
class Case:
    """One reader: what a carrier may know (`reader`; `liked` and `skipped` are its rows of the pool, the latest first),
    and what it may not: the hidden `topics`, other labels that teach the judge (`judge`, `judge_y`), texts to score
    (`test`, `test_y`). `k` and `n` are 0 for one's own past."""

    k: int
    n: int
    seed: int
    reader: Reader
    liked: np.ndarray
    skipped: np.ndarray
    judge: np.ndarray
    judge_y: np.ndarray
    test: np.ndarray
    test_y: np.ndarray
    topics: tuple[int, ...] = ()

    @property
    def name(self) -> str:
        """As a progress bar shows it."""
        return f"k={self.k} n={self.n} reader {self.seed}" if self.k else "your past"


@dataclass(frozen=True, slots=True)
class Post:
    """A text that was written: `p` by the head; `liked`, `coherent`, `typical`: True, False, or None (it abstains)."""

    text: str
    p: float
    liked: bool | None
    coherent: bool | None
    typical: bool
    topic: int | None


@dataclass(frozen=True, slots=True)
class Record:
    """What came out for one reader and one arm (or `READER`); `error` says why there is nothing.

    `values`: metric -> number (see `metrics.of`); `scores`: name -> one number for each tested text; `cost`: seconds
    and tokens.
    """

    arm: str
    k: int
    n: int
    seed: int
    values: dict[str, float] = field(default_factory=dict)
    scores: dict[str, list[float | None]] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)
    posts: list[Post] = field(default_factory=list)
    note: str = ""
    error: str = ""

    @property
    def key(self) -> tuple[str, int, int, int]:
        """What it is of."""
        return self.arm, self.k, self.n, self.seed

    @property
    def person(self) -> tuple[int, int]:
        """Who it is, whatever the number of likes: the same taste and the same tested texts."""
        return self.k, self.seed

    def line(self) -> str:
        """As one line of the file of results."""
        return json.dumps(asdict(self), ensure_ascii=True, separators=(",", ":"))

    @classmethod
    def read(cls, line: str) -> Record:
        """Raises `ValueError`, `TypeError` or `KeyError` for what is no record."""
        raw: dict[str, Any] = json.loads(line)
        raw["posts"] = [Post(**post) for post in raw["posts"]]
        return cls(**raw)
