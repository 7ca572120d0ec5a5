"""The token: kept or lent by `gh`, for one server only, checked before it is kept."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters import secrets
from penchant.adapters.base import NotAuthorized
from penchant.adapters.github_api import Session, sign_in
from penchant.adapters.github_token import find_token, plausible, token_key, token_of_gh

API = "https://api.github.com"


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A `gh` that runs these shell lines."""
    program = tmp_path / "gh"

    def make(lines: str) -> Path:
        program.write_text(f"#!/bin/sh\n{lines}\n")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setattr("penchant.adapters.github_token.shutil.which", lambda _: str(program))
        return tmp_path

    return make


def test_gh_lends_the_token_of_the_server_it_is_for(gh: Any, tmp_path: Path) -> None:
    gh(f'echo "$@" > {tmp_path}/asked; echo "gho_lent"')
    assert token_of_gh(API) == "gho_lent"
    assert (tmp_path / "asked").read_text().split() == ["auth", "token", "--hostname", "github.com"]
    assert token_of_gh("https://ghe.example/api/v3") == "gho_lent"
    assert (tmp_path / "asked").read_text().split()[-1] == "ghe.example"


@pytest.mark.parametrize(
    "lines", ["echo no; exit 1", "echo", "printf 'a b'", "printf '\\033[31m'", "yes x | head -c 9000"]
)
def test_a_gh_without_a_token(gh: Any, lines: str) -> None:
    gh(lines)
    assert token_of_gh(API) == ""


def test_a_gh_that_hangs_or_cannot_run(gh: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    gh("exec sleep 60")
    monkeypatch.setattr("penchant.adapters.github_token.GH_SECONDS", 0.2)
    assert token_of_gh(API) == ""
    monkeypatch.setattr("penchant.adapters.github_token.shutil.which", lambda _: "/nowhere/gh")
    assert token_of_gh(API) == ""


def test_gh_is_never_asked_for_a_server_without_encryption(gh: Any) -> None:
    gh("echo gho_lent")
    assert token_of_gh("http://ghe.example/api/v3") == ""


async def test_what_was_pasted_goes_before_gh(gh: Any) -> None:
    gh("echo gho_lent")
    assert await find_token(API) == "gho_lent"
    secrets.set(token_key(API), "ghp_pasted")
    assert await find_token(API) == "ghp_pasted"
    assert await find_token("https://ghe.example/api/v3") == "gho_lent"


def test_what_can_be_a_token() -> None:
    assert plausible("  ghp_x \n") == "ghp_x"
    assert not any(map(plausible, ("", " ", "two words", "x" * 600, "gh\x1bp", "ghé")))


async def test_a_list_that_needs_a_token_says_how_to_get_one(hub: Any, client: Any, pages: Any) -> None:
    for address in ("github:received", "github:starred", "github:notifications", "github:starred-releases"):
        with pytest.raises(NotAuthorized) as caught:
            await pages(client, hub.settings(address))
        assert f"penchant github login {hub.api}" in caught.value.hint
    assert hub.asked() == []


async def test_a_pasted_token_is_checked_and_kept(hub: Any, make: Any, client: Any) -> None:
    hub.token = make.TOKEN
    hub.docs["/user"] = make.user("ada")
    for wrong in ("ghp_wrong", "not a token"):
        with pytest.raises(NotAuthorized):
            await sign_in(client, hub.api, wrong)
    assert secrets.names() == ()
    assert await sign_in(client, hub.api, f" {make.TOKEN}\n") == "ada"
    assert secrets.get(token_key(hub.api)) == make.TOKEN


async def test_the_token_goes_to_no_other_host(
    hub: Any, make: Any, client: Any, pages: Any, answers: Any, server: Any
) -> None:
    """A redirect, a Link header, a notification's address: each names another host here."""
    other = server.url("", host="localhost").rstrip("/")
    hub.token = make.TOKEN
    secrets.set(token_key(hub.api), make.TOKEN)
    server.route("/elsewhere", "[]")
    hub.docs["/repos/ada/moved/releases"] = answers.Answer(b"", 302, {"Location": f"{other}/elsewhere"})
    with pytest.raises(Exception, match="localhost"):
        await pages(client, hub.settings("github:ada/moved"))
    link = {"Link": f'<{other}/elsewhere?page=2>; rel="next"'}
    hub.docs["/user/starred"] = answers.Answer(b"[]", 200, link)
    await pages(client, hub.settings("github:starred", limit=500))
    notice = {
        "id": "1", "updated_at": "2026-03-01T00:00:00Z", "reason": "mention",
        "subject": {"title": "T", "url": f"{other}/elsewhere", "latest_comment_url": f"{other}/elsewhere"},
        "repository": {"full_name": "ada/engine", "owner": make.user("ada")},
    }  # fmt: skip
    hub.lists["/notifications"] = [notice]
    (page,) = await pages(client, hub.settings("github:notifications"))
    assert len(page.items) == 1
    there = [r for r in server.requests if r.headers["host"].startswith("localhost")]
    assert not any("authorization" in r.headers for r in there)


async def test_a_renamed_repository_is_followed_on_the_same_host(
    hub: Any, make: Any, client: Any, pages: Any, answers: Any, items: Any
) -> None:
    hub.token = make.TOKEN
    secrets.set(token_key(hub.api), make.TOKEN)
    where = {"Location": f"{hub.api}/repositories/1/releases?per_page=30"}
    hub.docs["/repos/ada/old/releases"] = answers.Answer(b"", 301, where)
    hub.lists["/repositories/1/releases"] = [make.release(1)]
    got = await pages(client, hub.settings("github:ada/old"))
    assert [i.native_id for i in items(got)] == ["github:release:1"]
    assert all(not page.moved_to for page in got), "an address of the API is no address of a source"


def test_only_addresses_of_the_server_itself_become_paths() -> None:
    session = Session(None, "https://ghe.example/api/v3", "t")  # type: ignore[arg-type]
    assert session.path_of("https://ghe.example/api/v3/user/starred?page=2") == "/user/starred?page=2"
    for other in (
        "https://evil.example/api/v3/user", "https://ghe.example/user", "https://ghe.example/api/v3x/user", "", None,
        "https://ghe.example/api/v3/../../x", "//ghe.example/api/v3/user\u00e9", "https://ghe.example:8443/api/v3/user",
    ):  # fmt: skip
        assert session.path_of(other) == ""
