"""Signing in by a browser: PKCE, PAR, DPoP, rotating tokens and nonces, everything that may be forged, revocation."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters import bluesky_dpop, secrets
from penchant.adapters.base import Malformed, NotAuthorized, NotFound, SourceError
from penchant.adapters.bluesky_auth import session_of, sign_in_by_browser, sign_out
from penchant.adapters.bluesky_grant import load, token_key
from penchant.adapters.bluesky_oauth import free_redirect

_spec = importlib.util.spec_from_file_location("oauth_server", Path(__file__).with_name("oauth_server.py"))
assert _spec is not None and _spec.loader is not None
oauth_server = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(oauth_server)
HANDLE = oauth_server.HANDLE


@pytest.fixture
def oauth(server: Any, answers: Any) -> Any:
    bluesky_dpop._nonces.clear()
    return oauth_server.OAuthServer(server, answers.Answer)


async def signed_in(client: Any, oauth: Any, **changes: str) -> str:
    pages: list[str] = []

    async def answered() -> str:
        return str(oauth.allow(pages[0], **changes))

    return await sign_in_by_browser(
        client, f"@{HANDLE}", redirect=free_redirect(), show=pages.append, answered=answered, server=oauth.base
    )


SOURCE = {"address": "bluesky:timeline", "account": HANDLE}


async def test_from_browser_to_timeline(client: Any, oauth: Any, pages: Any) -> None:
    assert await signed_in(client, oauth) == HANDLE
    found = await pages(client, SOURCE)
    assert [item.text for page in found for item in page.items] == ["Owl 4", "Owl 3", "Owl 2", "Owl 1"]
    assert oauth.wrongs == []
    assert oauth.nonce_refusals == 2  # the first request to each server, no other
    kept = json.loads(secrets.get(token_key(HANDLE)) or "")
    assert (kept["access"], kept["refresh"], kept["did"]) == ("access-1", "refresh-1", oauth_server.DID)
    assert json.loads(kept["key"])["d"]


async def test_the_private_key_never_leaves(client: Any, oauth: Any, pages: Any, server: Any) -> None:
    await signed_in(client, oauth)
    await pages(client, SOURCE)
    grant = load(HANDLE)
    assert grant is not None
    private = json.loads(grant.key)["d"]
    for request in server.requests:
        assert private not in f"{request.target}{request.headers}{request.body!r}"


async def test_expired_in_the_middle_it_is_renewed_and_the_fetch_goes_on(client: Any, oauth: Any, pages: Any) -> None:
    await signed_in(client, oauth)

    def expire(number: int) -> None:
        oauth.access = "another" if number == 3 else oauth.access

    oauth.page_served = expire
    found = await pages(client, SOURCE)
    assert len([item for page in found for item in page.items]) == 4
    grant = load(HANDLE)
    assert grant is not None and (grant.access, grant.refresh) == ("access-2", "refresh-2")
    assert oauth.wrongs == [] and not oauth.revoked


async def test_a_new_nonce_in_the_middle_costs_one_more_request(client: Any, oauth: Any, pages: Any) -> None:
    await signed_in(client, oauth)
    oauth.page_served = lambda number: oauth.nonces.update(pds=f"pds-{number}")
    found = await pages(client, SOURCE)
    assert len([item for page in found for item in page.items]) == 4
    assert oauth.nonce_refusals == 5 and oauth.wrongs == []


async def test_a_server_that_never_takes_a_nonce_is_left(client: Any, oauth: Any, pages: Any) -> None:
    await signed_in(client, oauth)
    oauth.nonces["pds"] = "never\x7f"
    with pytest.raises(SourceError):
        await pages(client, SOURCE)


async def test_many_sources_renew_once(client: Any, oauth: Any, pages: Any) -> None:
    await signed_in(client, oauth)
    oauth.access = "another"
    await asyncio.gather(*(pages(client, SOURCE) for _ in range(5)))
    assert oauth.serial == 2 and not oauth.revoked


async def test_withdrawn_permission_is_said(client: Any, oauth: Any, pages: Any) -> None:
    await signed_in(client, oauth)
    oauth.revoked = True
    with pytest.raises(NotAuthorized, match="no longer allows") as caught:
        await pages(client, SOURCE)
    assert f"penchant bluesky login {HANDLE} --oauth" in caught.value.hint
    assert load(HANDLE) is not None


@pytest.mark.parametrize("changes, words", [
    ({"state": "other"}, "another sign-in"),
    ({"iss": "https://evil.example"}, "another server"),
    ({"code": ""}, "holds no code"),
    ({"code": "stolen"}, "gave no session"),
    ({"error": "access_denied", "error_description": "The+reader+said+no"}, "The reader said no"),
])  # fmt: skip
async def test_forged_and_refused_answers_store_nothing(client: Any, oauth: Any, changes: Any, words: str) -> None:
    with pytest.raises(NotAuthorized, match=words):
        await signed_in(client, oauth, **changes)
    assert load(HANDLE) is None


async def test_tokens_of_somebody_else_are_not_kept(client: Any, oauth: Any) -> None:
    oauth.sub = "did:plc:mallory"
    with pytest.raises(NotAuthorized, match="somebody else"):
        await signed_in(client, oauth)
    assert load(HANDLE) is None


async def test_nor_renewed_ones(client: Any, oauth: Any) -> None:
    await signed_in(client, oauth)
    oauth.sub = "did:plc:mallory"
    with pytest.raises(NotAuthorized, match="somebody else"):
        await session_of(client, HANDLE, refused="access-1")
    grant = load(HANDLE)
    assert grant is not None and grant.access == "access-1"


async def test_a_document_of_another_issuer_is_refused(client: Any, oauth: Any) -> None:
    oauth.issuer = "https://evil.example"
    with pytest.raises(Malformed, match="does not describe itself"):
        await signed_in(client, oauth)


async def test_a_server_without_oauth_says_what_to_do(client: Any, oauth: Any, server: Any) -> None:
    server.route("/.well-known/oauth-protected-resource", b"", status=404)
    with pytest.raises(NotFound, match="no sign-in by browser") as caught:
        await signed_in(client, oauth)
    assert "app password" in caught.value.hint


async def test_an_authorization_server_is_no_way_into_the_network(client: Any, oauth: Any, server: Any) -> None:
    document = {"authorization_servers": ["http://127.0.0.2:1"]}
    server.route("/.well-known/oauth-protected-resource", json.dumps(document))
    with pytest.raises(SourceError, match=r"private network"):
        await signed_in(client, oauth)


async def test_signing_out_ends_it_there(client: Any, oauth: Any) -> None:
    await signed_in(client, oauth)
    await sign_out(client, HANDLE)
    assert oauth.revoked and load(HANDLE) is None and oauth.wrongs == []


@pytest.mark.parametrize("field, value", [("htm", "PUT"), ("htu", "https://other.example/x"), ("ath", "x")])
async def test_the_test_server_would_notice(
    client: Any, oauth: Any, pages: Any, monkeypatch: pytest.MonkeyPatch, field: str, value: str
) -> None:
    from joserfc import jwt

    await signed_in(client, oauth)
    real = jwt.encode

    def forged(head: Any, claims: Any, *rest: Any, **more: Any) -> str:
        return real(head, claims | {field: value}, *rest, **more)

    monkeypatch.setattr(jwt, "encode", forged)
    with pytest.raises(SourceError):
        await pages(client, SOURCE)
    assert oauth.wrongs
