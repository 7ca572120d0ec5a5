"""Addresses: what is typed, what it means, and that the canonical form means the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.reddit import Reddit
from penchant.adapters.reddit_place import from_address, from_settings, recognise, with_account


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("r/python", "reddit:r/python"),
        ("/r/rust/new/", "reddit:r/rust/new"),
        ("https://www.reddit.com/r/rust/", "reddit:r/rust"),
        ("https://old.reddit.com/r/rust/top/?sort=top&t=week", "reddit:r/rust/top/week"),
        ("https://www.reddit.com/r/rust/.rss", "reddit:r/rust"),
        ("https://www.reddit.com/r/rust/new.json?limit=5", "reddit:r/rust/new"),
        ("reddit.com/r/rust+python", "reddit:r/rust+python"),
        ("https://www.reddit.com/r/kakapo/comments/", "reddit:r/kakapo/comments"),
        ("https://www.reddit.com/r/rust/comments/2gmzqe/some_title/", "reddit:comments/2gmzqe"),
        ("https://redd.it/2gmzqe", "reddit:comments/2gmzqe"),
        ("https://www.reddit.com/user/spez/", "reddit:u/spez"),
        ("u/spez", "reddit:u/spez"),
        ("https://www.reddit.com/u/spez/submitted", "reddit:u/spez/submitted"),
        ("https://www.reddit.com/user/ada_l/m/tools/", "reddit:u/ada_l/m/tools"),
        ("https://www.reddit.com/user/ada_l/saved/", "reddit:saved?account=ada_l"),
        ("reddit:me/m/tools/new", "reddit:me/m/tools/new"),
        ("reddit:home", "reddit:home"),
        ("https://www.reddit.com/", "reddit:r/popular"),
        ("https://www.reddit.com/.rss?feed=abcdef0123456789&user=ada_l", "reddit:home?user=ada_l"),
        ("https://www.reddit.com/r/redditdev/s/WNauetbiNG", "reddit:r/redditdev/s/WNauetbiNG"),
        ("r/rust/nonsense", None),
        ("r/", None),
        ("https://reddit.com.evil.example/r/rust", None),
        ("https://www.redditinc.com/r/rust", None),
        ("ftp://reddit.com/r/rust", None),
        ("hackernews:top", None),
    ],
)
def test_addresses(typed: str, address: str | None) -> None:
    found = recognise(typed)
    assert (found.address if found else None) == address
    if found and not found.settings.get("feed"):
        place = from_address(typed)
        assert place == from_address(found.address) == from_settings(found.settings)
        assert place is not None and place.web.startswith("https://www.reddit.com/")


def test_an_account_makes_another_subscription() -> None:
    plain = recognise("r/rust")
    assert plain is not None
    mine = with_account(plain, "ada_l")
    assert mine.address != plain.address and mine.settings["account"] == "ada_l"
    assert from_settings(mine.settings).account == "ada_l"


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_typed_address_raises(typed: str) -> None:
    for address in (typed, f"reddit:{typed}", f"r/{typed}", f"https://www.reddit.com/{typed}", f"https://{typed}"):
        found = Reddit().recognise(address)
        assert found is None or from_address(found.address) is not None
