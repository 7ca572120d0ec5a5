"""Fetching lists: order, progress, refreshing, deletions, and failures of single items and of all."""

from __future__ import annotations

import contextlib
import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters import hackernews_cursor as memory
from penchant.adapters.base import BadSettings, Malformed, ServerFailure, SourceError, Unreachable
from penchant.adapters.hackernews import HackerNews, comments
from penchant.adapters.hackernews_items import answer, hit_to_item, read_hits, read_items, read_thread

HOUR = 3600.0


def aged(cursor: dict[str, Any], seconds: float) -> dict[str, Any]:
    """A cursor as it looks some time later."""
    rows = json.loads(json.dumps(cursor))["known"]
    return {"known": [[i, int(first - seconds), int(last - seconds)] for i, first, last in rows]}


def natives(pages: list[Any]) -> list[str]:
    return [item.native_id for page in pages for item in page.items]


async def test_items_come_in_the_lists_order_in_pages_of_25(
    news: Any, client: Any, story: Any, pages: Any
) -> None:
    news.lists["top"] = list(range(200, 100, -1))
    news.items = {n: story(n) for n in range(100, 201)}
    got = await pages(client, {**news.settings, "limit": 60})
    assert natives(got) == [f"hn:{n}" for n in range(200, 140, -1)]
    assert [len(page.items) for page in got] == [25, 25, 10]
    assert {page.total for page in got} == {60} and got[0].title == "Hacker News · Top"


async def test_known_items_are_refreshed_when_due_and_left_alone_before(
    news: Any, client: Any, story: Any, pages: Any
) -> None:
    news.lists["top"] = [1, 2, 3]
    news.items = {n: story(n) for n in range(1, 5)}
    cursor = (await pages(client, news.settings))[-1].cursor
    (page,) = await pages(client, news.settings, cursor)
    assert page.items == () and news.asked() == [1, 2, 3]
    news.lists["top"] = [4, 2]
    news.items[2] |= {"score": 99, "descendants": 44}
    got = await pages(client, news.settings, aged(cursor, HOUR))
    assert natives(got) == ["hn:4", "hn:2", "hn:1", "hn:3"], "new ones first, those off the list last"
    assert (got[0].items[1].points, got[0].items[1].comments) == (99, 44)
    before = len(news.asked())
    news.lists["top"] = []
    await pages(client, news.settings, aged(got[-1].cursor, 3 * 24 * HOUR))
    assert len(news.asked()) == before, "after two days the points are settled"


async def test_deleted_dead_and_null_items(news: Any, client: Any, story: Any, pages: Any) -> None:
    news.lists["top"] = [1, 2, 3, 4, 5, 6]
    news.items = {n: story(n) for n in (1, 2, 3, 4)} | {5: {"id": 5, "deleted": True}, 6: None}
    first = await pages(client, news.settings)
    assert natives(first) == ["hn:1", "hn:2", "hn:3", "hn:4"] and not first[0].deleted
    news.items |= {
        1: {"id": 1, "type": "story", "deleted": True},
        2: story(2, dead=True),
        3: None,
        6: story(6),
    }
    (page,) = await pages(client, news.settings, aged(first[-1].cursor, HOUR))
    assert set(page.deleted) >= {"hn:1", "hn:2", "hn:3"} and "hn:4" not in page.deleted
    assert set(natives([page])) == {"hn:4", "hn:6"}, "an item that was null before has come"


async def test_one_failing_item_costs_only_itself_and_is_asked_for_again(
    news: Any, client: Any, story: Any, pages: Any
) -> None:
    news.lists["top"] = [1, 2, 3, 4]
    news.items = {1: story(1), 2: 503, 3: b"{not json", 4: story(4)}
    got = await pages(client, news.settings)
    assert natives(got) == ["hn:1", "hn:4"]
    news.items |= {2: story(2), 3: story(3)}
    assert natives(await pages(client, news.settings, got[-1].cursor)) == ["hn:2", "hn:3"]


