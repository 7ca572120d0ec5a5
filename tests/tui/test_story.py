"""A story is one card that says how many stand behind it; its members open as a list; nothing is lost or doubled."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.store import Store
from penchant.app.tui.visit import Standing, Visit, merge
from penchant.app.types import Event, View

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")

ids = st.lists(st.integers(0, 60), unique=True, max_size=40)


def published(archive: Any) -> tuple[int, list[int]]:
    """An order whose second item stands for a story of three, and whose third was explored."""
    with Store.open(archive.paths.archive, role="cli") as store:
        every = store.items.ids(View.FOR_YOU, limit=100)
        leader, members = every[1], every[20:22]
        order = [item for item in every if item not in members]
        folded = dict.fromkeys(members, leader)
        stories = {"of": {str(leader): [leader, *members]}, "through": max(every), "waiting": []}
        store.scores.put_head(1, 0, b"", {"stories": stories})
        rows = [(item, 0.0, 0.5, "{}") for item in every]
        store.scores.publish(rows, order, 1, folded=folded, notes={every[2]: "explored"})
    return leader, members


def test_the_stored_order_hides_what_is_folded_until_nobody_stands_before_it(archive: Any) -> None:
    leader, members = published(archive)
    with Store.open(archive.paths.archive, role="cli") as store:
        listed = store.items.ids(View.FOR_YOU, limit=100)
        assert not set(members) & set(listed) and len(listed) == 58
        assert set(store.items.ids(View.FOR_YOU, limit=100, folded=True)) == {*listed, *members}
        assert set(members) <= set(store.items.candidates(100))
        (card, other) = store.items.cards([leader, listed[2]])
        assert (card.more, card.note, other.note) == (2, "", "explored")
        assert store.items.story(leader) == members
        store.events.append([Event("impression", members[0], {"dwell": 2.0})])
        assert store.items.cards([leader])[0].more == 1
        store.events.append([Event("open", leader)])
        assert store.items.ids(View.FOR_YOU, limit=100)[-1] == members[1], "at the end, not in its place"
        author = {"what": "author", "key": card.author_key}
    with Store.open(archive.paths.archive, role="cli") as store:
        store.events.append([Event("mute", None, author)])
        assert leader not in store.items.ids(View.FOR_YOU, limit=100)


async def test_one_card_says_and_2_more_and_e_lists_them(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    leader, members = published(archive)
    async with run_app(archive) as (app, pilot):
        feed = app.feed_screen.feed
        text = "\n".join(lines(app))
        assert "and 2 more · " in text and "exploring · " in text
        await pilot.press("j", "j")
        await app.feed_screen.all_loaded()
        await wait(lambda: app.last_order and not app.lessons.busy)
        assert len(feed.visit.ids) == len(set(feed.visit.ids)) == 58 and not set(members) & set(feed.visit.ids)
        assert feed.visit.says(leader)[0] == 2 and "exploring · " in "\n".join(lines(app)), "its mark stays"
        await pilot.press("k")
        await pilot.press("e")
        await wait(lambda: feed.visit.ids == [leader, *members] or feed.visit.ids == [leader, *reversed(members)])
        assert "3 items tell this story" in lines(app)[-2]
        await pilot.press("j", "l")
        await wait(lambda: archive.kinds() == ["like"])
        await pilot.press("escape")
        await wait(lambda: app.feed_screen.view == View.FOR_YOU and feed.current().item_id == leader)
        await wait(lambda: feed.visit.says(leader)[0] == 1, "the liked one is no longer counted")
        assert not set(members) & set(feed.visit.ids)


async def test_an_article_names_the_others_and_other_lists_say_nothing(
    archive: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    published(archive)
    async with run_app(archive, (100, 40)) as (app, pilot):
        await pilot.press("j", "enter")
        await wait(lambda: any("2 other items on this" in line for line in lines(app)))
        await pilot.press("escape", "2")
        await wait(lambda: app.feed_screen.view == View.NEWEST and app.feed_screen.feed.cards)
        assert "and 2 more" not in "\n".join(lines(app))


async def test_a_lone_item_says_that_nothing_else_tells_it(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await pilot.press("e")
        await wait(lambda: "Nothing else here tells this story" in lines(app)[-2])
        assert app.feed_screen.view == View.FOR_YOU


@given(ids, ids, st.sets(st.integers(0, 60), max_size=20), st.integers(0, 30))
def test_folded_items_neither_return_nor_push_out_what_was_seen(
    start: list[int], more: list[int], folded: set[int], shown: int
) -> None:
    visit = Visit(start)
    visit.saw(shown)
    fixed = visit.fixed
    visit.stand(Standing({-1: tuple(folded)}))
    visit.adopt(merge(fixed, more, start, folded), len(fixed), len(start))
    visit.extend([*start, *more, *folded])
    visit.remember("x")
    visit.resort(more)
    visit.recall("x")
    assert visit.ids[: len(fixed)] == fixed
    assert not folded & set(visit.ids[len(fixed) :])
    assert set(visit.ids) == ({*start, *more} - folded) | set(fixed)
