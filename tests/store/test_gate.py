"""Dropping and restoring bodies: exact, protected, told by the doctor, undisturbed by the source's old copy."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Author, Item, Link, Media, Page, Poll, Sighting
from penchant.app import export
from penchant.app.store import Store, coarse, doctor, gate_protect
from penchant.app.store.gate import Decision
from penchant.app.store.planes import encode
from penchant.app.types import Event, View

DAY = 86_400.0
OLD = time.time() - 90 * DAY


def item(n: int, **more: Any) -> Item:
    text = f"marker{n} some longer text that is worth its bytes 日本語 " * 12
    values = {
        "title": f"Title {n}" if n % 3 else "", "text": text, "published": OLD + n,
        "media": (Media("https://x.example/m.png", alt="a cat", preview_url="https://x.example/p"),) * (n % 2),
        "links": (Link("https://b.example/", "b"),), "extra": {"id": str(n), "card": {"title": "linked"}},
        "poll": Poll((("yes", 1),), None) if n % 5 == 0 else None,
    }  # fmt: skip
    return Item(f"n{n}", f"https://a.example/{n}", **{**values, **more})


@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Store.open(tmp_path / "archive.db", role="cli") as opened:
        yield opened


def fill(store: Store, n: int = 30, address: str = "https://a.example/f", **more: Any) -> list[int]:
    sub = store.subscriptions.add("rss", address, title=address)
    items = tuple(item(i, **more) for i in range(n))
    return store.items.put_page(sub, Page(items, {}), OLD + 2 * DAY).item_ids


def derive(store: Store) -> None:
    """Invented vectors and words for every text that lacks them."""
    while rows := store.vectors.missing("static", 100):
        made = np.random.default_rng(len(rows)).standard_normal((len(rows), 8)).astype("<f4")
        store.vectors.put("static", [(row[1], v.tobytes()) for row, v in zip(rows, made, strict=True)])
    store.features.put([(row[1], b"w") for row in store.features.missing(1_000)])
    store.vectors.set_complete("static")


def drop(store: Store, *ids: int) -> int:
    return store.gate.drop([Decision(i, 0.01, "nobody asked for it") for i in ids], time.time(), "test")


def sound(store: Store) -> None:
    bad = [each for each in doctor.check(store.path).findings if each.level != "ok"]
    assert not bad, bad


def test_a_drop_and_back_leaves_everything_as_it_was(store: Store) -> None:
    ids = fill(store)
    derive(store)
    columns = "SELECT * FROM items ORDER BY id"
    rows, prints = store.db.rows(columns), store.db.rows("SELECT * FROM fingerprints ORDER BY 1")
    before = [store.items.article(i) for i in ids]
    assert drop(store, *ids[3:20]) == 17
    gone = store.items.article(ids[3])
    assert gone is not None and before[3] is not None
    assert gone.text == "" and gone.card.dropped and not gone.links and gone.poll is None
    assert gone.extra == {"id": "3"} and [m.url for m in gone.media] == [m.url for m in before[3].media]
    assert (gone.card.title, gone.card.url) == ("", "https://a.example/3")
    assert gone.card.excerpt == before[3].card.excerpt[:80]
    state = store.gate.state(ids[3])
    assert state and state.here and state.bytes > 200 and state.reason == "nobody asked for it"
    found = [[hit.item_id for hit in store.search.search(words).hits] for words in ("marker5", "title:5")]
    assert found == [[], [ids[5]]]
    sound(store)
    for each in ids[3:20]:
        assert store.gate.restore(each, time.time())
    assert store.db.rows(columns) == rows
    assert store.db.rows("SELECT * FROM fingerprints ORDER BY 1") == prints
    assert [store.items.article(i) for i in ids] == before
    assert {c.item_id for c in store.changes.pending()} >= set(ids[3:20]), "the worker makes their vectors again"
    assert [line.action for line in store.gate.log(100)] == ["restored"] * 17 + ["dropped"] * 17
    derive(store)
    sound(store)


def test_nothing_acted_on_is_dropped_even_when_the_key_comes_last(store: Store) -> None:
    ids = fill(store, 60)
    kinds = ("like", "save", "later", "open", "dwell")
    store.events.append([Event(kind, ids[n], at=OLD) for n, kind in enumerate(kinds)])
    store.events.append([Event("skip", ids[0], at=OLD + 1), Event("picks", value={"chosen": [ids[5]]}, at=OLD)])
    safe = set(ids[:6])
    assert safe <= gate_protect.protected(store.db)
    assert set(ids[-gate_protect.NEWEST :]) <= gate_protect.protected(store.db)
    assert drop(store, *ids[:5]) == 0, "the last look is under the lock"
    undone = Event("like", ids[20], at=OLD)
    store.events.append([undone, Event("undo", ids[20], undoes=undone.id)])
    assert ids[20] not in gate_protect.protected(store.db)


def test_threads_own_posts_and_what_came_back_are_protected(store: Store) -> None:
    sub = store.subscriptions.add("mastodon", "x", settings={"account": "@Ada@here.example"})
    me = Author("https://here.example/@ada", "Ada", "ada@here.example")
    posts = (
        item(1, thread="t"), item(2, thread="t"), item(3, in_reply_to="n4"), item(4), item(5, author=me),
        item(6, in_reply_to="n5"), *(item(n) for n in range(7, 40)),
    )  # fmt: skip
    ids = store.items.put_page(sub, Page(posts, {}), OLD + DAY).item_ids
    store.events.append([Event("open", ids[0], at=OLD), Event("open", ids[2], at=OLD)])
    drop(store, ids[10])
    store.gate.restore(ids[10], time.time())
    safe = gate_protect.protected(store.db)
    assert {*ids[:6], ids[10]} <= safe and ids[11] not in safe
    assert not set(ids[-3:]) & {i for i, _ in gate_protect.old(store.db, OLD - DAY)}


def test_the_old_copy_changes_nothing_an_edit_and_another_way_bring_it_back(store: Store) -> None:
    ids = fill(store)
    drop(store, *ids[:6])
    first, other = store.subscriptions.all()[0].id, store.subscriptions.add("rss", "https://other.example/f")
    store.items.put_page(first, Page((item(0), item(1, points=9)), {}), time.time())
    assert store.gate.state(ids[0]) and store.gate.state(ids[1])
    edited = item(2, text="what it says now " * 30)
    store.items.put_page(first, Page((edited,), {}), time.time())
    assert store.gate.state(ids[2]) is None and store.items.article(ids[2]).text == edited.text  # type: ignore[union-attr]
    who = (Sighting("boost", by=Author("bo", "Bo"), at=time.time()),)
    store.items.put_page(other, Page((item(3, sightings=who),), {}), time.time())
    assert store.items.article(ids[3]).text == item(3).text  # type: ignore[union-attr]
    assert store.gate.purge(time.time() + 1) == 4
    assert not store.gate.restore(ids[4], time.time()), "its grace is over"
    store.items.put_page(other, Page((item(4, sightings=who),), {}), time.time())
    assert store.items.article(ids[4]).text == item(4).text, "the arriving copy has it"  # type: ignore[union-attr]
    assert {line.item_id for line in store.gate.log() if line.action == "restored"} == {ids[2], ids[3], ids[4]}
    derive(store)
    sound(store)


def test_texts_of_others_and_of_what_was_seen_keep_their_vectors(store: Store) -> None:
    ids = fill(store)
    twin = store.subscriptions.add("hackernews", "hn")
    (copy,) = store.items.put_page(twin, Page((dataclasses.replace(item(1), native_id="c", url=""),), {}), OLD).item_ids
    store.events.append([Event("impression", ids[2], {"dwell": 3.0}, at=OLD)])
    derive(store)
    drop(store, *ids[:5])
    digests = [store.items.hashes(ids)[i] for i in ids[:5]]
    have = {row[0] for row in store.db.rows("SELECT content_hash FROM embeddings")}
    words = {row[0] for row in store.db.rows("SELECT content_hash FROM features")}
    shared = copy == ids[1]  # joined: then it is the same item
    assert [d in have for d in digests] == [d in words for d in digests] == [False, not shared, True, False, False]
    before = store.db.rows("SELECT * FROM embeddings ORDER BY content_hash")
    doctor.rebuild(store.path, derive=lambda s: derive(s) or 0)
    again = {row[2]: row[3] for row in store.db.rows("SELECT * FROM embeddings")}
    assert digests[2] in again and digests[0] not in again, "what cannot be made again is kept"
    assert len(again) == len(before)
    sound(store)


def test_lists_leave_it_out_of_for_you_and_counts_agree(store: Store) -> None:
    ids = fill(store)
    store.events.append([Event("impression", ids[1], at=OLD)])
    drop(store, *ids[:9])
    wanted = store.items.ids(View.FOR_YOU, limit=100)
    assert not set(wanted) & set(ids[:9]) and len(wanted) == store.items.count(View.FOR_YOU) == 21
    assert set(store.items.candidates(100)) == set(wanted)
    assert set(store.items.ids(View.NEWEST)) == set(ids)
    assert {card.item_id for card in store.items.cards(ids) if card.dropped} == set(ids[:9])


def test_an_export_has_attic_bodies_and_says_where_one_is_gone(store: Store) -> None:
    ids = fill(store, 12)
    drop(store, *ids[:2])
    store.db.run("UPDATE dropped SET body = NULL WHERE item_id = ?", (ids[1],))
    lines = {e["item_id"]: e for e in map(json.loads, export.jsonl(store)) if e["type"] == "item"}
    assert set(lines) == set(ids)
    assert lines[ids[0]]["text"] == item(0).text and lines[ids[0]]["body"] == "attic"
    assert lines[ids[1]]["text"] == "" and lines[ids[1]]["body"] == "gone" and lines[ids[1]]["title"] == "Title 1"
    assert "body" not in lines[ids[2]]


def test_salvage_keeps_the_attic(store: Store, tmp_path: Path) -> None:
    ids = fill(store, 12)
    whole = store.items.article(ids[0])
    drop(store, ids[0])
    doctor.salvage(store.path, tmp_path / "saved.db")
    with Store.open(tmp_path / "saved.db", role="cli") as saved:
        assert saved.gate.restore(ids[0], time.time())
        found = saved.items.article(ids[0])
        assert found is not None and whole is not None and found.text == whole.text


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 2_500), max_size=60), st.integers(1, 2_500))
def test_blocks_stay_without_holes(tmp_path_factory: pytest.TempPathFactory, gone: list[int], total: int) -> None:
    with Store.open(tmp_path_factory.mktemp("coarse") / "a.db", role="worker") as store:
        rng = np.random.default_rng(total)
        vectors = rng.standard_normal((total, 4)).astype("<f4")
        store.vectors.put("s", [(n.to_bytes(4, "big"), v.tobytes()) for n, v in enumerate(vectors, 1)])
        with store.db.write():
            coarse.remove(store.db, gone)
        store.vectors.put("s", [(b"new", vectors[0].tobytes())])
        left = {n for n in range(1, total + 1) if n not in gone}
        told: dict[int, np.ndarray] = {}
        for block, ids, inverse in store.db.rows("SELECT id, ids, inverse FROM coarse ORDER BY id"):
            held, scales = coarse.read(store.db, block, 4), np.frombuffer(inverse, "<f4")
            row = [n for n in np.frombuffer(ids, "<i8").tolist() if n]
            told |= {n: np.append(held[:, :, place].ravel(), scales[place]) for place, n in enumerate(row)}
        assert len(told) == len(left) + 1
        exact = dict(store.db.rows("SELECT id, vector FROM embeddings"))
        assert set(told) == set(exact)
        planes, scales = encode(np.frombuffer(b"".join(exact[n] for n in told), "<f4").reshape(-1, 4))
        for place, n in enumerate(told):
            assert np.array_equal(told[n], np.append(planes[:, :, place].ravel(), scales[place]))
