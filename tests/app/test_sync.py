"""Visits to sources that behave and to sources that do not, on a real archive."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import (
    Gone,
    Item,
    Malformed,
    Page,
    RateLimited,
    ServerFailure,
    SourceError,
    Unreachable,
)
from penchant.app import sync
from penchant.app.errors import DiskFull
from penchant.app.store import Store
from penchant.app.types import View


def page(*names: str, **rest: Any) -> Page:
    items = tuple(
        Item(native_id=name, url=f"https://example.org/{name}", title=f"About {name}", text=f"{name} " * 30)
        for name in names
    )
    return Page(items, {"after": names[-1] if names else ""}, **rest)


class Scripted:
    """An adapter that yields pages and raises what it is told to."""

    kind = "scripted"
    min_interval = 300.0

    def __init__(self) -> None:
        self.script: dict[str, list[Page | BaseException]] = {}
        self.cursors: list[dict[str, Any]] = []

    async def fetch(self, client: Any, settings: Any, cursor: Any) -> AsyncIterator[Page]:
        self.cursors.append(dict(cursor))
        for step in self.script[settings["address"]]:
            if isinstance(step, BaseException):
                raise step
            yield step
            await asyncio.sleep(0)


@pytest.fixture
def adapter(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    made = Scripted()
    monkeypatch.setattr(sync, "load", lambda kind: {"scripted": made}[kind])
    return made


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="worker") as opened:
        yield opened


def follow(store: Store, adapter: Scripted, name: str, *script: Page | BaseException) -> int:
    adapter.script[name] = list(script)
    return store.subscriptions.add("scripted", name, settings={"address": name})


async def go(store: Store, **options: Any) -> list[sync.Visit]:
    return await sync.sync_once(store, None, store.subscriptions.all(), **options)  # type: ignore[arg-type]


async def test_pages_and_cursor_arrive(store: Store, adapter: Scripted) -> None:
    follow(store, adapter, "good", page("a", "b", total=3, title="Good things"), page("c"))
    seen = []
    [visit] = await go(store, on_progress=lambda v: seen.append((v.done, v.total, v.finished)))
    assert (visit.new, visit.error, visit.done) == (3, "", 3)
    assert seen == [(0, None, False), (2, 3, False), (3, 3, False), (3, 3, True)]
    [subscription] = store.subscriptions.all()
    assert subscription.cursor == {"after": "c"} and subscription.state == "idle"
    assert subscription.title == "" or subscription.title == "Good things"
    assert subscription.next_due > time.time() + 500
    await go(store)
    assert adapter.cursors == [{}, {"after": "c"}]


@pytest.mark.parametrize(
    "fault", [ZeroDivisionError("/secret"), KeyError("x"), Malformed("not a feed"), Unreachable("gone")]
)
async def test_one_failure_is_one_source_s_own(store: Store, adapter: Scripted, fault: Exception) -> None:
    follow(store, adapter, "bad", page("kept"), fault)
    follow(store, adapter, "good", page("a"))
    await go(store)
    bad, good = store.subscriptions.all()
    assert good.error == "" and good.failures == 0
    assert bad.failures == 1 and bad.error and bad.hint and "/secret" not in bad.error
    assert store.items.count(View.NEWEST) == 2, "what came before the failure is kept"


async def test_a_missing_adapter_is_said_in_words(store: Store, adapter: Scripted) -> None:
    store.subscriptions.add("gopher", "r/x")
    await go(store)
    assert "'gopher'" in store.subscriptions.all()[0].error


async def test_success_clears_the_failure(store: Store, adapter: Scripted) -> None:
    follow(store, adapter, "x", ServerFailure("500"))
    await go(store)
    adapter.script["x"] = [page("a")]
    await go(store)
    [subscription] = store.subscriptions.all()
    assert (subscription.failures, subscription.error, subscription.hint) == (0, "", "")


async def test_retry_after_is_obeyed(store: Store, adapter: Scripted) -> None:
    follow(store, adapter, "busy", RateLimited("slow down", retry_after=7200.0))
    await go(store)
    assert store.subscriptions.all()[0].next_due >= time.time() + 7190


async def test_the_declared_interval_is_obeyed_within_the_reader_s_bounds(
    store: Store, adapter: Scripted
) -> None:
    follow(store, adapter, "rare", page("a", interval=50_000.0))
    await go(store)
    assert store.subscriptions.all()[0].interval == 50_000.0
    await go(store, intervals=sync.Intervals(600.0, 3_600.0))
    assert store.subscriptions.all()[0].interval == 3_600.0
    await go(store, intervals=sync.Intervals(70_000.0, 86_400.0))
    assert store.subscriptions.all()[0].interval == 70_000.0


@pytest.mark.parametrize("ending", [Gone("410"), page(gone=True)])
async def test_a_source_that_ended_is_paused(store: Store, adapter: Scripted, ending: Page | Gone) -> None:
    follow(store, adapter, "ended", page("last words"), ending)
    await go(store)
    assert store.subscriptions.all()[0].paused
    assert store.subscriptions.due(time.time() + 1e7) == []


async def test_a_permanent_move_renames_the_subscription(store: Store, adapter: Scripted) -> None:
    follow(store, adapter, "old", page("a", moved_to="new"))
    adapter.script["new"] = [page("b")]
    await go(store)
    [subscription] = store.subscriptions.all()
    assert subscription.address == subscription.settings["address"] == "new"
    await go(store)
    assert store.items.count(View.NEWEST) == 2


async def test_a_source_that_never_ends_is_left(
    store: Store, adapter: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "VISIT_ITEMS", 10)
    follow(store, adapter, "endless", *(page(f"a{n}", f"b{n}") for n in range(50)))
    [visit] = await go(store)
    assert visit.done == 10 and visit.error == "" and visit.finished


async def test_a_visit_that_takes_for_ever_is_left(
    store: Store, adapter: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync, "VISIT_SECONDS", 0.05)

    async def slow(client: Any, settings: Any, cursor: Any) -> AsyncIterator[Page]:
        yield page("first")
        await asyncio.sleep(3600)

    monkeypatch.setattr(adapter, "fetch", slow)
    store.subscriptions.add("scripted", "slow")
    [visit] = await go(store)
    assert "longer than" in visit.error and visit.new == 1


async def test_a_failing_archive_is_not_blamed_on_the_source(
    store: Store, adapter: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(store, adapter, "good", page("a"))

    def full(*_: object) -> None:
        raise DiskFull("no space left")

    monkeypatch.setattr(store.items, "put_page", full)
    with pytest.raises(DiskFull):
        await go(store)
    assert store.subscriptions.all()[0].failures == 0


async def test_a_source_removed_meanwhile_is_no_failure(store: Store, adapter: Scripted) -> None:
    number = follow(store, adapter, "x", page("a"))
    known = store.subscriptions.all()
    store.subscriptions.remove(number)
    [visit] = await sync.sync_once(store, None, known)  # type: ignore[arg-type]
    assert visit.error == ""


async def test_few_at_once(store: Store, adapter: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    running, most = 0, 0

    async def fetch(client: Any, settings: Any, cursor: Any) -> AsyncIterator[Page]:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1
        yield page()

    monkeypatch.setattr(adapter, "fetch", fetch)
    for n in range(12):
        store.subscriptions.add("scripted", str(n))
    await go(store, concurrency=3)
    assert most == 3


async def test_a_week_of_500_costs_few_requests(
    store: Store, adapter: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Backing off: dense at first, then about daily; one good answer and all is as before."""
    clock = [time.time()]
    monkeypatch.setattr(sync.time, "time", lambda: clock[0])
    follow(store, adapter, "sick", ServerFailure("status 500"))
    week, dues = clock[0] + 7 * 86_400, []
    while clock[0] < week:
        await go(store)
        [subscription] = store.subscriptions.all()
        dues.append(subscription.next_due - clock[0])
        clock[0] = subscription.next_due
    assert 8 <= len(dues) <= 25
    assert dues[0] < 600 and 86_000 < max(dues) <= 1.5 * 86_400
    assert not subscription.paused and subscription.error == "status 500"
    adapter.script["sick"] = [page("back")]
    await go(store)
    assert store.subscriptions.all()[0].failures == 0


