"""Drafts: kept, edited, judged as items that no list, search, count or arrival takes for something read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.derive import Deriver
from penchant.app.store import Store
from penchant.app.store.doctor import check, rebuild
from penchant.app.store.drafts import Draft
from penchant.app.types import Event, View

WORDS = (
    "The first trams of Lisbon were pulled by mules, and their bells are still heard at night in the old depot, where a"
    " caretaker winds them up for visitors who come too late for the last ride up the hill and too early for the first."
)
MARKS = (View.LIKED, View.SAVED, View.LATER)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as store:
        yield store


def post(text: str = WORDS, **more: object) -> Draft:
    return Draft("post", text, made_at=1000.0, **more)  # type: ignore[arg-type]


def test_a_draft_is_kept_with_everything_about_it(store: Store) -> None:
    draft = post(topic="trams", arm="vector", model="small", facts={"probability": 0.7, "note": "naïve"})
    assert store.drafts.add(draft) == draft.id
    assert store.drafts.get(draft.id) == draft
    store.drafts.add(Draft("post", "other words", id=draft.id))
    assert store.drafts.get(draft.id) == draft, "added once"
    assert store.drafts.get("none") is None


def test_lists_by_kind_and_state_with_the_latest_first(store: Store) -> None:
    first, second, reply = Draft("post", "a", made_at=1.0), Draft("post", "b", made_at=2.0), Draft("reply", "c")
    for draft in (first, second, reply):
        store.drafts.add(draft)
    assert [each.text for each in store.drafts.list("post")] == ["b", "a"]
    assert [each.text for each in store.drafts.list()] == ["b", "a", "c"]
    assert store.drafts.state(first.id, "kept", posted="https://a.example/1")
    assert [each.text for each in store.drafts.list(states=("kept",))] == ["a"]
    assert store.drafts.list("post", limit=1)[0].text == "b"
    assert not store.drafts.state("none", "kept")


def test_facts_are_added_and_taken_away(store: Store) -> None:
    draft_id = store.drafts.add(post(facts={"key": "k", "seconds": 2}))
    store.drafts.state(draft_id, key=None, url="u")
    found = store.drafts.get(draft_id)
    assert found is not None and found.facts == {"seconds": 2, "url": "u"} and found.state == "offered"


def test_an_edited_draft_keeps_what_the_model_first_wrote(store: Store) -> None:
    draft_id = store.drafts.add(post("one"))
    assert store.drafts.edit(draft_id, "two") and store.drafts.edit(draft_id, "three")
    assert not store.drafts.edit(draft_id, "three"), "nothing to do"
    found = store.drafts.get(draft_id)
    assert found is not None and (found.text, found.facts) == ("three", {"written": "one"})


def test_a_liked_draft_is_an_item_that_nothing_shows(store: Store) -> None:
    before = {view: store.items.count(view) for view in View}
    draft_id = store.drafts.add(post())
    item_id = store.drafts.as_item(draft_id, author="vector")
    assert store.drafts.as_item(draft_id) == item_id, "made once"
    assert store.drafts.item_ids() == {item_id} and store.drafts.of_item(item_id) == store.drafts.get(draft_id)
    store.events.append([Event("like", item_id), Event("save", item_id), Event("later", item_id)])
    for view in View:
        assert store.items.ids(view) == [], view
    assert {view: store.items.count(view) for view in View} == before
    (card,) = store.items.cards([item_id])
    assert (card.kind, card.marks.liked, card.author) == ("draft", True, "vector")


def test_the_head_learns_from_it_as_from_any_item(store: Store) -> None:
    item_id = store.drafts.as_item(store.drafts.add(post()))
    deriver = Deriver(store)
    while deriver.step():
        pass
    assert store.features.get([item_id])
    event = Event("like", item_id)
    store.events.append([event])
    assert [found.item_id for _, found in store.events.live() if found.kind == "like"] == [item_id]
    store.events.append([Event("undo", item_id, undoes=event.id)])
    assert not store.items.cards([item_id])[0].marks.liked


def test_the_same_words_from_a_source_are_another_item(store: Store) -> None:
    item_id = store.drafts.as_item(store.drafts.add(post()))
    sub = store.subscriptions.add("rss", "https://a.example/feed")
    page = Page((Item("1", "https://a.example/1", text=WORDS, published=900.0),), {})
    found = store.items.put_page(sub, page, 1100.0)
    assert found.new == 1 and found.item_ids != [item_id]
    assert store.items.ids(View.NEWEST) == found.item_ids


def test_judged_ones_are_never_removed_and_the_archive_stays_sound(store: Store) -> None:
    kept, gone = store.drafts.add(post()), store.drafts.add(post("another"))
    store.drafts.as_item(kept)
    assert store.drafts.remove(gone) and not store.drafts.remove(kept)
    with pytest.raises(KeyError):
        store.drafts.as_item(gone)
    assert check(store.path).level != "error"
    store.close()
    assert rebuild(store.path).level != "error"
    with Store.open(store.path, role="cli") as again:
        assert again.db.value("SELECT count(*) FROM fingerprints") == 0, "no arrival is compared with a draft"
