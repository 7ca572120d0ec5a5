"""The session over a real archive: learning, undo, restart, publishing, failure, memory of what is on screen."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from penchant.app import ranking
from penchant.app.rank.explain import TITLES
from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.types import Event, View


@pytest.fixture
def path(archive):  # type: ignore[no-untyped-def]
    return archive()


@pytest.fixture
def session(path):  # type: ignore[no-untyped-def]
    made = RankSession(path, seed=4)
    made.load()
    yield made
    made.close()


def tagged(path, tag: str) -> list[int]:  # type: ignore[no-untyped-def]
    with Store.open(path) as store:
        ids = store.items.candidates(10_000)
        return [i for i, (_, _, tags) in store.items.texts(ids).items() if tag in tags]


def teach(session: RankSession, path, tag: str, n: int = 8) -> list[Event]:  # type: ignore[no-untyped-def]
    """Like n items of one subject and skip as many others, durably."""
    mine = set(tagged(path, tag))
    ids = [entry.item_id for entry in session.order([], time.time())]
    liked = [i for i in ids if i in mine][:n]
    skipped = [i for i in ids if i not in mine][:n]
    events = [Event("like", i) for i in liked] + [Event("skip", i) for i in skipped]
    with Store.open(path) as store:
        for event in events:
            store.events.append([event])
            assert session.learn(event)
    return events


def test_likes_lift_their_subject_and_seen_items_leave(session, path) -> None:
    now = time.time()
    mine = set(tagged(path, "birds"))
    first = session.order([], now)
    before, total = first.ids, len(first) + sum(map(len, first.stories.values()))
    events = teach(session, path, "birds")
    ranking = session.order([], now)
    after, folded = ranking.ids, {i for members in ranking.stories.values() for i in members}
    assert not {e.item_id for e in events} & set(after)
    assert not folded & set(after) and len(after) + len(folded) == total - len(events), "nothing is lost"

    def place(ids: list[int]) -> float:
        return sum(ids.index(i) for i in mine & set(after) & set(before)) / len(ids)

    assert place(after) < place([i for i in before if i in set(after)]) * 0.75


def test_undo_of_any_event_restores_the_exact_ranking(session, path, monkeypatch) -> None:
    now = time.time()
    session.order([], now)
    events = teach(session, path, "birds", 5)
    with_all = session.order([], now)
    ids = [e.item_id for e in with_all][10:13]
    extra = [Event("like", ids[0]), Event("impression", ids[1], {"dwell": 0.3}), Event("skip", ids[2])]
    for event in extra:
        session.learn(event)
    assert session.order([], now) != with_all
    for event in extra:
        session.undo(event.id)
    assert session.order([], now) == with_all
    session.undo(events[2].id)
    session.undo("an event that never was")
    other = RankSession(path, seed=4)
    with Store.open(path) as store:
        store.events.append([Event("undo", undoes=events[2].id)])
    # What a session says depends on when it was loaded: the other is loaded at that moment, however slow the machine.
    monkeypatch.setattr(ranking, "time", SimpleNamespace(time=lambda: session._now))
    other.load()
    assert [e.item_id for e in other.order([], now)] and other.trust() == session.trust()
    numbers = {e.item_id: e.probability for e in session.order([], now)}
    assert all(numbers[e.item_id] == pytest.approx(e.probability, abs=1e-6) for e in other.order([], now))
    other.close()


def test_what_is_on_screen_stays_where_it_is(session, path) -> None:
    now = time.time()
    shown = [e.item_id for e in session.order([], now)][:12]
    for item_id in shown[:4]:
        session.learn(Event("skip", item_id))
        ranked = session.order(shown, now)
        assert [e.item_id for e in ranked][:12] == shown
        assert len({e.item_id for e in ranked}) == len(ranked)
        assert all(0 < e.probability < 1 for e in ranked)


def test_a_restart_comes_out_the_same_with_and_without_a_published_head(session, path) -> None:
    now = time.time()
    teach(session, path, "compilers")
    expected = session.order([], now)
    for publish in (False, True):
        if publish:
            session.refresh()
            assert session.publish() == 1
        again = RankSession(path, seed=4)
        again.load()
        assert again.trust() == session.trust()
        got = {e.item_id: e.probability for e in again.order([], now)}
        # The age of items is part of their number, and some seconds have passed.
        assert all(got[e.item_id] == pytest.approx(e.probability, abs=1e-4) for e in expected if e.item_id in got)
        assert len(got) == len(expected) and len(set(got) & set(expected.ids)) > len(got) - 10
        assert again.head_version == (1 if publish else None)
        again.close()


def test_publishing_sets_for_you_and_scores_whose_parts_sum(session, path) -> None:
    teach(session, path, "birds")
    session.refresh()
    version = session.publish()
    with Store.open(path) as store:
        ids = store.items.ids(View.FOR_YOU, limit=500)
        scores = store.scores.latest(ids)
        head = store.scores.head()
    assert head is not None and head.version == version and head.through_seq == 16 and head.meta["labels"] == 16
    assert set(ids) == set(session.order([]).ids)
    assert len(scores) == len(ids) > 200
    for score in scores.values():
        assert sum(score.parts.values()) == pytest.approx(score.logit, abs=1e-3)


def test_why_sums_to_the_number_and_names_real_things(session, path) -> None:
    events = teach(session, path, "birds")
    with Store.open(path) as store:
        titles = {c.title or c.excerpt for c in store.items.cards([e.item_id for e in events if e.item_id])}
    said: list[str] = []
    for entry in list(session.order([]))[:40]:
        why = session.why(entry.item_id)
        assert sum(p.logit for p in why.parts) == pytest.approx(why.logit, abs=1e-9)
        assert why.probability == pytest.approx(entry.probability, abs=1e-6)
        assert {p.name for p in why.parts} <= set(TITLES.values())
        said += [line for p in why.parts for line in p.words]
    text = "\n".join(said)
    assert "you liked:" in text and "author" in text and "for: '" in text
    assert any(title[:40] in text for title in titles)
    with pytest.raises(KeyError):
        session.why(10**9)


def test_why_answers_for_items_already_seen(session, path) -> None:
    events = teach(session, path, "birds", 3)
    assert session.why(events[0].item_id).parts


def test_muting_takes_effect_at_once_and_undo_brings_back(session, path) -> None:
    now = time.time()
    items = session.store.items.rank_items(session.candidates)
    author = next(i for i in items if i.author_key)
    theirs = {i.item_id for i in items if i.author_key == author.author_key}
    mute = Event("mute", None, {"what": "author", "key": author.author_key})
    with Store.open(path) as store:
        store.events.append([mute])
        session.learn(mute)
        assert not theirs & {e.item_id for e in session.order([], now)}
        store.events.append([Event("undo", undoes=mute.id)])
    session.undo(mute.id)
    assert theirs <= {e.item_id for e in session.order([], now)}


def test_typed_topics_lift_what_they_name_before_any_label(session, path) -> None:
    mine = set(tagged(path, "birds"))
    topics = Event("topics", None, {"topics": ["birds"]})
    with Store.open(path) as store:
        store.events.append([topics])
    session.learn(topics)
    top = [e.item_id for e in session.order([])][:20]
    assert len(mine & set(top)) >= 6
    assert any(p.name == TITLES["topics"] and "birds" in p.words[0] for p in session.why(next(iter(mine))).parts)


@pytest.mark.parametrize("how", ["raises", "nan"])
def test_a_failing_expert_leaves_the_last_good_order_and_is_named(session, path, monkeypatch, how: str) -> None:
    now = time.time()
    good = session.order([], now)
    kind = type(session._learner.model.experts["static"])
    broken = (lambda *a: 1 / 0) if how == "raises" else (lambda self, rows: rows[:, 0] * float("nan"))
    monkeypatch.setattr(kind, "opinion", broken)
    session.learn(Event("like", good[7].item_id))
    after = session.order([good[0].item_id], now)
    assert [e.item_id for e in after] == [e.item_id for e in good]
    assert "static" in session.failed


def test_new_items_and_other_windows_events_are_taken_in(session, path) -> None:
    from penchant.adapters.base import Item, Page

    assert session.refresh() is False
    with Store.open(path) as store:
        sub = store.subscriptions.all()[0].id
        page = Page((Item("fresh", "https://example.org/fresh", title="A fresh thing"),), {})
        new = store.items.put_page(sub, page, time.time()).item_ids[0]
        liked = session.candidates[0]
        store.events.append([Event("like", liked, session="another window")])
    assert session.refresh() is True
    ids = {e.item_id for e in session.order([])}
    assert new in ids and liked not in ids
    assert session.refresh() is False


def test_an_empty_archive_has_an_empty_order(tmp_path) -> None:
    path = tmp_path / "empty.db"
    Store.open(path).close()
    session = RankSession(path)
    session.load()
    assert list(session.order([])) == []
    assert session.publish() == 1
    session.close()
