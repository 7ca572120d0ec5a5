"""Which feeds both sides follow: nothing is dropped that was not agreed on, and nothing on doubt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.remote import RemoteFeed
from penchant.app.readfeeds import FeedPlan, plan, tellable


@dataclass
class Here:
    address: str
    kind: str = "rss"


def url(number: int) -> str:
    return f"https://site{number}.example/feed"


def planned(here: Any, there: Any, base: Any) -> FeedPlan:
    ours: Any = [Here(url(n)) for n in here]
    return plan(ours, [RemoteFeed(str(n), "", url(n)) for n in there], {url(n) for n in base})


numbers = st.sets(st.integers(0, 12))


@given(numbers, numbers, numbers)
def test_a_feed_is_dropped_only_where_it_was_agreed_and_one_side_left(
    here: set[int], there: set[int], base: set[int]
) -> None:
    found = planned(here, there, base)
    dropped = {*found.unfollow, *found.unsubscribe}
    assert dropped <= {url(n) for n in base & (here ^ there)}
    assert found.subscribe.keys() == {url(n) for n in here - there - base}
    assert found.only_there.keys() == {url(n) for n in there - here - base}
    assert found.agreed == {url(n) for n in here & there}
    assert found.doubt or dropped == {url(n) for n in base & (here ^ there)}
    if not here or not there:
        assert not dropped


@pytest.mark.parametrize(
    ("here", "there", "why"),
    [(range(9), (), "the server follows nothing at all"), ((), range(9), "this archive follows nothing at all"),
     (range(9), range(2), "no longer follows 7 of the 9")],
)  # fmt: skip
def test_what_looks_like_a_fault_drops_nothing(here: Any, there: Any, why: str) -> None:
    found = planned(here, there, range(9))
    assert why in found.doubt and not found.unfollow and not found.unsubscribe


def test_the_same_feed_by_another_form_of_its_address_is_one() -> None:
    ours: Any = [Here("http://www.site.example/feed/")]
    found = plan(ours, [RemoteFeed("1", "", "https://site.example/feed")], ())
    assert len(found.agreed) == 1 and not found.subscribe and not found.only_there


@pytest.mark.parametrize(
    "address", ["https://me:secret@site.example/f", "http://192.168.0.4/f", "http://nas/f", "http://nas.local/f",
                "http://[::1]/f", "http://[broken"],
)  # fmt: skip
def test_what_is_private_is_never_named(address: str) -> None:
    source: Any = Here(address)
    assert not tellable(source)
    public: Any = Here("https://site.example/f")
    assert tellable(public)
