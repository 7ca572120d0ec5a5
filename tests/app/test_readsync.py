"""Read and saved in step with servers that have a state of their own, over HTTP, for each of the three APIs."""

from __future__ import annotations

import asyncio
import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.adapters import load
from penchant.adapters.base import Item, Malformed, NotAuthorized, Page, RateLimited, Refused
from penchant.adapters.contract_server import Answer, running
from penchant.adapters.http import Client
from penchant.app.rank.labels import labels_from_events
from penchant.app.readsync import exchange, followed
from penchant.app.store import Store
from penchant.app.sync import inline, visit
from penchant.app.types import Event, Subscription

KINDS = ("miniflux", "greader", "fever")


def _fakes() -> ModuleType:
    path = Path(__file__).parents[1] / "adapters" / "remote_fakes.py"
    spec = importlib.util.spec_from_file_location("remote_fakes", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules.setdefault("remote_fakes", importlib.util.module_from_spec(spec))
    if not hasattr(module, "FAKES"):
        spec.loader.exec_module(module)
    return module


class Desk:
    """One account of one server, followed in one archive."""

    def __init__(self, store: Store, server: Any, kind: str, sync: str = "both", entries: int = 6) -> None:
        self.store, self.kind = store, kind
        self.fake = _fakes().FAKES[kind](server)
        self.shelf = self.fake.shelf
        self.shelf.fill(1, entries)
        given = self.fake.sign_in() | {"sync": sync}
        self.number = store.subscriptions.add(kind, given["address"], settings=given)

    @property
    def source(self) -> Subscription:
        found = self.store.subscriptions.get(self.number)
        assert found is not None
        return found

    def fetch(self) -> None:
        async def go() -> None:
            async with Client() as client:
                result = await visit(inline(self.store), client, self.source)
                assert not result.error, result.error

        asyncio.run(go())

    def exchange(self) -> tuple[int, int]:
        async def go() -> tuple[int, int]:
            async with Client() as client:
                done = await exchange(inline(self.store), client, self.source)
                return done.here, done.there

        return asyncio.run(go())

    def settle(self) -> None:
        """Exchange until nothing is left to do, which takes at most two."""
        self.exchange()
        self.exchange()
        assert self.exchange() == (0, 0)

    def item(self, entry: int) -> int:
        found = self.store.items.by_native(self.kind, f"{self.fake.prefix()}{entry}")
        assert found is not None
        return int(found)

    def press(self, kind: Any, entry: int) -> Event:
        event = Event(kind, self.item(entry))
        self.store.events.append([event])
        return event

    def unsave(self, entry: int) -> None:
        event = self.store.events.last_live(self.item(entry), "save")
        assert event is not None
        self.store.events.append([Event("undo", self.item(entry), undoes=event.id)])

    def here(self, entry: int) -> tuple[bool, bool]:
        marks = self.store.events.marks([self.item(entry)]).get(self.item(entry))
        return (marks.seen, marks.saved) if marks else (False, False)

    def there(self, entry: int) -> tuple[bool, bool]:
        row = self.shelf.rows[entry]
        return row.read, row.starred


@pytest.fixture(params=KINDS)
def desk(request: pytest.FixtureRequest, home: Path, server: Any) -> Iterator[Desk]:
    with Store.open(home / "data" / "archive.db", role="cli") as store:
        made = Desk(store, server, request.param)
        made.fetch()
        yield made


def test_both_ways(desk: Desk) -> None:
    desk.shelf.set(1, read=True)
    desk.shelf.set(2, read=True, starred=True)
    desk.press("like", 3)
    desk.press("save", 4)
    desk.press("skip", 5)
    desk.settle()
    assert [desk.here(n) for n in range(1, 7)] == [desk.there(n) for n in range(1, 7)] == [
        (True, False), (True, True), (True, False), (True, True), (True, False), (False, False),
    ]  # fmt: skip
    desk.unsave(2)
    desk.shelf.set(4, starred=False)
    desk.shelf.set(3, read=False)
    writes = len(desk.shelf.writes)
    desk.settle()
    assert desk.here(2) == desk.there(2) == (True, False)
    assert desk.here(4) == desk.there(4) == (True, False)
    assert desk.there(3) == (False, False) and desk.here(3) == (True, False), "marked unread there is no quarrel"
    assert len(desk.shelf.writes) == writes + 1, "the server is told of one change only"


def test_what_is_read_elsewhere_teaches_nothing_and_what_is_starred_there_does(desk: Desk) -> None:
    desk.shelf.set(1, read=True)
    desk.shelf.set(2, read=True, starred=True)
    desk.settle()
    events = [event for _, event in desk.store.events.live()]
    assert {event.kind for event in events} == {"impression", "save"}
    assert all(event.value == {"elsewhere": True} for event in events)
    labels = labels_from_events(events)
    assert [(label.item_id, label.y) for label in labels] == [(desk.item(2), 1)]
    assert desk.store.events.last_undoable() is None, "`penchant undo` takes back what was done here"


def test_without_consent_the_server_is_told_nothing(home: Path, server: Any) -> None:
    for kind in KINDS:
        with Store.open(home / f"{kind}.db", role="cli") as store:
            desk = Desk(store, server, kind, sync="pull")
            desk.fetch()
            desk.press("save", 1)
            desk.shelf.set(2, read=True, starred=True)
            desk.settle()
            assert desk.shelf.writes == [] and desk.here(2) == (True, True)
            assert [s.id for s in followed(store)] == [desk.number]
            store.subscriptions.configure(desk.number, {**desk.source.settings, "sync": "off"})
            assert followed(store) == []
            store.subscriptions.configure(desk.number, {**desk.source.settings, "sync": "nonsense"})
            assert followed(store) == []


def test_an_article_met_directly_and_there_is_one_item(desk: Desk) -> None:
    feed = desk.store.subscriptions.add("rss", "https://site.example/feed.xml")
    direct = Item("https://site.example/feed.xml#1", "https://site.example/1", "Entry 1", "Body 1 in full")
    desk.store.items.put_page(feed, Page((direct,), {}), time.time())
    assert desk.store.items.by_native("rss", direct.native_id) == desk.item(1)
    desk.press("open", 1)
    desk.settle()
    assert desk.there(1) == (True, False), "what was opened through the feed itself is read there"


def test_entries_cleaned_away_there_are_not_taken_for_read(desk: Desk) -> None:
    desk.exchange()
    del desk.shelf.rows[3]
    desk.press("save", 2)
    desk.settle()
    assert desk.here(3) == (False, False) and desk.there(2) == (True, True)


def test_old_stars_come_with_the_first_visit(desk: Desk) -> None:
    desk.shelf.fill(1000, 1119)
    for entry in (1, 5, 1119):
        desk.shelf.set(entry, starred=True)
    later = desk.store.subscriptions
    later.configure(desk.number, {**desk.source.settings, "limit": 1})
    for entry in range(1, 7):
        desk.store.db.run("DELETE FROM items WHERE id = ?", (desk.item(entry),))
    desk.fetch()
    found = [n for n in range(1, 7) if desk.store.items.by_native(desk.kind, f"{desk.fake.prefix()}{n}") is not None]
    assert found == [1, 5], "starred ones alone reach so far back"
    desk.settle()
    assert [desk.here(n)[1] for n in (1, 5, 1119)] == [True] * 3


def test_items_carry_what_the_server_knows(desk: Desk) -> None:
    article = desk.store.items.article(desk.item(6))
    assert article is not None
    card = article.card
    assert (card.title, article.text, card.url) == ("Entry 6", "Body 6", "https://site.example/6")
    assert card.author == "Example & Sons" and "News" in article.tags and card.published == 1_770_000_006.0
    assert article.extra["feed"] == "Example & Sons"
    if desk.kind != "fever":
        assert [(m.kind, m.url) for m in article.media] == [("audio", "https://site.example/6.mp3")]


def test_failures_lose_nothing(desk: Desk, server: Any) -> None:
    desk.press("save", 1)
    server.override = Answer(b"slow down", 429, {"Retry-After": "7"})
    with pytest.raises(RateLimited) as limited:
        desk.exchange()
    assert limited.value.retry_after == 7
    server.override = Answer(b"", 401)
    with pytest.raises(NotAuthorized) as refused:
        desk.exchange()
    assert "penchant reader login" in refused.value.hint
    server.override = None
    desk.settle()
    assert desk.there(1) == (True, True)


def test_a_token_never_leaves_its_host(desk: Desk, server: Any) -> None:
    desk.press("save", 1)
    with running() as stranger:
        stranger.default = Answer(b"{}")
        server.override = Answer(b"", 307, {"Location": stranger.url("/v1/entries")})
        with pytest.raises((Refused, Malformed)):
            desk.exchange()
        assert all(
            desk.fake.token not in str(request.headers) + request.target + request.body.decode()
            for request in stranger.requests
        )


def test_changes_are_not_sent_to_another_host(desk: Desk) -> None:
    desk.press("save", 1)
    obeyed = desk.fake.serve
    with running() as stranger:
        stranger.default = Answer(b'{"api_version": 3, "auth": 1}')

        def astray(request: Any) -> Any:
            telling = request.method == "PUT" or b"mark=" in request.body or "edit-tag" in request.path
            return Answer(b"", 307, {"Location": stranger.url("/v1/entries")}) if telling else obeyed(request)

        desk.fake.serve = astray
        with pytest.raises(Refused):
            desk.exchange()
        assert stranger.requests == []
    desk.fake.serve = obeyed
    desk.settle()
    assert desk.there(1) == (True, True)


def test_marking_what_is_marked_already_toggles_nothing(desk: Desk) -> None:
    """Somebody else may have done it between the look and the change, and some servers only toggle."""
    desk.shelf.set(2, read=True, starred=True)

    async def mark() -> None:
        async with Client() as client:
            remote = await load(desk.kind).open(client, desk.source.settings)  # type: ignore[attr-defined]
            await remote.mark(["1", "2", "999"], starred=True)
            await remote.mark(["3"], starred=False)
            await remote.mark(["1", "2", "999"], read=True)

    asyncio.run(mark())
    assert [desk.there(n) for n in (1, 2, 3)] == [(True, True), (True, True), (False, False)]


#: What may happen to one of two entries: keys here, another client there, an exchange.
DEEDS = ("like", "save", "unsave", "read", "unread", "star", "unstar", "round")
MOVES = st.lists(st.tuples(st.sampled_from(DEEDS), st.integers(1, 2)), max_size=12)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(moves=MOVES)
def test_after_any_history_both_sides_agree(kind: str, server: Any, tmp_path_factory: Any, moves: Any) -> None:
    with Store.open(tmp_path_factory.mktemp("any") / "archive.db", role="worker") as store:
        desk = Desk(store, server, kind, entries=2)
        desk.fetch()
        unequal = set()
        for move, entry in moves:
            if move == "round":
                desk.exchange()
            elif move in ("like", "save"):
                desk.press(move, entry)
            elif move == "unsave":
                if desk.here(entry)[1]:
                    desk.unsave(entry)
                    unequal.add(entry)  # what was seen by this key alone is unseen again, here
            else:
                if move == "unread" and desk.there(entry)[0]:
                    unequal.add(entry)  # not argued about
                change = {"read": move == "read"} if "read" in move else {"starred": move == "star"}
                desk.shelf.set(entry, **change)
        desk.settle()
        for entry in (1, 2):
            assert desk.here(entry)[1] == desk.there(entry)[1]
            assert desk.here(entry)[0] == desk.there(entry)[0] or entry in unequal
        told = list(desk.shelf.writes)
        assert desk.exchange() == (0, 0) and desk.shelf.writes == told, "nothing is toggled for ever"


@pytest.mark.parametrize("kind", KINDS)
def test_a_worker_killed_in_the_middle_of_an_exchange_loses_nothing(
    kind: str, home: Path, server: Any, cli: Any, until: Callable[..., None]
) -> None:
    """The server takes the first change, then says nothing; kill -9; the next worker finishes and toggles nothing."""
    with Store.open(home / "data" / "archive.db", role="cli") as store:
        desk = Desk(store, server, kind, entries=80)
        desk.fetch()
        for entry in range(1, 71):
            desk.press("save" if entry % 7 == 0 else "like", entry)
        desk.shelf.set(75, read=True, starred=True)
        obeyed = desk.fake.serve

        def stubborn(request: Any) -> Any:
            telling = request.method == "PUT" or b"mark=" in request.body or "edit-tag" in request.path
            if desk.shelf.writes and telling:
                return Answer(hang=True)
            return obeyed(request)

        desk.fake.serve = stubborn
        child = cli.start("worker")
        until(lambda: desk.shelf.writes)
        until(lambda: any(r.method != "GET" for r in server.requests[-1:]))
        child.kill()
        child.communicate()
        first = list(desk.shelf.writes)
        assert first and len(first) < 80
        desk.fake.serve = obeyed
        child = cli.start("worker")
        until(lambda: all(desk.there(n) == (True, n % 7 == 0) for n in range(1, 71)))
        until(lambda: desk.here(75) == (True, True))
        child.terminate()
        assert child.wait(15) == 0
        starred = [n for how, n in desk.shelf.writes if how in ("toggle", "saved", "a starred")]
        assert sorted(starred) == [7, 14, 21, 28, 35, 42, 49, 56, 63, 70] or kind == "greader"
        assert [desk.here(n) for n in (7, 8)] == [(True, True), (True, False)]
        events = [e for _, e in store.events.live() if e.value.get("elsewhere")]
        assert sorted(e.kind for e in events) == ["impression", "save"], "nothing came twice"
