"""A blind test: what stands on screen, in exports, logs and times is the same for both kinds until it is opened."""

from __future__ import annotations

import json
import random
import re
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app import export
from penchant.app import generating_status as status
from penchant.app.eventlog.writing import lines
from penchant.app.generating import MARKED, REAL, blind_event, share_event
from penchant.app.generating_blind import LONGEST, SHORTEST, Shown, beside, rows, seal, shaped, unseal, wilson
from penchant.app.generating_keep import offer, reports, rows_of, settle, unblind
from penchant.app.generating_lane import STATE
from penchant.app.store import Store, generated
from penchant.app.store.drafts import Draft
from penchant.app.types import Event, View

from .conftest import derive, line, put

TOLD = ("vector", "none", "small-model", "real", "original")


def begin(store: Store) -> Any:
    store.events.append([share_event(0.1), blind_event()])
    return generated.read(store.db)


def written(n: int, arm: str = "vector") -> Draft:
    text = f"A tram number {n} that a model made up went past the {n} windows of the town, and a bell was heard twice."
    return Draft("feed", text, arm=arm, model="small-model", topic="trams", facts={"probability": 0.7, "tokens": 31})


def a_test(store: Store, count: int = 6) -> list[int]:
    """A running test with `count` pairs; the items that stand in it."""
    put(store, 120)
    wanted, draw = begin(store), random.Random(1)
    for n in range(count):
        assert offer(store, written(n, "vector" if n % 2 else "none"), wanted, draw)
    derive(store)
    return [item for pair in generated.pool(store.db, wanted) for item in pair]


def kind_of(store: Store, item_id: int) -> str:
    """What is in the envelope: only a test may look."""
    draft = store.drafts.of_item(item_id)
    assert draft is not None
    return str(unseal(draft.facts["sealed"])["arm"])


def test_as_many_real_ones_as_generated_ones(store: Store) -> None:
    items = a_test(store)
    kinds = [kind_of(store, item) for item in items]
    assert len(items) == 12 and kinds.count(REAL) == 6
    assert all(REAL in pair and pair != [REAL, REAL] for pair in zip(kinds[::2], kinds[1::2], strict=True))
    assert kinds[::2].count(REAL) not in (0, 6), "which of a pair comes first is left to chance"


def test_cards_and_articles_of_both_differ_in_their_words_alone(store: Store) -> None:
    items = a_test(store)
    own = {"item_id", "title", "excerpt"}
    facts = {
        tuple(getattr(card, field.name) for field in fields(card) if field.name not in own)
        for card in store.items.cards(items)
    }
    assert len(facts) == 1, facts
    articles = [store.items.article(item) for item in items]
    rest = {
        tuple(getattr(article, field.name) for field in fields(article) if field.name not in ("card", "text", "extra"))
        for article in articles if article is not None
    }  # fmt: skip
    assert len(rest) == 1 and not any(article.extra for article in articles if article)
    assert all(card.title == "" for card in store.items.cards(items))


def test_nothing_that_is_kept_in_the_open_tells_them_apart(store: Store) -> None:
    """Rows of items and drafts: all columns but the words, numbers, hashes and envelopes are equal."""
    items = a_test(store)
    own = {"id", "uid", "native_id", "content_hash", "text", "excerpt", "text_len"}
    columns = [row[1] for row in store.db.rows("PRAGMA table_info(items)") if row[1] not in own]
    where = f"WHERE id IN ({','.join(map(str, items))})"
    by_time = {"sort_at", "published", "first_seen", "deleted_at"}
    alike = store.db.rows(f"SELECT DISTINCT {', '.join(c for c in columns if c not in by_time)} FROM items {where}")
    assert len(alike) == 1
    drafts = store.db.rows("SELECT kind, parent_id, topic, arm, model, state FROM drafts GROUP BY 1, 2, 3, 4, 5, 6")
    assert drafts == [("feed", None, "", "", "", "offered")]
    facts = [json.loads(row[0]) for row in store.db.rows("SELECT facts FROM drafts")]
    assert {tuple(sorted(each)) for each in facts} == {("blind", "pair", "sealed")}
    assert len({len(each["sealed"]) for each in facts}) == 1, "the length of an envelope says nothing"
    plain = " ".join(str(row) for row in store.db.rows("SELECT * FROM drafts"))
    assert not any(word in plain for word in TOLD)


