"""Signing in with the reader's own app, and renewing a token in the middle of a fetch."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from penchant.adapters import secrets
from penchant.adapters.base import NotAuthorized, SourceError
from penchant.adapters.reddit import Reddit
from penchant.adapters.reddit_auth import access_token, accounts, authorize_url, code_of, sign_in, sign_out, token_key
from penchant.adapters.reddit_loopback import listening

CODE = "the-code"


@pytest.fixture
def oauth(forum: Any) -> Any:
    """Reddit's side of the conversation; checks what it is sent as the real one does."""

    def token(request: Any) -> Any:
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        name, _, password = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).partition(b":")
        assert (name, password) == (b"app-id", b""), "an installed app has no secret"
        if form["grant_type"] == "refresh_token":
            return forum._renew(request)
        if form["code"] != CODE or form["redirect_uri"] != "http://localhost:8080":
            return forum.json({"error": "invalid_grant\x1b[1m"})
        forum.tokens = {"first"}
        return forum.json({"access_token": "first", "refresh_token": "lasting", "expires_in": 3600})

    def whoami(request: Any) -> Any:
        known = request.headers.get("authorization") == "Bearer first"
        return forum.json({"name": "Ada_L"} if known else {"error": 401}, 200 if known else 401)

    forum.revoked = []
    forum.other |= {
        "/api/v1/access_token": token,
        "/oauth/api/v1/me": whoami,
        "/api/v1/revoke_token": lambda r: forum.revoked.append(parse_qs(r.body.decode())["token"][0]) or forum.json({}),
    }
    return forum


class Reader:
    """Opens the address shown and pastes answers one after another; "%s" becomes the state."""

    def __init__(self, *answers: str) -> None:
        self.answers, self.state = list(answers), ""

    def show(self, address: str) -> None:
        query = parse_qs(urlsplit(address).query)
        assert query["duration"] == ["permanent"] and "history" in query["scope"][0]
        self.state = query["state"][0]

    async def ask(self) -> str:
        return self.answers.pop(0).replace("%s", self.state)


async def converse(oauth: Any, client: Any, reader: Reader) -> str:
    return await sign_in(client, "app-id", show=reader.show, ask=reader.ask, web=oauth.base, api=f"{oauth.base}/oauth")


async def test_the_pasted_address_signs_in_and_the_grant_is_kept(oauth: Any, client: Any) -> None:
    name = await converse(oauth, client, Reader("http://localhost:8080/?state=%s&code=the-code#_"))
    assert name == "Ada_L" and accounts() == ("ada_l",)
    kept = json.loads(secrets.get(token_key("Ada_L")) or "")
    assert (kept["refresh_token"], kept["client_id"]) == ("lasting", "app-id") and kept["expires_at"] > time.time()


async def test_a_wrong_answer_may_be_corrected(oauth: Any, client: Any) -> None:
    assert await converse(oauth, client, Reader("wrong", "http://localhost:8080/?state=other&code=the-code", CODE))
    with pytest.raises(NotAuthorized) as refused:
        await converse(oauth, client, Reader("a", "b", "c"))
    assert "\x1b" not in str(refused.value)
    with pytest.raises(NotAuthorized, match="given up"):
        await converse(oauth, client, Reader(""))


def test_what_may_be_pasted() -> None:
    assert code_of(" abc\n", "s") == "abc" and code_of("?state=s&code=abc", "s") == "abc"
    for wrong in ("", "x" * 600, "http://localhost:8080/?error=access_denied&state=s", "?state=t&code=abc", "cödé"):
        with pytest.raises(NotAuthorized):
            code_of(wrong, "s")
    assert "client_id=app" in authorize_url("app", "s")


async def test_a_browser_on_this_machine_brings_the_code_itself() -> None:
    async with listening("http://localhost:0/") as _:
        pass
    server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with listening(f"http://localhost:{port}") as taken:
        assert taken is None, "the port belongs to somebody else: pasting still works"
    server.close()
    await server.wait_closed()
    async with listening(f"http://127.0.0.1:{port}/") as arrived, httpx.AsyncClient(trust_env=False) as browser:
        assert arrived is not None
        assert (await browser.get(f"http://127.0.0.1:{port}/favicon.ico")).status_code == 404
        assert (await browser.get(f"http://127.0.0.1:{port}/?state=s&code=abc")).status_code == 200
        assert code_of(await arrived, "s") == "abc"
    async with listening("https://elsewhere.example/") as elsewhere:
        assert elsewhere is None


