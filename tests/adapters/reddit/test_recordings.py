"""Every recorded answer, served over HTTP with its status and headers, read with the facts noted beside it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters import secrets
from penchant.adapters.base import NotAuthorized, NotFound
from penchant.adapters.reddit import Reddit
from penchant.adapters.reddit_auth import token_key, whoami

ACCOUNT = "PyAPITestUser2"


@pytest.fixture
def folder(shared_dir: Path) -> Path:
    found = shared_dir / "recordings" / "reddit"
    if not found.is_dir():
        pytest.skip("no recordings of Reddit there")
    return found


@pytest.fixture
def facts(folder: Path) -> dict[str, dict[str, Any]]:
    noted = json.loads((folder / "expected.json").read_text())
    return {fact["file"]: fact for fact in noted["facts"]}


@pytest.fixture
def sequences(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "expected.json").read_text())["sequences"]
    return found


@pytest.fixture
def recorded(folder: Path, answers: Any) -> Any:
    entries = {e["file"]: e for e in json.loads((folder / "index.json").read_text())["files"]}

    def answer(file: str) -> Any:
        entry = entries[file]
        headers = {k: v for k, v in entry["headers"].items() if k != "date"}
        return answers.Answer((folder / file).read_bytes(), entry["status"], headers)

    return answer


@pytest.fixture(autouse=True)
def signed_in() -> None:
    grant = {"client_id": "app", "refresh_token": "r", "access_token": "a", "expires_at": 4e9}
    secrets.set(token_key(ACCOUNT), json.dumps(grant))


def place_of(file: str) -> str:
    """The source that asks for what was recorded."""
    for name, address in (("saved", "reddit:saved"), ("Streams", "reddit:r/kakapo/comments"), ("no_items", "u/spez")):
        if name in file:
            return address
    raise KeyError(file)


def read(items: list[Any]) -> dict[str, Any]:
    posts = [i for i in items if i.native_id.startswith("reddit:t3_")]
    comments = [i for i in items if i.native_id.startswith("reddit:t1_")]
    return {
        "count": len(items),
        "kinds": dict(Counter(i.native_id[7:9] for i in items)),
        "fullnames": [i.native_id.removeprefix("reddit:") for i in items],
        "nsfw": sum(i.sensitive for i in items),
        "stickied": sum("stickied" in i.extra for i in items),
        "self_posts": sum(i.url == i.comments_url for i in posts),
        "deleted_author": sum(i.author is None for i in items),
        "first_title": posts[0].title if posts else None,
        "first_comment": comments[0].text if comments else None,
    }


async def test_every_recorded_listing_has_its_facts(
    server: Any, client: Any, pages: Any, facts: Any, recorded: Any
) -> None:
    seen = 0
    for file, fact in facts.items():
        if fact["kind"] != "listing":
            continue
        address = place_of(file)
        paths = {"reddit:saved": f"/user/{ACCOUNT}/saved", "u/spez": "/user/spez/overview"}
        server.route(paths.get(address, "/r/kakapo/comments"), recorded(file))
        settings = {"address": address, "account": ACCOUNT, "api": server.url("").rstrip("/")}
        got = await pages(client, settings)
        found = read([item for page in got for item in page.items])
        assert found == {key: fact[key] for key in found}, file
        seen += 1
    assert seen == sum(f["kind"] == "listing" for f in facts.values()) == 5


async def test_a_recorded_stream_is_counted_without_repetition(
    server: Any, client: Any, pages: Any, recorded: Any, sequences: Any
) -> None:
    name = "TestSubredditStreams.test_comments__with_pause"
    server.route("/r/kakapo/comments", [recorded(f"{name}/{n:02d}.json") for n in (1, 2, 3)])
    settings = {"address": "r/kakapo/comments", "account": ACCOUNT, "api": server.url("").rstrip("/")}
    found, cursor = [], {}
    for _ in range(3):
        got = await pages(client, settings, cursor)
        cursor = got[-1].cursor
        found += [item.native_id for page in got for item in page.items]
    assert (len(found), len(set(found))) == (sequences[name]["items"], sequences[name]["distinct"])
    deleted = [name for page in got for name in page.deleted]
    assert deleted == [], "an empty answer deletes nothing"


async def test_the_recorded_discussion(server: Any, client: Any, pages: Any, facts: Any, recorded: Any) -> None:
    fact = facts["TestComment.test_refresh/02.json"]
    server.route("/comments/54hhwl/_/d81vwef", recorded("TestComment.test_refresh/02.json"))
    server.route("/comments/54hhwl", recorded("TestComment.test_refresh/02.json"))
    settings = {"address": "reddit:comments/54hhwl", "account": ACCOUNT, "api": server.url("").rstrip("/")}
    around = await Reddit().thread(client, settings, "reddit:t1_d81vwef", {"post": "54hhwl"})
    assert len(around.items) == fact["comments"] and fact["deleted_or_removed"] == fact["more"] == 0
    assert [i.in_reply_to for i in around.items] == ["reddit:t3_54hhwl", "reddit:t1_d81vwef"]
    (page,) = await pages(client, settings)
    assert page.items[0].title == fact["title"] == page.title
    assert page.items[0].comments == fact["num_comments_claimed"]


async def test_the_recorded_rate_limit_leaves_room(
    server: Any, client: Any, pages: Any, facts: Any, recorded: Any
) -> None:
    file = "TestRedditorListings.test_saved/01.json"
    assert facts[file]["x-ratelimit-remaining"] == recorded(file).headers["x-ratelimit-remaining"] == "593.0"
    server.route(f"/user/{ACCOUNT}/saved", recorded(file))
    (page,) = await pages(client, {"address": "reddit:saved", "account": ACCOUNT, "api": server.url("").rstrip("/")})
    assert page.interval is None


async def test_recorded_refusals(server: Any, client: Any, pages: Any, recorded: Any) -> None:
    base = server.url("").rstrip("/")
    server.route("/api/v1/me", recorded("TestAuthImplicit.test_implicit__with_invalid_token/00.json"))
    with pytest.raises(NotAuthorized, match="401"):
        await whoami(client, "invalid", api=base)
    server.route(f"/user/{ACCOUNT}/saved", recorded("TestRedditorListings.test_saved__other_user/01.json"))
    with pytest.raises(NotAuthorized, match="403"):
        await pages(client, {"address": "reddit:saved", "account": ACCOUNT, "api": base})
    server.route("/r/rust/hot", recorded("TestSubreddit.test_sticky__not_set/01.json"))
    with pytest.raises(NotFound):
        await pages(client, {"address": "r/rust", "account": ACCOUNT, "api": base})


async def test_the_recorded_share_link(server: Any, client: Any, pages: Any, facts: Any, recorded: Any) -> None:
    file = "TestSubmission.test_resolve_from_share_url/01.txt"
    secrets.delete(token_key(ACCOUNT))
    assert facts[file]["location"] == recorded(file).headers["location"]
    server.route("/r/redditdev/s/WNauetbiNG", recorded(file))
    server.route("/comments/2gmzqe.json", recorded("TestComment.test_refresh/02.json"))
    base = server.url("").rstrip("/")
    (page,) = await pages(client, {"address": "https://www.reddit.com/r/redditdev/s/WNauetbiNG", "web": base})
    assert page.cursor["shared"] == "comments/2gmzqe" and page.site_url == "https://www.reddit.com/comments/2gmzqe/"
