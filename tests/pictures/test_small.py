"""Smaller copies that items name: enough for cards, replaced for an article, and what is left where the whole fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from penchant.adapters.base import Media
from penchant.app.store import Store
from penchant.app.store.control import Request

Draw = Callable[..., bytes]


@pytest.fixture
def two(server: Any, draw: Draw) -> Media:
    """A picture of 800 x 600 with a copy of 80 x 60."""
    whole = server.route("/whole.png", draw("PNG", (800, 600), "green"))
    small = server.route("/small.png", draw("PNG", (80, 60), "green"))
    return Media(whole, preview_url=small, width=800, height=600)


def glance(seen: Any, *ids: int) -> None:
    seen.lane.hear(Request("picture", {"items": list(ids), "small": True}, time.time()))


async def there(seen: Any, item: int) -> Any:
    (shot,) = await seen.until(lambda: seen.shots(item)[0].state == "there", [item])
    return shot


async def test_a_card_makes_do_with_the_smaller_copy_and_an_article_does_not(
    reader: Any, server: Any, two: Media
) -> None:
    seen = reader()
    (item,) = seen.follow("http://f", two)
    glance(seen, item)
    small = await there(seen, item)
    assert small.small and (small.width, small.height) == (800, 600) and not server.seen("/whole.png")
    seen.look(item)
    await seen.until(lambda: seen.shots(item)[0].hash != small.hash)
    (whole,) = seen.shots(item)
    assert not whole.small and (whole.state, whole.url) == ("there", two.url)
    glance(seen, item)
    seen.look(item)
    (other,) = seen.follow("http://g", "sample:picture/bird-1")
    await seen.see(other)
    assert len(server.seen("/whole.png")) == 1


async def test_a_wish_for_the_whole_is_not_forgotten_for_a_later_glance(reader: Any, server: Any, two: Media) -> None:
    seen = reader()
    (item,) = seen.follow("http://f", two)
    seen.look(item)
    glance(seen, item)
    assert not (await there(seen, item)).small and not server.seen("/small.png")


@pytest.mark.parametrize("body", [b"8BPS\0\1", b"\0\0\0\x1cftypavif", b"\xff\xd8\xff" + bytes(5 << 20)])
async def test_the_smaller_copy_stands_in_for_what_cannot_be_shown(
    reader: Any, server: Any, store: Store, two: Media, body: bytes
) -> None:
    seen = reader(max_megabytes=4)
    server.route("/whole.png", body)
    (item,) = seen.follow("http://f", two)
    (shot,) = await seen.see(item)
    assert shot.state == "there" and shot.small
    seen.look(item)  # asked once more, then it is known
    await seen.until(lambda: not seen.shots(item)[0].small)
    seen.look(item)
    (other,) = seen.follow("http://g", "sample:picture/bird-1")
    await seen.see(other)
    assert len(server.seen("/whole.png")) == 2 and seen.shots(item)[0].state == "there"


async def test_the_whole_stands_in_for_a_copy_that_is_gone(reader: Any, server: Any, two: Media) -> None:
    seen = reader()
    server.route("/small.png", status=404)
    (item,) = seen.follow("http://f", two)
    glance(seen, item)
    assert not (await there(seen, item)).small


async def test_where_both_fail_the_first_says_why(reader: Any, server: Any, two: Media) -> None:
    seen = reader()
    server.route("/whole.png", b"8BPS\0\1")
    server.route("/small.png", status=404)
    (item,) = seen.follow("http://f", two)
    (shot,) = await seen.see(item)
    assert shot.state == "refused" and "Photoshop" in shot.note


async def test_a_passing_trouble_leaves_the_small_one_for_another_try(reader: Any, server: Any, two: Media) -> None:
    seen = reader()
    (item,) = seen.follow("http://f", two)
    glance(seen, item)
    await there(seen, item)
    server.route("/whole.png", status=500)
    seen.look(item)
    await seen.until(lambda: server.seen("/whole.png"))
    (other,) = seen.follow("http://g", "sample:picture/bird-1")
    await seen.see(other)
    (shot,) = seen.shots(item)
    assert shot.small and shot.state == "there"


async def test_an_article_is_served_before_the_cards_of_the_same_moment(
    reader: Any, server: Any, draw: Draw, two: Media
) -> None:
    seen = reader()
    (item,) = seen.follow("http://f", two)
    cards = seen.follow("http://g", *(server.route(f"/{n}.png", draw("PNG", fill=(n, 0, 0))) for n in range(6)))
    seen.look(item)
    glance(seen, *cards)
    await seen.until(lambda: all(shot.state == "there" for shot in seen.shots(item, *cards)))
    assert "/whole.png" in [request.path for request in server.requests[:2]]