def test_both_of_a_pair_arrive_at_the_same_moment_and_in_the_order_of_a_coin(store: Store) -> None:
    items = a_test(store, 16)
    pairs = list(zip(items[::2], items[1::2], strict=True))
    for pair in pairs:
        drafts = [store.drafts.of_item(item) for item in pair]
        cards = store.db.rows(f"SELECT sort_at, published, first_seen FROM items WHERE id IN {pair}")
        assert len({each.made_at for each in drafts if each}) == 1 and cards[0] == cards[1]
        assert abs(pair[0] - pair[1]) == 1, "no number lies between"
    first = [kind_of(store, min(pair)) == REAL for pair in pairs]
    assert 2 < sum(first) < 14


def test_the_same_words_are_seen_nowhere_else_meanwhile(store: Store) -> None:
    items = a_test(store)
    _, held = generated.held(store.db)
    assert len(held) == 6
    for view in (View.FOR_YOU, View.NEWEST):
        assert held.isdisjoint(store.items.ids(view, limit=500))
    assert held.isdisjoint(store.items.ids(View.FOLLOWING, subscription_id=1, limit=500))
    assert held.isdisjoint(store.items.candidates(500))
    copy = next(item for item in items if kind_of(store, item) == REAL)
    text = store.items.texts([copy])[copy][1]
    number = re.findall(r"number (\d+)", text)[0]
    assert [hit.item_id for hit in store.search(f'"number {number}"').hits] == []
    assert not any(f"number {number} was" in row for row in export.jsonl(store))


def test_events_and_exports_name_no_arm(store: Store) -> None:
    items = a_test(store)
    for item, kind in zip(items, ["like", "skip", "save", "impression"] * 3, strict=True):
        store.events.append([Event(kind, item, view="for-you", position=3)])  # type: ignore[arg-type]
    for text in ("".join(export.jsonl(store)), "".join(lines(store, "here"))):
        assert not any(f'"{word}' in text for word in TOLD) and '"draft"' not in text
    events = [event for _, event in store.events.since(0) if event.item_id in set(items)]
    assert {tuple(event.value) for event in events} == {()}


def test_which_arm_cannot_write_is_not_told_while_a_test_runs(store: Store) -> None:
    said = json.dumps({"resting": "vector: it needs 3 liked items"})
    store.events.append([share_event(0.1)])
    store.control.remember(STATE, said)
    assert "vector" in status.standing(store).state.resting
    store.events.append([blind_event()])
    found = status.standing(store)
    told = found.state.resting + status.facts(found)["resting"] + " ".join(status.lately(found))
    assert "vector" not in told and "not every arm" in told


def test_unblinding_tells_the_rates_and_moves_what_was_decided(store: Store) -> None:
    items = a_test(store)
    copies = [item for item in items if kind_of(store, item) == REAL]
    vector = [item for item in items if kind_of(store, item) == "vector"]
    inside = unseal(store.drafts.of_item(copies[0]).facts["sealed"])  # type: ignore[union-attr]
    store.events.append([Event("impression", item) for item in items])
    store.events.append([Event("like", item) for item in (copies[0], *vector)])
    report = unblind(store, generated.read(store.db))
    assert report is not None and report.shown == 12
    assert {row.arm: (row.shown, row.liked) for row in report.rows} == {REAL: (6, 1), "vector": (3, 3), "none": (3, 0)}
    original = store.items.cards([inside["original"]])[0]
    assert original.marks.liked and not store.items.cards([copies[0]])[0].marks.seen
    assert store.items.ids(View.LIKED) == [inside["original"]]
    assert generated.held(store.db) == (None, set()) and generated.read(store.db).test == ""
    assert store.items.cards([vector[0]])[0].author == "vector · small-model"
    assert store.drafts.of_item(vector[0]).topic == "trams"  # type: ignore[union-attr]
    assert unblind(store, generated.read(store.db)) is None


