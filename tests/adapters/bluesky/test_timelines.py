"""Lists over time: paging, gaps, empty pages, deletions, limits, sessions."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from penchant.adapters import secrets
from penchant.adapters.base import Malformed, NotAuthorized, NotFound, RateLimited, ServerFailure, SourceError
from penchant.adapters.bluesky import Bluesky
from penchant.adapters.bluesky_auth import session_of, sign_in, sign_out, token_key

AUTHOR, TIMELINE = "app.bsky.feed.getAuthorFeed", "app.bsky.feed.getTimeline"


def person(sky: Any, **more: Any) -> dict[str, Any]:
    return {"address": "bluesky:@ada.example", "server": sky.base, **more}


def home() -> dict[str, Any]:
    return {"address": "bluesky:reader.example/timeline"}


def ids(pages: list[Any]) -> list[str]:
    return [item.native_id.rpartition("/")[2] for page in pages for item in page.items]


def rows(make: Any, numbers: Any) -> list[dict[str, Any]]:
    return [{"post": make.post(n)} for n in numbers]


async def test_the_first_fetch_reads_back_and_the_next_only_what_is_new(client, sky, make, pages):
    sky.rows[AUTHOR] = rows(make, range(300, 0, -1))
    first = await pages(client, person(sky, limit=120))
    assert ids(first) == [f"p{n}" for n in range(300, 150, -1)]
    assert first[0].title == "Ada Lovelace · @ada.example" and first[0].total == 120
    asked = sky.asked(AUTHOR)
    assert {r.query["actor"][0] for r in asked} == {"did:plc:ada"}, "asked by what stays when the handle changes"
    sky.rows[AUTHOR] = rows(make, range(303, 0, -1))
    later = await pages(client, person(sky, limit=120), first[-1].cursor)
    assert ids(later)[:3] == ["p303", "p302", "p301"] and len(later) == 1
    assert len(sky.asked(AUTHOR)) == len(asked) + 1
    assert len(sky.asked("app.bsky.actor.getProfile")) == 1


async def test_a_gap_is_filled_also_after_an_interruption(client, sky, make, pages):
    sky.rows[AUTHOR] = rows(make, range(60, 0, -1))
    cursor = (await pages(client, person(sky)))[-1].cursor
    sky.rows[AUTHOR] = rows(make, range(400, 0, -1))
    reading = Bluesky().fetch(client, person(sky), cursor)
    two = [await anext(reading), await anext(reading)]
    await reading.aclose()
    rest = await pages(client, person(sky), two[-1].cursor)
    assert set(ids(two) + ids(rest)) >= {f"p{n}" for n in range(61, 401)}


@pytest.mark.parametrize("known", [60, 0])
async def test_two_interruptions_while_much_arrives_leave_no_hole(client, sky, make, pages, known):
    cursor = None
    if known:
        sky.rows[AUTHOR] = rows(make, range(known, 0, -1))
        cursor = (await pages(client, person(sky)))[-1].cursor
    found: list[Any] = []
    for newest in (300, 400, 500):
        sky.rows[AUTHOR] = rows(make, range(newest, 0, -1))
        reading = Bluesky().fetch(client, person(sky, limit=1000), cursor or {})
        found += [await anext(reading), await anext(reading)]
        await reading.aclose()
        cursor = found[-1].cursor
    found += await pages(client, person(sky, limit=1000), cursor)
    assert set(ids(found)) >= {f"p{n}" for n in range(known + 1, 501)}
    assert not found[-1].cursor.get("floor")


async def test_an_empty_page_is_not_the_last(client, sky, make, pages):
    sky.rows[AUTHOR] = rows(make, range(200, 0, -1))
    sky.empty = {150}
    assert ids(await pages(client, person(sky)))[-1] == "p1"


async def test_a_cursor_that_repeats_itself_ends(client, sky, make, pages):
    sky.other[AUTHOR] = lambda request: sky.json({"feed": rows(make, [2, 1]), "cursor": "same"})
    assert ids(await pages(client, person(sky))) == ["p2", "p1"]
    assert len(sky.asked(AUTHOR)) == 2


async def test_an_unchanged_page_is_asked_for_by_its_etag(client, sky, make, pages):
    def page(request: Any) -> Any:
        if request.headers.get("if-none-match") == 'W/"1"':
            return sky.answer(b"", 304)
        return sky.json({"feed": rows(make, [2, 1])}, etag='W/"1"')

    sky.other[AUTHOR] = page
    first = await pages(client, person(sky))
    again = await pages(client, person(sky), first[-1].cursor)
    assert ids(again) == [] and again[-1].cursor == first[-1].cursor


async def test_a_vanished_post_counts_as_deleted_only_when_it_is(client, sky, make, pages):
    sky.rows[AUTHOR] = rows(make, range(20, 0, -1))
    cursor = (await pages(client, person(sky)))[-1].cursor
    deleted, moved = make.post(15)["uri"], make.post(12)["uri"]
    sky.gone.add(deleted)
    sky.rows[AUTHOR] = [row for row in rows(make, range(20, 0, -1)) if row["post"]["uri"] not in (deleted, moved)]
    later = await pages(client, person(sky), cursor)
    assert [page.deleted for page in later if page.deleted] == [(deleted,)]
    assert not any(page.deleted for page in await pages(client, person(sky), later[-1].cursor))


async def test_reposts_and_quotes_say_who_brought_a_post(client, sky, make, pages):
    eve, bob = make.author("eve"), make.author("bob")
    post = make.post(5, author=eve)
    view = {"$type": "app.bsky.embed.record#viewRecord", "uri": make.post(3, author=eve)["uri"], "author": eve,
            "value": make.post(3)["record"], "likeCount": 9, "indexedAt": "2026-03-01T00:03:00Z"}  # fmt: skip
    quoting = make.post(6, "Look", author=bob, embed={"$type": "app.bsky.embed.record#view", "record": view})
    sky.rows[TIMELINE] = [make.repost(post, bob), make.repost(post, make.author()), {"post": quoting}]
    sky.sign_in()
    items = {i.native_id.rpartition("/")[2]: i for page in await pages(client, home()) for i in page.items}
    assert [(s.how, s.by.handle) for s in items["p5"].sightings] == [
        ("boost", "@bob.example"),
        ("boost", "@ada.example"),
    ]
    assert [(s.how, s.by.handle) for s in items["p3"].sightings] == [("quote", "@bob.example")]
    assert items["p3"].points == 9 and items["p6"].text == "Look\n\n> @eve.example:\n> Number 3"
    assert items["p6"].links[0].url == items["p3"].url


async def test_other_lists_bring_posts_by_nobody(client, sky, make, pages):
    bookmark = {"subject": {}, "createdAt": "2026-03-09T00:00:00Z", "item": make.post(7)}
    blocked = {"subject": {}, "item": {"$type": "app.bsky.feed.defs#blockedPost", "uri": make.post(8)["uri"]}}
    sky.rows["app.bsky.bookmark.getBookmarks"] = [bookmark, blocked]
    sky.rows["app.bsky.feed.searchPosts"] = [make.post(9)]
    sky.sign_in()
    for address, number in (("bookmarks", 7), ("tag/rust", 9)):
        (page,) = await pages(client, {"address": f"bluesky:reader.example/{address}"})
        (item,) = page.items
        assert item.native_id == make.post(number)["uri"]
        assert [(s.how, s.by) for s in item.sightings] == [("list", None)]
    assert sky.asked("app.bsky.feed.searchPosts")[0].query["tag"] == ["rust"]


async def test_a_ranked_feed_is_not_walked_for_ever(client, sky, make, pages):
    sky.other["app.bsky.feed.getFeedGenerator"] = lambda _: sky.json({"view": {"displayName": "Hot"}})
    sky.other["com.atproto.identity.resolveHandle"] = lambda _: sky.json({"did": "did:plc:eve"})
    settings = {"address": "https://bsky.app/profile/eve.example/feed/hot", "server": sky.base, "limit": 50}
    sky.rows["app.bsky.feed.getFeed"] = rows(make, range(1000, 0, -1))
    first = await pages(client, settings)
    assert first[0].title == "Hot · Bluesky"
    asked = sky.asked("app.bsky.feed.getFeed")
    assert asked[0].query["feed"] == ["at://did:plc:eve/app.bsky.feed.generator/hot"]
    sky.rows["app.bsky.feed.getFeed"] = rows(make, range(3000, 2000, -1))
    assert len(await pages(client, settings, first[-1].cursor)) == 2


# -- limits and failures


async def test_a_nearly_spent_allowance_stops_the_paging(client, sky, make, pages):
    sky.rows[AUTHOR] = rows(make, range(300, 0, -1))
    sky.remaining = 40
    (page,) = await pages(client, person(sky))
    assert page.interval and page.interval > 1000


@pytest.mark.parametrize(
    ("status", "error", "said", "kind", "words"),
    [
        (400, "InvalidRequest", "Profile not found", NotFound, "Profile not found"),
        (400, "InvalidRequest", "could not find feed", NotFound, "could not find feed"),
        (400, "UnknownFeed", "", NotFound, "knows nothing"),
        (400, "AccountTakedown", "Account has been suspended", NotFound, "closed for now"),
        (400, "BlockedByActor", "Requester is blocked by actor", NotAuthorized, "do not see one another"),
        (400, "InvalidRequest", "Error: limit must be an integer", SourceError, "limit must be an integer"),
        (401, "AuthMissing", "Authentication Required", NotAuthorized, "only to people with an account"),
        (403, "Forbidden", "", NotAuthorized, "only to people with an account"),
        (404, "XRPCNotSupported", "XRPCNotSupported", SourceError, "XRPCNotSupported"),
        (502, "UpstreamFailure", "feed unavailable", ServerFailure, "502"),
    ],
)
async def test_failures_in_words(client, sky, pages, status, error, said, kind, words):
    sky.other[AUTHOR] = lambda _: sky.error(error, said, status)
    with pytest.raises(kind, match=words) as failure:
        await pages(client, person(sky))
    assert failure.value.hint


async def test_too_many_requests_wait_until_the_reset(client, sky, pages):
    sky.other[AUTHOR] = lambda _: sky.json({"error": "RateLimitExceeded"}, 429)
    with pytest.raises(RateLimited) as failure:
        await pages(client, person(sky))
    assert failure.value.retry_after and failure.value.retry_after > 1000


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"feed": 7}', b'{"feed": [{"post": 1}, 2], "cursor": 5}'])
async def test_broken_answers(client, sky, pages, body):
    sky.other[AUTHOR] = lambda _: sky.answer(body)
    try:
        assert ids(await pages(client, person(sky))) == []
    except Malformed as error:
        assert error.hint


async def test_who_wants_only_members_is_not_shown_to_others(client, sky, make, pages):
    shy = make.author(labels=[{"val": "!no-unauthenticated"}])
    sky.rows[AUTHOR] = [{"post": make.post(1, author=shy)}, {"post": make.post(2)}]
    assert ids(await pages(client, person(sky))) == ["p2"]
    sky.other["app.bsky.actor.getProfile"] = lambda _: sky.json(shy)
    with pytest.raises(NotAuthorized, match="only to people with an account"):
        await pages(client, person(sky))
    sky.sign_in()
    assert ids(await pages(client, {"address": "bluesky:reader.example/@ada.example"})) == ["p1", "p2"]


# -- sessions


async def test_an_expired_session_is_renewed_once_and_kept(client, sky, make, pages):
    sky.rows[TIMELINE] = rows(make, [2, 1])
    sky.sign_in()
    sky.access = "another"
    assert ids(await pages(client, home())) == ["p2", "p1"]
    assert sky.renewals == 1
    assert ids(await pages(client, home())) == ["p2", "p1"]
    assert sky.renewals == 1, "the new tokens were stored"
    assert "refresh-2" in (secrets.get(token_key(make.READER)) or "")


async def test_several_sources_renew_together_only_once(client, sky, make, pages):
    sky.rows |= {TIMELINE: rows(make, [2, 1]), "app.bsky.bookmark.getBookmarks": []}
    sky.sign_in()
    sky.access = "another"
    both = [home(), {"address": "bluesky:reader.example/bookmarks"}, home()]
    await asyncio.gather(*(pages(client, settings) for settings in both))
    assert sky.renewals == 1


async def test_a_renewal_by_another_process_counts(client, sky, make):
    sky.sign_in()
    sky.refresh = "moved on"

    def renewed_elsewhere(request: Any) -> Any:
        sky.sign_in()
        kept = secrets.get(token_key(make.READER)) or ""
        secrets.set(token_key(make.READER), kept.replace("access-1", "theirs").replace("refresh-1", "moved on"))
        return sky.error("ExpiredToken", "Token has been revoked")

    sky.other["com.atproto.server.refreshSession"] = renewed_elsewhere
    assert (await session_of(client, make.READER, refused="access-1")).access == "theirs"


async def test_a_revoked_session_says_how_to_sign_in(client, sky, make, pages):
    sky.rows[TIMELINE] = rows(make, [1])
    sky.sign_in()
    sky.access, sky.refresh = "x", "y"
    with pytest.raises(NotAuthorized, match="no longer accepts") as failure:
        await pages(client, home())
    assert "penchant bluesky login reader.example" in failure.value.hint
    secrets.delete(token_key(make.READER))
    with pytest.raises(NotAuthorized, match="not signed in"):
        await pages(client, home())
    with pytest.raises(NotAuthorized, match="needs an account"):
        await pages(client, {"address": "bluesky:timeline"})


async def test_the_token_goes_to_the_accounts_server_only(client, sky, make, pages):
    sky.rows |= {AUTHOR: rows(make, [1]), TIMELINE: rows(make, [1])}
    sky.sign_in()
    await pages(client, person(sky))
    assert all("authorization" not in r.headers for r in sky.server.requests)
    elsewhere = person(sky, server="http://127.0.0.1:9") | {"address": "bluesky:reader.example/@ada.example"}
    assert ids(await pages(client, elsewhere)) == ["p1"], "a session is used at its own server, whatever `server` says"


async def test_signing_in_and_out(client, sky, make):
    def create(request: Any) -> Any:
        if b'"good"' not in request.body:
            name = "AuthFactorTokenRequired" if b'"main"' in request.body else "AuthenticationRequired"
            return sky.error(name, "Invalid identifier or password", 401)
        return sky.json({"handle": "Reader.example", "did": "did:plc:reader", "accessJwt": "a", "refreshJwt": "r"})

    sky.other["com.atproto.server.createSession"] = create
    sky.other["com.atproto.server.deleteSession"] = lambda _: sky.json({})
    for password, words in (("bad", "Invalid identifier"), ("main", "code by mail"), (" ", "No password")):
        with pytest.raises(NotAuthorized, match=words):
            await sign_in(client, make.READER, password, server=sky.base)
    assert secrets.names() == ()
    assert await sign_in(client, "@reader.example", "good", server=sky.base + "/") == "reader.example"
    assert "good" not in (secrets.get(token_key(make.READER)) or "")
    await sign_out(client, make.READER)
    assert secrets.names() == ()
    assert sky.asked("com.atproto.server.deleteSession")[0].headers["authorization"] == "Bearer r"


async def test_an_account_is_found_and_must_agree_to_its_name(open_client, sky):
    document: dict[str, Any] = {
        "id": "did:plc:reader", "alsoKnownAs": ["at://reader.example"],
        "service": [{"id": "#atproto_pds", "serviceEndpoint": sky.base}],
    }  # fmt: skip
    sky.other["com.atproto.identity.resolveHandle"] = lambda _: sky.json({"did": "did:plc:reader"})
    sky.server.route("/did:plc:reader", lambda _: sky.json(document))
    session = {"handle": "reader.example", "did": "did:plc:other", "accessJwt": "a", "refreshJwt": "r"}
    sky.other["com.atproto.server.createSession"] = lambda _: sky.json(session)
    where = {"public": sky.base, "plc": sky.base}
    with pytest.raises(NotAuthorized, match="somebody else"):
        await sign_in(open_client, "reader.example", "good", **where)
    session["did"] = "did:plc:reader"
    assert await sign_in(open_client, "reader.example", "good", **where) == "reader.example"
    document["alsoKnownAs"] = ["at://mallory.example"]
    with pytest.raises(NotAuthorized, match="does not call itself so"):
        await sign_in(open_client, "reader.example", "good", **where)


async def test_a_thread_is_in_reading_order(client, sky, make):
    root, middle = make.post(1), make.post(2)
    reply = {"root": {"uri": root["uri"]}, "parent": {"uri": middle["uri"]}}
    here = make.post(3, record={"reply": reply})
    below = make.post(4, record={"reply": reply | {"parent": {"uri": here["uri"]}}})
    gone = {"$type": "app.bsky.feed.defs#notFoundPost", "uri": "at://x"}
    tree = {"post": here, "parent": {"post": middle, "parent": {"post": root}}, "replies": [gone, {"post": below}]}
    sky.other["app.bsky.feed.getPostThread"] = lambda _: sky.json({"thread": tree})
    page = await Bluesky().thread(client, person(sky), here["uri"])
    assert ids([page]) == ["p1", "p2", "p3", "p4"]
    assert {i.thread for i in page.items} == {root["uri"]}
    assert page.items[2].in_reply_to == middle["uri"] and page.items[3].in_reply_to == here["uri"]
    sky.other["app.bsky.feed.getPostThread"] = lambda _: sky.error("NotFound", "Post not found")
    with pytest.raises(NotFound):
        await Bluesky().thread(client, person(sky), here["uri"])


async def test_a_first_reading_that_begins_again_keeps_its_limit(client, sky, make, pages):
    sky.rows[AUTHOR] = rows(make, range(900, 0, -1))
    reading = Bluesky().fetch(client, person(sky), {})
    page = await anext(reading)
    await reading.aclose()
    sky.rows[AUTHOR] = rows(make, range(1000, 0, -1))
    assert len(ids(await pages(client, person(sky), page.cursor))) == 200
