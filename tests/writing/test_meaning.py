"""Drafts in the archive's sentence space: from a real child where there is one, and what the head makes of them."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from penchant.adapters.base import Item, Page
from penchant.app.config import Config, Models
from penchant.app.derive import Deriver
from penchant.app.embed.runner import Limits, Runner
from penchant.app.paths import Paths
from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.store_thread import StoreThread
from penchant.app.types import Event
from penchant.app.writing import meaning
from penchant.app.writing.meaning import Meaning
from penchant.app.writing.taster import load

PROGRAM = (str(Path(__file__).parent.parent / "app" / "fake_model.py"),)
DIM, WORDS = 8, ["harbour", "kettle", "lantern", "meadow", "orchard", "pebble", "ribbon", "saddle", "thimble", "velvet"]


class Archive:
    """Forty items whose words say nothing; twenty lie one way in the sentence space, and are liked."""

    def __init__(self, paths: Paths, space: str) -> None:
        self.path, draw = paths.archive, random.Random(4)
        self.way, self.other = np.eye(DIM, dtype="<f4")[:2]
        texts = [" ".join(draw.choices(WORDS, k=9)) for _ in range(40)]
        with Store.open(self.path, role="cli") as store:
            source = store.subscriptions.add("rss", "https://feed.example/", "Feed")
            items = tuple(Item(f"n{n}", "", "", text, None, 1e9) for n, text in enumerate(texts))
            ids = store.items.put_page(source, Page(items, {}), 1.1e9).item_ids
            hashes, noise = store.items.hashes(ids), np.random.default_rng(1)
            rows = []
            for n, item_id in enumerate(ids):
                vector = (self.way if n % 2 else self.other) + noise.normal(scale=0.1, size=DIM)
                rows.append((hashes[item_id], (vector / np.linalg.norm(vector)).astype("<f4").tobytes()))
            store.vectors.put(space, rows)
            store.vectors.use_sentence(space)
            kinds = ("skip", "like")
            store.events.append([Event(kinds[n % 2], each, at=2e9 + n) for n, each in enumerate(ids)])  # type: ignore[arg-type]
            deriver = Deriver(store)
            while deriver.step():
                pass
        session = RankSession(self.path)
        session.load()
        session.publish()
        session.close()


@pytest.fixture
def paths(home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Paths:
    limits = Limits(start=20.0, batch=20.0, backoff=0.0)
    monkeypatch.setattr(meaning, "Runner", partial(Runner, limits=limits, program=PROGRAM))
    monkeypatch.setenv("FAKE_MODEL_LOG", str(tmp_path / "told"))
    return Paths.from_environment().ensure()


@pytest.fixture
def told(tmp_path: Path) -> Callable[[], int]:
    log = tmp_path / "told"
    return lambda: len(log.read_text().splitlines()) if log.exists() else 0


def settings(name: str) -> Config:
    return Config(models=Models(sentence=f"/x/{name}"))


async def test_vectors_come_from_the_model_whose_vectors_the_archive_has(paths: Paths, told: Callable[[], int]) -> None:
    Archive(paths, "gguf:a.gguf:1")
    async with StoreThread(paths.archive) as call:
        found = Meaning(settings("a.gguf"), paths, call)
        vectors = await found.vectors(["one text", "another", "one text"])
        assert vectors is not None and vectors.shape == (3, DIM) and found.space == "gguf:a.gguf:1"
        assert np.allclose(np.linalg.norm(vectors, axis=1), 1.0, atol=1e-5) and np.array_equal(vectors[0], vectors[2])
        assert not np.array_equal(vectors[0], vectors[1]) and await found.vectors([]) is None
        assert await found.vectors(["a text to ABORT at"]) is None, "one that cannot be read"
        assert await found.vectors(["one text"]) is not None, "and it goes on"
        await found.close()
        assert await found.vectors(["one text"]) is not None, "the next request loads it again"
        await found.close()


@pytest.mark.parametrize(("space", "model"), [("", "a.gguf"), ("gguf:b.gguf:1", "a.gguf"), ("gguf:refuse:1", "refuse")])
async def test_without_a_space_or_its_model_there_are_none(
    paths: Paths, told: Callable[[], int], space: str, model: str
) -> None:
    if space:
        Archive(paths, space)
    async with StoreThread(paths.archive) as call:
        found = Meaning(settings(model), paths, call)
        assert await found.vectors(["one"]) is None and await found.vectors(["two"]) is None
        assert told() == 0, "it was told nothing"
        await found.close()


def test_the_head_reads_them_where_it_learned_from_them(paths: Paths) -> None:
    archive = Archive(paths, "gguf:a.gguf:1")
    with Store.open(archive.path) as store:
        taster = load(store)
    assert taster is not None
    same, given = ["harbour kettle lantern"] * 2, np.stack([archive.way, archive.other])
    liked, skipped = taster.probabilities(same, given, "gguf:a.gguf:1")
    assert liked > skipped + 0.2
    assert len(set(taster.probabilities(same, given, "gguf:other:1"))) == 1, "another model's say nothing"
    assert len(set(taster.probabilities(same))) == 1
