"""The reader out of the event log: taste and style apart, undone things gone, what a model wrote never in it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.base import Item, Page
from penchant.app.config import Config
from penchant.app.paths import Paths
from penchant.app.store.drafts import Draft
from penchant.app.types import Event
from penchant.app.voice import arm, mine, reader
from penchant.app.voice.values import LIKELIHOOD


def test_an_empty_archive_has_a_reader_of_whom_nothing_is_known(world: Any) -> None:
    found = reader.of(world.store)
    assert (found.liked, found.skipped, found.authored, found.description, found.dial) == ((), (), (), "", 1.0)
    assert not found.assumed


def test_the_latest_first_and_undone_ones_gone(world: Any) -> None:
    world.decide()
    wrong = world.say("like", world.OTHERS[0], 99)
    assert reader.of(world.store).liked[0].text == world.OTHERS[0]
    world.undo(wrong)
    found = reader.of(world.store)
    assert tuple(each.text for each in found.liked) == world.LIKED[::-1]
    assert tuple(each.text for each in found.skipped) == world.SKIPPED[::-1] and not found.assumed
    assert found.upto == world.store.events.last_seq()
    assert tuple(each.text for each in reader.of(world.store, 3).liked) == world.LIKED[::-1][:3]


def test_without_skips_items_that_were_never_looked_at_stand_in(world: Any) -> None:
    for text in world.LIKED:
        world.say("like", text)
    world.say("skip", world.SKIPPED[0])
    found = reader.of(world.store)
    assert found.assumed and found.skipped[0].text == world.SKIPPED[0]
    assert [each.act for each in found.skipped[:2]] == ["skipped", "assumed"]
    assert not {each.text for each in found.skipped} & set(world.LIKED)
    assert len(found.skipped) == len(found.liked) == len(world.LIKED)


def test_a_draft_that_was_liked_is_neither_taste_nor_style(world: Any) -> None:
    draft = world.store.drafts.add(Draft("post", "a text by a model about trains", made_at=1.0))
    item = world.store.drafts.as_item(draft)
    own = Event("open", item, {"exported": True, "act": "authored"}, at=5.0)
    world.store.events.append([Event("like", item, at=5.0), own])
    found = reader.of(world.store)
    assert not found.liked and not found.authored


def test_a_draft_that_came_back_from_where_it_was_posted_is_still_a_models(world: Any) -> None:
    """Liked in the timeline, or in an export of one's own posts; one that the reader reworded is theirs."""
    drafts = world.store.drafts
    for number, edited in ((1, False), (2, True)):
        name = drafts.add(Draft("post", f"as a model wrote it, number {number}", made_at=1.0))
        if edited:
            drafts.edit(name, "in the reader's own words")
        drafts.state(name, "posted", native_id=f"https://home.example/{number}")
    source = world.store.subscriptions.add("mastodon", "https://home.example", "Home")
    items = (
        Item("https://home.example/1", "", "", "as a model wrote it, number 1", published=3.0),
        Item("https://home.example/2", "", "", "in the reader's own words", published=3.0),
    )
    ids = world.store.items.put_page(source, Page(items, {}), 9.0).item_ids
    for item in ids:
        world.store.events.append([
            Event("like", item, at=5.0), Event("open", item, {"exported": True, "act": "authored"}, at=5.0),
        ])  # fmt: skip
    found = reader.of(world.store)
    assert [each.text for each in found.liked] == [each.text for each in found.authored] == [items[1].text]
    assert {each.item_id for each in mine.examples(world.store)} == {ids[1]}


def test_own_texts_come_with_what_they_answer(world: Any) -> None:
    source = world.store.subscriptions.add("export", "twitter:ada", "Ada")
    items = (
        Item("1", "", "", "Do owls hunt by day?", published=1.0),
        Item("2", "", "", "Some do.", published=2.0, in_reply_to="1"),
        Item("3", "", "", "A post of mine", published=3.0),
    )
    asked, answer, post = world.store.items.put_page(source, Page(items, {}), 9.0).item_ids
    for at, (kind, item, act) in enumerate(
        (("open", answer, "replied"), ("open", post, "authored"), ("like", asked, "liked"))
    ):
        world.store.events.append([Event(kind, item, {"exported": True, "act": act}, at=float(at))])  # type: ignore[arg-type]
    found = reader.of(world.store)
    assert [(each.text, each.act, each.parent) for each in found.authored] == [
        ("A post of mine", "authored", ""), ("Some do.", "replied", "Do owls hunt by day?"),
    ]  # fmt: skip
    assert [each.text for each in found.liked] == ["Do owls hunt by day?"], "own texts are style, never taste"


def test_what_one_says_of_oneself_is_an_event_and_can_be_undone(world: Any) -> None:
    arm.say(world.store, "description", "night trains")
    arm.say(world.store, "dial", -1.5)
    arm.say(world.store, "carrier", "vector")
    found = reader.of(world.store)
    assert (found.description, found.dial, arm.usual(world.store)) == ("night trains", -1.5, "vector")
    for _ in range(3):
        last = world.store.events.last_undoable()
        assert last is not None
        world.undo(last.id)
    found = reader.of(world.store)
    assert (found.description, found.dial, arm.usual(world.store)) == ("", 1.0, "")


@given(st.one_of(st.floats(), st.integers(), st.text(), st.none(), st.booleans(), st.lists(st.integers())))
def test_a_dial_from_anywhere_stays_within_its_bounds(value: object) -> None:
    assert -2.0 <= reader.dial(value) <= 2.0


class Far:
    """A voice at another host that notes whether it may answer."""

    name, host, near, can = "a model at api.example", "api.example", False, frozenset({LIKELIHOOD})
    permitted = False

    def permit(self) -> None:
        self.permitted = True


async def test_a_host_is_told_only_what_was_allowed_to_it(world: Any, tmp_path: Any) -> None:
    world.say("like", world.LIKED[0])
    voice = Far()
    wanted: Any = (reader.of(world.store), voice, Config(), Paths.under(tmp_path), world.call)
    with pytest.raises(arm.NotAllowed, match=r"api\.example"):
        await arm.carried("history", *wanted)
    arm.say(world.store, "allow", True, key="api.example none")
    with pytest.raises(arm.NotAllowed):
        await arm.carried("history", *wanted)
    assert not voice.permitted
    arm.say(world.store, "allow", True, key="api.example history")
    name, taste = await arm.carried("history", *wanted)
    assert name == "history" and voice.permitted and world.LIKED[0] in taste.toward.history
    arm.say(world.store, "allow", False, key="api.example history")
    assert arm.allowances(world.store) == [("api.example", "none")]
    arm.say(world.store, "allow", True, key="api.example vector")
    with pytest.raises(arm.CannotCarry, match="is a server"):
        await arm.carried("vector", *wanted)


async def test_the_best_carrier_at_a_host_is_one_that_it_was_allowed(world: Any, tmp_path: Any) -> None:
    world.say("like", world.LIKED[0])
    arm.say(world.store, "description", "night trains")
    voice = Far()
    wanted: Any = (reader.of(world.store), voice, Config(), Paths.under(tmp_path), world.call)
    with pytest.raises(arm.NotAllowed, match="carrier history"):
        await arm.carried("auto", *wanted)
    assert not voice.permitted
    arm.say(world.store, "allow", True, key="api.example typed")
    name, taste = await arm.carried("auto", *wanted)
    assert name == "typed" and world.LIKED[0] not in taste.toward.history + taste.toward.system
