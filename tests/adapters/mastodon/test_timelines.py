"""Paging, cursors, limits and failures against a server with Mastodon's own paging rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penchant.adapters import secrets
from penchant.adapters.base import (
    BadSettings,
    Malformed,
    NotAuthorized,
    NotFound,
    RateLimited,
    ServerFailure,
    SourceError,
    Unreachable,
)
from penchant.adapters.mastodon import Mastodon, favourite, unfavourite
from penchant.adapters.mastodon_api import token_key

HOME = "/api/v1/timelines/home"
ACCOUNT = "reader@home.example"


@pytest.fixture(autouse=True)
def signed_in(make: Any) -> None:
    secrets.set(token_key(ACCOUNT), make.TOKEN)


@pytest.fixture
def settings(fedi: Any) -> dict[str, Any]:
    fedi.private = True
    return {"address": fedi.address, "timeline": "home", "account": ACCOUNT}


def ids(pages: list[Any]) -> list[str]:
    return [item.extra["id"] for page in pages for item in page.items]


async def test_the_first_fetch_reads_back_to_its_limit_newest_first(
    fedi: Any, client: Any, make: Any, pages: Any, settings: Any
) -> None:
    fedi.paths[HOME] = [make.status(n) for n in range(500, 0, -1)]
    got = await pages(client, {**settings, "limit": 100})
    assert ids(got) == [str(1000 + n) for n in range(500, 380, -1)], "three pages of 40 cover 100"
    assert got[0].total == 100
    assert "older" not in got[-1].cursor


async def test_an_interrupted_first_fetch_goes_on_where_it_stopped(
    fedi: Any, client: Any, make: Any, pages: Any, settings: Any
) -> None:
    fedi.paths[HOME] = [make.status(n) for n in range(300, 0, -1)]
    first = (await pages(client, settings))[0]
    got = await pages(client, settings, json.loads(json.dumps(first.cursor)))
    assert set(ids([first, *got])) == {str(1000 + n) for n in range(300, 100, -1)}


async def test_later_fetches_ask_once_and_bring_new_statuses_counts_and_edits(
    fedi: Any, client: Any, make: Any, pages: Any, settings: Any
) -> None:
    fedi.paths[HOME] = [make.status(n) for n in range(30, 0, -1)]
    cursor = (await pages(client, settings))[-1].cursor
    fedi.paths[HOME][5] |= {
        "favourites_count": 77,
        "content": "<p>better</p>",
        "edited_at": "2026-03-09T00:00:00.000Z",
    }
    fedi.paths[HOME].insert(0, make.status(31))
    before = len(fedi.asked())
    got = await pages(client, settings, cursor)
    assert len(fedi.asked()) == before + 1
    assert ids(got)[0] == "1031"
    edited = next(item for item in got[0].items if item.extra["id"] == "1025")
    assert (edited.points, edited.text) == (77, "better")
    assert edited.updated is not None and edited.published is not None and edited.updated > edited.published


async def test_a_gap_is_filled_without_a_hole(
    fedi: Any, client: Any, make: Any, pages: Any, settings: Any
) -> None:
    fedi.paths[HOME] = [make.status(n) for n in range(30, 0, -1)]
    cursor = (await pages(client, settings))[-1].cursor
    fedi.paths[HOME][:0] = [make.status(n) for n in range(200, 30, -1)]
    got = await pages(client, settings, cursor)
    assert ids(got)[0] == "1200", "the newest come first"
    assert sorted(ids(got), key=int) == [str(1000 + n) for n in range(31, 201)], "each exactly once"
    assert "gap" not in got[-1].cursor


async def test_a_gap_survives_an_interruption_after_any_page(
    fedi: Any, client: Any, make: Any, pages: Any, settings: Any
) -> None:
    fedi.paths[HOME] = [make.status(n) for n in range(30, 0, -1)]
    cursor = (await pages(client, settings))[-1].cursor
    fedi.paths[HOME][:0] = [make.status(n) for n in range(200, 30, -1)]
    whole = await pages(client, settings, cursor)
    for stop in range(1, len(whole)):
        rest = await pages(client, settings, whole[stop - 1].cursor)
        assert set(ids(whole[:stop] + rest)) >= {str(1000 + n) for n in range(31, 201)}, stop


async def test_an_unchanged_timeline_costs_one_conditional_request(
    server: Any, client: Any, make: Any, pages: Any, answers: Any, settings: Any
) -> None:
    body = json.dumps([make.status(1)])

    def serve(request: Any) -> Any:
        if request.headers.get("if-none-match") == 'W/"1"':
            return answers.Answer(b"", 304)
        return answers.Answer(body, 200, {"ETag": 'W/"1"'})

    server.route(HOME, serve)
    cursor = (await pages(client, settings))[-1].cursor
    (page,) = await pages(client, settings, cursor)
    assert page.items == () and page.cursor == cursor and len(server.requests) == 2


async def test_a_deleted_status_is_reported_and_a_withdrawn_boost_is_not(
    fedi: Any, client: Any, make: Any, pages: Any, settings: Any
) -> None:
    boosted = make.status(3, account=make.account("bob", "other.example"))
    statuses = [make.status(n) for n in range(20, 9, -1)]
    statuses.insert(4, make.boost(99, boosted, make.account("cleo")) | {"id": "1099"})
    fedi.paths[HOME] = statuses
    cursor = (await pages(client, settings))[-1].cursor
    del statuses[4]
    gone = statuses.pop(6)
    kept = statuses.pop(2)  # vanished from the timeline only (an unfollowed author)
    fedi.gone |= {gone["id"], "1099"}
    got = await pages(client, settings, cursor)
    assert [page.deleted for page in got if page.deleted] == [(gone["uri"],)]
    again = await pages(client, settings, got[-1].cursor)
    assert not any(page.deleted for page in again)
    assert kept["uri"] not in {native for page in again for native in page.deleted}


async def test_boosts_become_sightings_of_what_they_boost(
    fedi: Any, client: Any, make: Any, pages: Any, settings: Any
) -> None:
    ada, cleo = make.account("ada"), make.account("cleo", "far.example")
    original = make.status(1, account=make.account("bob", "other.example"))
    fedi.paths[HOME] = [make.boost(9, original, ada), make.boost(8, original, cleo), original]
    ((item,),) = [page.items for page in await pages(client, settings)]
    assert item.native_id == original["uri"] and item.url == original["url"]
    assert [(s.how, s.by.handle) for s in item.sightings if s.by] == [
        ("boost", "@ada@home.example"),
        ("boost", "@cleo@far.example"),
        ("post", "@bob@other.example"),
    ]
    assert item.author.name == "Bob"


async def test_authors_of_public_timelines_do_not_count_as_followed(
    fedi: Any, client: Any, make: Any, pages: Any
) -> None:
    fedi.paths["/api/v1/timelines/public"] = [make.status(1)]
    ((item,),) = [page.items for page in await pages(client, {"address": fedi.address, "timeline": "local"})]
    assert [(s.how, s.by) for s in item.sightings] == [("list", None)]
    assert fedi.server.requests[0].query["local"] == ["true"]
    assert "authorization" not in fedi.server.requests[0].headers


async def test_an_account_is_looked_up_once_and_read_without_its_replies(
    fedi: Any, client: Any, make: Any, pages: Any
) -> None:
    host = fedi.address.removeprefix("http://")
    fedi.other["/api/v1/accounts/lookup"] = lambda r: fedi.json(
        make.account("ada", id="42") if r.query["acct"] == ["ada"] else {}
    )
    fedi.paths["/api/v1/accounts/42/statuses"] = [make.status(1)]
    place = {"address": fedi.address, "timeline": f"account:@ada@{host}"}
    got = await pages(client, place)
    assert len(ids(got)) == 1 and got[0].title == f"Ada · @ada@{host}"
    await pages(client, place, got[-1].cursor)
    assert len(fedi.server.seen("/api/v1/accounts/lookup")) == 1
    assert fedi.server.seen("/api/v1/accounts/42/statuses")[0].query["exclude_replies"] == ["true"]


async def test_an_account_unknown_to_the_server_is_not_found(fedi: Any, client: Any, pages: Any) -> None:
    fedi.other["/api/v1/accounts/lookup"] = lambda r: fedi.json({"error": "Record not found"}, 404)
    with pytest.raises(NotFound, match="nobody called @x@far"):
        await pages(client, {"address": fedi.address, "timeline": "account:@x@far.example"})


async def test_a_list_is_called_by_its_own_name(
    fedi: Any, client: Any, make: Any, pages: Any, settings: Any
) -> None:
    fedi.paths["/api/v1/timelines/list/7"] = [make.status(1)]
    fedi.other["/api/v1/lists/7"] = lambda r: fedi.json({"id": "7", "title": "Friends\x1b[31m"})
    got = await pages(client, {**settings, "timeline": "list:7"})
    assert got[0].title.startswith("Friends ·")


async def test_paging_stops_before_the_rate_limit_and_says_how_long(
    fedi: Any, client: Any, make: Any, pages: Any, settings: Any
) -> None:
    fedi.paths[HOME] = [make.status(n) for n in range(200, 0, -1)]
    fedi.remaining = 3
    got = await pages(client, settings)
    assert len(got) == 1 and got[0].interval and got[0].interval > 60
    fedi.remaining = 299
    rest = await pages(client, settings, got[-1].cursor)
    assert len(set(ids(got + rest))) == 200, "what was left out is read later"


async def test_too_many_requests_say_when_to_come_back(
    fedi: Any, client: Any, answers: Any, pages: Any, settings: Any
) -> None:
    fedi.other[HOME] = lambda r: fedi.json({"error": "Too many requests"}, 429)
    with pytest.raises(RateLimited) as limited:
        await pages(client, settings)
    assert limited.value.retry_after and limited.value.retry_after > 60


async def test_a_home_timeline_that_is_still_being_built_is_read(
    fedi: Any, client: Any, make: Any, pages: Any, settings: Any
) -> None:
    fedi.other[HOME] = lambda r: fedi.json([make.status(1)], 206)
    assert ids(await pages(client, settings)) == ["1001"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, NotAuthorized), (403, NotAuthorized), (404, NotFound), (422, BadSettings), (503, ServerFailure)],
)
async def test_each_refusal_is_its_own_error(
    fedi: Any, client: Any, pages: Any, settings: Any, status: int, error: type[SourceError]
) -> None:
    fedi.other[HOME] = lambda r: fedi.json({"error": "Because \x1b[31mof reasons"}, status)
    with pytest.raises(error) as raised:
        await pages(client, settings)
    assert "of reasons" in str(raised.value) and "\x1b" not in str(raised.value)
    assert raised.value.hint


async def test_reading_without_an_account_where_one_is_needed_says_so(
    fedi: Any, client: Any, pages: Any, settings: Any
) -> None:
    with pytest.raises(NotAuthorized, match="needs an account"):
        await pages(client, {"address": fedi.address, "timeline": "home"})
    with pytest.raises(NotAuthorized, match="not signed in as x@home"):
        await pages(client, {**settings, "account": "x@home.example"})
    fedi.other["/api/v1/timelines/public"] = lambda r: fedi.json(
        {"error": "This method requires an authenticated user"}, 422
    )
    with pytest.raises(NotAuthorized, match="authenticated user"):
        await pages(client, {"address": fedi.address, "timeline": "public"})
    assert fedi.server.seen(HOME) == []


async def test_a_network_that_is_down_is_unreachable(client: Any, pages: Any) -> None:
    with pytest.raises(Unreachable):
        await pages(client, {"address": "http://127.0.0.1:9", "timeline": "public"})


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello",
        b"",
        b"{}",
        b'"x"',
        b"[" * 100_000,
        b'{"error":"x"}',
        b"\xff\xfe",
        b"[" + b"9" * 5000 + b"]x",
    ],
)
async def test_what_is_no_list_of_statuses_is_malformed(
    server: Any, client: Any, pages: Any, settings: Any, body: bytes
) -> None:
    server.route(HOME, body)
    with pytest.raises(Malformed):
        await pages(client, settings)


async def test_links_never_lead_the_token_to_another_server(
    fedi: Any, client: Any, make: Any, pages: Any, answers: Any, settings: Any
) -> None:
    away = "https://evil.example"
    links = f'<{away}/api/v1/timelines/home?max_id=5>; rel="next", <{away}/steal>; rel="prev"'
    fedi.other[HOME] = lambda r: fedi.json([] if "max_id" in r.query else [make.status(9)], Link=links)
    got = await pages(client, settings)
    assert [r.target.partition("?")[0] for r in fedi.server.requests] == [HOME, HOME]
    assert "newer" not in got[-1].cursor


async def test_a_server_that_pages_in_circles_is_left_after_the_limit(
    fedi: Any, client: Any, make: Any, pages: Any, settings: Any
) -> None:
    turn = iter(range(10_000))

    def endless(request: Any) -> Any:
        return fedi.json([make.status(9)], Link=f'<{fedi.address}{HOME}?max_id={next(turn)}>; rel="next"')

    fedi.other[HOME] = endless
    await pages(client, {**settings, "limit": 30})
    assert len(fedi.asked()) <= 31


async def test_thread_context_names_parents_and_root(
    fedi: Any, client: Any, make: Any, settings: Any
) -> None:
    bob = make.account("bob", "far.example")
    root, reader = make.status(1, account=bob), make.status(2)
    answer = make.status(3, account=bob, in_reply_to_id="1002", in_reply_to_account_id="9")
    deeper = make.status(4, in_reply_to_id="1003", in_reply_to_account_id="8")
    fedi.other["/api/v1/statuses/1002/context"] = lambda r: fedi.json(
        {"ancestors": [root], "descendants": [answer, deeper]}
    )
    host = fedi.address.removeprefix("http://")
    page = await Mastodon().thread(client, settings, reader["uri"], {"instance": host, "id": "1002"})
    assert [item.native_id for item in page.items] == [root["uri"], answer["uri"], deeper["uri"]]
    assert [item.in_reply_to for item in page.items] == ["", reader["uri"], answer["uri"]]
    assert {item.thread for item in page.items} == {root["uri"]}


async def test_a_status_of_another_server_is_resolved_before_it_is_favourited(
    fedi: Any, client: Any, make: Any, settings: Any
) -> None:
    there = "https://far.example/users/bob/statuses/5"
    fedi.other["/api/v2/search"] = lambda r: fedi.json(
        {"statuses": [{"id": "77"}] if r.query["q"] == [there] and r.query["resolve"] == ["true"] else []}
    )
    posted: list[tuple[str, str]] = []
    for verb in ("favourite", "unfavourite"):
        fedi.other[f"/api/v1/statuses/77/{verb}"] = lambda r: (
            posted.append((r.method, r.path)) or fedi.json(make.status(1))
        )
    await favourite(client, settings, there)
    await unfavourite(client, settings, there)
    assert posted == [("POST", f"/api/v1/statuses/77/{verb}") for verb in ("favourite", "unfavourite")]
    await unfavourite(client, settings, there.replace("5", "6"))  # gone: nothing left to take back
    with pytest.raises(NotFound):
        await favourite(client, settings, there.replace("5", "6"))


async def test_favouriting_without_the_scope_says_to_sign_in_again(
    fedi: Any, client: Any, settings: Any
) -> None:
    fedi.other["/api/v1/statuses/5/favourite"] = lambda r: fedi.json(
        {"error": "This action is outside the authorized scopes"}, 403
    )
    with pytest.raises(NotAuthorized, match="outside the authorized scopes") as refused:
        await favourite(client, settings, "x", {"instance": fedi.address.removeprefix("http://"), "id": "5"})
    assert "Sign in" in refused.value.hint
