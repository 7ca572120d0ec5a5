"""What the ranking and the writing do to a reader: pure numbers, and a report of a real archive."""

from __future__ import annotations

import itertools
import json
import math
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len, set_cell_size

from penchant.app.derive import Deriver
from penchant.app.effects import narrowing
from penchant.app.effects.narrowing import rarefied, trend, variety
from penchant.app.effects.reading import CARD, OUTSIDE_NAME, effects
from penchant.app.effects.shares import Mix, leaning, mix
from penchant.app.effects.told import headline, lines, trend_words
from penchant.app.effects.values import Ahead, Effects, Generated, Stage
from penchant.app.effects.widen import widen
from penchant.app.generating import blind_event
from penchant.app.memory.exposure import FEW, Came
from penchant.app.rank.steps import STEPS
from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.store.drafts import Draft
from penchant.app.types import Event

DAY = 86_400.0
counts = st.lists(st.integers(0, 12), max_size=8)


@given(counts, st.integers(1, 30))
def test_rarefaction_lies_between_one_and_what_there_is(found: list[int], size: int) -> None:
    expected = rarefied(found, size)
    kinds = sum(n > 0 for n in found)
    if sum(found) < size:
        assert math.isnan(expected)
    else:
        assert 1 - 1e-9 <= expected <= min(kinds, size) + 1e-9
        assert rarefied([*found[::-1], 0], size) == pytest.approx(expected), "neither order nor what is absent counts"
        assert rarefied(found, sum(found)) == pytest.approx(kinds), "drawn whole it is what is there"


def test_rarefaction_is_what_drawing_gives() -> None:
    found = [6, 3, 2, 1]
    things = [n for n, count in enumerate(found) for _ in range(count)]
    every = [len(set(drawn)) for drawn in itertools.combinations(things, 4)]
    assert rarefied(found, 4) == pytest.approx(sum(every) / len(every))


@pytest.mark.parametrize("n", [2, 3, 5, 6])
def test_the_chance_of_an_order_is_counted_over_all_orders(n: int) -> None:
    def score(values: Sequence[int]) -> int:
        return sum((b > a) - (b < a) for a, b in itertools.combinations(values, 2))

    every = [score(order) for order in itertools.permutations(range(n))]
    for asked in {abs(found) for found in every}:
        share = sum(abs(found) >= asked for found in every) / len(every)
        assert narrowing._chance(asked, n) == pytest.approx(share)


def test_where_orders_are_too_many_to_count_the_chance_is_nearly_theirs() -> None:
    n = narrowing.EXACT + 1
    orders, most = narrowing._orders(n), n * (n - 1) // 2
    whole = sum(orders)
    for score in range(2, 600, 2):  # as many pairs are even or odd as there are: every other score comes
        counted = 2 * sum(orders[: (most - score) // 2 + 1]) / whole
        assert narrowing._chance(score, n) == pytest.approx(counted, abs=2e-3)


@given(st.lists(st.floats(0, 1), min_size=2, max_size=12))
def test_a_trend_turns_round_with_time(values: list[float]) -> None:
    there, back = trend(values), trend(values[::-1])
    assert there.slope == pytest.approx(-back.slope) and there.chance == pytest.approx(back.chance)
    assert 0 < there.chance <= 1
    turned = {"narrower": "wider", "wider": "narrower"}
    assert back.verdict == turned.get(there.verdict, there.verdict)


def test_verdicts_need_weeks_and_more_than_chance() -> None:
    assert trend([0.9, 0.5, 0.4, 0.2]).verdict == "unknown"
    assert trend([0.9, 0.8, 0.7, 0.6, 0.5]).verdict == "narrower"
    assert trend([0.5, 0.6, 0.7, 0.8, 0.9, 1.0]).verdict == "wider"
    assert trend([0.5, 0.9, 0.4, 0.8, 0.5]).verdict == "steady"
    assert trend([0.7] * 70).verdict == "steady" and trend([n / 70 for n in range(70)]).verdict == "wider"


def test_fewer_items_on_screen_are_no_narrowing_by_themselves() -> None:
    """Five sources, shown in equal parts: 100 items one week, 10 the next."""
    much = variety(date(2026, 1, 5), [50] * 5, [20] * 5)
    little = variety(date(2026, 1, 12), [50] * 5, [2] * 5)
    assert much and little and little.size == 10
    assert much.share == pytest.approx(1.0, abs=0.02) and little.share > 0.95
    assert variety(date(2026, 1, 12), [50] * 5, [1] * 5) is None


def came(n: int, source: str, seen: bool, liked: bool = False) -> Came:
    return Came(n, 0.0, source, "rss", "en", seen, False, liked)


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.booleans()), max_size=60))
def test_shares_add_up_and_common_is_a_share(rows: list[tuple[str, bool]]) -> None:
    found = mix([came(n, source, seen) for n, (source, seen) in enumerate(rows)], lambda each: each.source, str)
    assert 0.0 <= found.common <= 1.0
    if found.gaps:
        assert sum(gap.share_came for gap in found.gaps) == pytest.approx(1)
        assert sum(gap.share_shown for gap in found.gaps) == pytest.approx(1)
        assert sum(gap.points for gap in found.gaps) == pytest.approx(0, abs=1e-6)
        apart = sum(abs(gap.points) for gap in found.gaps) / 200
        assert found.common == pytest.approx(1 - apart), "what is in common is all but half of what is apart"