def test_a_report_stays_as_it_was_and_cannot_be_undone(store: Store) -> None:
    items = a_test(store)
    store.events.append([Event("impression", item) for item in items])
    report = unblind(store, generated.read(store.db))
    assert report is not None
    store.events.append([Event("like", item) for item in items])
    ((_, kept),) = reports(store)
    assert tuple(rows_of(kept)) == report.rows
    while (event := store.events.last_undoable()) is not None:
        assert event.value.get("what") != "unblind"
        store.events.append([Event("undo", event.item_id, undoes=event.id)])
    assert len(reports(store)) == 1


def test_drafts_from_before_the_test_wait_until_it_is_over(store: Store) -> None:
    put(store, 120)
    store.events.append([share_event(0.1)])
    marked = generated.read(store.db)
    offer(store, written(0), marked, random.Random(1))
    assert len(generated.pool(store.db, marked)) == 1
    wanted = begin(store)
    assert generated.pool(store.db, wanted) == []
    card = store.items.cards(sorted(store.drafts.item_ids()))[0]
    assert card.source == MARKED, "what was marked once stays marked"
    unblind(store, wanted)
    assert len(generated.pool(store.db, generated.read(store.db))) == 1


def test_without_a_real_item_to_stand_beside_it_there_is_no_test(store: Store) -> None:
    put(store, 10)
    assert not offer(store, written(0), begin(store), random.Random(1))
    assert store.drafts.list() == []


def test_the_other_half_of_a_pair_waits_on(store: Store) -> None:
    items = a_test(store, 2)
    store.events.append([Event("like", items[0])])
    assert generated.pool(store.db, generated.read(store.db)) == [[items[1]], items[2:]]


def ended(store: Store, how: str) -> None:
    """End the test that runs otherwise than by unblinding it here."""
    test = generated.read(store.db).test
    if how == "undone":
        store.events.append([Event("undo", undoes=test)])
    else:  # by a machine that the log was merged from
        store.events.append([Event("voice", value={"what": "unblind", "key": test, "value": {"began": 1.0}})])


@pytest.mark.parametrize("how", ["undone", "elsewhere"])
def test_a_test_that_ends_otherwise_gives_everything_back(store: Store, how: str) -> None:
    items = a_test(store)
    copies = [item for item in items if kind_of(store, item) == REAL]
    drafts = [item for item in items if item not in copies]
    behind = [unseal(store.drafts.of_item(item).facts["sealed"])["original"] for item in copies]  # type: ignore[union-attr]
    originals, first = set(behind), behind[0]
    store.events.append([Event("like", copies[0]), Event("skip", drafts[0])])
    assert not settle(store) and not originals & set(store.items.ids(View.NEWEST)), "it runs"
    assert not originals & listed(store)
    ended(store, how)
    assert generated.read(store.db).test == ""
    assert originals <= set(store.items.ids(View.NEWEST)) and originals <= listed(store), "at once, whoever tidies up"
    assert settle(store) and not settle(store)
    assert store.items.ids(View.LIKED) == [first], "a like of a real item is not lost"
    assert not store.items.cards([copies[0]])[0].marks.liked
    cards = store.items.cards(drafts)
    assert {card.source for card in cards} == {MARKED} and cards[0].author and cards[0].marks.skipped
    waiting = generated.pool(store.db, generated.read(store.db))
    assert {item for (item,) in waiting} == set(drafts[1:]), "those that were not seen are shown with their mark"
    assert generated.held(store.db) == (None, set()) and not generated.shown(store.db), "no report counts them"


def listed(store: Store) -> set[int]:
    """The items of `penchant sql`."""
    from penchant.app.store.public_views import select

    return {row[0] for row in store.db.rows(select("items"))}


