"""Every recorded answer, served over HTTP with its status and headers, has the facts noted beside it."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from penchant.adapters import secrets
from penchant.adapters.base import NotAuthorized, NotFound, Page
from penchant.adapters.mastodon import context, favourite
from penchant.adapters.mastodon_api import token_key
from penchant.adapters.mastodon_auth import find_server
from penchant.adapters.mastodon_items import Via, convert, to_author

ACCOUNT = "reader@home.example"


@pytest.fixture
def folder(shared_dir: Path) -> Path:
    return shared_dir / "recordings" / "mastodon"


@pytest.fixture
def entries(folder: Path) -> dict[str, dict[str, Any]]:
    return {entry["file"]: entry for entry in json.loads((folder / "index.json").read_text())["files"]}


@pytest.fixture
def expected(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "expected.json").read_text())


@pytest.fixture
def recorded(folder: Path, answers: Any) -> Any:
    """The answer of a recording as it was sent."""

    def answer(entry: dict[str, Any]) -> Any:
        return answers.Answer((folder / entry["file"]).read_bytes(), entry["status"], entry["headers"])

    return answer


@pytest.fixture(autouse=True)
def signed_in() -> None:
    secrets.set(token_key(ACCOUNT), "a-token")


def timeline_of(url: str) -> str:
    path = urlsplit(url).path.removeprefix("/api/v1/")
    kind = path.removeprefix("timelines/").replace("/", ":", 1)
    return "home" if not kind.startswith(("tag:", "list:", "bookmarks", "favourites")) else kind


def settings(server: Any, timeline: str = "home") -> dict[str, Any]:
    return {"address": server.url("").rstrip("/"), "timeline": timeline, "account": ACCOUNT}


def facts(pages: list[Page]) -> dict[str, Any]:
    items = [item for page in pages for item in page.items]
    media = [m for item in items for m in item.media]
    times = [s.at for item in items for s in item.sightings]
    return {
        "count": len(items),
        "ids": [item.extra["id"] for item in items],
        "boosts": sum(s.how == "boost" for item in items for s in item.sightings),
        "replies": sum(bool(item.in_reply_to) for item in items),
        "with_media": sum(bool(item.media) for item in items),
        "media_attachments": len(media),
        "media_types": dict(Counter(m.kind for m in media)),
        "media_without_alt_text": sum(not m.alt for m in media),
        "content_warnings": sum(bool(item.content_warning) for item in items),
        "sensitive": sum(item.sensitive for item in items),
        "polls": sum(item.poll is not None for item in items),
        "preview_cards": sum("card" in item.extra for item in items),
        "quotes": sum("quote" in item.extra for item in items),
        "edited": sum(item.updated is not None for item in items),
        "visibility": dict(Counter(item.extra["visibility"] for item in items)),
        "languages": dict(Counter(item.lang for item in items)),
        "null_url": sum(not item.url for item in items),
        "empty_content": sum(not item.text for item in items),
        "distinct_authors": len({item.author.key for item in items if item.author}),
        "oldest": min(times, default=None),
        "newest": max(times, default=None),
    }


def wanted(fact: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """The noted facts in the terms of `facts`."""
    named = {key: fact[key] for key in own if key in fact}
    for key in ("oldest", "newest"):
        named[key] = datetime.fromisoformat(fact[key]).timestamp()
    return named


async def test_every_recorded_timeline_has_its_facts(
    server: Any, client: Any, pages: Any, entries: Any, expected: Any, recorded: Any, answers: Any
) -> None:
    seen = 0
    for fact in expected["facts"]:
        entry = entries[fact["file"]]
        if fact["kind"] not in ("statuses", "status", "empty list"):
            continue
        answer = recorded(entry)
        if fact["kind"] == "status":
            answer = answers.Answer(b"[" + answer.body + b"]", 200, {})
        path = urlsplit(entry["url"]).path if fact["kind"] != "status" else "/api/v1/timelines/home"

        def page(request: Any, first: Any = answer) -> Any:
            return answers.Answer(b"[]") if {"max_id", "min_id"} & set(request.query) else first

        server.route(path, page)
        got = facts(await pages(client, settings(server, timeline_of(entry["url"]))))
        if fact["kind"] == "empty list":
            assert got["count"] == 0, fact["file"]
            continue
        if fact["boosts"]:
            assert got.pop("ids") != fact["ids"], "the wrapper of a boost is no item"
        want = wanted(fact, got)
        assert {key: got[key] for key in want} == want, fact["file"]
        seen += 1
    assert seen == sum(fact["kind"] in ("statuses", "status") for fact in expected["facts"]) > 10


async def test_recorded_sequences_are_paged_and_deduplicated(
    server: Any, client: Any, pages: Any, entries: Any, expected: Any, recorded: Any, answers: Any
) -> None:
    name = "mastodonpy-test_fetch_remaining"
    mine = {f: e for f, e in entries.items() if f.startswith(name)}
    by_max_id = {
        parse_qs(urlsplit(e["url"]).query).get("max_id", [""])[0]: recorded(e) for e in mine.values()
    }
    url = next(iter(mine.values()))["url"]
    server.route(urlsplit(url).path, lambda r: by_max_id[r.query.get("max_id", [""])[0]])
    got = await pages(client, settings(server, timeline_of(url)))
    assert [len(page.items) for page in got] == [10, 10, 10, 0]
    assert (
        len({item.native_id for page in got for item in page.items})
        == expected["sequences"][name]["distinct_ids"]
    )
    assert got[0].cursor["newer"].endswith("min_id=117020581413876942")


async def test_the_same_bookmark_asked_for_twice_comes_once(
    server: Any, client: Any, pages: Any, entries: Any, recorded: Any
) -> None:
    second = recorded(entries["mastodonpy-test_bookmarks/03.json"])
    server.route(
        "/api/v1/bookmarks", [second, second, recorded(entries["mastodonpy-test_bookmarks/05.json"])]
    )
    got = await pages(client, settings(server, "bookmarks"))
    assert sum(len(page.items) for page in got) == 1


async def test_paging_ids_of_bookmarks_are_taken_from_the_link_header_alone(
    server: Any, client: Any, pages: Any, entries: Any, recorded: Any, answers: Any
) -> None:
    for name, older, newer in (("bookmarks", "446947", "472716"), ("favourites", "11758506", "12555189")):
        first = recorded(entries[f"rtoot-get_account_{name}_default/00.json"])
        path = f"/api/v1/{name}"
        server.route(path, [first, answers.Answer(b"[]")])
        got = await pages(client, settings(server, name))
        assert server.seen(path)[1].query["max_id"] == [older]
        assert got[0].cursor["newer"].endswith(f"min_id={newer}")


async def test_recorded_refusals_say_what_the_server_said(
    server: Any, client: Any, pages: Any, entries: Any, recorded: Any
) -> None:
    server.route(
        "/api/v1/timelines/home", recorded(entries["mastodonpy-test_home_tl_anonymous_throws/00.json"])
    )
    with pytest.raises(NotAuthorized, match="The access token is invalid") as refused:
        await pages(client, settings(server))
    assert "penchant mastodon login http://127" in refused.value.hint
    server.route(
        "/api/v1/timelines/tag/gone", recorded(entries["mastodonpy-test_timeline_link_fails/01.json"])
    )
    with pytest.raises(NotFound, match="Record not found"):
        await pages(client, settings(server, "tag:gone"))
    extra = {"instance": urlsplit(server.url()).netloc, "id": "7"}
    for file, error in (("rtoot-post_list_accounts", NotFound), ("rtoot-post_toot_default", NotAuthorized)):
        server.route("/api/v1/statuses/7/favourite", recorded(entries[f"{file}/00.json"]))
        with pytest.raises(error):
            await favourite(client, settings(server), "https://x.example/7", extra)


async def test_recorded_thread_poll_accounts_and_server(
    server: Any, client: Any, folder: Path, entries: Any, expected: Any, recorded: Any
) -> None:
    noted = {fact["file"].partition("/")[0]: fact for fact in expected["facts"]}
    thread = entries["rtoot-get_context_with_ancesters/00.json"]
    server.route(urlsplit(thread["url"]).path, recorded(thread))
    extra = {"instance": urlsplit(server.url()).netloc, "id": "114027213608365869"}
    page = await context(client, settings(server), "https://fosstodon.org/x", extra)
    assert len(page.items) == noted["rtoot-get_context_with_ancesters"]["ancestors"]

    poll = json.loads((folder / "rtoot-get_poll_default/00.json").read_text())
    status = {"id": "1", "uri": "https://a.example/1", "poll": poll}
    (item,) = convert([status], Via("https://a.example")).items
    assert item.poll is not None
    assert [words for words, _ in item.poll.options] == noted["rtoot-get_poll_default"]["options"]
    assert sum(votes or 0 for _, votes in item.poll.options) == noted["rtoot-get_poll_default"]["votes_count"]

    followed = json.loads((folder / "rtoot-get_account_following_default/00.json").read_text())
    people = [to_author(raw, "https://fosstodon.org") for raw in followed]
    accts = [
        a if "@" in a else f"{a}@fosstodon.org" for a in noted["rtoot-get_account_following_default"]["accts"]
    ]
    assert [p.handle for p in people if p] == [f"@{acct}" for acct in accts]

    server.route("/api/v1/instance", recorded(entries["rtoot-get_instance_general_default/00.json"]))
    assert await find_server(client, server.url()) == server.url().rstrip("/")