async def test_errors_are_words(store: Store, adapter: Scripted) -> None:
    for kind in (SourceError, *SourceError.__subclasses__()):
        assert kind("what happened").hint


class Paced(Scripted):
    """Sources of one service ("slow...") are visited one after another; counts what runs at once."""

    def __init__(self) -> None:
        super().__init__()
        self.running: list[str] = []
        self.slow_at_once = 0
        self.done: list[str] = []
        self.release = asyncio.Event()

    def queue(self, settings: Any) -> str:
        if settings["address"] == "zbroken":
            raise ValueError("no such setting")
        return "slow" if settings["address"].startswith("slow") else ""

    async def fetch(self, client: Any, settings: Any, cursor: Any) -> AsyncIterator[Page]:
        name = settings["address"]
        self.running.append(name)
        self.slow_at_once = max(self.slow_at_once, sum(n.startswith("slow") for n in self.running))
        if name.startswith("slow"):
            await self.release.wait()
        self.running.remove(name)
        self.done.append(name)
        yield page(name)


async def test_who_waits_for_a_turn_holds_no_place(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = Paced()
    monkeypatch.setattr(sync, "load", lambda kind: {"scripted": adapter}[kind])
    for name in ["slow1", "slow2", "slow3", "slow4", "zquick1", "zbroken", "zquick2"]:
        store.subscriptions.add("scripted", name)
    visits = asyncio.create_task(go(store, concurrency=2))
    async with asyncio.timeout(30):
        while len(adapter.done) < 3:
            assert not visits.done()
            await asyncio.sleep(0)
    assert set(adapter.done) == {"zquick1", "zquick2", "zbroken"}  # all but the slow ones, the first of which hangs
    adapter.release.set()
    assert [visit.error for visit in await visits] == [""] * 7
    assert len(adapter.done) == 7 and adapter.slow_at_once == 1


async def test_the_worker_chooses_one_of_each_queue(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sync, "load", lambda kind: {"scripted": Paced()}[kind])
    for name in ["slow1", "slow2", "quick1", "quick2", "quick3"]:
        store.subscriptions.add("scripted", name)
    due = sorted(store.subscriptions.all(), key=lambda s: s.id)

    def names(free: int, busy: list[str]) -> list[str]:
        return [s.address for s in sync.next_visits(due, free, busy)]

    assert names(3, []) == ["slow1", "quick1", "quick2"]
    assert names(9, []) == ["slow1", "quick1", "quick2", "quick3"]
    assert names(9, ["scripted slow", ""]) == ["quick1", "quick2", "quick3"]
    assert names(0, []) == []


def test_paced_services_have_a_queue() -> None:
    from penchant.adapters import load

    def queue(kind: str, **settings: str) -> str:
        return str(load(kind).queue(settings))  # type: ignore[attr-defined]

    assert queue("arxiv", address="arxiv:cat:cs.CL") == queue("arxiv", address="arxiv:list:cs.IR") != ""
    assert queue("arxiv", address="arxiv:cat:cs.CL", api="http://h.example", feeds="http://h.example") == ""
    home = queue("lobsters", address="https://lobste.rs/")
    assert home == queue("lobsters", address="https://lobste.rs/t/python") != ""
    assert home != queue("lobsters", address="https://lobste.rs/", web="http://site.example")
    python, rust = (queue("reddit", address=f"https://www.reddit.com/r/{name}") for name in ("python", "rust"))
    assert python == rust != ""
