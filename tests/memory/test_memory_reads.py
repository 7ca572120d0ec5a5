"""History, statistics and exposure read from real archives."""

from __future__ import annotations

import time
from datetime import date, datetime
from typing import Any

import numpy as np

from penchant.app.memory.asking import Want, wanted
from penchant.app.memory.deeds import start_of
from penchant.app.memory.history import days as days_of
from penchant.app.standing import dial_value, source_key
from penchant.app.store import memory
from penchant.app.store.exposure import exposure
from penchant.app.store.interests import Interest
from penchant.app.types import Event


def titles(store: Any, want: Want, **more: Any) -> list[str]:
    days, _ = memory.history(store, want, **more)
    ids = [visit.item_id for day in days for visit in day.visits]
    known = memory.titles(store, ids)
    return [known[item_id][0] for item_id in ids if item_id in known]


def test_an_empty_archive(store: Any) -> None:
    now = time.time()
    assert memory.history(store, Want()) == ([], None) and memory.on_this_day(store, date.today()) == []
    assert memory.first_event(store) is None and not memory.numbers(store, now, 12).whole.seen
    found = exposure(store, now, 8)
    assert found.rows == [] and "Nothing came in" in found.words


def test_words_dates_and_what_was_undone(store: Any, fill: Any, events: Any) -> None:
    now = datetime(2026, 11, 23, 12).timestamp()
    owl, tram, bread = fill(
        store, "A", ["Owls of the north", "Trams in small cities", "Bread with rye"], now - 40 * 86_400
    )
    events(store, now - 30 * 86_400, ("impression", owl), ("open", owl))
    events(store, now - 2 * 86_400, ("open", tram), ("like", tram))
    (like,) = events(store, now - 60, ("like", bread))
    assert titles(store, wanted("", now)) == ["Bread with rye", "Trams in small cities", "Owls of the north"]
    assert titles(store, wanted("when did I read about owls", now)) == ["Owls of the north"]
    assert titles(store, wanted("what did I read last month", now)) == ["Owls of the north"]
    assert titles(store, wanted("trams last month", now)) == []
    assert titles(store, wanted("what did I like", now)) == ["Bread with rye", "Trams in small cities"]
    store.events.append([Event("undo", bread, undoes=like.id, at=now)])
    assert titles(store, wanted("what did I like", now)) == ["Trams in small cities"]
    assert titles(store, wanted('"', now)) == titles(store, wanted("", now)), "nothing to search is everything"


