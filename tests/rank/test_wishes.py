"""What the reader says in so many words: it acts at once, and an undo leaves no trace of it."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from penchant.app import ranking
from penchant.app.rank.dials import SILENT, Dials, dials
from penchant.app.rank.steps import STEPS, turned
from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.types import Event


@pytest.fixture
def path(archive):  # type: ignore[no-untyped-def]
    path = archive()
    with Store.open(path, role="worker") as store:
        ids = store.items.candidates(1_000, time.time())
        store.events.append([Event("like" if n % 3 == 0 else "skip", i) for n, i in enumerate(ids[:40])])
    return path


@pytest.fixture
def session(path):  # type: ignore[no-untyped-def]
    made = RankSession(path, seed=4)
    made.load()
    yield made
    made.close()


def wish(session: RankSession, path, event: Event) -> None:  # type: ignore[no-untyped-def]
    with Store.open(path) as store:
        store.events.append([event])
    session.learn(event)


def logits(session: RankSession, ids: list[int]) -> list[float]:
    return [session.why(i).logit for i in ids]


def events_of(path) -> list[Event]:  # type: ignore[no-untyped-def]
    with Store.open(path) as store:
        items = store.items.rank_items(store.items.candidates(60, time.time()))
    item = next(i for i in items if i.author_key and i.tags)
    return [
        Event("less", item.item_id, {"part": "words", "key": item.title.split()[0].lower()}),
        Event("less", item.item_id, {"part": "origin", "key": "author:" + item.author_key}),
        Event("less", item.item_id, {"part": "static", "key": f"item:{items[5].item_id}"}),
        Event("dial", None, {"what": "expert", "key": "words", "value": 0.25}),
        Event("dial", None, {"what": "source", "key": item.source_key, "value": 2.0}),
        Event("picks", None, {"chosen": [i.item_id for i in items[:4]], "offered": [i.item_id for i in items[4:12]]}),
        Event("topics", None, {"topics": ["birds"]}),
        Event("like", items[8].item_id, {"exported": True}),
        Event("tune", None, {"values": {"prior.words": 3.0}}),
    ]


def test_every_wish_acts_and_its_undo_leaves_nothing_behind(session, path) -> None:
    ids = session.candidates[:40]
    for event in events_of(path):
        before, trust = logits(session, ids), session.trust()
        wish(session, path, event)
        assert logits(session, ids) != before, event
        wish(session, path, Event("undo", undoes=event.id))
        assert logits(session, ids) == pytest.approx(before, abs=1e-5), event  # time went on
        assert session.trust() == trust, event


def test_a_restart_knows_every_wish(session, path, monkeypatch) -> None:
    ids = session.candidates[:20]
    for event in events_of(path):
        wish(session, path, event)
    again = RankSession(path, seed=4)
    # What a session says depends on when it was loaded: the other is loaded at that moment, however slow the machine.
    monkeypatch.setattr(ranking, "time", SimpleNamespace(time=lambda: session._now))
    again.load()
    assert logits(again, ids) == pytest.approx(logits(session, ids), abs=1e-6)
    assert again.trust() == session.trust()
    again.close()


def test_less_of_an_author_lowers_their_items_and_no_others_beliefs_about_words(session, path) -> None:
    with Store.open(path) as store:
        items = store.items.rank_items(session.candidates[:200])
    author = next(i.author_key for i in items if i.author_key)
    theirs = [i.item_id for i in items if i.author_key == author]
    before = {i: {p.key: p.logit for p in session.why(i).parts} for i in theirs}
    wish(session, path, Event("less", theirs[0], {"part": "origin", "key": "author:" + author}))
    for i in theirs:
        after = {p.key: p.logit for p in session.why(i).parts}
        assert after["origin"] < before[i].get("origin", 0.0)
        assert after["words"] == before[i]["words"]


def test_parts_still_sum_under_dials(session, path) -> None:
    for event in events_of(path):
        wish(session, path, event)
    for i in session.candidates[:30]:
        why = session.why(i)
        assert sum(p.logit for p in why.parts) == pytest.approx(why.logit, abs=1e-6)


def test_a_silenced_source_sinks_to_the_end(session, path) -> None:
    with Store.open(path) as store:
        keys = {i.source_key for i in store.items.rank_items(session.candidates[:50])}
    wish(session, path, Event("dial", None, {"what": "source", "key": keys.pop(), "value": 0.0}))
    found = [p for p in session.why(session.candidates[0]).parts if p.key == "dials"]
    assert [p.logit for p in found] == [SILENT] and "is set to 0" in found[0].words[0]


def test_dials_step_and_ignore_nonsense() -> None:
    assert [turned(1.0, 1), turned(1.0, -1), turned(0.0, -1), turned(4.0, 1)] == [1.5, 0.75, 0.0, 4.0]
    assert turned(0.9, 1) == 1.5 and all(turned(turned(s, 1), -1) == s for s in STEPS[:-1])
    read = dials([("expert", "words", 0.5), ("expert", "words", 1.0), ("x", "y", 2.0), ("source", "a", 9.0)])
    assert read == Dials({})
    assert dials([("source", "a", float("nan"))]) == Dials({})
