"""Why not: every reason that keeps an item down is named, and the place is right."""

from __future__ import annotations

import time

import pytest

from penchant.app.ranking import RankSession
from penchant.app.ranking_place import why_not
from penchant.app.store import Store
from penchant.app.tui.place import place_lines
from penchant.app.types import Event


@pytest.fixture
def path(archive):  # type: ignore[no-untyped-def]
    return archive()


def asked(path, *events: Event):  # type: ignore[no-untyped-def]
    with Store.open(path) as store:
        store.events.append(list(events))
    session = RankSession(path, seed=1)
    session.load()
    return session


def test_what_is_listed_stands_where_it_says_and_the_best_is_held_down_by_nothing(path) -> None:
    session = asked(path)
    ranking = session.order([])
    for place in (0, 7, 120):
        found = why_not(session, ranking.ids[place], time.time())
        assert (found.place, found.of) == (place, len(ranking))
    assert not any("seen" in reason for reason in why_not(session, ranking.ids[0], time.time()).reasons)
    with pytest.raises(KeyError):
        why_not(session, 10**9, time.time())
    session.close()


def test_seen_muted_told_and_folded_items_say_so_first(path) -> None:
    session = asked(path)
    lone = [i for i in session.order([]).ids if i not in session.order([]).stories]
    session.close()
    session = asked(path, Event("skip", lone[0]), Event("impression", lone[1], {"dwell": 3.0}))
    author = next(i for i in session.store.items.rank_items(lone[5:]) if i.author_key)
    session.close()
    session = asked(path, Event("mute", None, {"what": "author", "key": author.author_key, "name": author.author}),
                    Event("mute", None, {"what": "word", "key": "unlikelyword"}))  # fmt: skip
    leader, others = next(iter(session.order([]).stories.items()))
    said = {i: why_not(session, i, time.time()).reasons for i in (lone[0], lone[1], author.item_id, others[0])}
    assert said[lone[0]][0].startswith("you have seen it already: skipped ")
    assert said[lone[1]][0].startswith("you have seen it already: passed ")
    assert said[author.item_id][0] == f"it is muted: the author {author.author!r}"
    assert "stands behind another item of its story" in said[others[0]][0]
    session.close()
    session = asked(path, Event("open", leader))
    told = why_not(session, others[0], time.time())
    assert "its story was told" in told.reasons[0] and told.place is not None and told.place > told.of * 0.8
    session.close()


def test_age_and_a_silenced_source_are_weighed_and_named(path) -> None:
    session = asked(path)
    oldest = max(session.store.items.rank_items(session.candidates), key=lambda item: -item.at)
    session.close()
    session = asked(path, Event("dial", None, {"what": "source", "key": oldest.source_key, "value": 0.0}))
    reasons = why_not(session, oldest.item_id, time.time()).reasons
    assert any("your dials -8.0" in reason for reason in reasons)
    assert any(reason.startswith("its age of ") and "(-1.5)" in reason for reason in reasons)
    session.close()


def test_the_screen_wraps_and_cleans_what_it_says(path) -> None:
    session = asked(path)
    item_id = session.order([]).ids[200]
    found = why_not(session, item_id, time.time())
    lines = place_lines(found, 40)
    assert f"Its place in For you: 201 of {found.of}" in [line.text for line in lines]
    assert all(len(line.text) <= 46 for line in lines) and not any(line.open for line in lines)
    assert "find out" in " ".join(line.text for line in place_lines(found, 80, 4, "explored"))
    session.close()
