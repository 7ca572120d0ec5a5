"""Lobsters: walking, the ways to a listing, deletions, discussions, addresses, shapes nobody promised."""

from __future__ import annotations

import asyncio
import contextlib
import json
from html import escape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.base import BadSettings, Malformed, NotAuthorized, NotFound, RateLimited, ServerFailure
from penchant.adapters.lobsters import Lobsters, Session
from penchant.adapters.lobsters_items import Site, read_stories, read_thread
from penchant.adapters.lobsters_page import read_stories_page, read_thread_page
from penchant.adapters.lobsters_place import from_address, recognise

SITE = Site("lobste.rs", "https://lobste.rs")


def story(short: str, **changes: Any) -> dict[str, Any]:
    return {
        "short_id": short,
        "created_at": "2026-03-01T06:00:00.000-06:00",
        "title": f"Story {short}",
        "url": f"https://site.example/{short}",
        "score": 9,
        "comment_count": 4,
        "comments_url": f"https://lobste.rs/s/{short}/story",
        "submitter_user": "ada",
        "tags": ["python", "web"],
    } | changes


def block(raw: dict[str, Any]) -> str:
    """A story as the site's own page shows it."""
    tags = "".join(f'<li><a class="tag" href="/t/{tag}">{tag}</a></li>' for tag in raw["tags"])
    page = f"/s/{raw['short_id']}/story"
    return (
        f'<li id="story_{raw["short_id"]}" data-shortid="{raw["short_id"]}" class="story"><div class="voters">'
        f'<a class="upvoter" href="/login">{raw["score"]}</a></div><span class="link"><a class="u-url" '
        f'href="{raw["url"] or page}">{escape(raw["title"])}</a></span><ul class="tags">{tags}</ul><div class="byline">'
        f'<a tabindex="-1" href="/~ada"><img src="/a.png"></a> via <a href="/~ada">ada</a> '
        f'<time data-at-unix="1772366400">now</time><span class="comments_label"><a href="{page}">'
        f"{raw['comment_count']} comments</a></span></div></li>"
    )


def page_of(stories: list[dict[str, Any]], following: str = "") -> str:
    more = f'<nav class="morelink"><a rel="next" href="{following}">Page 2</a></nav>' if following else ""
    return f"<!doctype html><body><ol class='stories list'>{''.join(map(block, stories))}</ol>{more}"


def natives(pages: list[Any]) -> list[str]:
    return [item.native_id for page in pages for item in page.items]


@pytest.fixture
def where(server: Any) -> Any:
    def settings_of(address: str = "lobsters:newest", **more: Any) -> dict[str, Any]:
        return {"address": address, "web": server.url("").rstrip("/"), **more}

    return settings_of


async def read(client: Any, given: dict[str, Any], cursor: Any = None) -> list[Any]:
    return [page async for page in Lobsters().fetch(client, given, json.loads(json.dumps(cursor or {})))]


async def test_newest_is_followed_until_it_meets_what_is_known(server: Any, client: Any, where: Any) -> None:
    stories = [story(f"a{n:04d}") for n in range(120)]

    def publish(count: int) -> None:
        shown = stories[-count:]
        for page in range(6):
            path = "/newest.json" if page == 0 else f"/newest/page/{page + 1}.json"
            server.route(path, json.dumps(shown[page * 25 : page * 25 + 25]))

    publish(40)
    first = await read(client, where(limit=40))
    assert len(natives(first)) == 40 and first[0].title == "Lobsters · Newest"
    publish(120)
    before = len(server.requests)
    later = await read(client, where(), first[-1].cursor)
    assert set(natives(later)) >= {f"lobsters:a{n:04d}" for n in range(80)}
    assert len(server.requests) - before <= 5


async def test_a_story_and_a_text_of_its_own(server: Any, client: Any, where: Any) -> None:
    asked = story("bbbb01", url="", description="<p>Which <a href='https://x.example/'>one</a>?", tags=["ask"])
    old = story("bbbb02", submitter_user={"username": "Grace", "avatar_url": "/avatars/grace.png"}, score=-2)
    server.route("/hottest.json", json.dumps([asked, old]))
    (page,) = await read(client, where("lobsters:hottest"))
    one, two = page.items
    assert one.url == one.comments_url == "https://lobste.rs/s/bbbb01/story" and one.text == "Which one [1]?"
    assert (one.points, one.comments, one.tags, one.published) == (9, 4, ("ask",), 1772366400.0)
    assert two.points == -2 and two.author.name == "Grace" and two.author.avatar_url.endswith("/avatars/grace.png")
    assert len(natives(await read(client, where("lobsters:hottest", limit=1)))) == 1, "no more than is wanted"
    assert page.site_url == "https://lobste.rs/" and one.sightings[0].how == "list"


