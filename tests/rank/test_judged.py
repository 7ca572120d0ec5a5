"""A judge, hidden states and pictures in a real archive: heard once there, taken in as they come, explained, undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from penchant.app.rank.explain import TITLES
from penchant.app.ranking import RankSession
from penchant.app.ranking_report import report
from penchant.app.standing import EXPERTS
from penchant.app.store import Store
from penchant.app.store.spaces import activate_picture_spaces
from penchant.app.types import Event

NOW = 1_800_000_000.0
JUDGE, SPACE = "gguf:Judge:0123456789ab", "hidden:gguf:Judge:0123456789ab"


@pytest.fixture
def path(archive, monkeypatch) -> Path:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("penchant.app.ranking.time.time", lambda: NOW)
    return archive()


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store.open(path, role="worker") as opened:
        yield opened


@pytest.fixture
def session(path: Path) -> Iterator[RankSession]:
    made = RankSession(path, seed=4)
    made.load()
    yield made
    made.close()


def hashes(store: Store) -> dict[int, bytes]:
    return {int(row[0]): row[1] for row in store.db.rows("SELECT id, content_hash FROM items ORDER BY id")}


def birds(store: Store) -> set[int]:
    ids = store.items.candidates(10_000)
    return {i for i, (_, _, tags) in store.items.texts(ids).items() if "birds" in tags}


def knows(store: Store, ids: list[int], *, kind: str = "likelihood", d: float = 1.5, history: str = "8+8:a") -> None:
    """A judge that likes birds, with noise of its own; the unit is small and far from 0, as real ones are."""
    mine, texts = birds(store), hashes(store)
    rng = np.random.default_rng(3)
    noise = {i: float(rng.standard_normal()) for i in sorted(texts)}
    values = {texts[i]: 0.2 + 0.05 * (d * (i in mine) + noise[i]) for i in ids}
    store.opinions.put(JUDGE, kind, history, values, NOW)


def lie(store: Store, space: str, ids: list[int], dims: int = 32) -> None:
    """Vectors that point the same way for birds."""
    mine, texts = birds(store), hashes(store)
    rows = []
    for i in ids:
        vector = np.random.default_rng(i).standard_normal(dims) * 0.5 + 3.0 * (np.arange(dims) == int(i in mine))
        rows.append((texts[i], (vector / np.linalg.norm(vector)).astype("<f4").tobytes()))
    store.vectors.put(space, rows)


def teach(session: RankSession, store: Store, n: int = 8) -> list[Event]:
    mine, ids = birds(store), sorted(session.candidates)
    events = [Event("like", i) for i in ids if i in mine][:n] + [Event("skip", i) for i in ids if i not in mine][:n]
    for event in events:
        store.events.append([event])
        session.learn(event)
    return events


def mean_logit(session: RankSession, ids: set[int]) -> float:
    model, block = session.learned
    logit = model.score(block.batch, now=NOW).logit
    inside = np.isin(block.columns.ids, sorted(ids))
    return float(logit[inside].mean() - logit[~inside].mean())


def test_nothing_there_is_nothing_changed(session: RankSession, store: Store) -> None:
    teach(session, store)
    session.refresh()
    before = mean_logit(session, birds(store))
    store.opinions.put(JUDGE, "likelihood", "h", {b"x" * 16: 0.1})
    store.opinions.activate("gguf:Another:00")
    lie(store, "hidden:gguf:Another:00", [])
    session.refresh()
    assert mean_logit(session, birds(store)) == before
    assert not {"judge", "asked", "hidden", "picture", "caption"} & set(session.learned[0].experts)


@pytest.mark.parametrize(("kind", "name"), [("likelihood", "judge"), ("yes", "asked")])
def test_a_good_judge_is_heard_and_explained(session: RankSession, store: Store, kind: str, name: str) -> None:
    teach(session, store)
    mine = birds(store)
    before = mean_logit(session, mine)
    knows(store, list(hashes(store)), kind=kind)
    store.opinions.activate(JUDGE)
    assert session.refresh()
    assert name in session.learned[0].experts
    assert mean_logit(session, mine) > before + 0.02
    said = {part.key: part for part in session.why(sorted(mine & set(session.candidates))[0]).parts}
    assert said[name].name == TITLES[name] and said[name].words
    told = {each.name: each for each in report(session).experts}
    assert told[name].labels == 15, "of the first it had heard nothing"
    assert name in EXPERTS


def test_a_useless_judge_is_hardly_heard(session: RankSession, store: Store) -> None:
    teach(session, store, 16)
    mine = birds(store)
    before = mean_logit(session, mine)
    knows(store, list(hashes(store)), d=0.0)
    store.opinions.activate(JUDGE)
    session.refresh()
    model, block = session.learned
    share = np.abs(model.opinions(block.batch)[:, list(model.experts).index("judge")]).mean()
    assert share < 0.3
    assert mean_logit(session, mine) == pytest.approx(before, abs=0.25 * abs(before))


def test_an_opinion_that_came_since_is_taken_in(session: RankSession, store: Store) -> None:
    ids = sorted(hashes(store))
    knows(store, ids[:40])
    store.opinions.activate(JUDGE)
    session.refresh()
    late = next(i for i in session.candidates if i in ids[40:])
    _, block = session.learned
    place = block.columns.ids.tolist().index(late)
    assert block.batch.block("judge")[place] == 0
    store.opinions.put(JUDGE, "likelihood", "8+8:a", {hashes(store)[late]: 0.9})
    assert session.refresh()
    _, block = session.learned
    assert block.batch.block("judge")[block.columns.ids.tolist().index(late)] > 0
    assert not session.refresh(), "and then there is nothing new"


def test_what_was_learned_is_learned_again_when_its_items_are_judged(session: RankSession, store: Store) -> None:
    events = teach(session, store)
    decided = {event.item_id for event in events}
    knows(store, [i for i in hashes(store) if i not in decided])
    store.opinions.activate(JUDGE)
    session.refresh()
    assert session.learned[0].heard("judge") == 0
    knows(store, sorted(i for i in decided if i is not None))
    session.refresh()
    assert session.learned[0].heard("judge") == len(events)


def test_items_without_pictures_are_finished_and_those_with_are_read_anew(session: RankSession, store: Store) -> None:
    teach(session, store)
    model = "clip:Tiny"
    some = [i for i in hashes(store) if i % 2]
    lie(store, f"{model}:picture", some[:-1])
    lie(store, f"{model}:text", list(hashes(store)))
    lie(store, SPACE, some)
    activate_picture_spaces(store.db, model)
    store.opinions.activate_hidden(SPACE)
    session.refresh()
    model_now, block = session.learned
    assert {"picture", "caption", "hidden"} <= set(model_now.experts)
    assert block.complete.all()
    last = some[-1]
    place = block.columns.ids.tolist().index(last)
    assert not block.batch.block("picture")[place].any() and block.batch.block("hidden")[place].any()  # type: ignore[union-attr]
    lie(store, f"{model}:picture", [last])
    session.refresh()
    block = session.learned[1]
    assert block.batch.block("picture")[block.columns.ids.tolist().index(last)].any()  # type: ignore[union-attr]
    parts = {part.key: part for part in session.why(next(i for i in some if i in birds(store))).parts}
    assert any("you liked" in line for line in parts["hidden"].words)
    assert any(line.startswith("pictures like those of") for line in parts["picture"].words)


def test_undo_and_a_restart_come_out_the_same(path: Path, session: RankSession, store: Store) -> None:
    knows(store, list(hashes(store)))
    lie(store, SPACE, list(hashes(store)))
    store.opinions.activate(JUDGE)
    store.opinions.activate_hidden(SPACE)
    session.refresh()
    teach(session, store)
    model, block = session.learned
    before = model.score(block.batch, now=NOW).logit
    event = Event("like", next(i for i in session.candidates))
    session.learn(event)
    session.undo(event.id)
    model, block = session.learned
    assert np.array_equal(model.score(block.batch, now=NOW).logit, before)
    for publish in (False, True):
        if publish:
            session.publish()
        other = RankSession(path, seed=4)
        other.load()
        model, again = other.learned
        now = dict(zip(again.columns.ids.tolist(), model.score(again.batch, now=NOW).logit.tolist(), strict=True))
        held = [(i, at) for at, i in enumerate(block.columns.ids.tolist()) if i in now]
        assert held and [now[i] for i, _ in held] == pytest.approx([before[at] for _, at in held], abs=1e-6)
        assert other.trust() == session.trust()
        assert set(other.learned[0].experts) == set(session.learned[0].experts)
        other.close()


def test_another_judge_takes_over(session: RankSession, store: Store) -> None:
    knows(store, list(hashes(store)))
    store.opinions.activate(JUDGE)
    teach(session, store)
    session.refresh()
    assert "judge" in session.learned[0].experts
    store.opinions.activate(None)
    session.refresh()
    assert "judge" not in session.learned[0].experts