def test_a_source_is_called_more_or_less_only_where_the_numbers_can_tell() -> None:
    rows = [came(n, "much", n % 10 < 9) for n in range(40)]
    rows += [came(100 + n, "little", n % 10 < 1) for n in range(40)]
    rows += [came(200 + n, "rare", True) for n in range(3)]
    found = mix(rows, lambda each: each.source, str)
    assert [gap.key for gap in leaning(found.gaps, "more", 5)] == ["much"]
    assert [gap.key for gap in leaning(found.gaps, "less", 5)] == ["little"]


def test_of_a_few_items_nothing_is_said_however_clear_they_are() -> None:
    rows = [came(n, "much", n % 50 == 0) for n in range(400)]
    few = [came(1_000 + n, "few", True) for n in range(FEW - 1)]
    assert leaning(mix([*rows, *few], lambda each: each.source, str).gaps, "more", 5) == []
    enough = [*few, came(2_000, "few", True)]
    assert [gap.key for gap in leaning(mix([*rows, *enough], lambda each: each.source, str).gaps, "more", 5)] == ["few"]


@given(st.sampled_from(STEPS), st.sampled_from(STEPS), st.integers(0, 9), st.integers(0, 9))
def test_a_step_wider_is_one_step_of_one_dial_and_ends(one: float, other: float, unlikely: int, flood: int) -> None:
    dials = {("order", "diverse"): one, ("order", "explore"): other}
    for _ in range(2 * len(STEPS)):
        step = widen(dials, unlikely, flood)
        if step is None:
            break
        assert STEPS.index(step.after) == STEPS.index(step.before) + 1
        assert step.before == dials["order", step.key] == min(dials.values())
        dials["order", step.key] = step.after
    assert set(dials.values()) == {STEPS[-1]}


@pytest.fixture
def narrowed(store: Store, fill: Any) -> tuple[Store, float]:
    """Ten weeks, twelve sources of five items; each week one source fewer is on screen."""
    now = time.time()
    random_, events = random.Random(3), []
    for week in range(9, -1, -1):
        at = now - 7 * DAY * week - 60
        for number in range(12):
            ids = fill(store, f"source{number}", [f"{week} {number} {i}" for i in range(5)], at)
            for item in ids if number < 3 + week else ():
                events.append(Event("impression", item, at=at + 10))
                if number < 3 and random_.random() < 0.7:
                    events.append(Event("like", item, at=at + 20))
    store.events.append(events)
    return store, now


def test_a_narrowing_screen_is_said_to_narrow(narrowed: tuple[Store, float]) -> None:
    store, now = narrowed
    found = effects(store, now, 10)
    assert found.came == 600 and found.trend.verdict == "narrower" and found.trend.slope < -0.04
    stages = {stage.name: stage for stage in found.stages}
    assert stages["came"].items == 600 and stages["liked"].sources == pytest.approx(3, abs=0.1)
    assert (stages["came"].sources or 0) > (stages["on screen elsewhere"].sources or 0) > 3
    assert {gap.name for gap in leaning(found.sources.gaps, "less", 9)} >= {"source10", "source11"}
    assert "narrows" in headline(found) and "narrows" in trend_words(found)
    assert found.generated.share == 0 and found.ahead.size == 50


