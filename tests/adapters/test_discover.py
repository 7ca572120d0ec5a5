"""From a typed address to feeds, over real HTTP."""

from __future__ import annotations

import pytest

from penchant.adapters.base import NotFound, SourceError
from penchant.adapters.discover import MAX_PROBES, discover, find_links, normalise, template

FEED = "<rss version='2.0'><channel><title>A feed</title><item><title>t</title></item></channel></rss>"


def page(head="", body=""):
    return f"<!doctype html><html><head><title>Site</title>{head}</head><body>{body}</body></html>"


async def test_a_feed_is_itself(server, client):
    url = server.route("/f", FEED)
    (found,) = await discover(client, url)
    assert (found.kind, found.address, found.title, dict(found.settings)) == (
        "rss",
        url,
        "A feed",
        {"address": url},
    )


async def test_an_address_without_scheme_is_tried_both_ways(server, client):
    server.route("/f", FEED)
    (found,) = await discover(client, f" 127.0.0.1:{server.port}/f ")
    assert found.address == server.url("/f")


async def test_a_page_that_declares_feeds(server, client):
    url = server.route("/blog/", page(
        "<base href='/base/'>"
        "<link rel='alternate' type='application/rss+xml' title='Comments' href='/comments.rss'>"
        "<link rel='ALTERNATE' type='application/atom+xml' title='Posts\x1b[31m' href='posts.atom'>"
        "<link rel='alternate' type='application/feed+json' href='https://other.org/feed.json'>"
        "<link rel='alternate' hreflang='de' href='/de'><link rel=stylesheet href=x.css>"
        "<link rel='alternate' type='application/rss+xml' href='javascript:x'>"
    ))  # fmt: skip
    found = await discover(client, url)
    assert [(f.address, f.title) for f in found] == [
        (server.url("/base/posts.atom"), "Posts"),
        ("https://other.org/feed.json", ""),
        (server.url("/comments.rss"), "Comments"),
    ]
    assert len(server.requests) == 1


async def test_links_that_look_like_feeds_are_read_before_they_are_suggested(server, client):
    url = server.route(
        "/", page(body="<a href='/about'>x</a><a href='/blog/rss/'>RSS</a><a href='/dead.rss'>dead</a>")
    )
    server.route("/blog/rss/", FEED)
    (found,) = await discover(client, url)
    assert (found.address, found.title) == (server.url("/blog/rss/"), "A feed")


@pytest.mark.parametrize("path", ["/feed", "/rss.xml", "/atom.xml", "/index.xml", "/feed.json"])
async def test_well_known_paths(server, client, path):
    url = server.route("/", page())
    body = (
        '{"version": "https://jsonfeed.org/version/1", "title": "A feed"}' if path.endswith("json") else FEED
    )
    server.route(path, body)
    (found,) = await discover(client, url)
    assert (found.address, found.title) == (server.url(path), "A feed")


async def test_a_site_without_feeds_ends_after_few_requests(server, client):
    links = "".join(f"<a href='/{n}.rss'>x</a>" for n in range(100))
    server.route("/x", page(body=links))
    assert await discover(client, server.url("/x")) == []
    assert len(server.requests) <= MAX_PROBES + 1


async def test_a_permanent_move_is_kept_and_a_temporary_one_not(server, client):
    new = server.route("/new", FEED)
    old = server.route("/old", status=301, headers={"Location": "/new"})
    now = server.route("/now", status=302, headers={"Location": "/new"})
    assert (await discover(client, old))[0].address == new
    assert (await discover(client, now))[0].address == now


async def test_a_page_may_not_send_us_into_the_private_network(server, client):
    inside = server.url("/feed.rss", host="localhost")
    server.route("/feed.rss", FEED)
    server.route("/", page(body=f"<a href='{inside}'>rss</a>"))
    await discover(client, server.url("/"))
    assert all(r.headers["host"].startswith("127.") for r in server.requests)


@pytest.mark.parametrize(
    "address", ["", "   ", "not an address", "javascript:alert(1)", "file:///etc/passwd", "mailto:a@b.c"]
)
async def test_what_is_no_address_is_said(client, address):
    with pytest.raises(NotFound, match="not a web address"):
        await discover(client, address)


async def test_a_dead_site_is_said(server, client):
    with pytest.raises(SourceError):
        await discover(client, server.route("/", status=500))


@pytest.mark.parametrize(
    ("typed", "whole"),
    [
        ("example.org", "https://example.org"),
        ("example.org/blog?x=1", "https://example.org/blog?x=1"),
        ("localhost:8000/f", "https://localhost:8000/f"),
        ("feed://example.org/f", "https://example.org/f"),
        ("feed:https://example.org/f", "https://example.org/f"),
        ("HTTP://Example.org", "HTTP://Example.org"),
    ],
)
def test_typed_addresses(typed, whole):
    assert normalise(typed)[0] == whole


@pytest.mark.parametrize(
    ("address", "feed"),
    [
        (
            "https://www.youtube.com/channel/UCabc/videos",
            "https://www.youtube.com/feeds/videos.xml?channel_id=UCabc",
        ),
        (
            "https://www.youtube.com/playlist?list=PL1",
            "https://www.youtube.com/feeds/videos.xml?playlist_id=PL1",
        ),
        ("https://old.reddit.com/r/python/", "https://www.reddit.com/r/python/.rss"),
        ("https://github.com/a/b/releases", "https://github.com/a/b/releases.atom"),
        ("https://example.org/", ""),
        ("https://[::1", ""),
    ],
)
def test_known_services(address, feed):
    assert template(address) == feed


@pytest.mark.parametrize(
    "body",
    [
        "",
        "<",
        "<link rel=alternate>",
        "<a href>" * 50_000,
        "\x00" * 100,
        "<link rel=alternate type=text/xml href='http://[::1'>",
    ],
)
def test_odd_pages_hold_no_links(body):
    assert find_links(body.encode(), body, "https://example.org/") == ([], [])