async def test_a_service_that_is_down_is_an_error_not_a_hundred_requests(
    news: Any, client: Any, pages: Any
) -> None:
    news.lists["top"] = list(range(1, 400))
    news.items = dict.fromkeys(range(1, 400), 503)
    with pytest.raises(ServerFailure):
        await pages(client, news.settings)
    assert len(news.asked()) <= 25
    with pytest.raises(Unreachable):
        await pages(client, {"address": "hackernews:top", "api": "http://127.0.0.1:9/v0"})


async def test_polls_ask_jobs_and_text_posts(news: Any, client: Any, story: Any, pages: Any) -> None:
    news.lists["top"] = [1, 2, 3]
    news.items = {
        1: story(1, type="poll", parts=[11, 12, 13], title="Poll: which?"),
        2: story(2, type="job", title="Acme is hiring"),
        3: story(3, title="Ask HN: why?", url=None, text="Because&#x2F;so<p><i>yes</i>"),
        11: {"id": 11, "type": "pollopt", "poll": 1, "text": "This &amp; that", "score": 8},
        12: {"id": 12, "type": "pollopt", "poll": 1, "deleted": True},
        13: None,
    }
    poll, job, ask = (await pages(client, news.settings))[0].items
    assert poll.poll.options == (("This & that", 8),) and "poll" in poll.tags
    assert job.tags == ("job",)
    assert ask.tags == ("ask",) and ask.text == "Because/so\n\nyes"
    assert ask.url == ask.comments_url == "https://news.ycombinator.com/item?id=3"


@pytest.mark.parametrize("listed", [None, {}, "x", 5])
async def test_what_is_no_list_is_malformed(news: Any, client: Any, pages: Any, listed: Any) -> None:
    news.lists["top"] = listed
    with pytest.raises(Malformed):
        await pages(client, news.settings)


async def test_a_list_with_nonsense_in_it_is_read(news: Any, client: Any, story: Any, pages: Any) -> None:
    news.lists["top"] = [1, "2", None, -3, 1, True, 4.5, {}]
    news.items[1] = story(1)
    assert natives(await pages(client, news.settings)) == ["hn:1"]
    assert news.asked() == [1]


async def test_comments_keep_reading_order_parents_and_the_limit(news: Any, client: Any, story: Any) -> None:
    def reply(number: int, parent: int, kids: list[int]) -> dict[str, Any]:
        return {
            "id": number,
            "type": "comment",
            "by": "bob",
            "parent": parent,
            "text": f"c{number}",
            "kids": kids,
        }

    news.items = {
        1: story(1, kids=[2, 3, 4]),
        2: reply(2, 1, [5, 2]),
        3: {"id": 3, "deleted": True, "kids": [6]},
        4: reply(4, 1, []),
        5: reply(5, 2, []),
        6: reply(6, 3, []),
    }
    page = await HackerNews().thread(client, news.settings, "hn:1")
    assert [i.native_id for i in page.items] == ["hn:2", "hn:5", "hn:6", "hn:4"]
    assert [i.in_reply_to for i in page.items] == ["hn:1", "hn:2", "hn:3", "hn:1"]
    assert {i.thread for i in page.items} == {"hn:1"}
    few = await comments(client, news.settings, "hn:1", limit=3)
    assert [i.native_id for i in few.items] == ["hn:2", "hn:4"], "the upper level comes first"
    with pytest.raises(SourceError):
        await comments(client, news.settings, "hn:../1")