def test_steps_wider_widen_the_order(store: Store, fill: Any) -> None:
    """Twelve sources with 15 unseen items each, of which the reader liked whatever three of them brought."""
    now, events = time.time(), []
    for number in range(12):
        ids = fill(store, f"source{number}", [f"word{number} {n}" for n in range(24)], now - 60)
        events += [Event("like" if number < 3 else "skip", item, at=now - 50) for item in ids[:9]]
    store.events.append(events)
    deriver = Deriver(store)
    while deriver.step():
        pass

    def next_places() -> float:
        session = RankSession(Path(store.path))
        session.load()
        session.publish()
        session.close()
        return effects(store, time.time(), 2).ahead.ranked

    narrow = next_places()
    while (step := effects(store, time.time(), 2).step) is not None:
        store.events.append([Event("dial", value=step.value)])
    assert next_places() > narrow + 0.5


def test_equal_weeks_are_steady(store: Store, fill: Any) -> None:
    now, events = time.time(), []
    for week in range(8):
        for number in range(6):
            at = now - 7 * DAY * week - 60
            ids = fill(store, f"source{number}", [f"{week} {number} {i}" for i in range(4)], at)
            events += [Event("impression", item, at=at + 10) for item in ids]
    store.events.append(events)
    found = effects(store, now, 8)
    assert found.trend.verdict == "steady" and found.sources.common == pytest.approx(1)
    assert not leaning(found.sources.gaps, "less", 9)


def test_generated_text_is_counted_apart_and_never_as_something_read(narrowed: tuple[Store, float]) -> None:
    store, now = narrowed
    before = effects(store, now, 10)
    shown = [draft_of(store, f"w{n} " * 60, now) for n in range(5)]
    draft_of(store, "never on screen " * 50, now)
    real = draft_of(store, "a copy of a real item " * 50, now, arm="real")
    store.events.append([Event("impression", item, view="for-you", at=now - 5) for item in [*shown, real]])
    answered = store.drafts.add(Draft("reply", "I agree " * 10, made_at=now - 9))
    store.events.append([
        Event("draft", value={"draft": answered, "act": act}, at=now - 3) for act in ("edited", "posted")
    ])  # fmt: skip
    found = effects(store, now, 10)
    assert (found.came, found.shown, found.sources) == (before.came, before.shown, before.sources)
    generated = found.generated
    assert generated.shown == 5 and generated.offered == 1
    assert generated.characters == sum(len(f"w{n} " * 60) for n in range(5)) + len("I agree " * 10)
    assert generated.weeks[-1][1] == 5 and sum(week[1] for week in generated.weeks[:-1]) == 0
    assert generated.written == {"edited": 1, "posted": 1} and generated.asis == 0
    assert 0 < generated.share < 1


def test_while_a_blind_test_runs_nothing_tells_which_texts_are_generated(narrowed: tuple[Store, float]) -> None:
    store, now = narrowed
    old = draft_of(store, "from before the test", now)
    store.events.append([Event("impression", old, at=now - 100), blind_event(at=now - 50)])
    before = effects(store, now, 10).generated
    assert before.shown == 1 and before.until is not None
    one, other = draft_of(store, "generated " * 9, now), draft_of(store, "real " * 9, now, arm="real")
    for item in (one, other):
        store.events.append([Event("impression", item, at=now - 10)])
        assert effects(store, now, 10).generated == before, "looking before and after an item must not tell"
    test = next(event.id for event in store.events.of_kind("voice"))
    store.events.append([Event("voice", value={"what": "unblind", "key": test, "value": {}}, at=now)])
    after = effects(store, now, 10).generated
    assert after.until is None and after.shown == 2


