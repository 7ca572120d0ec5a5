"""Signing in: registration, the address to open, the pasted code, the kept token."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from penchant.adapters import secrets
from penchant.adapters.base import NotAuthorized, NotFound, SourceError
from penchant.adapters.mastodon_api import token_key
from penchant.adapters.mastodon_auth import (
    authorize_url,
    exchange,
    find_server,
    register_app,
    sign_in,
    sign_out,
)

CODE = "the-code"


@pytest.fixture
def oauth(fedi: Any, make: Any) -> Any:
    """The server's side of OAuth; checks what it is sent as the real one does."""
    fedi.registered = 0
    fedi.challenge = ""
    fedi.revoked = []

    def form(request: Any) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(request.body.decode()).items()}

    def apps(request: Any) -> Any:
        sent = form(request)
        assert sent["redirect_uris"] == "urn:ietf:wg:oauth:2.0:oob" and sent["client_name"] == "penchant"
        fedi.registered += 1
        fedi.scopes = sent["scopes"]
        return fedi.json({"client_id": "app", "client_secret": "shh"})

    def token(request: Any) -> Any:
        sent = form(request)
        verified = base64.urlsafe_b64encode(hashlib.sha256(sent.get("code_verifier", "").encode()).digest())
        good = sent["code"] == CODE and sent["client_secret"] == "shh"
        if fedi.challenge and verified.rstrip(b"=").decode() != fedi.challenge:
            good = False
        if not good:
            return fedi.json(
                {"error": "invalid_grant", "error_description": "The code is\x1b[1m expired."}, 400
            )
        return fedi.json({"access_token": make.TOKEN, "scope": sent["scope"]})

    def whoami(request: Any) -> Any:
        if request.headers.get("authorization") != f"Bearer {make.TOKEN}":
            return fedi.json({"error": "The access token is invalid"}, 401)
        return fedi.json(make.account("ada"))

    fedi.other = {
        "/api/v1/instance": lambda r: fedi.json({"title": "Home", "version": "4.5.0"}),
        "/.well-known/oauth-authorization-server": lambda r: fedi.json(
            {"code_challenge_methods_supported": ["plain", "S256"]}
        ),
        "/api/v1/apps": apps,
        "/oauth/token": token,
        "/oauth/revoke": lambda r: fedi.revoked.append(form(r)["token"]) or fedi.json({}),
        "/api/v1/accounts/verify_credentials": whoami,
    }
    return fedi


class Reader:
    """Opens the address that it is shown and pastes the codes one after another."""

    def __init__(self, fedi: Any, *codes: str) -> None:
        self.fedi, self.codes, self.shown = fedi, list(codes), []

    def show(self, address: str) -> None:
        self.shown.append(address)
        self.fedi.challenge = parse_qs(urlsplit(address).query).get("code_challenge", [""])[0]

    async def ask(self) -> str:
        return self.codes.pop(0)


async def test_signing_in_stores_the_token_and_registers_once(oauth: Any, client: Any, make: Any) -> None:
    reader = Reader(oauth, f"  {CODE}\n")
    account = await sign_in(client, oauth.address, show=reader.show, ask=reader.ask)
    host = urlsplit(oauth.address).netloc
    assert account.acct == f"ada@{host}" and account.name == "Ada"
    assert secrets.get(token_key(account.acct)) == make.TOKEN
    query = parse_qs(urlsplit(reader.shown[0]).query)
    assert query["scope"] == ["read"] and query["response_type"] == ["code"]
    assert query["code_challenge_method"] == ["S256"]
    again = Reader(oauth, CODE)
    await sign_in(client, oauth.address, show=again.show, ask=again.ask)
    assert oauth.registered == 1
    assert again.shown != reader.shown, "each sign-in has a PKCE secret of its own"


async def test_servers_without_pkce_are_not_asked_for_it(oauth: Any, client: Any) -> None:
    del oauth.other["/.well-known/oauth-authorization-server"]
    app = await register_app(client, oauth.address)
    assert app.verifier == "" and "code_challenge" not in authorize_url(app)
    assert await exchange(client, app, CODE)


async def test_favouriting_asks_for_one_scope_more(oauth: Any, client: Any) -> None:
    reader = Reader(oauth, CODE)
    await sign_in(client, oauth.address, show=reader.show, ask=reader.ask, favourites=True)
    assert oauth.scopes == "read write:favourites"
    assert "scope=read%20write%3Afavourites" in reader.shown[0]


async def test_a_wrong_code_may_be_corrected_and_then_fails_in_words(oauth: Any, client: Any) -> None:
    reader = Reader(oauth, "nonsense", "", CODE)
    with pytest.raises(NotAuthorized, match="given up"):
        await sign_in(client, oauth.address, show=reader.show, ask=reader.ask)
    reader = Reader(oauth, "nonsense", "http://wröng", CODE)
    assert await sign_in(client, oauth.address, show=reader.show, ask=reader.ask)
    reader = Reader(oauth, "a", "b", "c")
    with pytest.raises(NotAuthorized, match="expired") as refused:
        await sign_in(client, oauth.address, show=reader.show, ask=reader.ask)
    assert "\x1b" not in str(refused.value)


async def test_signing_out_forgets_the_token_here_and_there(oauth: Any, client: Any, make: Any) -> None:
    reader = Reader(oauth, CODE)
    account = await sign_in(client, oauth.address, show=reader.show, ask=reader.ask)
    await sign_out(client, account.acct, oauth.address)
    assert secrets.get(token_key(account.acct)) is None
    assert oauth.revoked == [make.TOKEN]


async def test_a_site_that_is_no_mastodon_server_is_said_to_be_none(oauth: Any, client: Any) -> None:
    oauth.other = {"/.well-known/host-meta": lambda r: oauth.json({})}
    with pytest.raises(NotFound, match="is no Mastodon server"):
        await find_server(client, oauth.address)
    with pytest.raises(NotFound):
        await find_server(client, "not a host")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"client_id": 5}', b"<html>", b'{"access_token": "a\\nb"}', b"[" * 99_999]
)
async def test_nonsense_from_the_server_is_a_source_error(
    oauth: Any, client: Any, answers: Any, body: bytes
) -> None:
    app = await register_app(client, oauth.address)
    oauth.other |= dict.fromkeys(["/api/v1/apps", "/oauth/token"], lambda r: answers.Answer(body))
    with pytest.raises(SourceError):
        await exchange(client, app, CODE)
    with pytest.raises(SourceError):
        await register_app(client, oauth.address)
