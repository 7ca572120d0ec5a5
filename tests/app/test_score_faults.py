"""A scoring service in trouble: another model than the archive's, failing experts, a lost connection, what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from penchant.adapters.base import Author, Item, Page
from penchant.app.config import Config, Models
from penchant.app.derive import Deriver
from penchant.app.errors import StoreError
from penchant.app.paths import Paths
from penchant.app.rank.model import ExpertFailed
from penchant.app.serve import score_models, score_taste
from penchant.app.serve.score import Scorer
from penchant.app.serve.score_ask import Document, wanted
from penchant.app.serve.score_taste import Read, Taste
from penchant.app.store import Store
from penchant.app.types import Event

OFF = Config(models=Models(judge="", eyes="", sentence="", picture=""))


@pytest.fixture
def archive(home: Path) -> Path:
    """Sixteen posts by two people, eight of them liked, eight skipped."""
    path = Paths.from_environment().ensure().archive
    with Store.open(path, role="cli") as store:
        source = store.subscriptions.add("rss", "https://x.example/feed", "The source")
        texts = [("owls hunt at night", "trams climb hills")[n % 2] + f" number {n}" for n in range(16)]
        items = tuple(
            Item(f"n{n}", "", "", text, Author(f"key{n % 2}", f"Ada {n % 2}"), 1e9 + n) for n, text in enumerate(texts)
        )
        ids = store.items.put_page(source, Page(items, {}), 1.1e9).item_ids
        store.events.append([Event("skip" if n % 2 else "like", item) for n, item in enumerate(ids)])
        deriver = Deriver(store)
        while deriver.step():
            pass
    return path


@pytest.fixture
def taste(archive: Path) -> Iterator[Taste]:
    made = Taste(archive)
    made.load()
    yield made
    made.close()


@pytest.fixture
def models(home: Path) -> Iterator[score_models.Models]:
    made = score_models.Models(OFF, Paths.from_environment())
    yield made
    asyncio.run(made.close())


def test_vectors_of_another_model_than_the_archive_s_are_none_and_that_is_said(
    models: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fake:
        name = "old"

        async def ready(self) -> Any:
            return SimpleNamespace(name=Fake.name)

        async def embed(self, rows: Any) -> list[bytes]:
            return [b"vector" for _ in rows]

        async def close(self) -> None: ...

    monkeypatch.setattr(score_models, "Runner", lambda *_, **__: Fake())
    monkeypatch.setattr(models, "_chosen", lambda kind: "/x/new.gguf")

    async def ask(notes: list[str]) -> Any:
        return await models.vectors([Document(text="an owl")], {"sentence": "old"}, {}, notes)

    async def both() -> None:
        notes: list[str] = []
        assert await ask(notes) == {"old": [b"vector"]} and notes == []
        Fake.name, models._known = "new", type(models._known)()
        assert await ask(notes) == {} and "replaced" in notes[0] and notes[0].startswith("sentence")

    asyncio.run(both())


def test_so_many_texts_are_remembered_and_the_answers_are_whole_all_the_same(
    models: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(score_models, "REMEMBERED", 3)
    read: list[str] = []

    async def static(rows: Any) -> list[bytes]:
        read.extend(rows)
        return [row.encode() for row in rows]

    monkeypatch.setattr(score_models, "_static", static)

    async def ask(*texts: str) -> list[bool]:
        found = await models.vectors([Document(text=text) for text in texts], {"static": "s"}, {}, [])
        return [text.encode() in vector for text, vector in zip(texts, found["s"], strict=True)]

    async def go() -> None:
        assert await ask("one", "two", "one", "three", "four", "five") == [True] * 6
        assert len(read) == 5 and len(models._known) == 3
        assert await ask("five", "one") == [True, True]
        assert len(read) == 6, "the latest are remembered, the first is read anew"

    asyncio.run(go())


@pytest.mark.parametrize("row", [b"", b"1234", b"x" * 4096])
def test_a_vector_of_another_length_is_unknown(row: bytes) -> None:
    found = score_taste._matrix([row, np.ones(8, "<f4").tobytes(), None], 8)
    assert found.tolist() == [[0.0] * 8, [1.0] * 8, [0.0] * 8]


def test_names_that_nobody_has_cost_one_look_a_minute(taste: Any) -> None:
    looked: list[str] = []
    taste.store.db.apsw.exec_trace = lambda cursor, sql, params: looked.append(sql) or True
    try:
        assert taste._author("Ada 1") == "key1" and taste._author("key0") == "key0"
        assert [taste._author(f"nobody {n}") for n in range(50)] == [f"nobody {n}" for n in range(50)]
        assert len(looked) == 1
        taste._now += score_taste.OLD + 1.0
        assert taste._author("nobody 7") == "nobody 7" and len(looked) == 2
    finally:
        taste.store.db.apsw.exec_trace = None


def test_an_expert_that_fails_is_set_aside_and_the_others_go_on(taste: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, failed = type(taste._learner.model), list[str]()
    real = kind.score

    def score(model: Any, *given: Any, **more: Any) -> Any:
        if not failed:
            failed.append("words")
            raise ExpertFailed("words", "it divides by zero")
        return real(model, *given, **more)

    monkeypatch.setattr(kind, "score", score)
    (found,) = taste.verdicts([Document(text="owls at night")], Read(), reasons=False)
    assert failed and 0.0 < found.probability < 1.0
    assert "words" in taste.failed and "words" not in taste._learner.model.experts


def test_a_connection_that_failed_is_not_used_again(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = Scorer(archive, OFF, Paths.from_environment())
    asked = wanted({"documents": ["owls at night"], "reasons": False})
    try:
        before = scorer.score(asked)
        broken: Any = scorer._taste
        monkeypatch.setattr(broken, "verdicts", lambda *_, **__: (_ for _ in ()).throw(StoreError("the disk is gone")))
        with pytest.raises(StoreError):
            scorer.score(asked)
        after = scorer.score(asked)
        assert after.verdicts[0].probability == pytest.approx(before.verdicts[0].probability, abs=1e-6)
        assert scorer._taste is not broken
    finally:
        scorer.close()
