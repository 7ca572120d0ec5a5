"""The sample feed keeps what it promises: its size, its variety, and the behaviour of a real source."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pytest

from penchant.adapters import load
from penchant.adapters.base import BadSettings, Item, Page, Source
from penchant.adapters.text import canonical_url
from penchant.app.embed.static import StaticEmbedder

NOW = 1_800_000_000.0
SETTINGS = {"address": "sample:feed", "anchor": NOW}


async def pages(
    settings: Mapping[str, object] = SETTINGS, cursor: dict[str, object] | None = None
) -> list[Page]:
    # The sample source makes no request, so it needs no client.
    return [page async for page in load("sample").fetch(None, settings, cursor or {})]  # type: ignore[arg-type]


@pytest.fixture
async def items() -> list[Item]:
    return [item for page in await pages() for item in page.items]


async def test_size_and_variety(items: list[Item]) -> None:
    assert len(items) >= 240
    topics = Counter(item.extra["topic"] for item in items)
    assert len(topics) == 12
    assert min(topics.values()) >= 20
    assert len({item.author.key for item in items if item.author}) == 30
    languages = Counter(item.lang for item in items)
    assert {"en", "de", "fr", "es", "ja", "pt"} <= set(languages)
    assert sum(count for lang, count in languages.items() if lang != "en") >= 20
    assert sum(1 for item in items if item.poll) >= 8
    assert sum(1 for item in items if item.content_warning) >= 2
    assert sum(1 for item in items if len(item.text.split()) >= 2000) == 1
    assert sum(1 for item in items if 100 <= len(item.text.split()) < 500) >= 40
    assert sum(1 for item in items if not item.title) >= 100


async def test_nothing_is_said_twice(items: list[Item]) -> None:
    """Sentences are written, not filled in: none repeats, apart from the intended near-duplicates."""
    sentences = Counter(
        sentence.strip()
        for item in items
        if "same_as" not in item.extra
        for sentence in item.text.replace("\n", ". ").split(". ")
        if len(sentence.split()) > 6
    )
    assert not [s for s, count in sentences.items() if count > 1 and "flood" not in s and "Sunday" not in s]


async def test_ids_and_addresses_are_unique_and_made_up(items: list[Item]) -> None:
    assert len({item.native_id for item in items}) == len(items)
    for item in items:
        host = item.url.split("/")[2]
        assert item.url.startswith(("https://", "http://"))
        assert host.endswith(".example"), item.url
        assert all(link.url.split("/")[2].endswith(".example") for link in item.links)
        assert item.author is not None
        assert item.points is None or item.points >= 0


async def test_times_count_back_from_the_anchor(items: list[Item]) -> None:
    for item in items:
        assert item.published is not None
        assert NOW - 40 * 86400 < item.published < NOW
        for sighting in item.sightings:
            assert sighting.at is not None
            assert item.published <= sighting.at < NOW
    assert [i.published for i in items] == sorted((i.published or 0 for i in items), reverse=True)


async def test_boosts_come_from_several_people(items: list[Item]) -> None:
    boosts = [(item, s) for item in items for s in item.sightings if s.how == "boost"]
    assert len(boosts) >= 30
    assert len({s.by.key for _, s in boosts if s.by}) >= 8
    assert all(s.by != item.author for item, s in boosts)


async def test_near_duplicates_share_an_address_or_almost_all_words(items: list[Item]) -> None:
    by_name = {item.native_id.removeprefix("sample:"): item for item in items}
    pairs = [(item, by_name[item.extra["same_as"]]) for item in items if "same_as" in item.extra]
    assert len(pairs) >= 8
    same_address = [pair for pair in pairs if canonical_url(pair[0].url) == canonical_url(pair[1].url)]
    same_words = [pair for pair in pairs if pair not in same_address]
    assert len(same_address) >= 6
    assert len(same_words) >= 2
    for one, other in same_words:
        a, b = set(one.text.split()), set(other.text.split())
        assert len(a & b) / len(a | b) > 0.8
        assert one.text != other.text
    assert all(one.author != other.author for one, other in pairs)


async def test_other_items_do_not_share_an_address(items: list[Item]) -> None:
    addresses = Counter(canonical_url(item.url) for item in items if "same_as" not in item.extra)
    assert [a for a, count in addresses.items() if count > 1] == []


async def test_a_thread_hangs_together(items: list[Item]) -> None:
    by_id = {item.native_id: item for item in items}
    threads = Counter(item.thread for item in items if item.thread)
    assert max(threads.values()) >= 7
    for item in items:
        if not item.in_reply_to:
            continue
        parent = by_id[item.in_reply_to]
        assert parent.thread == item.thread
        assert (parent.published or 0) < (item.published or 0)
    longest = threads.most_common(1)[0][0]
    assert len({i.author.key for i in items if i.thread == longest and i.author}) >= 3


async def test_text_is_plain(items: list[Item]) -> None:
    for item in items:
        everything = "".join([item.title, item.text, item.content_warning, *(m.alt for m in item.media)])
        odd = [c for c in everything if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"]
        assert not odd, item.native_id
        for number in range(1, len(item.links) + 1):
            assert f"[{number}]" in item.text


async def test_pages_are_of_forty_and_the_cursor_resumes() -> None:
    first = await pages()
    total = sum(len(page.items) for page in first)
    assert {len(page.items) for page in first[:-1]} == {40}
    assert {page.total for page in first} == {total}
    again = await pages(cursor=first[2].cursor)
    assert [p.items for p in again] == [p.items for p in first[3:]]


async def test_a_second_fetch_brings_nothing_and_times_stay_put() -> None:
    first = await pages({"address": "sample:feed"})
    last = first[-1].cursor
    second = await pages({"address": "sample:feed"}, last)
    assert [page.items for page in second] == [()]
    assert second[-1].cursor == last
    other_edition = await pages({"address": "sample:feed"}, {**last, "edition": "older"})
    assert [p.items for p in other_edition] == [p.items for p in first]


@pytest.mark.parametrize("served", [-5, 10**9, "all", None])
async def test_a_spoilt_cursor_is_survived(served: object) -> None:
    known = (await pages())[-1].cursor
    assert await pages(cursor={**known, "served": served})


async def test_another_address_is_refused_and_the_right_one_recognised() -> None:
    with pytest.raises(BadSettings, match="sample:feed"):
        await pages({"address": "sample:elsewhere"})
    source = load("sample")
    assert isinstance(source, Source)
    suggestion = source.recognise(" Sample ")
    assert suggestion is not None
    assert suggestion.address == "sample:feed"
    assert source.recognise("https://sample.example/") is None


async def test_topics_can_be_told_apart_by_a_learner(items: list[Item]) -> None:
    """Nearest topic centroid on the bundled static vectors, each English item left out in turn."""
    english = [i for i in items if i.lang == "en" and "same_as" not in i.extra]
    topics = np.array([i.extra["topic"] for i in english])
    names = sorted(set(topics))
    words = _closeness([f"{i.title}\n{i.text}" for i in english], topics, names)
    aucs = [(words[topics == t, j][:, None] > words[topics != t, j]).mean() for j, t in enumerate(names)]
    assert np.mean(aucs) > 0.85
    tagged = _closeness([f"{i.title}\n{i.text}\n{' '.join(i.tags)}" for i in english], topics, names)
    assert np.mean(np.array(names)[tagged.argmax(axis=1)] == topics) > 0.8


def _closeness(texts: list[str], topics: np.ndarray, names: list[str]) -> np.ndarray:
    """Cosine of each text (rows) to the centroid of each topic's other texts (columns)."""
    vectors = np.asarray(StaticEmbedder().embed_batch(texts))
    vectors = vectors - vectors.mean(axis=0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = np.zeros((len(texts), len(names)))
    for row in range(len(texts)):
        for column, name in enumerate(names):
            members = topics == name
            members[row] = False
            centroid = vectors[members].mean(axis=0)
            scores[row, column] = centroid @ vectors[row] / np.linalg.norm(centroid)
    return scores