def test_of_real_texts_the_whole_counts_where_it_was_opened(store: Store, fill: Any, events: Any) -> None:
    now, long = time.time(), "word " * 400
    on_card, opened = fill(store, "feed", ["first", "other"], now - 60, text=long)
    events(store, now - 50, ("impression", on_card), ("impression", opened))
    assert effects(store, now, 2).generated.real_characters == len("first") + len("other") + 2 * CARD
    events(store, now - 40, ("open", opened))
    length = store.db.value("SELECT text_len FROM items WHERE id = ?", (opened,))
    assert length > CARD
    assert effects(store, now, 2).generated.real_characters == len("first") + len("other") + CARD + length


def test_drafts_that_went_out_as_they_were_are_counted_however_they_went(store: Store) -> None:
    now, names = time.time(), [store.drafts.add(Draft("post", f"text {n}", made_at=time.time())) for n in range(4)]
    acts = {names[0]: ["copied"], names[1]: ["posted"], names[2]: ["edited", "copied"], names[3]: ["dropped"]}
    store.events.append([
        Event("draft", value={"draft": name, "act": act}, at=now - 3) for name, done in acts.items() for act in done
    ])  # fmt: skip
    found = effects(store, now, 2).generated
    assert found.asis == 2 and found.written == {"copied": 2, "posted": 1, "edited": 1, "dropped": 1}


def draft_of(store: Store, text: str, now: float, arm: str = "vector") -> int:
    return store.drafts.as_item(store.drafts.add(Draft("feed", text, arm=arm, made_at=now - 20)))


names = st.text(st.characters(codec=None), max_size=40)


@given(st.lists(st.tuples(names, st.booleans()), min_size=1, max_size=40), st.integers(40, 200), st.booleans())
def test_every_line_fits_and_carries_no_control_byte(rows: list[tuple[str, bool]], width: int, blind: bool) -> None:
    items = [came(n, name or "x", seen) for n, (name, seen) in enumerate(rows * 12)]
    weeks = [found for n in range(8) if (found := variety(date(2026, 1, 5) + timedelta(weeks=n), [30, 9], [12, n]))]
    generated = Generated(2, 9, 30, 500, 1, [(date(2026, 1, 5), 2, 9)], {"posted": 1}, 1, 1e9 if blind else None)
    sources = mix(items, lambda each: each.source, str)
    found = Effects(
        8, len(items), sum(each.seen for each in items), sources, Mix(), False, weeks,
        trend([week.share for week in weeks]), [Stage("came", 9, 3.0), Stage("liked", 4)] * 2, 10, Ahead(50, 3, 9, 4),
        generated, {"diverse": 1.0, "explore": 4.0}, widen({}, 1, 2),
    )  # fmt: skip
    told = lines(found, width, set_cell_size)
    assert not any(c < " " or c == "\x7f" for line in [headline(found), *(line.text for line in told)] for c in line)
    bars = [line.text for line in told if "█" in line.text or "░" in line.text]
    assert bars and all(cell_len(line) <= width for line in bars)


def test_the_command_widens_and_is_taken_back(home: Path) -> None:
    def run(*arguments: str) -> str:
        command = [sys.executable, "-P", "-m", "penchant.app.cli", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
        return done.stdout

    assert json.loads(run("effects", "--json"))["came"] == 0 and "Nothing came in" in run("effects")
    first = json.loads(run("effects", "--widen", "--json"))
    turned = first["dials"]
    assert Counter(turned.values()) == Counter({1.0: 1, 1.5: 1})
    run("undo")
    assert set(json.loads(run("effects", "--json"))["dials"].values()) == {1.0}


def test_topics_are_tags_until_there_are_interests(store: Store, fill: Any, events: Any) -> None:
    now = time.time()
    for number, tag in enumerate(("bees", "wood")):
        for item in fill(store, tag, [f"{tag} {n}" for n in range(20)], now - 60, tags=(tag, "all")):
            if not number:
                events(store, now - 50, ("impression", item))
    found = effects(store, now, 2)
    assert found.by_tags and {gap.key: gap.shown for gap in found.topics.gaps} == {"bees": 20, "wood": 0, "all": 20}
    assert OUTSIDE_NAME not in {gap.name for gap in found.topics.gaps}
