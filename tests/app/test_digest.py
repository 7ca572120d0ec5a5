"""Digests: which items, in which order, of which hours; what is written for others, whatever items hold."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import fastfeedparser
import feedparser
import lxml.html
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from markdown_it import MarkdownIt

from penchant.adapters.base import Author, Item, Page, Sighting
from penchant.app.digest import feed, making, markdown
from penchant.app.digest.because import because
from penchant.app.digest.compose import Candidate, Counts, Digest, Section, Story, compose, fold, told
from penchant.app.digest.making import read, reasons
from penchant.app.digest.period import beside, complete, period, today
from penchant.app.rank.types import Part, Thing, Why
from penchant.app.serve import atom, jsonfeed
from penchant.app.store import Store
from penchant.app.store.interests import Interest
from penchant.app.types import Event

ZONES = ["UTC", "Europe/Vienna", "America/New_York", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia"]
DAY = period("day", date(2026, 11, 23), UTC)
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
HOSTILE = st.one_of(
    st.text(max_size=40),
    st.sampled_from(
        ["](javascript:alert(1))", "\x1b[2J\u202e", "<script>x</script>", "a\n\n# b", "`x`", "\ud800", "&lt;b&gt;"]
    ),
)


# -- periods
@given(st.dates(date(1971, 1, 1), date(2100, 1, 1)), st.sampled_from(ZONES), st.sampled_from(["day", "week"]))
def test_periods_meet_without_gap_and_hold_their_days(day: date, zone: str, kind: Any) -> None:
    place = ZoneInfo(zone)
    here = period(kind, day, place)
    after, before = beside(here, 1, place), beside(here, -1, place)
    assert before.end == here.start < here.end == after.start
    assert not here.holds(here.end) and here.holds(here.start)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=place)
    if (noon.astimezone(UTC).astimezone(place)) == noon.replace(fold=noon.fold) and zone != "Pacific/Apia":
        assert here.holds(noon.timestamp())
        assert today(noon.timestamp(), place) == day
    if kind == "week":
        assert here.first.weekday() == 0


def test_days_in_which_clocks_change_have_another_length() -> None:
    vienna = ZoneInfo("Europe/Vienna")
    days = [period("day", date(2026, m, d), vienna) for m, d in ((3, 29), (10, 25), (6, 1))]
    assert [(p.end - p.start) / 3600 for p in days] == [23, 25, 24]
    week = period("week", date(2026, 3, 29), vienna)
    assert (week.end - week.start) / 3600 == 7 * 24 - 1 and week.name == "2026-W13"
    assert week.title == "23 to 29 March 2026"


def test_complete_periods_are_over() -> None:
    now = datetime(2026, 11, 23, 15, tzinfo=UTC).timestamp()
    assert [p.name for p in complete("day", now, 2, UTC)] == ["2026-11-22", "2026-11-21"]
    assert [p.name for p in complete("week", now, 1, UTC)] == ["2026-W47"]


# -- composition
candidates = st.lists(
    st.builds(
        Candidate,
        item_id=st.integers(1, 40),
        title=st.sampled_from(["", "A", "one two three four", "five six seven eight"]),
        came=st.floats(DAY.start - 90_000, DAY.end + 90_000),
        probability=st.one_of(st.none(), st.floats(0, 1)),
        usual=st.floats(0, 0.6),
        source=st.sampled_from(["s", "t", "u"]),
        story=st.integers(0, 6),
        interest=st.sampled_from(["", "a", "b"]),
        people=st.sampled_from([(), ("Ada",), ("Ada", "Bo")]),
        talked=st.one_of(st.none(), st.floats(DAY.start - 9_000, DAY.end + 9_000)),
        kept=st.one_of(st.none(), st.none(), st.floats(DAY.start - 9_000, DAY.end + 9_000)),
        opened=st.booleans(),
        read=st.booleans(),
        passed=st.booleans(),
        muted=st.booleans(),
    ),
    max_size=60,
)


@given(candidates, st.integers(1, 14))
def test_a_digest_keeps_its_promises(pool: list[Candidate], most: int) -> None:
    digest = compose(DAY, pool, most=most)
    of = {c.item_id: c for c in pool}
    everything = [c for section in digest.sections for s in section.stories for c in (s.item, *s.others)]
    assert len(everything) == len({c.item_id for c in everything}), "no item twice"
    assert not any(of[c.item_id].muted for c in everything), "nothing muted"
    for section in digest.sections:
        assert section.stories and section.left >= 0
        members = [c for s in section.stories for c in (s.item, *s.others)]
        if section.key == "missed":
            assert len(section.stories) <= most
            assert all(DAY.holds(c.came) and not c.read and c.probability is not None for c in members)
            assert all(c.probability > c.usual for c in members if c.probability is not None)
            values = [s.item.value for s in section.stories]
            assert values == sorted(values, reverse=True), "by value"
            assert all(s.item.value >= o.value for s in section.stories for o in s.others)
        elif section.key == "talked":
            assert all(c.people and c.talked is not None and DAY.holds(c.talked) for c in members)
            assert not any(c.read or c.passed for c in members), "nothing seen"
        else:
            assert all(c.kept is not None and c.kept < DAY.end and not c.opened for c in members)
    assert digest == compose(DAY, list(reversed([of[i] for i in of])), most=most), "whatever the order of the input"


def one(item_id: int, probability: float, **fields: Any) -> Candidate:
    return Candidate(item_id, f"T{item_id}", DAY.start + 1, probability, 0.1, **fields)


def test_stories_fold_and_interests_take_turns() -> None:
    pool = [one(n, 0.9 - n / 100, interest="a", source="s") for n in range(1, 6)]
    pool += [one(9, 0.7, interest="b", source="t"), one(10, 0.6, story=3), one(3, 0.5, story=3)]
    (section,) = compose(DAY, pool, most=3).sections
    assert 9 in [s.item.item_id for s in section.stories], "another interest, though five of the first are likelier"
    assert [len(s.others) for s in fold([one(1, 0.5, story=7), one(2, 0.6, story=7), one(3, 0.4)])] == [1, 0]
    same = [replace(one(n, 0.5), title="The same long title here") for n in (1, 2)]
    assert len(fold(same)) == 1


def test_what_was_passed_over_is_worth_less_and_says_so() -> None:
    digest = told(compose(DAY, [one(1, 0.9, passed=True), one(2, 0.6)]), {1: "by Ada", 2: ""})
    stories = digest.sections[0].stories
    assert [(s.item.item_id, s.why) for s in stories] == [(2, ""), (1, "you passed it; by Ada")]


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (Counts(), "Nothing came in."),
        (Counts(3, 1, False), "not ranked yet"),
        (Counts(3, 1, True), "You missed nothing"),
    ],
)
def test_an_empty_page_says_why(counts: Counts, said: str) -> None:
    assert said in compose(DAY, [], counts).words


def test_reasons_are_things_in_words_without_numbers() -> None:
    why = Why(
        1, 2.0, 0.8,
        (
            Part("your own like rate", 3.0, ("70 % of ...",), "base"),
            Part("tags", 0.9, ("tag owls +0.50",), "tags", (Thing("tag owls", "tag:owls", 0.5),)),
            Part("words", 0.5, ("for: 'of the' +0.30, 'forest' +0.20",), "words",
                 (Thing("'of the'", "of the", 0.3), Thing("'forest'", "forest", 0.2), Thing("'bitter'", "b", -0.2))),
            Part("meaning", -0.4, ('like 1 post you skipped: "X"',), "static"),
        ),
    )  # fmt: skip
    assert because(why) == "tagged owls · \u201cforest\u201d"
    assert because(Why(1, -1.0, 0.3, (Part("meaning", -0.4, ("like",), "static"),))) == ""
    skipped = Part("meaning", 0.4, ('unlike 1 post you skipped: "X"',), "static")
    assert because(Why(1, 1.0, 0.7, (skipped,))) == "", "what speaks for it is no post that was skipped"

    def gone(item_id: int) -> Why:
        raise KeyError(item_id)

    assert reasons([1], lambda _: why) == {1: because(why)} and reasons([1], gone) == {}


def test_a_short_title_is_no_story() -> None:
    for title, stories in (("Weekly links", 2), ("Weekly links of number four", 1)):
        assert len(fold([replace(one(n, 0.9), title=title) for n in (1, 2)])) == stories


def test_an_item_has_the_interest_that_it_lies_within_and_no_other() -> None:
    def vector(*numbers: float) -> bytes:
        return np.array(numbers, "<f4").tobytes()

    def interest(key: str, *numbers: float) -> Interest:
        return Interest(key, "space", vector(*numbers), 9, key, "", 0.0, (1,), 0.8, 1, 2)

    rows, known = [(2.0, 0.1), (0.0, 1.0), (0.6, 0.6), (0.0, 0.0)], [True, True, True, False]
    store: Any = SimpleNamespace(
        interests=SimpleNamespace(all=lambda: [interest("owls", 1.0, 0.0), interest("trams", 0.0, 1.0)]),
        vectors=SimpleNamespace(get_matrix=lambda space, ids: (np.array(rows, np.float32), np.array(known))),
    )
    found = making._with_interests(store, [one(n, 0.9, interest="") for n in range(1, 5)])
    assert [each.interest for each in found] == ["owls", "trams", "", ""]


# -- written for others
def test_no_address_ends_its_link() -> None:
    said = markdown.link("words", "https://x.example/a_(b)~c*[d]")
    assert said == "[words](https://x.example/a%5F%28b%29%7Ec%2A%5Bd%5D)"


ADDRESSES = ["javascript:alert(1)", "https://x.example/a)b(c d", "http://x.example/<b>\"'", "data:,x"]


def page_of(title: str, url: str, source: str, why: str) -> Digest:
    item, other = Candidate(1, title, 0.0, 0.5, url=url, source=source), Candidate(2, why, 0.0, url=url)
    return Digest(DAY, (Section("missed", "Missed", (Story(item, (other,), why, title),)),), Counts(1))


hostile = st.builds(page_of, HOSTILE, st.one_of(HOSTILE, st.sampled_from(ADDRESSES)), HOSTILE, HOSTILE)


@given(hostile)
def test_markdown_holds_no_markup_but_ours_and_links_to_the_web_only(digest: Digest) -> None:
    text = markdown.write(digest, UTC)
    assert not FORBIDDEN.search(text.replace("\n", ""))
    tree = lxml.html.fromstring(MarkdownIt("commonmark").render(text))
    assert {e.tag for e in tree.iter()} <= {"div", "h1", "h2", "p", "ol", "li", "a", "br"}
    assert all(re.match("https?://", a.get("href")) for a in tree.iter("a"))
    assert len(tree.findall(".//li")) == 1 and len(tree.findall(".//h2")) == 1


@given(hostile)
def test_atom_and_json_are_read_by_two_libraries(digest: Digest) -> None:
    made = feed.feed([feed.entry(digest, zone=UTC)], "day")
    written = atom.write(made)
    etree.fromstring(written, etree.XMLParser(resolve_entities=False))
    assert not FORBIDDEN.search(written.decode())
    one_, two = feedparser.parse(written), fastfeedparser.parse(written)
    assert not one_.bozo and len(one_.entries) == len(two.entries) == 1
    assert one_.entries[0].id == two.entries[0].id == "urn:penchant:digest:2026-11-23"
    assert one_.entries[0].updated == "2026-11-24T00:00:00Z"
    item = json.loads(jsonfeed.write(made))["items"][0]
    body = lxml.html.fromstring(f"<div>{item['content_html']}</div>")
    assert {e.tag for e in body.iter()} <= {"div", "p", "h2", "ol", "li", "strong", "small", "em", "br", "a"}
    assert all(re.match("https?://", a.get("href")) for a in body.iter("a"))


# -- from an archive
@pytest.fixture
def store(tmp_path: Path) -> Any:
    with Store.open(tmp_path / "archive.db", role="cli") as made:
        yield made


def fill(store: Store, now: float, count: int = 12) -> list[int]:
    number = store.subscriptions.add("rss", "https://x.example/feed", "Example")
    bo = Sighting("boost", now - 60, Author("bo", "Bo"))
    items = [
        Item(f"n{n}", f"https://x.example/{n}", f"Title number {n} of them", "text", Author("ada", "Ada"), now - 60 * n,
             sightings=(bo,) if n == 5 else ())
        for n in range(count)
    ]  # fmt: skip
    store.items.put_page(number, Page(tuple(items), {}), now)
    return [i for n in range(count) if (i := store.items.by_native("rss", f"n{n}")) is not None]


def test_an_archive_gives_what_was_missed_and_not_what_was_seen_elsewhere_or_muted(store: Store) -> None:
    now = datetime(2026, 11, 23, 15, tzinfo=UTC).timestamp()
    ids = fill(store, now)
    parts = json.dumps({"base": -2.0})
    store.scores.publish([(i, 1.0, 0.5 + n / 100, parts) for n, i in enumerate(ids) if n != 11], ids, 1)
    store.events.append(
        [
            Event("open", ids[0]), Event("like", ids[1]), Event("skip", ids[2]), Event("later", ids[3], at=now),
            Event("impression", ids[4], {"dwell": 2.0}, "for-you"),
            Event("impression", ids[6], {"dwell": 2.0}, "digest"),
            Event("impression", ids[7], {"elsewhere": True}),
            Event("mute", ids[8], {"what": "word", "key": "8"}),
        ]
    )  # fmt: skip
    digest = read(store, DAY, now=now)
    sections = {s.key: [story.item.item_id for story in s.stories] for s in digest.sections}
    assert sections["missed"] == [ids[10], ids[9], ids[6], ids[5], ids[4]]
    assert sections["kept"] == [ids[3]] and "talked" not in sections, "what is named above is not named again"
    assert digest.sections[0].stories[-1].item.passed
    assert (digest.counts.came, digest.counts.opened, digest.counts.ranked) == (12, 1, True)
    assert read(store, beside(DAY, -1, UTC), now=now).sections == () or "missed" not in {
        s.key for s in read(store, beside(DAY, -1, UTC), now=now).sections
    }


def test_people_are_named_where_nothing_is_likely(store: Store) -> None:
    now = datetime(2026, 11, 23, 15, tzinfo=UTC).timestamp()
    ids = fill(store, now)
    digest = told(read(store, DAY, now=now), {})
    (section,) = digest.sections
    assert section.key == "talked" and [s.item.item_id for s in section.stories] == [ids[5]]
    assert section.stories[0].why == "Bo brought it" and "not ranked" in digest.words


def test_days_follow_the_readers_clock(store: Store) -> None:
    now = datetime(2026, 11, 23, 23, 30, tzinfo=UTC).timestamp()
    ids = fill(store, now, 2)
    store.scores.publish([(i, 1.0, 0.7, "{}") for i in ids], ids, 1)
    vienna = ZoneInfo("Europe/Vienna")
    assert read(store, DAY, now=now).ids and not read(store, period("day", date(2026, 11, 23), vienna), now=now).ids
    assert read(store, period("day", date(2026, 11, 24), vienna), now=now).ids


def test_a_large_archive_is_read_by_its_indexes(store: Store) -> None:
    now = time.time()
    fill(store, now, 30)
    here = period("day", today(now))
    plan = store.db.rows(
        "EXPLAIN QUERY PLAN SELECT i.id FROM items i WHERE i.deleted_at IS NULL AND i.sort_at >= ? AND i.sort_at < ?",
        (here.start - timedelta(days=7).total_seconds(), here.end),
    )
    assert any("items_newest" in str(row) for row in plan)