@pytest.mark.parametrize("status", [403, 404, 410])
async def test_without_json_the_pages_are_read_and_the_items_are_the_same_ones(
    server: Any, client: Any, where: Any, status: int
) -> None:
    stories = [story(f"a{n:04d}", url="" if n == 3 else f"https://site.example/{n}") for n in range(30)]
    for page in (1, 2):
        server.route(
            "/newest.json" if page == 1 else "/newest/page/2.json", json.dumps(stories[25 * page - 25 : 25 * page])
        )
        server.route(
            "/newest" if page == 1 else "/newest/page/2",
            page_of(stories[25 * page - 25 : 25 * page], "/2" * (page == 1)),
        )
    by_json = await read(client, where())
    server.route("/newest.json", b"", status=status)
    by_page = await read(client, where())
    assert len(natives(by_page)) == 30
    for theirs, ours in zip(by_json[0].items, by_page[0].items, strict=True):
        for name in ("native_id", "title", "author", "published", "tags", "points", "comments", "sightings"):
            assert getattr(theirs, name) == getattr(ours, name), name
        assert ours.url == theirs.url or ours.url.endswith("/s/a0003/story")
    asked = len(server.seen("/newest.json"))
    await read(client, where(), by_page[-1].cursor)
    assert len(server.seen("/newest.json")) == asked, "asked again after a day only"
    stale = {**by_page[-1].cursor, "refused_at": by_page[-1].cursor["refused_at"] - 90_000}
    await read(client, where(), stale)
    assert len(server.seen("/newest.json")) == asked + 1


async def test_where_pages_cannot_be_read_the_feed_is(server: Any, client: Any, where: Any) -> None:
    server.route("/t/python.json", b"", status=404)
    server.route("/t/python", "<html><p>Somebody redesigned it")
    server.route(
        "/t/python.rss",
        "<rss version='2.0'><channel><title>x</title><item><title>One</title><link>https://site.example/1</link>"
        "<guid isPermaLink='false'>https://lobste.rs/s/abc123</guid><author>ada@users.lobste.rs (ada)</author>"
        "<pubDate>Sun, 01 Mar 2026 06:00:00 -0600</pubDate><comments>https://lobste.rs/s/abc123/one</comments>"
        "<description>&lt;p&gt;Words&lt;/p&gt;&lt;p&gt;&lt;a href='https://lobste.rs/s/abc123'&gt;Comments&lt;/a&gt;</description>"
        "<category>python</category></item></channel></rss>",
    )
    (page,) = await read(client, where("https://lobste.rs/t/python"))
    (item,) = page.items
    assert (item.native_id, item.url, item.text) == ("lobsters:abc123", "https://site.example/1", "Words")
    assert item.comments_url == "https://lobste.rs/s/abc123/one" and item.tags == ("python",) and not item.links
    assert item.author.name == "ada" and item.author.key == "lobsters:lobste.rs/ada"


async def test_a_listing_that_is_not_there_is_said_not_to_be_there(server: Any, client: Any, where: Any) -> None:
    with pytest.raises(NotFound):
        await read(client, where("lobsters:t/nosuchtag"))
    assert [r.path for r in server.requests] == ["/t/nosuchtag.json", "/t/nosuchtag"]
    server.route("/newest.json", b"", status=403)
    server.route("/newest", b"", status=403)
    server.route("/newest.rss", b"", status=403)
    with pytest.raises(NotAuthorized):
        await read(client, where())


async def test_patience_and_faults_are_not_answered_with_more_requests(server: Any, client: Any, where: Any) -> None:
    server.route("/newest.json", b"", status=429, headers={"Retry-After": "30"})
    with pytest.raises(RateLimited) as refused:
        await read(client, where())
    assert refused.value.retry_after == 30
    server.route("/newest.json", b"", status=503)
    with pytest.raises(ServerFailure):
        await read(client, where())
    assert len(server.requests) == 2


async def test_threads_of_a_person_are_comments(server: Any, client: Any, where: Any) -> None:
    server.route(
        "/~ada/threads.rss",
        "<rss version='2.0'><channel><title>x</title><item><title>A story</title><link>https://lobste.rs/c/xyz789</link>"
        "<guid>https://lobste.rs/c/xyz789</guid><author>ada@lobste.rs (ada)</author>"
        "<pubDate>Sun, 01 Mar 2026 06:00:00 -0600</pubDate><description>&lt;p&gt;I think so&lt;/p&gt;</description>"
        "</item></channel></rss>",
    )
    (page,) = await read(client, where("https://lobste.rs/~ada/threads"))
    (item,) = page.items
    assert (item.native_id, item.text, item.title) == ("lobsters:c/xyz789", "I think so", "")
    assert item.sightings[0].how == "reply" and item.sightings[0].by.name == "ada" and item.extra["title"] == "A story"


