"""Who is next: the newest wish first, two at a time a host, pauses kept. And whose private hosts are typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.pictures import line as rules
from penchant.app.pictures.line import Line, host_of, typed
from penchant.app.store.pictures_rows import Wanted


def job(number: int, host: str = "a.example") -> Wanted:
    return Wanted(number, f"https://{host}/{number}.jpg", "wanted", None, "", "", 0.0, 0.0, 0)


def all_of(line: Line, now: float = 0.0) -> list[int]:
    found = []
    while (each := line.take(now)) is not None:
        found.append(each.id)
        line.done(each)
    return found


def test_the_newest_letter_comes_first_in_its_own_order_and_what_waits_moves_up() -> None:
    line = Line()
    line.put([job(1), job(2), job(3)])
    line.put([job(4), job(3)])
    line.put([job(9)], last=True)
    assert all_of(line) == [4, 3, 1, 2, 9]


def test_what_is_prefetched_never_pushes_forward() -> None:
    line = Line()
    line.put([job(1), job(2)])
    line.put([job(2), job(3)], last=True)
    assert all_of(line) == [1, 2, 3]


def test_two_at_a_time_a_host() -> None:
    line = Line()
    jobs = [job(1), job(2), job(3), job(4, "b.example")]
    line.put(jobs)
    assert [line.take(0.0).id for _ in range(3)] == [1, 2, 4]  # type: ignore[union-attr]
    assert line.take(0.0) is None
    line.done(jobs[0])
    line.done(jobs[0])  # twice frees no second place
    assert line.take(0.0).id == 3 and line.take(0.0) is None  # type: ignore[union-attr]


def test_what_is_being_fetched_is_not_queued_again() -> None:
    line = Line()
    line.put([job(1)])
    running = line.take(0.0)
    line.put([job(1)])
    assert line.take(0.0) is None and running is not None
    line.done(running)
    line.put([job(1)])
    assert all_of(line) == [1]


def test_a_resting_host_is_asked_nothing_until_its_pause_is_over() -> None:
    line = Line()
    line.put([job(1), job(2, "b.example")])
    line.pause("a.example", 100.0, "too many requests", 30.0)
    assert all_of(line, 100.0) == [2]
    assert line.next_at(100.0) == 130.0 and line.hopeless(100.0) == []
    assert all_of(line, 130.0) == [1] and line.next_at(130.0) is None


def test_a_long_pause_is_not_waited_for() -> None:
    line = Line()
    line.put([job(1), job(2, "b.example")])
    line.pause("a.example", 100.0, "closed for an hour", 3600.0)
    ((gone, seconds, words),) = line.hopeless(100.0)
    assert (gone.id, seconds, words) == (1, 3600.0, "closed for an hour")
    assert all_of(line, 100.0) == [2]


def test_a_silent_host_rests_longer_each_time_until_it_answers() -> None:
    line, now, pauses = Line(), 0.0, []
    for _ in range(4):
        line.pause("a.example", now, "silent", None)
        line.pause("a.example", now, "silent", None)  # the other request of the same moment
        line.put([job(1)])
        ends = line.next_at(now)
        assert ends is not None
        pauses.append(ends - now)
        now = ends
    assert pauses == [5.0, 15.0, 45.0, 135.0]
    line.reached("a.example")
    line.pause("a.example", now, "silent", None)
    assert line.next_at(now) == now + 5.0


def test_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MOST", 3)
    line = Line()
    assert line.put([job(n) for n in range(3)]) == []
    assert [each.id for each in line.put([job(7)])] == [2]
    assert [each.id for each in line.put([job(8)], last=True)] == [8]


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4), st.booleans()), max_size=60))
def test_never_more_than_two_at_a_host_and_nothing_is_lost(steps: list[tuple[int, int, bool]]) -> None:
    line, running, put, taken = Line(), [], set(), set()
    for number, host, last in steps:
        line.put([job(number * 5 + host, f"h{host}")], last=last)
        put.add(number * 5 + host)
        if (each := line.take(0.0)) is not None:
            running.append(each)
            taken.add(each.id)
        hosts = [host_of(each.url) for each in running]
        assert all(hosts.count(name) <= rules.PER_HOST for name in hosts)
        assert len({each.id for each in running}) == len(running)
        if number % 3 == 0 and running:
            line.done(running.pop(0))
    for each in running:
        line.done(each)
    assert taken | set(all_of(line)) == put


@pytest.mark.parametrize(
    ("url", "address", "whose"),
    [
        ("http://nas.local:8080/a.jpg", "http://nas.local:8080/feed", True),
        ("http://nas.local:8081/a.jpg", "http://nas.local:8080/feed", False),
        ("http://NAS.local:8080/a.jpg", "http://user:pass@nas.local:8080/feed", True),
        ("https://social.example/a.jpg", "mastodon:social.example/local", True),
        ("https://lemmy.example/a.jpg", "!cats@lemmy.example", True),
        ("http://192.168.1.1/a.jpg", "page:http://192.168.1.1/news", True),
        ("http://192.168.1.1/a.jpg", "https://blog.example/feed?u=http://192.168.1.1/", False),
        ("http://192.168.1.1/a.jpg", "https://blog.example/192.168.1.1", False),
        ("http://localhost:9000/a.jpg", "localhost:9000/feed", True),
        ("http://[", "http://[", False),
        ("", "", False),
    ],
)
def test_only_the_host_that_the_reader_typed_may_be_private(url: str, address: str, whose: bool) -> None:
    assert typed(url, [address]) is whose


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_address_can_be_judged(url: str, address: str) -> None:
    assert typed(url, [address]) in (True, False)