async def test_comments_fall_back_to_the_official_api(
    news: Any, client: Any, story: Any, server: Any, answers: Any
) -> None:
    news.items = {1: story(1, kids=[2]), 2: {"id": 2, "type": "comment", "parent": 1, "text": "c"}}
    server.route("/algolia/items/1", answers.Answer(b"oops", 500))
    settings = {**news.settings, "algolia": server.url("/algolia")}
    assert len((await comments(client, settings, "hn:1")).items) == 1
    tree = {"id": 1, "children": [{"id": 2, "parent_id": 1, "text": "c", "children": [
        {"id": 5, "parent_id": 2, "text": "d&#x27;", "children": []}]},
        {"id": 7, "text": None, "parent_id": 1}]}  # fmt: skip
    server.route("/algolia/items/1", json.dumps(tree))
    page = await comments(client, settings, "hn:1")
    assert [(i.native_id, i.in_reply_to, i.thread, i.text) for i in page.items] == [
        ("hn:2", "hn:1", "hn:1", "c"),
        ("hn:5", "hn:2", "hn:1", "d'"),
    ]


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("hackernews:top", "hackernews:top"),
        ("hackernews", "hackernews:top"),
        ("https://news.ycombinator.com/", "hackernews:top"),
        ("https://news.ycombinator.com/newest", "hackernews:new"),
        ("news.ycombinator.com/ask", "hackernews:ask"),
        ("hackernews:search:  local   first ", "hackernews:search:local first"),
        ("https://hn.algolia.com/?q=sqlite", "hackernews:search:sqlite"),
        ("hackernews:nonsense", None),
        ("https://news.ycombinator.com/item?id=1", None),
        ("https://example.org/", None),
        ("https://[broken", None),
        ("", None),
    ],
)
def test_addresses(typed: str, address: str | None) -> None:
    found = HackerNews().recognise(typed)
    assert (found.address if found else None) == address


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_typed_address_raises(typed: str) -> None:
    for address in (typed, f"hackernews:{typed}", f"https://{typed}", f"https://hn.algolia.com/?q={typed}"):
        HackerNews().recognise(address)


async def test_bad_settings_are_explained(client: Any, pages: Any, server: Any) -> None:
    for bad in (
        {"address": "hackernews:x"},
        {},
        {"address": "hackernews:search:a", "api": server.url("/v0")},
    ):
        with pytest.raises(BadSettings):
            await pages(client, bad)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["\ud800\x1b[2J", "http://[", "//x.example/a b"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = "id type by time title url text score descendants kids parts parent deleted objectID author"
FIELDS = [*NAMES.split(), "children", "_tags", "created_at", "created_at_i", "points", "hits"]


@settings(max_examples=100, deadline=None)
@given(raw=st.dictionaries(st.sampled_from(FIELDS), JSON), number=st.integers(1, 10**9))
def test_items_of_any_shape_are_survived(raw: dict[str, Any], number: int) -> None:
    found = [
        answer(raw).item,
        answer({**raw, "id": number}).item,
        hit_to_item(raw),
        hit_to_item({**raw, "id": number}),
    ]
    for item in found:
        if item is not None:
            assert item.url.startswith(("http://", "https://"))
            assert "\x1b" not in repr(item) and repr(item).encode()
    body = json.dumps(raw).encode()
    for read in (lambda: read_hits(body, "hn"), lambda: read_thread(body, "hn", 10)):
        with contextlib.suppress(Malformed):
            read()
    assert len(read_items([body, b"", b"[" * 99_999, b"null"])) == 4


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(["known", "x"]), JSON))
def test_any_cursor_is_read(cursor: dict[str, Any]) -> None:
    memory.dump(memory.load(cursor).values(), 100)


def test_the_cursor_is_bounded_and_keeps_what_was_read_last() -> None:
    now = time.time()
    known = {i: memory.Known(i, now, now - i) for i in range(1, 2000)}
    cursor = memory.dump(known.values(), 100)
    assert len(cursor["known"]) == 300 and cursor["known"][0][0] == 1
    assert len(json.dumps(memory.dump(known.values(), 10**6))) < 100_000


def test_the_longest_list_is_not_read_twice() -> None:
    now, listed = time.time(), tuple(range(1, 501))
    known: dict[int, memory.Known] = {}
    memory.remember(known, listed, now)
    cursor = json.loads(json.dumps(memory.dump(known.values(), 500)))
    assert memory.plan(listed, memory.load(cursor), now, 500) == []


def test_an_item_costs_a_bounded_number_of_requests_in_its_life() -> None:
    item, asked = memory.Known(1, 0.0, 0.0), 0
    for now in range(0, 4 * 86400, 300):
        if item.due(now):
            item, asked = memory.Known(1, 0.0, now), asked + 1
    assert 10 <= asked <= 25
