"""Places of drafts in a list: their share, and that nothing which was on screen moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from penchant.app.generating import Settings, arm_event, blind_event, settings, share_event
from penchant.app.generating_seats import FIRST, weave
from penchant.app.store import Store, generated
from penchant.app.types import Event

REAL_ONES = st.integers(0, 200).map(lambda n: list(range(1, n + 1)))
SINGLE = st.lists(st.integers(10_000, 99_999), max_size=40, unique=True).map(lambda items: [[item] for item in items])
PAIRS = st.lists(st.integers(1_000, 9_999), max_size=20, unique=True).map(
    lambda some: [[2 * n, 2 * n + 1] for n in some]
)
STEPS = st.integers(2, 30)


@given(REAL_ONES, SINGLE | PAIRS, STEPS, st.integers(0, 60))
def test_real_items_keep_their_order_and_what_was_seen_its_place(
    ids: list[int], pool: list[list[int]], step: int, fixed: int
) -> None:
    drafts = {item for members in pool for item in members}
    once = weave(ids, 0, pool, drafts, step)
    again = weave(once, fixed, pool, drafts, step)
    for out in (once, again):
        assert [item for item in out if item not in drafts] == ids
        assert len(set(out)) == len(out)
    assert again[:fixed] == once[:fixed]


@given(REAL_ONES, SINGLE | PAIRS, STEPS)
def test_one_place_in_so_many_and_never_the_first(ids: list[int], pool: list[list[int]], step: int) -> None:
    drafts = {item for members in pool for item in members}
    out = weave(ids, 0, pool, drafts, step)
    places = [place for place, item in enumerate(out) if item in drafts]
    assert all(place >= FIRST for place in places)
    assert len({place // step for place in places}) == len(places), "one a block"
    assert len(places) <= len(out) // step + 1
    assert len(places) == len(drafts) or len(places) >= len(ids) // (step + 1) - 2, "and as many as there is room for"


@given(REAL_ONES, PAIRS, STEPS)
def test_of_a_pair_both_come_or_none(ids: list[int], pool: list[list[int]], step: int) -> None:
    out = set(weave(ids, 0, pool, {item for pair in pool for item in pair}, step))
    assert all((a in out) == (b in out) for a, b in pool)


def test_the_other_half_of_a_pair_comes_when_one_was_seen_before() -> None:
    out = weave(list(range(1, 40)), 0, [[101], [102, 103]], {100, 101, 102, 103}, 5)
    assert {101, 102, 103} <= set(out) and out.index(101) < out.index(102)


def test_switched_off_they_are_gone_below_what_was_seen() -> None:
    ids = list(range(1, 61))
    once = weave(ids, 0, [[100], [101], [102]], {100, 101, 102}, 10)
    seen = once.index(100) + 1
    off = weave(once, seen, [], {100, 101, 102}, 0)
    assert off == [*once[:seen], *[item for item in once[seen:] if item < 100]]


def test_places_cannot_be_foretold_from_one_another() -> None:
    out = weave(list(range(1, 2000)), 0, [[n] for n in range(10_000, 10_100)], set(range(10_000, 10_100)), 10)
    places = [place % 10 for place, item in enumerate(out) if item >= 10_000]
    assert len(set(places)) == 10


def test_settings_are_what_the_events_come_to() -> None:
    assert settings([]) == Settings(0.0, settings([]).arms) and not settings([]).on
    blind = blind_event()
    said = [share_event(0.1), arm_event("none", False), arm_event("history@http://127.0.0.1:1/v1", True), blind]
    found = settings(said)
    assert [arm.name for arm in found.arms] == ["vector", "history@http://127.0.0.1:1/v1"]
    assert (found.on, found.test, found.step, found.waiting) == (True, blind.id, 5, 10)
    assert settings([*said, Event("voice", value={"what": "unblind", "key": blind.id, "value": {}})]).test == ""
    assert settings([*said, Event("voice", value={"what": "unblind", "key": "another"})]).test == blind.id


@given(st.lists(st.dictionaries(st.sampled_from(["what", "key", "value"]), st.one_of(
    st.none(), st.booleans(), st.floats(), st.text(max_size=5),
    st.sampled_from(["share", "feed-arm", "blind", "unblind"]),
))))  # fmt: skip
def test_no_event_makes_it_fail(values: list[dict[str, object]]) -> None:
    found = settings(Event("voice", value=value) for value in values)
    assert 0.0 <= found.share <= 0.5 and found.step >= 0


def test_settings_are_read_from_an_index(store: Store) -> None:
    """Asked every few seconds, and most events are of other kinds."""
    ran: list[str] = []
    store.db.apsw.exec_trace = lambda cursor, sql, params: ran.append(sql) or True  # type: ignore[func-returns-value]
    generated.read(store.db)
    store.db.apsw.exec_trace = None
    plan = [row[3] for row in store.db.rows(f"EXPLAIN QUERY PLAN {ran[0]}")]
    assert any("events_voice" in step for step in plan), plan
