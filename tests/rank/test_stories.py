"""Stories: what joins, what does not, no chains, and the same however often it is asked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app.rank.batch import Batch, build_batch
from penchant.app.rank.features import encode_words
from penchant.app.rank.freshness import LONGEST, SHORTEST, fit_freshness
from penchant.app.rank.stats import ArchiveStats
from penchant.app.rank.stories import SPAN, Signs, leaders, signs
from penchant.app.rank.types import RankItem

NOW, DAY = 2e9, 86400.0
TEXT = "the moon rocks that lay in a drawer for fifty years were weighed again by two students this week"
OTHER = "how a bakery keeps its rye starter alive through a cold winter without heating the cellar at all"


def made(*texts: str, direction: list[int] | None = None, **fields: list) -> tuple[Batch, Signs]:  # type: ignore[type-arg]
    """Items whose vectors point into `direction` (one each where not given)."""
    items = []
    for n, _ in enumerate(texts):
        more = {name: values[n] for name, values in fields.items()}
        items.append(replace(RankItem(n + 1, b"", published=NOW + n, first_seen=NOW + 9 * DAY), **more))
    vectors = np.zeros((len(texts), 256), np.float32)
    vectors[np.arange(len(texts)), direction or list(range(len(texts)))] = 1.0
    blobs = [encode_words(item.title, text, ()) for item, text in zip(items, texts, strict=True)]
    return build_batch(items, blobs, {"static": vectors}, ArchiveStats.empty()), signs(items)


def lead(batch: Batch, marks: Signs, known: dict[int, int] | None = None, ready: list[bool] | None = None) -> list[int]:
    on = np.ones(len(batch), bool) if ready is None else np.array(ready)
    return leaders(batch, marks, known or {}, on).tolist()


def test_near_copies_join_the_oldest_and_others_stand_alone() -> None:
    texts = [TEXT, OTHER, TEXT + " again", TEXT.replace("two", "three")]
    assert lead(*made(*texts, direction=[0, 1, 0, 0])) == [1, 2, 1, 1]


@pytest.mark.parametrize(
    ("why", "fields"),
    [
        ("far in time", {"published": [NOW, NOW + SPAN + 1]}),
        ("other titles over one boilerplate", {"title": ["A marvel of technology", "Bread prices in Norway"]}),
    ],
)
def test_what_looks_near_but_is_not_stays_apart(why: str, fields: dict[str, list[object]]) -> None:
    texts = [TEXT + " one two three four five", TEXT + " some other words that only this one has"]
    assert lead(*made(*texts, direction=[0, 0], **fields)) == [1, 2], why


def test_near_in_meaning_alone_or_in_words_alone_is_no_story() -> None:
    assert lead(*made(TEXT, OTHER, direction=[0, 0])) == [1, 2]
    assert lead(*made(TEXT, TEXT + " again", direction=[0, 1])) == [1, 2]


def test_short_greetings_are_no_story() -> None:
    assert lead(*made("Good morning", "Good morning", direction=[0, 0])) == [1, 2]


def test_one_joins_its_leader_and_never_a_chain() -> None:
    words = TEXT.split()
    middle = " ".join(words[:11] + OTHER.split()[:9])
    far = " ".join(words[5:8] + OTHER.split())
    assert lead(*made(TEXT, middle, far, direction=[0, 0, 0])) == [1, 1, 3]


def test_posts_about_one_address_join_the_article_and_one_another_but_not_one_authors_signature() -> None:
    link = ("https://paper.example/story",)
    mail = ("https://me.example/newsletter",)
    authors = ["mastodon:a", "mastodon:b", "mastodon:c", "mastodon:d", "mastodon:d"]
    batch, marks = made("look", "wow", "so", "read this", "and this", author_key=authors, about=[link] * 3 + [mail] * 2)
    assert lead(batch, marks) == [1, 1, 1, 4, 5]
    many = tuple(f"https://x.example/{n}" for n in range(9))
    assert lead(*made("a", "b", author_key=authors[:2], about=[(*link, *many)] * 2)) == [1, 2], "a list of links"


def test_what_is_known_stays_and_a_lost_leader_is_followed_by_the_oldest() -> None:
    batch, marks = made(TEXT, OTHER, TEXT + " again", direction=[0, 1, 0])
    assert lead(batch, marks, {1: 1, 2: 2, 3: 3}) == [1, 2, 3], "once apart, for good"
    assert lead(batch, marks, {1: 77, 3: 77}) == [1, 2, 1]
    assert lead(batch, marks, ready=[True, True, False]) == [1, 2, 3], "its vector is still to come"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=140), st.integers(1, 139))
def test_adding_later_items_changes_nothing_and_comes_out_as_if_at_once(topics: list[int], cut: int) -> None:
    texts = [f"{TEXT if t % 2 else OTHER} number {t} of them" for t in topics]
    batch, marks = made(*texts, direction=topics)
    whole = lead(batch, marks)
    rows = np.arange(min(cut, len(topics)))
    first = lead(batch.take(rows), marks.take(rows))
    assert whole[: len(rows)] == first
    assert lead(batch, marks, dict(zip(batch.item_ids[rows].tolist(), first, strict=True))) == whole
    assert all(whole[leader - 1] == leader for leader in whole)


def ages(shown: float, fading: float, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Ages shown (exponential, mean `shown` days) and which are liked: half as often every `fading` days."""
    rng = np.random.default_rng(seed)
    days = rng.exponential(shown, n)
    return days * DAY, (rng.random(n) < 0.6 * 0.5 ** (days / fading)).astype(float)


def fitted(age: np.ndarray, liked: np.ndarray, source: int = 1):  # type: ignore[no-untyped-def]
    return fit_freshness(age, liked, np.ones(len(age)), np.full(len(age), source), 5.0)


@pytest.mark.parametrize("fading", [0.5, 2.0, 12.0])
def test_half_lives_are_found_again_whatever_the_rhythm_of_visits(fading: float) -> None:
    for shown in (1.0, 4.0):
        found = fitted(*ages(shown, fading, 2_000)).of(np.array([1]))[0]
        assert fading / 2.2 < found < fading * 2.2, (shown, found)


def test_without_judgements_the_default_holds_and_a_few_move_it_little() -> None:
    nothing = np.zeros(0)
    found = fit_freshness(nothing, nothing, nothing, np.zeros(0, np.int64), 5.0)
    assert found.of(np.array([1, 2])) == pytest.approx([5.0, 5.0])
    few = fitted(np.full(2, 3600.0), np.ones(2))
    assert 2.5 < few.overall < 5.5 and 2.0 < few.of(np.array([1]))[0] < 5.5


def test_a_weekly_reader_does_not_seem_to_love_old_news_nor_new() -> None:
    days = np.random.default_rng(1).uniform(0, 7, 400)
    liked = (np.arange(400) % 2).astype(float)
    assert fitted(days * DAY, liked).overall > 5.0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.floats(-1e6, 1e9), st.booleans(), st.integers(0, 3)), max_size=60))
def test_half_lives_stay_in_bounds(rows: list[tuple[float, bool, int]]) -> None:
    age, liked, source = (np.array([row[k] for row in rows], float) for k in range(3))
    found = fit_freshness(age, liked, np.ones(len(rows)), source.astype(np.int64), 5.0)
    every = found.of(np.arange(5))
    assert np.all((every >= SHORTEST - 1e-9) & (every <= LONGEST + 1e-9))
