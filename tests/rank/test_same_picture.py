"""Posts with the same picture: which are one story, which are not, and an emblem joins nothing."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.base import Author, Item, Media, Page
from penchant.app.rank.same_picture import DISTANCE, Shown, alike, join
from penchant.app.rank.stories import SPAN, Sets
from penchant.app.ranking import RankSession
from penchant.app.ranking_pictures import same_pictures
from penchant.app.store import Store
from penchant.app.store.pictures_rows import Kept

NOW = 2e9
BITS = 0x0F1E2D3C4B5A6978


def signed(bits: int) -> int:
    return bits - (1 << 64) if bits >> 63 else bits


def lead(
    pairs: list[tuple[int, int]], at: list[float], *, leads: list[int] | None = None, told: list[int] | None = None,
    titles: list[list[int]] | None = None,
) -> list[int]:  # fmt: skip
    """Leaders of items 1, 2, 3 ... after joining."""
    ids = np.arange(1, len(at) + 1)
    by = np.array([[who, 7] for who in told or ids.tolist()])
    words = Sets.make(titles or [[] for _ in at])
    return join(np.array(leads or ids), ids, np.array(at), by, words, pairs).tolist()


@given(st.integers(0, (1 << 64) - 1), st.sets(st.integers(0, 63), max_size=8))
def test_pictures_are_alike_when_few_bits_differ(bits: int, flips: set[int]) -> None:
    other = bits
    for flip in flips:
        other ^= 1 << flip
    found = alike([Shown(1, b"a", signed(bits)), Shown(2, b"b", signed(other))])
    plain = min(bits.bit_count(), other.bit_count(), 64 - bits.bit_count(), 64 - other.bit_count()) < 8
    assert bool(found) == (len(flips) <= DISTANCE and not plain)


def test_vectors_that_differ_keep_pictures_of_one_shape_apart() -> None:
    one, other = np.eye(2, dtype=np.float32)
    near = (one + 0.1 * other) / np.linalg.norm(one + 0.1 * other)
    for vector, same in ((other, False), (near, True), (None, True)):
        assert bool(alike([Shown(1, b"a", BITS, one), Shown(2, b"b", BITS ^ 1, vector)])) is same


def test_two_pictures_of_one_post_are_no_pair() -> None:
    assert alike([Shown(1, b"a", BITS), Shown(1, b"b", BITS)]) == []


def test_the_oldest_leads_and_nothing_hangs_in_chains() -> None:
    hour = 3600.0
    assert lead([(1, 2), (2, 3), (1, 3)], [NOW + hour, NOW, NOW + 2 * hour]) == [2, 2, 2]
    late = NOW + SPAN - hour
    assert lead([(1, 2), (2, 3)], [NOW, late, late + 2 * hour]) == [1, 1, 3], "the third is too far from the first"


@pytest.mark.parametrize(
    ("why", "more"),
    [
        ("the same author said it twice", {"told": [5, 5]}),
        ("two titles without a common word", {"titles": [[1, 2], [3, 4]]}),
    ],
)
def test_what_stays_apart(why: str, more: dict[str, list[int]]) -> None:
    assert lead([(1, 2)], [NOW, NOW + 60], **more) == [1, 2], why  # type: ignore[arg-type]


def test_too_far_in_time() -> None:
    assert lead([(1, 2)], [NOW, NOW + SPAN + 1]) == [1, 2]


def test_what_is_joined_stays_joined() -> None:
    assert lead([(1, 3)], [NOW, NOW + 1, NOW + 2], leads=[1, 2, 2]) == [1, 2, 2]
    assert lead([(1, 2)], [NOW, NOW + 1, NOW + 2], leads=[1, 2, 2]) == [1, 2, 2], "a story is not moved as a whole"
    assert lead([(1, 2)], [NOW, NOW + 1], titles=[[1, 2], []]) == [1, 1], "a post without a title may be anything's"


class Wall:
    """An archive of posts by different people; a picture is told by a number."""

    def __init__(self, path: Path) -> None:
        self.path, self.count = path, 0

    def post(
        self, *posts: tuple[str, str, int], address: str = "https://feed.example/", come: bool = True
    ) -> list[int]:
        """(author, text, picture) of each, a minute apart; their pictures have come, unless not."""
        now = time.time()
        with Store.open(self.path, role="cli") as store:
            number = store.subscriptions.add("mastodon", address)
            items = []
            for author, text, picture in posts:
                self.count += 1
                media = (Media(f"https://p.example/{self.count}/{picture}", "image"),) if picture else ()
                items.append(
                    Item(f"{self.count}", f"https://p.example/post/{self.count}", "", text,
                         Author(f"acct:{author}", author), now - 3600 + 60 * self.count, media=media)
                )  # fmt: skip
            ids = store.items.put_page(number, Page(tuple(items), {}), now).item_ids
        if come:
            self.arrive(ids)
        return ids

    def arrive(self, ids: list[int]) -> None:
        """The pictures of posts come."""
        with Store.open(self.path, role="cli") as store:
            for wanted in store.pictures.ask(ids, time.time()):
                picture = int(wanted.url.rsplit("/", 1)[-1])
                hash, print_ = picture.to_bytes(16, "big"), signed((BITS * picture) & ((1 << 64) - 1))
                store.pictures.put([Kept(wanted.id, hash, "jpeg", 9, 9, 1, 9, b"\0" * 36, print_, "", "")], time.time())

    def pairs(self) -> set[tuple[int, int]]:
        with Store.open(self.path) as store:
            return set(same_pictures(store, [row[0] for row in store.db.rows("SELECT id FROM items ORDER BY id")]))


@pytest.fixture
def wall(tmp_path: Path) -> Wall:
    return Wall(tmp_path / "archive.db")


def test_a_picture_posted_by_three_people_is_one_card(wall: Wall) -> None:
    ids = wall.post(("ada", "look", 3), ("bo", "", 5), ("cy", "wow, the falls this morning", 3), ("di", "so nice", 3))
    session = RankSession(wall.path, explore=0.0)
    session.load()
    order = session.order()
    assert sorted(session.stories.members(ids[0])) == [ids[0], ids[2], ids[3]]
    assert len(order.ids) == 2 and sum(map(len, order.stories.values())) == 2
    session.close()


def test_a_picture_that_comes_later_still_joins(wall: Wall) -> None:
    ids = wall.post(("ada", "look", 3)) + wall.post(("bo", "here it is", 3), come=False)
    session = RankSession(wall.path, explore=0.0)
    session.load()
    assert len(session.order().ids) == 2
    wall.arrive(ids)
    session.refresh()
    assert sorted(session.stories.members(ids[1])) == ids
    session.close()


def test_an_article_with_an_agency_photo_joins_nothing(wall: Wall) -> None:
    wall.post(("ada", "The council met. " * 20, 3), ("bo", "The rail line opens. " * 20, 3))
    assert wall.pairs() == set()


def test_an_emblem_joins_nothing_not_even_elsewhere(wall: Wall) -> None:
    ids = wall.post(*[(f"writer {n}", f"note {n}", 3) for n in range(5)])
    assert len(wall.pairs()) == 10
    other = wall.post(("someone", "else", 3), ("a fan", "of both", 5), ("a friend", "too", 5), address="https://b.example/")
    assert (ids[0], other[0]) in wall.pairs()
    wall.post(("writer 9", "note 9", 3))
    assert wall.pairs() == {(other[1], other[2])}