def test_pages_hold_whole_days_and_everything_once(store: Any, fill: Any, events: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(memory, "BLOCK", 10)
    ids = fill(store, "A", [f"Title {n}" for n in range(30)])
    begin = start_of(date(2026, 3, 20))
    for n in range(120):  # three days around a change of the clock, 40 events each
        events(store, begin + n * 2_100 * 4, ("impression", ids[n % 30]))
    whole = [(d.on, [v.item_id for v in d.visits]) for d in days_of(memory.deeds(store, 0, 1e12))]
    paged, before, pages = [], None, 0
    while True:
        days, before = memory.history(store, Want(), before=before, limit=5)
        paged += [(d.on, [v.item_id for v in d.visits]) for d in days]
        pages += 1
        if before is None:
            break
    assert paged == whole and pages > 3 and len({on for on, _ in paged}) == len(paged)


def test_one_day_with_more_than_a_block(store: Any, fill: Any, events: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(memory, "BLOCK", 5)
    ids = fill(store, "A", [f"Title {n}" for n in range(30)])
    noon = datetime(2026, 3, 20, 12).timestamp()
    events(store, noon, *(("impression", each) for each in ids))
    events(store, noon - 86_400, ("open", ids[0]))
    days, _ = memory.history(store, Want(), limit=5)
    assert len(days[0].visits) == 30


def test_reading_time_is_bounded_and_survives_nonsense(store: Any, fill: Any, events: Any) -> None:
    (item,) = fill(store, "A", ["Owls"])
    now = time.time()
    for seconds in (40, 1e9, -5, "x", None, [1]):
        events(store, now - 60, ("dwell", item), seconds=seconds)
    days, _ = memory.history(store, Want())
    assert sum(visit.seconds for day in days for visit in day.visits) == 40 + 1800


def test_on_this_day(store: Any, fill: Any, events: Any) -> None:
    today = date(2026, 11, 23)
    owl, tram, bread = fill(store, "A", ["Owls", "Trams", "Bread"])
    for year, kind, item in (
        (2023, "like", owl),
        (2025, "open", tram),
        (2025, "impression", bread),
        (2024, "skip", bread),
    ):
        events(store, datetime(year, 11, 23, 9).timestamp(), (kind, item))
    found = memory.on_this_day(store, today)
    assert [(day.title(today), [v.item_id for v in day.visits]) for day in found] == [
        ("1 year ago: Sunday 23 November 2025", [tram]), ("3 years ago: Thursday 23 November 2023", [owl])
    ]  # fmt: skip


def test_statistics_by_source(store: Any, fill: Any, events: Any) -> None:
    now = time.time()
    a, b = fill(store, "Ada's", ["One", "Two"]), fill(store, "Ben's", ["Three"])
    events(store, now - 3600, *(("impression", each) for each in (*a, *b)))
    events(store, now - 3000, ("open", a[0]), ("like", a[0]), ("skip", b[0]))
    events(store, now - 2000, ("dwell", a[0]), seconds=120.0)
    events(store, now - 1000, ("like", a[1]), exported=True)
    found = memory.numbers(store, now, 2)
    tallies = {name: (each.seen, each.opened, each.liked, each.skipped, each.seconds) for name, each in found.sources}
    assert tallies == {"Ada's": (2, 1, 1, 0, 120.0), "Ben's": (1, 0, 0, 1, 0.0)}
    assert found.afar == 1 and found.whole.seen == 3
    assert memory.numbers(store, now + 30 * 86_400, 2).whole.seen == 0


def test_exposure_of_a_muted_a_silenced_and_a_failing_source(store: Any, fill: Any, events: Any) -> None:
    now = time.time()
    shown = fill(store, "Shown", [f"Owl {n}" for n in range(20)], now - 60)
    muted = fill(store, "Muted", [f"Tram {n}" for n in range(12)], now - 60)
    off = fill(store, "Off", [f"Bread {n}" for n in range(11)], now - 60)
    events(store, now - 30, *(("impression", each) for each in shown))
    events(store, now - 20, ("open", shown[0]), ("like", shown[0]))
    sources = {each.title: each for each in store.subscriptions.all()}
    key = {name: source_key(each.kind, each.address) for name, each in sources.items()}
    store.events.append([Event("mute", None, {"what": "word", "key": "tram"})])
    store.events.append([Event("dial", None, dial_value("source", key["Off"], 0.0))])
    broken = store.subscriptions.add("rss", "https://gone.example/", "Broken", {"address": "https://gone.example/"})
    store.subscriptions.failed(broken, "the server does not answer", "", now + 99)
    found = exposure(store, now, 4)
    rows = {row.name: row for row in found.rows if row.by == "source"}
    assert (found.came, found.shown) == (43, 20) and dict(found.reasons) == {"muted": len(muted), "silenced": len(off)}
    assert (rows["Shown"].opened, rows["Shown"].liked, rows["Shown"].verdict) == (1, 1, "more")
    assert rows["Off"].dial == ("source", key["Off"]) and "dial is at 0" in rows["Off"].advice
    assert "M shows what is muted" in rows["Muted"].advice
    assert rows["Broken"].came == 0 and "the server does not answer" in rows["Broken"].advice


def test_what_came_before_is_no_part_of_it(store: Any, fill: Any) -> None:
    now = time.time()
    fill(store, "Old", ["Old one"], now - 100 * 86_400)
    fill(store, "New", ["New one"], now)
    assert exposure(store, now, 4).came == 1 and exposure(store, now, 20).came == 2


def test_items_like_an_interest_count_and_others_do_not(store: Any, fill: Any) -> None:
    now = time.time()
    ids = fill(store, "A", [f"Title {n}" for n in range(24)], now - 60)
    owls, trams = ids[:12], ids[12:]
    random = np.random.default_rng(1)
    hashes = store.items.hashes(ids)
    for group, axis in ((owls, 0), (trams, 4)):
        for item in group:
            vector = random.normal(0, 0.1, 8) + np.eye(8)[axis]
            store.vectors.put(
                "static:test", [(hashes[item], (vector / np.linalg.norm(vector)).astype("<f4").tobytes())]
            )
    centre = np.eye(8, dtype="<f4")[0]
    store.interests.replace(
        [Interest("k1", "static:test", centre.tobytes(), 4, "owls", "", now, tuple(owls[:4]), 0.5, 4, 4)]
    )
    (row,) = (row for row in exposure(store, now, 4).rows if row.by == "interest")
    assert row.name == "owls" and 8 <= row.came <= 12 and row.dial == ("interest", "k1")