def test_another_test_begins_where_an_undone_one_was_not_tidied_up(store: Store) -> None:
    items = a_test(store, 2)
    ended(store, "undone")
    store.events.append([blind_event()])
    wanted = generated.read(store.db)
    assert offer(store, written(9), wanted, random.Random(3))
    derive(store)
    assert generated.held(store.db)[0] == wanted.test and len(generated.held(store.db)[1]) == 1
    assert all(not store.drafts.of_item(item).facts.get("sealed") for item in items)  # type: ignore[union-attr]
    ((one, two),) = generated.pool(store.db, wanted)
    assert {kind_of(store, one), kind_of(store, two)} == {REAL, "vector"}


def test_what_an_older_version_held_back_is_held_until_its_test_is_over(store: Store) -> None:
    a_test(store, 2)
    _, held = generated.held(store.db)
    with store.db.write():
        store.db.run("UPDATE settings SET value = ? WHERE key = 'blind.held'", (json.dumps(sorted(held)),))
    assert not held & set(store.items.ids(View.NEWEST)) and not settle(store)
    ended(store, "undone")
    assert settle(store) and held <= set(store.items.ids(View.NEWEST))


# -- the pure parts
@given(st.text(max_size=60), st.text(max_size=600))
def test_every_text_of_a_test_has_the_same_shape(title: str, text: str) -> None:
    out = shaped(title, text)
    assert out == "" or SHORTEST <= len(out) <= LONGEST
    assert "\n" not in out and "http://" not in out.lower() and out == out.strip()
    assert shaped("", out) in (out, ""), "a draft of these words would look the same"


def test_titles_stand_before_their_text_once() -> None:
    text = line(3)
    assert shaped("Old harbours", text).startswith("Old harbours. The old")
    assert shaped(text[:20], text) == text
    assert shaped("", "See https://x.example/1 " + text) == "See " + text
    assert shaped("", "short") == "" and shaped("", "12 34 56 78 " * 9) == ""


def test_one_is_drawn_from_the_nearest_in_length() -> None:
    others = [(n, "x" * n) for n in range(1, 200)]
    found = {beside("y" * 100, others, random.Random(seed))[0] for seed in range(50)}  # type: ignore[index]
    assert found == set(range(98, 103))
    uneven = [(1, "x" * 40), *others[150:]]
    drawn = [beside("y" * 50, uneven, random.Random(n)) for n in range(40)]
    assert 10 < drawn.count((1, "x" * 40)) < 30, "as often shorter as longer"
    assert beside("y", [(1, "")], random.Random(0)) is None


def test_texts_of_the_same_language_go_before_others() -> None:
    bank = "Die Bank stand an der Mauer des alten Hauses, und das seit vielen Jahren im Regen."
    german = [(n, f"{bank} {n}") for n in range(50)]
    english = [(99, "The bench has stood at the wall of an old house for a long time, and in the rain at that.")]
    text = "The tram went past the windows of a town, and it was in no hurry at all to be anywhere."
    assert beside(text, [*german, *english], random.Random(0))[0] == 99  # type: ignore[index]
    assert beside(text, german, random.Random(0)) is not None, "better than none"


@given(st.dictionaries(st.text(min_size=1), st.text()))
def test_what_is_sealed_comes_out_again(facts: dict[str, str]) -> None:
    assert unseal(seal(facts)) == facts


@pytest.mark.parametrize("broken", ["", "x", None, 5, "AAAA", seal({"a": 1})[:-9]])
def test_a_broken_envelope_holds_nothing(broken: object) -> None:
    assert unseal(broken) == {}


def test_rates_and_their_intervals() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
    low, high = wilson(8, 10)
    assert (round(low, 3), round(high, 3)) == (0.490, 0.943)
    found = rows([Shown("a", True), Shown("a", False), Shown("b", True, opened=True), Shown("b", True)])
    assert [(row.arm, row.shown, row.liked, row.opened) for row in found] == [("b", 2, 2, 1), ("a", 2, 1, 0)]