async def test_a_vanished_story_is_asked_for_once(server: Any, client: Any, where: Any) -> None:
    stories = [story(f"a{n:04d}") for n in range(5)]
    server.route("/newest.json", json.dumps(stories))
    cursor = (await read(client, where()))[-1].cursor
    server.route("/newest.json", json.dumps([stories[0], stories[3], stories[4]]))
    server.route("/s/a0001.json", json.dumps(stories[1]))
    server.route("/s/a0002.json", b"", status=410)
    got = await read(client, where(), cursor)
    assert got[-1].deleted == ("lobsters:a0002",)
    assert not any(page.deleted for page in await read(client, where(), got[-1].cursor))


async def test_nothing_new_costs_no_reading(server: Any, client: Any, where: Any, answers: Any) -> None:
    server.route("/newest.json", json.dumps([story("a0001")]), headers={"ETag": '"1"'})
    cursor = (await read(client, where()))[-1].cursor
    server.route("/newest.json", lambda r: answers.Answer(b"", 304 if r.headers.get("if-none-match") == '"1"' else 500))
    (page,) = await read(client, where(), cursor)
    assert page.items == ()


async def test_several_sources_ask_one_after_another(server: Any, client: Any, where: Any, answers: Any) -> None:
    busy, most = 0, 0
    for tag in ("a", "b", "c", "d"):
        server.route(f"/t/{tag}.json", answers.Answer(json.dumps([story("a0001")])))
    real = client.get

    async def counted(*args: Any, **options: Any) -> Any:
        nonlocal busy, most
        busy, most = busy + 1, max(most, busy + 1)
        try:
            return await real(*args, **options)
        finally:
            busy -= 1

    client.get = counted
    await asyncio.gather(*(read(client, where(f"lobsters:t/{tag}")) for tag in ("a", "b", "c", "d")))
    assert most == 1


def comment(short: str, **changes: Any) -> dict[str, Any]:
    return {
        "short_id": short,
        "comment": f"<p>{short}</p>",
        "created_at": "2026-03-01T06:00:00.000-06:00",
        "score": 3,
        "commenting_user": "grace",
        "url": f"https://lobste.rs/s/abc123/x#c_{short}",
    } | changes


@pytest.mark.parametrize("shape", ["depth", "indent_level", "parent_comment"])
async def test_discussions_keep_their_shape(server: Any, client: Any, where: Any, shape: str) -> None:
    levels = {"cccc01": (0, None), "cccc02": (1, "cccc01"), "cccc03": (2, "cccc02"), "cccc04": (0, None)}
    comments = []
    for short, (level, parent) in levels.items():
        place = (
            {"depth": level, "parent_comment": parent}
            if shape == "parent_comment"
            else {shape: level + (shape != "depth")}
        )
        comments.append(comment(short, is_deleted=short == "cccc02", **place))
    server.route("/s/abc123.json", json.dumps({**story("abc123"), "comments": comments}))
    page = await Lobsters().thread(client, where(), "lobsters:abc123")
    assert [(i.native_id, i.in_reply_to) for i in page.items] == [
        ("lobsters:c/cccc01", "lobsters:abc123"),
        ("lobsters:c/cccc03", "lobsters:c/cccc02"),
        ("lobsters:c/cccc04", "lobsters:abc123"),
    ]
    assert {i.thread for i in page.items} == {"lobsters:abc123"}


