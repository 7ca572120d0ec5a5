"""Decisions are pure: what is the same thing, what is only similar, and when to look again."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.app import decide, nearness
from penchant.app.decide import DAY, Known, Text

WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=9)
LONG = st.lists(WORDS, min_size=20, max_size=60)  # under nearness.HEAD characters with any gap
NOW = 1_700_000_000.0


def text(title: str = "", body: str = "", lang: str = "", at: float = NOW, digest: bytes = b"", url: str = "u") -> Text:
    return Text(digest or (title + body).encode(), url, title, body, lang, at)


ARTICLE = " ".join(f"word{n} of the first essay" for n in range(40))
ESSAY = " ".join(f"thought{n} about somebody else" for n in range(40))


@pytest.mark.parametrize(
    ("known", "arrives", "verdict"),
    [
        (None, (b"a", None, None), "new"),
        ((b"a", None, None), (b"b", None, None), "edit"),
        ((b"a", 1, 2), (b"b", 1, 2), "edit"),
        ((b"a", 1, 2), (b"a", 5, 2), "refresh"),
        ((b"a", None, None), (b"a", 0, None), "refresh"),
        ((b"a", 1, 2), (b"a", 1, 2), "same"),
        ((b"a", 1, 2), (b"a", None, None), "same"),
    ],
)
def test_verdicts(known, arrives, verdict: str) -> None:
    assert decide.verdict(Known(1, *known) if known else None, *arrives) == verdict


@pytest.mark.parametrize(
    ("url", "one"),
    [
        ("https://example.org/", False),
        ("https://example.org", False),
        ("", False),
        ("mailto:a@example.org", False),
        ("https://[broken", False),
        ("https://example.org/post/1", True),
        ("https://example.org/?p=12", True),
    ],
)
def test_addresses_that_identify(url: str, one: bool) -> None:
    assert decide.identifies(url) is one


def test_one_address_joins_a_link_and_its_article() -> None:
    join = decide.same_by_address
    assert join(text("Show HN: a thing"), text("A thing, announced", ARTICLE), same_source=False, shared=1)
    assert join(text("One", ARTICLE), text("Two", ARTICLE[:600]), same_source=False, shared=1)


def test_one_address_keeps_an_essay_about_it_apart() -> None:
    assert not decide.same_by_address(text("A", ARTICLE), text("B", ESSAY), same_source=False, shared=1)


def test_an_ambiguous_address_joins_equal_titles_only() -> None:
    join = decide.same_by_address
    for shared, same_source in ((2, False), (1, True)):
        options = {"same_source": same_source, "shared": shared}
        assert not join(text("Release 1"), text("Release 2"), **options)
        assert join(text("Release 1!"), text("release 1"), **options)
        assert not join(text("Release 1"), text("Release 1", at=NOW - 9 * DAY), **options)
        assert not join(text(""), text(""), **options)


def test_versions_with_one_changelog_stay_apart() -> None:
    assert not decide.same_by_text(text("App 1.2.3", ARTICLE), text("App 1.2.4", ARTICLE), same_source=False)
    assert decide.same_by_text(text("App 1.2.3", ARTICLE), text("App 1.2.3 ", ARTICLE), same_source=False)


@given(LONG, st.integers(0, 10**6))
def test_similarity_is_a_similarity(words: list[str], seed: int) -> None:
    other = list(words)
    random.Random(seed).shuffle(other)
    a, b = " ".join(words), " ".join(other)
    assert decide.similarity(a, a) == 1.0
    assert decide.similarity(a, b) == decide.similarity(b, a)
    assert 0.0 <= decide.similarity(a, b) <= 1.0
    assert decide.similarity(a.upper(), f"  {a}!") == 1.0


def test_similarity_without_spaces() -> None:
    story = "東京都は日本の首都であり人口は約千四百万人で世界最大の都市圏のひとつとして知られている場所です"
    assert decide.similarity(story, story.replace("約", "")) > 0.8
    assert (
        decide.similarity(
            story, "今日は天気が良いので散歩に出かけました。とても楽しかったので明日もまた行こうと思います"
        )
        < 0.2
    )


def test_the_oldest_match_wins_and_addresses_go_first() -> None:
    new = text("Same", ARTICLE)
    same, unlike = text("Same", ARTICLE), text("Unlike", ESSAY)
    assert decide.first_join(new, [], []) is None
    assert decide.first_join(new, [(3, same, False)], [(1, same, False)]) == 3
    assert decide.first_join(new, [], [(1, unlike, False), (4, same, False), (7, same, False)]) == 4


@given(LONG, st.sampled_from((" ", "  ", "\n", ", ", " - ")))
def test_fingerprints_ignore_case_and_punctuation(words: list[str], gap: str) -> None:
    plain, dressed = " ".join(words), gap.join(words).upper() + "!"
    assert nearness.fingerprints([plain]) == nearness.fingerprints([dressed])


@given(st.lists(st.text(max_size=300), max_size=12))
@settings(max_examples=60)
def test_fingerprints_do_not_depend_on_neighbours(texts: list[str]) -> None:
    together = nearness.fingerprints(texts)
    assert together == [nearness.fingerprints([one])[0] for one in texts]
    assert all(value is None or -(1 << 63) <= value < 1 << 63 for value in together)


@pytest.mark.parametrize("body", ["", "lol", "a b c d e f g h i j k l m", "!" * 5_000])
def test_short_texts_have_no_fingerprint(body: str) -> None:
    assert nearness.fingerprints([body]) == [None]


def bits(a: int, b: int) -> int:
    return ((a ^ b) & (1 << 64) - 1).bit_count()


def test_fingerprints_of_near_and_of_far_texts() -> None:
    """Natural text: a few words make up most of it, and must not make strangers look alike."""
    pick = random.Random(4)
    vocabulary = ["".join(pick.choices("abcdefghijklmnopqrstuvwxyz", k=pick.randint(2, 9))) for _ in range(3_000)]
    weights = [1 / (rank + 1) for rank in range(len(vocabulary))]
    texts = [pick.choices(vocabulary, weights, k=150) for _ in range(200)]
    edited = [[*words[:70], pick.choice(vocabulary), *words[71:]] for words in texts]
    a, b = (nearness.fingerprints([" ".join(words) for words in side]) for side in (texts, edited))
    near = [bits(x, y) <= nearness.NEAR_BITS for x, y in zip(a, b, strict=True)]
    far = [bits(x, y) <= nearness.NEAR_BITS for n, x in enumerate(a) for y in a[:n]]
    assert sum(near) > 0.8 * len(near) and not any(far)


def mix(z: int) -> int:
    z = z * 0x9E3779B97F4A7C15 % (1 << 64)
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % (1 << 64)
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % (1 << 64)
    return z ^ (z >> 31)


def test_a_fingerprint_is_the_same_on_every_machine() -> None:
    """Stored for ever: a change of the recipe needs a migration. Checked against a plain recomputation."""
    body = " ".join(f"Word{n}" for n in range(60))
    words = {mix(int.from_bytes(w.encode()[:8].ljust(8, b"\0"), "little")) >> 16 for w in body.lower().split()}
    counts = [sum(mix(word) >> bit & 1 for word in words) for bit in range(64)]
    expected = sum(1 << bit for bit in range(64) if counts[bit] > 30)
    assert nearness.fingerprints([body + " word1 word2"])[0] % (1 << 64) == expected


@given(st.integers(0, 2**32), st.integers(1, 3_000), st.integers(0, nearness.NEAR_BITS + 2))
@settings(max_examples=25, deadline=None)
def test_the_index_finds_exactly_what_is_near(seed: int, size: int, flips: int) -> None:
    pick = random.Random(seed)
    stored = [pick.getrandbits(64) - (1 << 63) for _ in range(size)]
    index = nearness.BandIndex()
    for first in range(0, size, 700):
        part = stored[first : first + 700]
        index.add(list(range(first, first + len(part))), part)
    queries = []
    for _ in range(20):
        value = pick.choice(stored)
        for bit in pick.sample(range(64), flips):
            value ^= 1 << bit if bit < 63 else -(1 << 63)
        queries.append(value)
    brute = [(n, i) for n, q in enumerate(queries) for i, s in enumerate(stored) if bits(q, s) <= nearness.NEAR_BITS]
    assert index.near(queries) == brute


def test_popcount_of_old_and_new_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.array([[0, 1], [2**63 + 1, 2**64 - 1]], dtype=np.uint64)
    assert nearness.popcount(values).tolist() == [[0, 1], [2, 64]]
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert nearness.popcount(values).tolist() == [[0, 1], [2, 64]]


def every(gap: float, count: int = 20, last: float = 0.0) -> list[float]:
    return [NOW - last - gap * n for n in range(count)]


def test_polling_follows_the_posting_rate() -> None:
    interval = decide.poll_interval
    assert interval(every(60.0), NOW) == decide.SHORTEST
    assert interval(every(7_200.0), NOW) == pytest.approx(3_600.0)
    assert interval(every(30 * DAY), NOW) == decide.LONGEST
    assert interval([], NOW) == 3_600.0
    assert interval(every(3_600.0, last=2 * DAY), NOW) > interval(every(3_600.0), NOW), "silence slows it down"


@given(
    st.lists(st.floats(0, 2 * NOW), max_size=40),
    st.floats(60, 7_200),
    st.none() | st.floats(0, 90 * DAY),
)
def test_polling_never_asks_more_often_than_allowed(times, minimum: float, declared) -> None:
    interval = decide.poll_interval(times, NOW, minimum=minimum, declared=declared)
    assert interval >= max(minimum, min(declared or 0.0, decide.MAX_DECLARED))
    assert interval <= max(decide.LONGEST, minimum, decide.MAX_DECLARED)


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True), st.none() | st.floats(0, 90 * DAY))
def test_retries_back_off_within_bounds(failures: int, spread: float, retry_after) -> None:
    wait = decide.retry_at(NOW, failures, spread, retry_after=retry_after) - NOW
    assert wait >= decide.FIRST_RETRY * 0.99
    assert wait <= max(1.5 * DAY, decide.MAX_RETRY_AFTER) + 1
    if retry_after:
        assert wait >= min(retry_after, decide.MAX_RETRY_AFTER) - 1
    assert decide.retry_at(NOW, failures + 1, spread) >= decide.retry_at(NOW, failures, spread)
