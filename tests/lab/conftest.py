"""Texts of six subjects, vectors that know them, and a voice that writes what it is told of."""

from __future__ import annotations

import hashlib
import importlib.util
import sys
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.app.lab import topics
from penchant.app.lab.metrics import words
from penchant.app.lab.values import Plan, Pool
from penchant.app.voice.values import LIKELIHOOD, Carried

_spec = importlib.util.spec_from_file_location(
    "app_fixtures", Path(__file__).resolve().parents[1] / "app" / "conftest.py"
)
assert _spec is not None and _spec.loader is not None
_fixtures = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _fixtures
_spec.loader.exec_module(_fixtures)

cli = _fixtures.cli

SUBJECTS = ("owls forest feathers", "trams rails depot", "bread oven sourdough", "chess rooks gambit",
            "sails harbour anchor", "lasers optics photon")  # fmt: skip


def texts_of(each: int) -> list[str]:
    return [f"{subject} number {n} seen on day {n % 7}" for n in range(each) for subject in SUBJECTS]


def vector(text: str) -> np.ndarray:
    """A direction for each word, so that texts of the same words lie together."""
    found = np.zeros(48)
    for word in words(text):
        seed = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "big")
        weight = 1.0 if any(word in subject for subject in SUBJECTS) else 0.1
        found += weight * np.random.default_rng(seed).standard_normal(48)
    length = float(np.linalg.norm(found))
    return (found / length if length else found).astype(np.float32)


class WordVectors:
    """Stands for `lab.vectors.Vectors`."""

    async def of(self, texts: Sequence[str], **_: Any) -> np.ndarray:
        return np.stack([vector(text) for text in texts]) if texts else np.zeros((0, 48), np.float32)


class Parrot:
    """Repeats a line of what it was told, and finds likely what shares words with that."""

    name, host = "parrot", ""

    def __init__(self, can: frozenset[str] = frozenset({LIKELIHOOD})) -> None:
        self.can = can
        self.written = 0
        self.dies_after = 10**9

    async def loglik(self, texts: Sequence[str], carried: Carried) -> list[float | None]:
        known = set(words(carried.history))
        return [sum(word in known for word in words(text)) / max(len(words(text)), 1) - 4.0 for text in texts]

    async def write(self, user: str, tokens: int, carried: Carried, **more: Any) -> AsyncGenerator[str, None]:
        self.written += 1
        if self.written > self.dies_after:
            raise KeyboardInterrupt
        told = [line[2:] for line in carried.system.splitlines() if line.startswith("- ")]
        yield told[more["seed"] % len(told)] if told else "nothing in particular comes to mind right now"


@pytest.fixture(scope="session")
def pool() -> Pool:
    texts = texts_of(60)
    return topics.pool(texts, np.stack([vector(text) for text in texts]), 6)


@pytest.fixture
def plan() -> Plan:
    return Plan(arms=("base", "history", "vector"), k=(2,), n=(8,), seeds=3, posts=4, test=12, judged=60, topics=6)
