"""Statistics, diversity and exposure: bounds that always hold, and what the report says of known archives."""

from __future__ import annotations

import math
from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.memory import plots
from penchant.app.memory.deeds import Deed, start_of, weeks_until
from penchant.app.memory.diversity import shannon, simpson, wilson
from penchant.app.memory.exposure import REASONS, Came, Names, reason, report
from penchant.app.memory.numbers import Tally, count

MONDAYS = weeks_until(date(2026, 11, 23), 6)
BEGIN = start_of(MONDAYS[0])
WEEK = 7 * 86_400
COUNTS = st.lists(st.integers(0, 1_000_000), max_size=30)


@given(COUNTS)
def test_effective_numbers_lie_between_one_and_all(counts: list[int]) -> None:
    there = sum(c > 0 for c in counts)
    for measure in (shannon, simpson):
        assert (measure(counts) == 0) if not there else 1 <= measure(counts) <= there
    assert simpson(counts) <= shannon(counts) + 1e-9, "Hill numbers fall with their order"


@given(st.integers(1, 50), st.integers(1, 1000))
def test_equal_shares_are_as_many_as_there_are(kinds: int, each: int) -> None:
    assert shannon([each] * kinds) == pytest.approx(kinds) and simpson([each] * kinds) == pytest.approx(kinds)


def test_known_values() -> None:
    assert shannon([1, 1, 2]) == pytest.approx(math.exp(0.5 * math.log(4) + 0.5 * math.log(2)))
    assert simpson([1, 1, 2]) == pytest.approx(1 / (1 / 16 + 1 / 16 + 1 / 4))
    # Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3.
    for hits, trials, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert wilson(hits, trials) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_an_interval_holds_its_rate(hits: int, misses: int) -> None:
    low, high = wilson(hits, hits + misses)
    assert 0 <= low <= high <= 1
    if hits + misses:
        assert low <= hits / (hits + misses) <= high and high - low < 1


DEEDS = st.lists(
    st.builds(
        Deed, st.integers(1, 9), st.sampled_from(("open", "dwell", "like", "skip", "save")),
        st.floats(BEGIN - WEEK, BEGIN + 7 * WEEK), st.just(0.0), st.booleans(),
    ),
    max_size=40,
)  # fmt: skip


@given(DEEDS, st.randoms())
def test_numbers_add_up_and_do_not_mind_the_order(deeds: list[Deed], random: object) -> None:
    inside = [deed for deed in deeds if BEGIN <= deed.at < BEGIN + 6 * WEEK + 3600 and not deed.afar]
    sources = {n: f"source {n % 3}" for n in range(1, 10)}
    found = count(deeds, [], sources, MONDAYS)
    shuffled = list(deeds)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert count(shuffled, [], sources, MONDAYS) == found
    assert found.whole.opened == len({d.item_id for d in inside if d.kind == "open"})
    assert sum(opened for opened, _ in found.hours) == sum(d.kind == "open" for d in inside)
    assert sum(tally.opened for _, tally in found.sources) == found.whole.opened
    assert found.whole.liked + found.whole.skipped == len({d.item_id for d in inside if d.kind in ("like", "skip")})
    assert all(tally.opened <= found.whole.opened for _, tally in found.weeks)


def test_the_last_decision_counts_and_what_was_on_screen_is_seen() -> None:
    at = BEGIN + 3600
    deeds = [
        Deed(1, "like", at),
        Deed(1, "skip", at + 5),
        Deed(2, "open", at),
        Deed(2, "dwell", at, 90.0),
        Deed(3, "like", at, 0, True),
    ]
    found = count(deeds, [(4, at), (4, at + WEEK), (5, at - WEEK)], {1: "A", 2: "A", 4: "B"}, MONDAYS)
    assert found.whole == Tally(3, 1, 0, 1, 90.0) and found.afar == 1
    assert dict(found.sources) == {"A": Tally(2, 1, 0, 1, 90.0), "B": Tally(1)}
    assert [tally.seen for _, tally in found.weeks] == [3, 1, 0, 0, 0, 0]
    assert "3 seen, 1 read" in found.words and "0 liked" in found.words