async def test_a_token_that_ran_out_is_renewed_once_for_many_sources(
    forum: Any, client: Any, post: Any, pages: Any, signed_in: Any
) -> None:
    forum.lists["/user/ada_l/saved"] = [post("a1")]
    settings = forum.settings("reddit:saved") | signed_in
    got = await asyncio.gather(*(pages(client, settings) for _ in range(4)))
    assert all(p[0].items[0].native_id == "reddit:t3_a1" for p in got)
    assert forum.renewed == 1 and got[0][0].title == "Reddit saved · ada_l"
    agent = [r.headers["user-agent"] for r in forum.server.requests if r.path.startswith("/oauth")]
    assert all("(by /u/ada_l)" in name for name in agent)


async def test_a_token_revoked_in_mid_run_is_renewed_and_nothing_is_lost(
    forum: Any, client: Any, post: Any, signed_in: Any
) -> None:
    forum.page = 10
    forum.lists["/r/rust/new"] = [post(f"a{n:02d}") for n in range(40)]
    found, settings = [], forum.settings(limit=40) | signed_in
    async for page in Reddit().fetch(client, settings, {}):
        found += [item.native_id for item in page.items]
        if len(found) == 20:
            forum.tokens = set()  # revoked between two pages
    assert found == [f"reddit:t3_a{n:02d}" for n in range(40)] and forum.renewed == 2
    kept = json.loads(secrets.get(token_key("ada_l")) or "")
    assert kept["access_token"] == "token-2", "the next run begins with the token that works"


async def test_a_grant_that_was_withdrawn_asks_to_sign_in_again(
    forum: Any, client: Any, post: Any, signed_in: Any
) -> None:
    forum.page, forum.lists["/r/rust/new"] = 10, [post(f"a{n:02d}") for n in range(30)]
    settings, found, cursor = forum.settings(limit=30) | signed_in, [], {}
    with pytest.raises(NotAuthorized, match="invalid_grant") as refused:
        async for page in Reddit().fetch(client, settings, {}):
            found += [item.native_id for item in page.items]
            cursor, forum.tokens, forum.refuses = page.cursor, set(), True
    assert "penchant reddit login" in refused.value.hint and len(found) == 10
    forum.refuses = False
    async for page in Reddit().fetch(client, settings, cursor):
        found += [item.native_id for item in page.items]
    assert set(found) == {f"reddit:t3_a{n:02d}" for n in range(30)}, "after a new sign-in the rest arrives"


async def test_somebody_elses_saved_posts_are_refused_in_words(
    forum: Any, client: Any, pages: Any, signed_in: Any
) -> None:
    forum.other["/oauth/user/ada_l/saved"] = lambda _: forum.json({"error": 403}, 403)
    with pytest.raises(NotAuthorized, match="belong to somebody else"):
        await pages(client, forum.settings("reddit:saved") | signed_in)


async def test_the_only_account_is_meant_where_none_is_named(
    forum: Any, client: Any, post: Any, pages: Any, signed_in: Any
) -> None:
    forum.lists[""] = forum.lists["/"] = [post("a1")]
    got = await pages(client, forum.settings("reddit:home"))
    assert got[0].items and got[0].title == "Reddit home · ada_l"
    forum.blocked, forum.lists["/r/rust/new"] = True, [post("a1")]
    await pages(client, forum.settings())
    assert forum.asked()[-1] == "/oauth/r/rust/new", "public listings are read with it too"
    forum.refuses, forum.tokens = True, set()
    grant = json.dumps({"client_id": "app", "refresh_token": "lasting"})
    secrets.set(token_key("ada_l"), grant)
    assert (await pages(client, forum.settings()))[0].items, "and without it when it fails"
    assert forum.asked()[-1] == "/r/rust/new/.rss"
    secrets.set(token_key("eve_x"), json.dumps({"client_id": "app", "refresh_token": "lasting"}))
    with pytest.raises(NotAuthorized, match="say whose"):
        await pages(client, forum.settings("reddit:home"))


async def test_without_a_grant_nothing_is_asked(forum: Any, client: Any, pages: Any) -> None:
    with pytest.raises(NotAuthorized, match="not signed in") as refused:
        await pages(client, forum.settings("reddit:home", account="nobody_1"))
    assert "penchant reddit login" in refused.value.hint and not forum.server.requests


async def test_signing_out_forgets_the_grant_here_and_there(oauth: Any, client: Any) -> None:
    await converse(oauth, client, Reader(CODE))
    await sign_out(client, "Ada_L", web=oauth.base)
    assert accounts() == () and oauth.revoked == ["lasting"]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"access_token": 5}', b'{"access_token": "a\\nb"}', b"<html>", b"[" * 99_999]
)
async def test_nonsense_from_the_token_endpoint_is_a_source_error(
    forum: Any, client: Any, signed_in: Any, body: bytes
) -> None:
    forum.other["/api/v1/access_token"] = lambda _: forum.answer(body)
    with pytest.raises(SourceError):
        await access_token(client, "ada_l", web=forum.base)
