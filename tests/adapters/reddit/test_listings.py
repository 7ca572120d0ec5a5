"""Fetching: walking, gaps, counts and deletions, feeds instead of JSON, limits, refusals."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from penchant.adapters.base import BadSettings, Malformed, NotAuthorized, NotFound, RateLimited
from penchant.adapters.reddit import Reddit

DAY = 86_400.0


def natives(pages: list[Any]) -> list[str]:
    return [item.native_id for page in pages for item in page.items]


def aged(cursor: dict[str, Any], seconds: float) -> dict[str, Any]:
    """A cursor as it looks some time later."""
    seen = [[name, native, first - seconds, last - seconds] for name, native, first, last in cursor["seen"]]
    later = {**cursor, "seen": seen}
    if "refused_at" in cursor:
        later["refused_at"] = cursor["refused_at"] - int(seconds)
    return later


async def test_a_new_listing_is_followed_until_it_meets_what_is_known(
    forum: Any, client: Any, post: Any, pages: Any
) -> None:
    forum.page = 10
    posts = [post(f"a{n:03d}") for n in range(100)]
    forum.lists["/r/rust/new"] = posts[-30:]
    first = await pages(client, forum.settings(limit=20))
    assert [len(p.items) for p in first] == [10, 10] and first[0].total == 20
    forum.lists["/r/rust/new"] = posts
    before = len(forum.server.requests)
    later = await pages(client, forum.settings(limit=20), first[-1].cursor)
    assert natives(later)[:70] == [f"reddit:t3_a{n:03d}" for n in range(70)]
    assert len(forum.server.requests) - before == 8, "the page that meets the known ones is the last"
    assert natives(await pages(client, forum.settings(limit=20), later[-1].cursor)) == natives(later[:1])


async def test_a_hot_listing_is_read_down_to_the_limit_every_time(
    forum: Any, client: Any, post: Any, pages: Any
) -> None:
    forum.page = 10
    forum.lists["/r/rust/hot"] = [post(f"a{n:03d}") for n in range(50)]
    settings = forum.settings("reddit:r/rust", limit=30)
    first = await pages(client, settings)
    assert len(natives(first)) == 30
    again = await pages(client, settings, first[-1].cursor)
    assert len(natives(again)) == 30
    few = await pages(client, {**settings, "limit": 3})
    assert len(natives(few)) == 3, "no more than is wanted"


async def test_what_is_pinned_on_top_does_not_end_a_walk(forum: Any, client: Any, post: Any, pages: Any) -> None:
    forum.page = 10
    pinned = post("pin", stickied=True)
    forum.lists["/r/rust/new"] = [pinned, *(post(f"a{n:03d}") for n in range(30, 60))]
    cursor = (await pages(client, forum.settings(limit=10)))[-1].cursor
    forum.lists["/r/rust/new"] = [pinned, *(post(f"a{n:03d}") for n in range(60))]
    assert set(natives(await pages(client, forum.settings(), cursor))) > {f"reddit:t3_a{n:03d}" for n in range(30)}


async def test_one_request_tells_fresh_counts_and_what_is_gone(forum: Any, client: Any, post: Any, pages: Any) -> None:
    forum.lists["/r/rust/new"] = [post(f"a{n}") for n in range(1, 7)]
    cursor = (await pages(client, forum.settings()))[-1].cursor
    forum.lists["/r/rust/new"] = [post("a1"), post("a6")]
    forum.info = {
        "t3_a2": post("a2", score=99),
        "t3_a3": post("a3", removed_by_category="moderator"),
        "t3_a4": post("a4", selftext="[deleted]", author="[deleted]"),
        "t3_a5": None,
    }
    got = await pages(client, forum.settings(), cursor)
    assert forum.asked().count("/api/info.json") == 1
    assert {i.native_id: i.points for i in got[-1].items} == {"reddit:t3_a2": 99}
    assert set(got[-1].deleted) == {f"reddit:t3_{n}" for n in ("a3", "a4", "a5")}
    again = await pages(client, forum.settings(), got[-1].cursor)
    assert not any(p.deleted for p in again), "said once"


async def test_what_left_a_hot_listing_is_refreshed_when_due(forum: Any, client: Any, post: Any, pages: Any) -> None:
    forum.lists["/r/rust/hot"] = [post("a1"), post("a2")]
    settings = forum.settings("reddit:r/rust")
    cursor = (await pages(client, settings))[-1].cursor
    forum.lists["/r/rust/hot"], forum.info = [post("a2")], {"t3_a1": post("a1", score=50)}
    await pages(client, settings, cursor)
    assert "/api/info.json" not in forum.asked(), "not due yet"
    got = await pages(client, settings, aged(cursor, 3600))
    assert [(i.native_id, i.points) for i in got[-1].items] == [("reddit:t3_a1", 50)]
    assert len(await pages(client, settings, aged(cursor, 3 * DAY))) == 1, "settled after two days"


async def test_a_post_that_the_listing_itself_calls_removed(forum: Any, client: Any, post: Any, pages: Any) -> None:
    forum.lists["/r/rust/new"] = [post("a1"), post("a2"), post("a3", selftext="[removed]")]
    got = await pages(client, forum.settings())
    assert natives(got) == ["reddit:t3_a1", "reddit:t3_a2"] and not got[0].deleted, "it was never here"
    forum.lists["/r/rust/new"][1]["removed_by_category"] = "deleted"
    got = await pages(client, forum.settings(), got[-1].cursor)
    assert got[0].deleted == ("reddit:t3_a2",)


async def test_a_cross_post_is_its_original_brought_by_somebody_else(
    forum: Any, client: Any, post: Any, pages: Any
) -> None:
    original = post("a1", score=70)
    copy = post(
        "b1", author="eve", subreddit="programming", permalink="/r/programming/comments/b1/x/", score=1,
        created_utc=1_770_000_500.0, crosspost_parent="t3_a1", crosspost_parent_list=[original],
    )  # fmt: skip
    forum.lists["/r/rust/new"] = [copy, original]
    (page,) = await pages(client, forum.settings())
    (item,) = page.items
    assert (item.native_id, item.points, item.author.name) == ("reddit:t3_a1", 70, "grace")
    assert [(s.how, s.by.name if s.by else "") for s in item.sightings] == [("boost", "eve"), ("list", "")]
    assert item.links[-1].url == "https://www.reddit.com/r/programming/comments/b1/x/"
    forum.lists["/r/rust/new"] = [{**copy, "crosspost_parent_list": [{**original, "selftext": "[removed]"}]}]
    (page,) = await pages(client, forum.settings())
    assert natives([page]) == ["reddit:t3_b1"], "nothing is left of the original"


async def test_without_json_the_feed_is_read_and_the_items_are_the_same_ones(
    forum: Any, client: Any, post: Any, pages: Any
) -> None:
    text = post(
        "a2", is_self=True, selftext_html='<div class="md"><p>See <a href="https://x.example/">this</a></p></div>'
    )
    picture = post("a3", url="https://i.redd.it/cat.jpeg", thumbnail="https://b.thumbs.redditmedia.com/x.jpg")
    forum.lists["/r/rust/new"] = [post("a1"), text, picture]
    (by_json,) = await pages(client, forum.settings())
    forum.blocked = True
    (by_feed,) = await pages(client, forum.settings())
    for theirs, ours in zip(by_json.items, by_feed.items, strict=True):
        for name in ("native_id", "url", "title", "text", "links", "author", "comments_url", "published"):
            assert getattr(theirs, name) == getattr(ours, name), name
    assert by_feed.items[0].points is None and by_feed.interval and by_feed.items[0].tags == ("r/rust",)
    assert [m.url for m in by_feed.items[2].media] == ["https://i.redd.it/cat.jpeg"]
    assert forum.asked()[-2:] == ["/r/rust/new.json", "/r/rust/new/.rss"]
    await pages(client, forum.settings(), by_feed.cursor)
    assert forum.asked()[-1] == "/r/rust/new/.rss" and forum.asked().count("/r/rust/new.json") == 2
    forum.blocked = False
    (again,) = await pages(client, forum.settings(), aged(by_feed.cursor, DAY + 1))
    assert again.items[0].points == 10, "a day later JSON is tried again"


@pytest.mark.parametrize("body", [b"<html>whoa", b'{"message": "Forbidden", "error": 403}', b'{"error": 403}', b""])
async def test_every_shape_of_a_block_leads_to_the_feed(
    forum: Any, client: Any, post: Any, pages: Any, body: bytes
) -> None:
    forum.lists["/r/rust/new"] = [post("a1")]
    forum.other["/r/rust/new.json"] = lambda _: forum.answer(body, 403, {"Content-Type": "application/json"})
    assert natives(await pages(client, forum.settings())) == ["reddit:t3_a1"]


async def test_a_web_page_instead_of_json_leads_to_the_feed(forum: Any, client: Any, post: Any, pages: Any) -> None:
    forum.lists["/r/rust/new"] = [post("a1")]
    forum.other["/r/rust/new.json"] = lambda _: forum.answer(b"<html>one moment", 200, {"Content-Type": "text/html"})
    assert natives(await pages(client, forum.settings())) == ["reddit:t3_a1"]


async def test_a_network_that_gets_nothing_is_told_what_to_do(forum: Any, client: Any, pages: Any) -> None:
    forum.blocked = forum.feeds_blocked = True
    with pytest.raises(NotAuthorized, match="neither JSON nor feeds") as refused:
        await pages(client, forum.settings())
    assert "penchant reddit login" in refused.value.hint and "prefs/feeds" in refused.value.hint


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (403, {"reason": "private", "error": 403}, NotAuthorized, "private"),
        (403, {"reason": "quarantined", "error": 403}, NotAuthorized, "quarantined"),
        (404, {"reason": "banned", "error": 404}, NotFound, "banned"),
        (404, {"message": "Not Found", "error": 404}, NotFound, "nothing there"),
    ],
)
async def test_refusals_of_a_community_are_explained_and_cost_one_request(
    forum: Any, client: Any, pages: Any, status: int, body: Any, error: Any, words: str
) -> None:
    forum.other["/r/rust/new.json"] = lambda _: forum.json(body, status)
    with pytest.raises(error, match=words):
        await pages(client, forum.settings())
    assert len(forum.server.requests) == 1


async def test_an_unknown_community_leads_to_a_search_and_is_said_to_be_unknown(
    forum: Any, client: Any, pages: Any, wrap: Any
) -> None:
    forum.other["/r/rust/new.json"] = lambda _: forum.answer(b"", 302, {"Location": "/subreddits/search.json?q=rust"})
    forum.other["/subreddits/search.json"] = lambda _: forum.json(wrap([]))
    with pytest.raises(NotFound, match="no community"):
        await pages(client, forum.settings())


async def test_the_rate_limit_is_respected(forum: Any, client: Any, post: Any, pages: Any) -> None:
    forum.page = 10
    forum.lists["/r/rust/new"] = [post(f"a{n}") for n in range(50)]
    forum.headers = {"x-ratelimit-remaining": "2.0", "x-ratelimit-reset": "317", "x-ratelimit-used": "98"}
    got = await pages(client, forum.settings(limit=50))
    assert len(got) == 1 and got[0].interval == 317
    forum.headers = {}
    rest = await pages(client, forum.settings(limit=50), got[0].cursor)
    assert len(set(natives(got) + natives(rest))) == 50, "the walk goes on where it was left"
    forum.other["/r/rust/new.json"] = lambda _: forum.answer(
        b"", 429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "120"}
    )
    with pytest.raises(RateLimited) as refused:
        await pages(client, forum.settings())
    assert refused.value.retry_after == 120
    assert not [p for p in forum.asked() if p.endswith(".rss")], "no second door while asked for patience"


async def test_sources_share_one_allowance(forum: Any, client: Any, post: Any, pages: Any) -> None:
    for name in ("a", "b", "c"):
        forum.lists[f"/r/{name}{name}/hot"] = [post(name * 3)]
    forum.headers = {"x-ratelimit-remaining": "0.0", "x-ratelimit-reset": "300"}
    results = await asyncio.gather(
        *(pages(client, forum.settings(f"r/{n}{n}")) for n in ("a", "b", "c")), return_exceptions=True
    )
    refused = [r for r in results if isinstance(r, RateLimited)]
    assert len(refused) == 2 and len(forum.server.requests) == 1, "the others do not even ask"
    assert all(290 < (r.retry_after or 0) <= 300 for r in refused)


async def test_nothing_new_costs_no_reading(forum: Any, client: Any, post: Any, pages: Any) -> None:
    forum.lists["/r/rust/new"], forum.headers = [post("a1")], {"ETag": '"one"'}
    cursor = (await pages(client, forum.settings()))[-1].cursor

    def unchanged(request: Any) -> Any:
        return forum.answer(b"", 304) if request.headers.get("if-none-match") == '"one"' else forum.answer(b"", 500)

    forum.other["/r/rust/new.json"] = unchanged
    (page,) = await pages(client, forum.settings(), cursor)
    assert page.items == () and page.cursor["floor"] == cursor["floor"]


@pytest.mark.parametrize("body", [b"[]", b"{}", b"null", b'{"kind": "Listing"', b'{"data": {"children": 5}}', b"["])
async def test_nonsense_and_truncated_answers_are_malformed(forum: Any, client: Any, pages: Any, body: bytes) -> None:
    forum.other["/r/rust/new.json"] = lambda _: forum.answer(body, 200, {"Content-Type": "application/json"})
    with pytest.raises(Malformed):
        await pages(client, forum.settings())


async def test_a_share_link_is_followed_to_its_discussion_once(
    forum: Any, client: Any, post: Any, reply: Any, pages: Any, wrap: Any
) -> None:
    target = "https://www.reddit.com/r/rust/comments/a1/post/?share_id=x"
    forum.other["/r/rust/s/WNauetbiNG"] = lambda _: forum.answer(b"", 301, {"Location": target})
    forum.other["/comments/a1.json"] = lambda _: forum.json([wrap([post("a1")]), wrap([reply("c1", "t3_a1")])])
    settings = forum.settings("https://www.reddit.com/r/rust/s/WNauetbiNG")
    (page,) = await pages(client, settings)
    assert natives([page]) == ["reddit:t3_a1", "reddit:t1_c1"] and page.title == "Post a1"
    await pages(client, settings, page.cursor)
    assert forum.asked().count("/r/rust/s/WNauetbiNG") == 1


async def test_a_post_that_leads_to_a_share_link_leads_to_the_post_behind_it(
    forum: Any, client: Any, post: Any, pages: Any
) -> None:
    forum.other["/r/rust/s/WNauetbiNG"] = lambda _: forum.answer(b"", 301, {"Location": "/r/rust/comments/b9/other/"})
    forum.other["/r/rust/s/deadDEAD"] = lambda _: forum.answer(b"", 404)
    forum.lists["/r/rust/new"] = [
        post("a1", url="https://www.reddit.com/r/rust/s/WNauetbiNG"),
        post("a2", url="https://reddit.com/r/rust/s/deadDEAD"),
    ]
    (page,) = await pages(client, forum.settings())
    assert page.items[0].url == "https://www.reddit.com/r/rust/comments/b9/other/"
    assert page.items[1].url == "https://reddit.com/r/rust/s/deadDEAD"
    await pages(client, forum.settings(), page.cursor)
    assert len([p for p in forum.asked() if "/s/" in p]) == 2


async def test_a_private_feed_link_works_without_an_account(forum: Any, client: Any, post: Any, pages: Any) -> None:
    forum.blocked, forum.lists[""] = True, [post("a1")]
    found = Reddit().recognise("https://www.reddit.com/.rss?feed=abcdef0123456789&user=ada_l")
    assert found and found.title == "Reddit home"
    got = await pages(client, forum.settings() | dict(found.settings))
    assert natives(got) == ["reddit:t3_a1"]
    assert forum.server.requests[-1].query["feed"] == ["abcdef0123456789"]


async def test_comments_around_a_post_and_around_a_comment(
    forum: Any, client: Any, post: Any, reply: Any, wrap: Any
) -> None:
    deep = reply("c2", "t1_c1", replies="")
    gone = reply("c3", "t3_a1", body="[removed]", author="[deleted]", replies=wrap([reply("c4", "t1_c3")]))
    tree = [wrap([post("a1")]), wrap([reply("c1", "t3_a1", replies=wrap([deep])), gone])]
    tree[1]["data"]["children"].append({"kind": "more", "data": {"id": "zz", "children": ["q"]}})
    forum.other["/comments/a1.json"] = lambda _: forum.json(tree)
    page = await Reddit().thread(client, forum.settings(), "reddit:t3_a1")
    assert [(i.native_id, i.in_reply_to) for i in page.items] == [
        ("reddit:t1_c1", "reddit:t3_a1"), ("reddit:t1_c2", "reddit:t1_c1"), ("reddit:t1_c4", "reddit:t1_c3"),
    ]  # fmt: skip
    assert {i.thread for i in page.items} == {"reddit:t3_a1"} and not any(i.sightings for i in page.items)
    forum.other["/comments/a1/_/c2.json"] = lambda r: forum.json(tree if "context" in r.query else [])
    around = await Reddit().thread(client, forum.settings(), "reddit:t1_c2", {"post": "a1"})
    assert len(around.items) == 3
    for name in ("reddit:t1_c2", "reddit:../x", "hn:1"):
        with pytest.raises(NotFound):
            await Reddit().thread(client, forum.settings(), name)


async def test_every_request_says_who_asks(forum: Any, client: Any, post: Any, pages: Any) -> None:
    forum.blocked, forum.lists["/r/rust/new"] = True, [post("a1")]
    await pages(client, forum.settings())
    assert {r.headers["user-agent"].partition(":")[2] for r in forum.server.requests} == {
        "penchant:v0.1 (terminal feed reader)"
    }


async def test_bad_settings_are_explained(client: Any, pages: Any) -> None:
    for bad in ({"address": "reddit:nonsense/x"}, {}, {"address": 5}):
        with pytest.raises(BadSettings):
            await pages(client, bad)
    with pytest.raises(NotAuthorized, match="owner only"):
        await pages(client, {"address": "reddit:home"})


async def test_any_cursor_is_survived(forum: Any, client: Any, post: Any, pages: Any) -> None:
    forum.lists["/r/rust/new"] = [post("a1")]
    for cursor in ({"seen": 5, "floor": {}, "older": 7, "left": "x"}, {"seen": [[], [1, 2, 3, 4]], "shares": [1]}):
        assert natives(await pages(client, forum.settings(), cursor)) == ["reddit:t3_a1"]
    assert json.dumps((await pages(client, forum.settings()))[-1].cursor)
