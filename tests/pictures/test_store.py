"""What the archive knows of pictures: which an item shows, what became of them, who may be asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penchant.adapters.base import Item, Media, Page
from penchant.app.store import Store
from penchant.app.store.pictures_rows import Failed, Kept, Unchanged

HASH = bytes(range(16))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as opened:
        yield opened


def add(store: Store, *items: Item, address: str = "https://a.example/feed") -> list[int]:
    number = store.subscriptions.add("rss", address, settings={"address": address})
    return store.items.put_page(number, Page(items, {}), 1000.0).item_ids


def shown(name: str, *media: Media, **more: object) -> Item:
    return Item(name, f"https://a.example/{name}", name, media=media, **more)  # type: ignore[arg-type]


def kept(picture: int, hash: bytes = HASH, print_: int | None = 7, size: int = 100) -> Kept:
    return Kept(picture, hash, "jpeg", 640, 480, 1, size, bytes(36), print_, '"tag"', "")


def test_pictures_nobody_asked_for_are_known_by_their_places(store: Store) -> None:
    (one, two) = add(
        store,
        shown("one", Media("https://a.example/1.jpg", alt="a bird", width=30, height=20), Media("https://a.example/2.gif")),
        shown("two", Media("https://a.example/v.mp4", "video", preview_url="https://a.example/v.jpg", alt="a film")),
    )
    (plain,) = add(store, shown("three", Media("https://a.example/s.mp3", "audio")), address="https://b.example/feed")
    found = store.pictures.of_items([two, one, plain])
    assert [(shot.place, shot.url, shot.alt) for shot in found[one]] == [
        (0, "https://a.example/1.jpg", "a bird"), (1, "https://a.example/2.gif", ""),
    ]  # fmt: skip
    assert (found[one][0].state, found[one][0].width, found[one][0].hash) == ("", 30, None)
    assert found[two][0].url == "https://a.example/v.jpg" and plain not in found


def test_at_most_sixteen_and_equal_addresses_once(store: Store) -> None:
    media = [Media(f"https://a.example/{n % 40}.jpg") for n in range(80)]
    (one,) = add(store, shown("one", *media))
    assert [shot.place for shot in store.pictures.of_items([one])[one]] == list(range(16))
    assert len(store.pictures.ask([one], 5.0)) == 16


def test_a_warning_hides_like_a_sensitive_mark(store: Store) -> None:
    picture = Media("https://a.example/1.jpg")
    ids = add(
        store, shown("a", picture), shown("b", picture, sensitive=True), shown("c", picture, content_warning="spider")
    )
    found = store.pictures.of_items(ids)
    assert [found[item][0].sensitive for item in ids] == [False, True, True]


def test_from_asking_to_the_picture_and_back_to_making_room(store: Store) -> None:
    (one,) = add(store, shown("one", Media("https://a.example/1.jpg", alt="a bird")))
    (asked,) = store.pictures.ask([one], 5000.0)
    assert asked.state == "wanted" and asked.addresses == ("https://a.example/feed",)
    assert store.pictures.of_items([one])[one][0].state == "wanted"
    store.pictures.put([kept(asked.id)], 5001.0)
    (shot,) = store.pictures.of_items([one])[one]
    assert (shot.state, shot.hash, shot.width, shot.alt, len(shot.preview)) == ("there", HASH, 640, "a bird", 36)
    store.pictures.evicted([HASH])
    (shot,) = store.pictures.of_items([one])[one]
    assert (shot.state, shot.hash, shot.width) == ("", HASH, 640)
    assert store.pictures.wanting(5002.0) == []
    (again,) = store.pictures.ask([one], 5003.0)
    assert (again.state, again.etag) == ("wanted", "")
    assert store.pictures.wanting(5004.0) == [one] and store.pictures.wanting(50_000.0) == []


def test_looking_again_writes_nothing(store: Store, tmp_path: Path) -> None:
    ids = add(store, shown("one", Media("https://a.example/1.jpg")), shown("two", Media("https://a.example/2.jpg")))
    store.pictures.put([kept(each.id) for each in store.pictures.ask(ids, 5000.0)], 5001.0)
    with Store.open(tmp_path / "archive.db", role="reader") as other:
        before = other.data_version()
        assert len(store.pictures.ask(ids, 5002.0)) == 2
        assert other.data_version() == before
        store.pictures.ask(ids, 50_000.0)
        assert other.data_version() != before


def test_a_failure_is_tried_again_when_its_time_has_come_and_a_refusal_never(store: Store) -> None:
    ids = add(store, shown("one", Media("https://a.example/1.jpg")), shown("two", Media("https://a.example/2.jpg")))
    first, second = store.pictures.ask(ids, 5000.0)
    store.pictures.put([Failed(first.id, "slow", 5060.0), Failed(second.id, "gone", None)], 5001.0)
    assert [each.state for each in store.pictures.ask(ids, 5030.0)] == ["failed", "refused"]
    assert [(e.state, e.failures) for e in store.pictures.ask(ids, 5061.0)] == [("wanted", 1), ("refused", 1)]
    assert [each[1:3] for each in store.pictures.failures()] == [("refused", "gone")]


def test_a_failed_look_for_news_leaves_what_is_there(store: Store) -> None:
    (one,) = add(store, shown("one", Media("https://a.example/1.jpg")))
    (asked,) = store.pictures.ask([one], 5000.0)
    store.pictures.put([kept(asked.id)], 5001.0)
    store.pictures.put([Failed(asked.id, "no network", 9999.0), Unchanged(asked.id)], 6000.0)
    assert store.pictures.of_items([one])[one][0].state == "there"
    assert store.pictures.ask([one], 6001.0)[0].fetched_at == 6000.0


def test_an_edited_item_shows_what_it_names_now(store: Store) -> None:
    (one,) = add(store, shown("one", Media("https://a.example/1.jpg")))
    first = store.pictures.ask([one], 5000.0)[0]
    store.pictures.put([kept(first.id)], 5001.0)
    subscription = store.subscriptions.all()[0].id
    store.items.put_page(subscription, Page((shown("one", Media("https://a.example/2.jpg"), text="new"),), {}), 1001.0)
    store.pictures.ask([one], 5002.0)
    assert [shot.url for shot in store.pictures.of_items([one])[one]] == ["https://a.example/2.jpg"]
    assert store.pictures.items_of([HASH]) == {HASH: ()}
    assert store.pictures.prune() == 1 and store.pictures.prune() == 0


def test_pictures_that_look_the_same_find_one_another(store: Store) -> None:
    ids = add(store, *(shown(str(n), Media(f"https://a.example/{n}.jpg")) for n in range(4)))
    prints = [0, 0b1111, 0b11111, -1]
    asked = store.pictures.ask(ids, 5000.0)
    hashes = [bytes([n]) * 16 for n in range(4)]
    store.pictures.put([kept(e.id, h, p) for e, h, p in zip(asked, hashes, prints, strict=True)], 5001.0)
    assert store.pictures.near(hashes[0]) == [ids[1], ids[0]]
    assert store.pictures.near(hashes[1]) == [ids[2], ids[1], ids[0]]
    assert store.pictures.near(hashes[3], 0) == [ids[3]]
    assert store.pictures.near(b'unknown' + bytes(9)) == []
    assert store.pictures.hashes(ids) == {item: (hash,) for item, hash in zip(ids, hashes, strict=True)}


def test_the_longest_unused_comes_first_and_a_shared_file_lives_with_its_last_user(store: Store) -> None:
    ids = add(store, *(shown(str(n), Media(f"https://a.example/{n}.jpg")) for n in range(3)))
    asked = store.pictures.ask(ids, 5000.0)
    same, other = bytes(16), b"o" * 16
    store.pictures.put([kept(asked[0].id, same), kept(asked[1].id, other)], 5000.0)
    store.pictures.put([kept(asked[2].id, same)], 9000.0)
    assert store.pictures.last_use() == [(other, 5000.0), (same, 9000.0)]
    counts = store.pictures.counts()
    assert (counts.there, counts.files, counts.bytes) == (3, 2, 300)


def test_the_first_of_the_ranking_are_known(store: Store) -> None:
    ids = add(store, *(shown(str(n), Media(f"https://a.example/{n}.jpg")) for n in range(5)), shown("bare"))
    store.scores.publish([(item, 0.0, 0.5, "{}") for item in ids], [ids[5], ids[3], ids[1], ids[0]], 1)
    assert store.pictures.ranked(3) == [ids[3], ids[1]]
    store.pictures.ask([ids[3]], 5.0)
    assert store.pictures.ranked(3) == [ids[1]]
