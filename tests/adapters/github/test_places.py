"""Addresses of GitHub: what they name, and that the short form names it again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters import load, names
from penchant.adapters.base import BadSettings
from penchant.adapters.github_place import API, from_settings, parse, recognise

NAMED = {
    "github:received": "github:received",
    "github": "github:received",
    "https://github.com": "github:received",
    "github:received/octocat": "github:received/octocat",
    "github:octocat": "github:user/octocat",
    "https://github.com/octocat": "github:user/octocat",
    "https://www.github.com/octocat/": "github:user/octocat",
    "github.com/octocat": "github:user/octocat",
    "https://github.com/orgs/rust-lang/repositories": "github:user/rust-lang",
    "github:starred": "github:starred",
    "https://github.com/stars": "github:starred",
    "https://github.com/stars/octocat": "github:starred/octocat",
    "https://github.com/octocat?tab=stars": "github:starred/octocat",
    "github:starred-releases/octocat": "github:starred-releases/octocat",
    "https://github.com/notifications": "github:notifications",
    "github:ada/engine": "github:releases/ada/engine",
    "https://github.com/ada/engine": "github:releases/ada/engine",
    "https://github.com/ada/engine.git": "github:releases/ada/engine",
    "https://github.com/ada/engine/releases/latest": "github:releases/ada/engine",
    "https://github.com/ada/engine/blob/main/README.md": "github:releases/ada/engine",
    "https://github.com/ada/engine/tags": "github:releases/ada/engine",
    "https://github.com/ada/engine/issues/7": "github:issues/ada/engine",
    "https://github.com/ada/engine/pulls": "github:issues/ada/engine",
    "https://github.com/ada/engine/commits/main": "github:commits/ada/engine",
    "https://github.com/ada/engine/stargazers": "github:stargazers/ada/engine",
    "https://github.com/topics/rust": "github:trending?topic=rust&days=30",
    "github:topic/rust": "github:trending?topic=rust&days=7",
    "github:trending?topic=rust&days=7": "github:trending?topic=rust&days=7",
    "github:trending": "github:trending?days=7",
    "https://github.com/trending/c++?since=monthly": "github:trending?language=c%2B%2B&days=30",
    "github:trending?language=c%23&days=9999": "github:trending?language=c%23&days=365",
}
NOT_NAMED = [
    "https://github.com/settings/tokens", "https://github.com/features", "https://github.com/marketplace/x/y",
    "https://github.com/ada/engine/releases.atom", "https://gist.github.com/ada/1", "https://github.com.evil.example/a",
    "https://example.org/github.com/ada/engine", "github:user/", "github:trending?topic=a b", "github:trending?days=x",
    "github:../../etc", "github:a/..", "github:releases/a", "mastodon:github.com", "https://github.com/a%20b/c",
]  # fmt: skip


@pytest.mark.parametrize("typed", NAMED)
def test_what_an_address_names(typed: str) -> None:
    found = recognise(typed)
    assert found is not None and (found.kind, found.address) == ("github", NAMED[typed])
    assert found.title and found.settings == {"address": found.address}


@pytest.mark.parametrize("typed", NAMED)
def test_no_other_kind_of_source_takes_it_first(typed: str) -> None:
    kinds = [kind for kind in names() if load(kind).recognise(typed) is not None]
    assert kinds[0] == "github"


@pytest.mark.parametrize("typed", NOT_NAMED)
def test_what_no_address_names(typed: str) -> None:
    assert recognise(typed) is None


def test_another_server_is_named_in_the_address() -> None:
    found = recognise("github:starred?api=https://ghe.example/api/v3/")
    assert found is not None and found.settings["api"] == "https://ghe.example/api/v3"
    place = from_settings(found.settings)
    assert (place.api, place.host, place.needs_token) == ("https://ghe.example/api/v3", "ghe.example", True)
    assert from_settings({"address": found.address}) == place
    assert recognise("github:starred?api=file:///etc/passwd").settings == {"address": "github:starred"}  # type: ignore[union-attr]


def test_settings_that_name_nothing_are_refused_in_words() -> None:
    with pytest.raises(BadSettings, match="no list of GitHub") as caught:
        from_settings({"address": "github:..."})
    assert "github:received" in caught.value.hint


@given(st.text(max_size=60))
def test_a_short_form_names_the_same_place_again(text: str) -> None:
    for typed in (text, f"github:{text}", f"https://github.com/{text}"):
        place = parse(typed)
        if place is not None:
            assert parse(place.address) == place
            assert place.api == API and place.title and place.web.startswith("https://github.com")
