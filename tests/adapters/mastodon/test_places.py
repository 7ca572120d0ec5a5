"""Which typed addresses are Mastodon's, and what they mean."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.base import BadSettings
from penchant.adapters.mastodon_place import Place, from_address, from_settings, recognise, with_account


@pytest.mark.parametrize(
    ("typed", "base", "timeline", "account"),
    [
        ("mastodon:mastodon.social", "https://mastodon.social", "home", ""),
        ("mastodon:mastodon.social/local", "https://mastodon.social", "local", ""),
        ("mastodon:ada@home.example/home", "https://home.example", "home", "ada@home.example"),
        ("mastodon:http://127.0.0.1:3000/tag:rust", "http://127.0.0.1:3000", "tag:rust", ""),
        ("mastodon:home.example/list:12", "https://home.example", "list:12", ""),
        ("https://Home.Example/@ada", "https://home.example", "account:@ada@home.example", ""),
        ("home.example/@ada", "https://home.example", "account:@ada@home.example", ""),
        ("https://home.example/@bob@far.example", "https://home.example", "account:@bob@far.example", ""),
        ("@ada@home.example", "https://home.example", "account:@ada@home.example", ""),
        ("https://home.example/tags/日本", "https://home.example", "tag:日本", ""),
        ("https://home.example/public/local", "https://home.example", "local", ""),
    ],
)
def test_recognised(typed: str, base: str, timeline: str, account: str) -> None:
    found = recognise(typed)
    assert found is not None
    place = from_settings(found.settings)
    assert (place.base, place.timeline, place.account) == (base, timeline, account)
    assert from_address(found.address) == place, "the address alone means the same"
    assert from_settings({"address": found.address}) == place


@pytest.mark.parametrize(
    "typed",
    [
        "", "ada@home.example", "https://home.example", "https://medium.com/@ada", "https://www.youtube.com/@ada",
        "https://home.example/tags/rust/", "https://home.example/@ada/123", "mastodon:", "mastodon:a b/home",
        "mastodon:home.example/nonsense", "mastodon:home.example/tag:a/../b", "ftp://home.example/@ada",
        "@ada", "hackernews:top", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_not_recognised(typed: str) -> None:
    assert recognise(typed) is None


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_typed_address_raises(typed: str) -> None:
    for address in (
        typed,
        f"mastodon:{typed}",
        f"https://{typed}",
        f"https://a.example/{typed}",
        f"@{typed}",
    ):
        found = recognise(address)
        assert found is None or from_settings(found.settings).base.startswith("http")


@pytest.mark.parametrize(
    "settings",
    [{}, {"address": ""}, {"address": "https://a.example", "timeline": "everything"}, {"address": "a b"}],
)
def test_bad_settings_are_explained(settings: dict[str, Any]) -> None:
    with pytest.raises(BadSettings) as refused:
        from_settings(settings)
    assert refused.value.hint


def test_two_accounts_on_one_server_are_two_subscriptions() -> None:
    plain = recognise("mastodon:home.example/home")
    assert plain is not None
    mine = [with_account(plain, f"{name}@home.example") for name in ("ada", "bob")]
    addresses = {one.address for one in mine}
    assert [one.title for one in mine] == ["Home · ada@home.example", "Home · bob@home.example"]
    for one in mine:
        assert from_address(one.address) == from_settings(one.settings), "an address alone says everything"
    older = from_address("mastodon:home.example/home")
    assert older is not None and (older.timeline, older.account) == ("home", "")
    moved = with_account(plain, "ada@social.home.example")
    assert from_settings(moved.settings).base == "https://social.home.example", "where the token is valid"
    assert addresses == {"mastodon:ada@home.example/home", "mastodon:bob@home.example/home"}


def test_paths_quote_what_was_typed() -> None:
    assert (
        Place("https://a.example", "tag", "日本").path()
        == "/api/v1/timelines/tag/%E6%97%A5%E6%9C%AC?limit=40"
    )
    assert Place("https://a.example", "local").path() == "/api/v1/timelines/public?local=true&limit=40"


def test_recognising_loads_no_http_library() -> None:
    program = (
        "import sys; from penchant import adapters\n"
        "for kind in ('mastodon', 'hackernews'): adapters.load(kind).recognise('@a@b.example')\n"
        "assert not {'httpx', 'lxml', 'selectolax', 'keyring'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