async def test_discussions_are_read_from_pages_too(server: Any, client: Any, where: Any) -> None:
    def shown(short: str, below: str = "") -> str:
        byline = '<a href="/~grace"><img></a> <a href="/~grace">grace</a> <time data-at-unix="1772366400"></time>'
        return (
            f'<li class="comments_subtree"><div data-shortid="{short}" class="comment"><div class="score">7</div>'
            f'<div class="byline">{byline}</div><div class="comment_text"><p>Text {short}</p></div></div>{below}</li>'
        )

    gone = '<div data-shortid="cccc09" class="comment"><div class="comment_text"><p><span class="na">[gone]'
    tree = shown("cccc01", f"<ol class='comments'>{shown('cccc02')}{shown('cccc03')}</ol>") + shown("cccc04") + gone
    server.route("/s/abc123", f"<ol class='stories'>{block(story('abc123'))}</ol><ol class='comments comments1'>{tree}")
    page = await Lobsters().thread(client, where(), "lobsters:abc123")
    assert [(i.native_id[-2:], i.in_reply_to[-2:], i.text, i.points) for i in page.items] == [
        ("01", "23", "Text cccc01", 7),
        ("02", "01", "Text cccc02", 7),
        ("03", "01", "Text cccc03", 7),
        ("04", "23", "Text cccc04", 7),
    ]
    assert (await Lobsters().thread(client, where(), "lobsters:c/cccc01")).items == ()
    for name in ("lobsters:../x", "hn:1"):
        with pytest.raises(NotFound):
            await Lobsters().thread(client, where(), name)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://lobste.rs/", "lobsters:hottest"),
        ("lobste.rs", "lobsters:hottest"),
        ("https://lobste.rs/rss", "lobsters:hottest"),
        ("https://lobste.rs/newest.json", "lobsters:newest"),
        ("https://lobste.rs/t/python", "lobsters:t/python"),
        ("https://lobste.rs/t/python,rust.rss", "lobsters:t/python,rust"),
        ("https://lobste.rs/~pushcx/stories", "lobsters:~pushcx"),
        ("https://lobste.rs/~pushcx/threads", "lobsters:~pushcx/threads"),
        ("https://lobste.rs/domains/lwn.net", "lobsters:domains/lwn.net"),
        ("https://lobste.rs/top/1w/page/2", "lobsters:top/1w"),
        ("https://tilde.news/t/bsd", "lobsters:tilde.news/t/bsd"),
        ("lobsters", "lobsters:hottest"),
        ("https://lobste.rs/rss?token=secret", None),
        ("https://lobste.rs/s/abc123/title", None),
        ("lobsters:nonsense", None),
        ("https://lobste.rs.evil.example/", None),
    ],
)
def test_addresses(typed: str, address: str | None) -> None:
    found = recognise(typed)
    assert (found.address if found else None) == address
    if found:
        assert from_address(found.address) == from_address(typed)


async def test_bad_settings_are_explained(client: Any) -> None:
    for bad in ({}, {"address": "lobsters:nonsense"}):
        with pytest.raises(BadSettings):
            await read(client, bad)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from(["\ud800\x1b[2J", "http://["]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
NAMES = "title url score comment_count description comments_url created_at submitter_user tags comments depth comment"


@settings(max_examples=100, deadline=None)
@given(raw=st.dictionaries(st.sampled_from([*NAMES.split(), "commenting_user", "parent_comment"]), JSON))
def test_stories_of_any_shape_are_survived(raw: dict[str, Any]) -> None:
    for item in read_stories(json.dumps([{**raw, "short_id": "abc123"}, raw, 5]).encode(), SITE).items:
        assert item.url.startswith(("http://", "https://")) and "\x1b" not in repr(item)
    document = {"short_id": "abc123", "comments": [{**raw, "short_id": "cccc01"}, raw]}
    assert len(read_thread(json.dumps(document).encode(), SITE, 10)) == 1


PARTS = (
    "<ol class=stories>|<li class=story data-shortid=abc123>|</li>|<a class=u-url href='x'>|<ol class=comments>|x|"
    "<div class=comment data-shortid=abcd>|<time data-at-unix=99999999999>|<span class=na>"
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PARTS.split("|")), max_size=12))
def test_pages_of_any_shape_are_survived(parts: list[str]) -> None:
    body = "".join(parts).encode()
    with contextlib.suppress(Malformed):
        read_stories_page(body, SITE)
    with contextlib.suppress(Malformed):
        read_thread_page(body, SITE, "abc123", 10)


async def test_one_question_at_a_time_to_each_site_whoever_asks(server: Any, client: Any, monkeypatch: Any) -> None:
    """Sources of one site wait for one another, also outside the worker's queues; another site waits for nobody."""
    other = type(server)()
    other.start()
    sites = [made.url("").rstrip("/") for made in (server, other)]
    active, most, together = dict.fromkeys(sites, 0), dict.fromkeys(sites, 0), 0
    real = client.get

    async def counted(url: str, **options: Any) -> Any:
        nonlocal together
        site = url.removesuffix("/x")
        active[site] += 1
        most[site] = max(most[site], active[site])
        together = max(together, sum(active.values()))
        try:
            await asyncio.sleep(0.02)
            return await real(url, **options)
        finally:
            active[site] -= 1

    monkeypatch.setattr(client, "get", counted)
    try:
        for made in (server, other):
            made.route("/x", "[]")
        await asyncio.gather(*(Session(client, site, True, SITE).get("/x") for site in sites * 4))
    finally:
        other.stop()
    assert most == dict.fromkeys(sites, 1)
    assert together == 2
