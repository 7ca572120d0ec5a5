"""Posts as values: facets by bytes, embeds, labels, times; addresses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.bluesky_embeds import read_embed
from penchant.adapters.bluesky_items import Via, read_page, to_item
from penchant.adapters.bluesky_place import from_address, from_settings, recognise
from penchant.adapters.bluesky_text import read_text

VIA = Via("bsky.example", signed_in=True)
LINK = "app.bsky.richtext.facet#link"


def facet(start: Any, end: Any, url: str = "https://far.example/") -> dict[str, Any]:
    return {"index": {"byteStart": start, "byteEnd": end}, "features": [{"$type": LINK, "uri": url}]}


def item(make: Any, **changes: Any) -> Any:
    return to_item(make.post(1, **changes), VIA)


@settings(deadline=None)
@given(st.lists(st.tuples(st.text(max_size=8), st.booleans()), max_size=8))
def test_facets_cover_bytes_not_characters(parts):
    parts = [
        ("".join(c for c in words if c.isprintable() and not 0xD800 <= ord(c) < 0xE000), on) for words, on in parts
    ]
    text, facets, shown, number = "", [], "", 0
    for words, linked in parts:
        start = len(text.encode())
        text += words
        shown += words
        if linked and words:
            number += 1
            facets.append(facet(start, len(text.encode()), f"https://far.example/{number}"))
            shown += f" [{number}]"
    rich = read_text(text, facets)
    assert rich.text == shown.strip() and len(rich.links) == number


@settings(deadline=None)
@given(st.text(max_size=20), st.lists(st.tuples(st.integers(-5, 90), st.integers(-5, 90)), max_size=6))
def test_facets_of_nonsense_change_no_text(text, ranges):
    rich = read_text(text, [facet(a, b) for a, b in ranges])
    assert rich.text.replace(" [1]", "") == read_text(text, None).text.replace(" [1]", "")


BROKEN = [
    None, 7, [7], [{"index": 1}], [{"index": {"byteStart": "0", "byteEnd": 2}}], [facet(0, 3, "javascript:alert(1)")],
    [facet(1, 2)], [facet(0, 1)], [facet(0, 99)],
]  # fmt: skip


@pytest.mark.parametrize("facets", BROKEN)
def test_broken_facets_are_left_out(facets):
    assert read_text("é ok", facets) == read_text("é ok", None)


def test_the_earlier_of_overlapping_facets_holds():
    rich = read_text("abcdef", [facet(2, 6, "https://b.example/"), facet(0, 4, "https://a.example/")])
    assert rich.text == "abcd [1]ef" and [link.url for link in rich.links] == ["https://a.example/"]


def test_pictures_films_and_pages():
    sized = {"fullsize": "https://x.example/f.jpg", "thumb": "https://x.example/t.jpg", "alt": " An owl\n"}
    (picture,) = read_embed({"$type": "app.bsky.embed.images#view", "images": [
        sized | {"aspectRatio": {"width": 800, "height": 600}}, {"alt": "without an address"}]}).media  # fmt: skip
    assert (picture.alt, picture.width, picture.preview_url) == ("An owl", 800, "https://x.example/t.jpg")
    (proportion,) = read_embed(
        {"$type": "app.bsky.embed.images#view", "images": [sized | {"aspectRatio": {"width": 4, "height": 3}}]}
    ).media
    assert (proportion.width, proportion.height) == (0, 0)
    (film,) = read_embed({"$type": "app.bsky.embed.video#view", "playlist": "https://v.example/p.m3u8",
                          "thumbnail": "https://v.example/t.jpg", "alt": "A tram"}).media  # fmt: skip
    assert (film.kind, film.alt, film.preview_url) == ("video", "A tram", "https://v.example/t.jpg")
    page = {"uri": "https://far.example/", "title": "Far", "description": "away", "thumb": "https://far.example/t"}
    assert read_embed({"$type": "app.bsky.embed.external#view", "external": page}).card["title"] == "Far"
    gif = {"uri": "https://media.tenor.com/x/owl.gif?hh=1", "description": "ALT: an owl nods", "title": "owl"}
    (moving,) = read_embed({"$type": "app.bsky.embed.external#view", "external": gif}).media
    assert (moving.kind, moving.alt) == ("image", "an owl nods")


def test_a_quote_with_pictures_keeps_both(make):
    view = {"$type": "app.bsky.embed.record#viewBlocked", "uri": "at://x"}
    media = {"$type": "app.bsky.embed.images#view", "images": [{"fullsize": "https://x.example/1.jpg", "alt": "one"}]}
    embed = {"$type": "app.bsky.embed.recordWithMedia#view", "media": media, "record": {"record": view}}
    found = item(make, embed=embed)
    assert [m.alt for m in found.media] == ["one"] and found.text.endswith("> (a quoted post, blocked)")


def test_a_quoted_post_with_a_warning_is_not_shown(make):
    view = {"$type": "app.bsky.embed.record#viewRecord", "uri": make.post(9)["uri"], "author": make.author("eve"),
            "value": {"text": "secret"}, "labels": [{"val": "porn"}]}  # fmt: skip
    found = item(make, embed={"$type": "app.bsky.embed.record#view", "record": view})
    assert "secret" not in found.text and "[adult content]" in found.text


@pytest.mark.parametrize(
    ("labels", "own", "warning", "sensitive"),
    [
        ([{"val": "porn"}], [], "adult content", True),
        ([], [{"val": "graphic-media"}], "graphic media", True),
        ([{"val": "spam"}, {"val": "rude"}], [], "spam, rudeness", False),
        ([{"val": "porn"}, {"val": "porn", "neg": True}], [], "", False),
        ([{"val": "bot"}, {"val": 7}, 7], [], "", False),
    ],
)
def test_labels_warn(make, labels, own, warning, sensitive):
    found = item(make, labels=labels, record={"labels": {"values": own}})
    assert (found.content_warning, found.sensitive) == (warning, sensitive)


def test_no_post_is_from_the_future(make):
    found = item(make, record={"createdAt": "2099-01-01T00:00:00Z"}, indexedAt="2026-03-01T00:00:00Z")
    assert found.published == 1772323200.0
    found = item(make, record={"createdAt": "2011-01-01T00:00:00Z"}, indexedAt="2026-03-01T00:00:00Z")
    assert found.published == 1293840000.0, "an old post that was brought along stays old"


def test_who_wrote_it(make):
    found = item(make, author=make.author(handle="handle.invalid", displayName=""))
    assert found.author.key == "did:plc:ada" == found.author.name and found.author.handle == ""
    assert found.url == "https://bsky.app/profile/did:plc:ada/post/p1"
    assert item(make).url == "https://bsky.app/profile/ada.example/post/p1"


NAMES = [
    "post", "record", "embed", "author", "did", "uri", "images", "reason", "by", "labels", "$type", "facets", "index",
    "reply", "langs", "external",
]  # fmt: skip
SHAPES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(NAMES), below, max_size=4),
    max_leaves=20,
)


@settings(deadline=None)
@given(SHAPES)
def test_any_shape_is_read(value):
    read_page(json.dumps({"feed": [value, {"post": value}]}).encode(), VIA)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("@ada.bsky.social", "bluesky:@ada.bsky.social"),
        ("https://bsky.app/profile/Ada.bsky.social", "bluesky:@ada.bsky.social"),
        ("bsky.app/profile/ada.example/post/3k", "bluesky:@ada.example"),
        ("https://bsky.app/profile/did:plc:x1/rss", "bluesky:@did:plc:x1"),
        ("https://bsky.app/profile/ada.example/lists/3kx", "bluesky:list/ada.example/3kx"),
        ("https://bsky.app/profile/ada.example/feed/whats-hot", "bluesky:feed/ada.example/whats-hot"),
        ("at://did:plc:x1/app.bsky.feed.generator/hot", "bluesky:feed/did:plc:x1/hot"),
        ("at://did:plc:x1/app.bsky.graph.list/3kx/", "bluesky:list/did:plc:x1/3kx"),
        ("https://bsky.app/hashtag/Rust?author=x", "bluesky:tag/Rust"),
        ("https://bsky.app/search?q=two+owls", "bluesky:search/two owls"),
        ("bluesky:you.example", "bluesky:you.example/timeline"),
        ("bluesky:you.example/bookmarks", "bluesky:you.example/bookmarks"),
        ("bluesky:you.example/@ada.example", "bluesky:you.example/@ada.example"),
        ("bluesky:you.example/feed/ada.example/hot", "bluesky:you.example/feed/ada.example/hot"),
        ("bluesky:likes", "bluesky:likes"),
        ("https://bsky.app/", "bluesky:timeline"),
    ],
)
def test_addresses(typed, address):
    found = recognise(typed)
    assert found and found.address == address
    place = from_settings(found.settings)
    assert place.address == address and recognise(address) == found and place.words and place.web.startswith("https://")
    assert place.path("did:plc:z").startswith("/xrpc/")


@pytest.mark.parametrize(
    "typed",
    ["@ada@mastodon.social", "https://bsky.app/about/x", "bluesky:", "bluesky:nothing", "@ada", "at://x",
     "https://bsky.social.evil.example/profile/a.b", "bluesky:list/ada", "bluesky:a.example/b.example/timeline",
     "https://bsky.app/profile/..%2f..", "bluesky:tag/"],
)  # fmt: skip
def test_other_addresses(typed):
    assert from_address(typed) is None