def test_plots_hold_no_control_bytes_and_fit() -> None:
    deeds = [Deed(n, "open", BEGIN + n * 90_000) for n in range(30)]
    for width in (30, 60, 100, 500):
        drawn = plots.of_numbers(count(deeds, [], {}, MONDAYS), width)
        assert drawn and all(line.isprintable() and len(line) <= min(width, plots.WIDEST) for line in drawn)
    assert any("reading" in line or "opened by hour" in line for line in drawn)


def came(n: int, **fields: object) -> Came:
    base = {"item_id": n, "at": BEGIN + n * 1000.0, "source": "rss:a", "kind": "rss", "lang": "en", "seen": False}
    return Came(**{**base, "opened": False, "liked": False, "probability": 0.5, **fields})  # type: ignore[arg-type]


def test_each_reason_is_found() -> None:
    assert reason(came(1, seen=True, muted=True), 0.3) == ""
    for name in ("muted", "gated", "silenced", "folded"):
        assert reason(came(1, **{name: True}), 0.3) == name
    assert reason(came(1, probability=None), 0.3) == "unranked"
    assert reason(came(1, probability=0.1), 0.3) == "unlikely" and reason(came(1, probability=0.4), 0.3) == "flood"
    assert reason(came(1, probability=0.0), None) == "flood", "with hardly anything shown, no number is low"


ITEMS = st.lists(
    st.builds(
        came, st.integers(0, 5000), source=st.sampled_from(("rss:a", "rss:b", "")),
        lang=st.sampled_from(("en", "de", "")), interest=st.sampled_from(("", "k1")), seen=st.booleans(),
        muted=st.booleans(), gated=st.booleans(), silenced=st.booleans(),
        folded=st.booleans(), probability=st.none() | st.floats(0, 1),
    ),
    max_size=60, unique_by=lambda each: each.item_id,
)  # fmt: skip


@given(ITEMS)
def test_shares_and_reasons_add_up(items: list[Came]) -> None:
    found = report(items, Names({}, {"rss:gone": "no answer"}), MONDAYS)
    assert (found.came, found.shown) == (len(items), sum(each.seen for each in items))
    assert sum(found.reasons.values()) == found.came - found.shown and set(found.reasons) <= set(REASONS)
    for row in found.rows:
        assert row.shown + sum(row.reasons.values()) == row.came and row.advice
        assert 0 <= row.share_came <= 1 and 0 <= row.share_shown <= 1
    kinds = [row for row in found.rows if row.by == "kind"]
    assert sum(row.share_came for row in kinds) == pytest.approx(1 if items else 0)
    assert Counter(row.key for row in found.rows if row.by == "source")["rss:gone"] == 1, (
        "a source that brings nothing is told of"
    )
    assert found.words and found.narrowing


def test_what_to_turn() -> None:
    shown = [came(n, seen=True, source="rss:big", probability=0.6) for n in range(60)]
    little = [came(100 + n, source="rss:little", lang="de", probability=0.1) for n in range(30)]
    off = [came(200 + n, source="rss:off", silenced=True) for n in range(12)]
    few = [came(300 + n, source="rss:few", probability=0.1) for n in range(3)]
    half = [came(400 + n, source="rss:half", seen=n < 6) for n in range(12)]
    found = {row.key: row for row in report([*shown, *little, *off, *few, *half], Names({}, {}), MONDAYS).rows}
    assert found["rss:half"].shown / 12 < found["rss:half"].usual and found["rss:half"].verdict == "", "nobody can tell"
    assert found["rss:big"].verdict == "more" and found["rss:little"].verdict == "less"
    assert found["rss:little"].dial == ("order", "explore") and "exploration" in found["rss:little"].advice
    assert found["rss:off"].dial == ("source", "rss:off") and "dial is at 0" in found["rss:off"].advice
    assert found["rss:few"].verdict == "few" and "too few" in found["rss:few"].advice
    assert found["rss:big"].advice == "Everything that came was on screen"


def test_narrowing_is_seen_and_not_claimed_of_little() -> None:
    items = []
    for week in range(6):
        for n in range(40):
            kept = n < 20 if week < 3 else n % 8 == 0 and n < 40
            at = start_of(MONDAYS[week] + timedelta(days=1)) + n
            seen = kept or (week >= 3 and n % 4 == 0)
            items.append(came(week * 100 + n, at=at, source=f"rss:{n % 4}", seen=seen))
    assert "narrower" in report(items, Names({}, {}), MONDAYS).narrowing
    assert "Too few weeks" in report(items[:40], Names({}, {}), MONDAYS).narrowing
