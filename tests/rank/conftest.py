"""Invented items and labels for the ranking's tests."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from penchant.app.rank.batch import Batch, build_batch
from penchant.app.rank.features import decode_words, encode_words
from penchant.app.rank.stats import ArchiveStats, fit_stats
from penchant.app.rank.types import Label, RankItem

SUBJECTS = {
    "garden": "tomato soil compost seedling prune harvest rain",
    "kernel": "scheduler syscall patch driver memory page latch",
}


def item(i: int, rng: np.random.Generator) -> tuple[RankItem, str]:
    """Even ids are about gardens, odd ones about kernels; each subject has two authors of its own."""
    subject = list(SUBJECTS)[i % 2]
    words = SUBJECTS[subject].split()
    text = " ".join(rng.choice(words, 12)) + " the and of it"
    who = f"{subject}-{int(rng.integers(2))}"
    return (
        RankItem(
            i,
            b"",
            title=f"{subject} note",
            text_len=len(text),
            tags=(subject,),
            lang="en",
            kind="rss",
            source_key=f"rss:{subject}",
            source=subject.title(),
            author_key=who,
            author=who.upper(),
            published=1e9 + i,
            first_seen=1e9 + i,
            points=int(rng.integers(100)) if i % 3 else None,
            people=(("p1", "Ada", "boost", 1e9), ("p2", "Bo", "post", 1e9)) if i % 5 == 0 else (),
        ),
        text,
    )


class World:
    """200 items of two subjects with vectors that lie in two directions."""

    def __init__(self, n: int = 200) -> None:
        rng = np.random.default_rng(1)
        pairs = [item(i, rng) for i in range(n)]
        self.items = [p[0] for p in pairs]
        self.texts = [p[1] for p in pairs]
        centre = rng.standard_normal((2, 256)).astype(np.float32)
        self.vectors = centre[np.arange(n) % 2] + 0.7 * rng.standard_normal((n, 256)).astype(np.float32)
        self.blobs = [encode_words(i.title, t, i.tags) for i, t in pairs]
        hashes = [decode_words(b)[0] for b in self.blobs]
        self.stats: ArchiveStats = fit_stats(self.items, hashes, {"static": self.vectors})
        self.batch: Batch = build_batch(self.items, self.blobs, {"static": self.vectors}, self.stats)

    def labels(self, n: int, *, weight: float = 1.0) -> list[Label]:
        """A reader who likes gardens and skips kernels, in a fixed mixed order."""
        order = np.random.default_rng(2).permutation(len(self.items))[:n].tolist()
        return [Label(f"e{i}", i, int(i % 2 == 0), weight) for i in order]

    def rows_of(self, labels):  # type: ignore[no-untyped-def]
        return self.batch, [label.item_id for label in labels]


@pytest.fixture(scope="session")
def world() -> World:
    return World()


@pytest.fixture(scope="session")
def sample_archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive that holds the sample feed with its vectors and words; made once, only to be copied."""
    from penchant.adapters import load
    from penchant.app.derive import Deriver
    from penchant.app.store import Store

    path = tmp_path_factory.mktemp("sample") / "archive.db"
    with Store.open(path, role="worker") as store:
        sub = store.subscriptions.add("sample", "sample:feed", title="Sample")
        found = load("sample")
        source = found() if isinstance(found, type) else found

        async def fetch() -> None:
            async for page in source.fetch(None, {"address": "sample:feed"}, {}):
                store.items.put_page(sub, page, time.time())

        asyncio.run(fetch())
        deriver = Deriver(store)
        while deriver.step():
            pass
    assert not path.with_name("archive.db-wal").exists(), "a copy of the file alone would lack something"
    return path


@pytest.fixture
def archive(tmp_path: Path, sample_archive: Path) -> Callable[[], Path]:
    """Makes an archive of one's own that holds the sample feed; returns its path."""

    def make() -> Path:
        return Path(shutil.copy(sample_archive, tmp_path / "archive.db"))

    return make
