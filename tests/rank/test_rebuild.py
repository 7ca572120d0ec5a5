"""Everything derived comes out the same when it is made again from items and events, by the real models."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penchant.app.derive import Deriver
from penchant.app.rank import features
from penchant.app.ranking import RankSession
from penchant.app.store import Store, doctor
from penchant.app.types import Event

NOW = 1_800_000_000.0
TABLES = {
    "vectors": "SELECT content_hash, vector FROM embeddings ORDER BY content_hash",
    "words": "SELECT content_hash, words FROM features ORDER BY content_hash",
    "marks": "SELECT * FROM item_state ORDER BY item_id",
    # Items seen since keep the number of an earlier head, as a reminder; no head ranks them any more.
    "scores": "SELECT item_id, logit, probability, parts FROM scores"
    " WHERE head_version = (SELECT max(version) FROM heads) ORDER BY item_id",
    "order": "SELECT item_id FROM ranking ORDER BY position",
    "fingerprints": "SELECT * FROM fingerprints ORDER BY item_id",
    "found": "SELECT rowid FROM search WHERE search MATCH 'the OR a OR birds' ORDER BY rowid",
}


@pytest.fixture
def path(archive: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("penchant.app.ranking.time.time", lambda: NOW)
    return archive()


def derived(path: Path) -> dict[str, list[Any]]:
    with Store.open(path) as store:
        return {name: store.db.rows(sql) for name, sql in TABLES.items()}


def publish(path: Path, store: Store | None = None) -> None:
    session = RankSession(path)
    session.load()
    session.publish(store)
    session.close()


def test_a_rebuild_comes_out_the_same(path: Path) -> None:
    session = RankSession(path)
    session.load()
    session.publish()
    ids = [entry.item_id for entry in session.order([], NOW)]
    likes = [Event("like", item) for item in ids[:40:4]]
    others = [Event("skip", item) for item in ids[1:40:4]] + [Event("dwell", ids[50], {"seconds": 90.0})]
    with Store.open(path, role="cli") as store:
        for event in [*likes, *others, Event("undo", likes[3].item_id, undoes=likes[3].id)]:
            store.events.append([event])
            session.learn(event)
    session.refresh()
    session.publish()  # as the worker does: from what was learned key by key
    session.close()
    with Store.open(path, role="cli") as store:
        store.vectors.set_complete(store.vectors.spaces()[0].name)
    before = derived(path)
    assert all(before.values()), "there is something to compare"

    with Store.open(path, role="cli") as store:  # what a faulty disk or program may have done
        store.db.run("UPDATE scores SET logit = logit + 1")
        store.db.run("DELETE FROM features WHERE rowid % 3 = 0")
        store.db.run("UPDATE item_state SET liked = 1")
    report = doctor.rebuild(
        path, derive=lambda store: Deriver(store).catch_up(), publish=lambda store: publish(path, store)
    )
    assert report.sound, report.lines()
    after = derived(path)
    for name in TABLES:
        assert after[name] == before[name], name


def test_blobs_of_another_recipe_are_made_anew(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(path)
    before = derived(path)
    with Store.open(path, role="worker") as store:
        version = store.scores.head().version  # type: ignore[union-attr]
        monkeypatch.setattr(features, "VERSION", "words-of-yesterday")
        Deriver(store)
        store.features.put([(row[0], b"old") for row in before["words"]])
        monkeypatch.undo()
        deriver = Deriver(store)
        assert store.scores.head().blob == b""  # type: ignore[union-attr]
        while deriver.step():
            pass
        Deriver(store)
        assert store.features.count() == len(before["words"]), "dropped once, not every time"
    monkeypatch.setattr("penchant.app.ranking.time.time", lambda: NOW)
    publish(path)
    assert derived(path) == before
    with Store.open(path) as store:
        assert store.scores.head().version == version + 1  # type: ignore[union-attr]
