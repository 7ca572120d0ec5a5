"""Bluesky repositories, Instagram, TikTok, starred articles, saved pages of Hacker News: what each entry becomes."""
# ruff: noqa: E501  (pages and records as services write them)

from __future__ import annotations

import hashlib
import json
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.adapters.exports import car
from penchant.adapters.exports.base import Broken, Record, Skipped, Trouble

ME, BOB = "did:plc:ada", "did:plc:bob"


def varint(value: int) -> bytes:
    out = bytearray()
    while True:
        value, low = value >> 7, value & 0x7F
        out.append(low | (0x80 if value else 0))
        if not value:
            return bytes(out)


def cid_of(body: bytes) -> bytes:
    return b"\x01\x71\x12\x20" + hashlib.sha256(body).digest()


def link(body: bytes) -> cbor2.CBORTag:
    return cbor2.CBORTag(42, b"\x00" + cid_of(body))


def repository(records: dict[str, Any]) -> bytes:
    """A CAR file as a server writes it: commit, tree (one node), records."""
    bodies = {path: cbor2.dumps(record, canonical=True) for path, record in sorted(records.items())}
    entries, last = [], b""
    for path, body in bodies.items():
        key = path.encode()
        shared = next((n for n, (a, b) in enumerate(zip(last, key, strict=False)) if a != b), min(len(last), len(key)))
        entries.append({"p": shared, "k": key[shared:], "v": link(body), "t": None})
        last = key
    node = cbor2.dumps({"e": entries, "l": None}, canonical=True)
    commit = cbor2.dumps({"did": ME, "version": 3, "data": link(node), "rev": "3kaaa", "sig": b"x"}, canonical=True)
    header = cbor2.dumps({"roots": [link(commit)], "version": 1}, canonical=True)
    blocks = b"".join(
        varint(len(cid_of(b)) + len(b)) + cid_of(b) + b for b in (commit, *bodies.values(), node)
    )  # the node last: the order of blocks is free
    return varint(len(header)) + header + blocks


def post(text: str, **more: Any) -> dict[str, Any]:
    return {"$type": "app.bsky.feed.post", "text": text, "createdAt": "2024-05-06T07:08:09.000Z", "langs": ["en"], **more}


def subject(key: str, kind: str = "post") -> dict[str, Any]:
    return {"subject": {"uri": f"at://{BOB}/app.bsky.feed.{kind}/{key}", "cid": "x"}, "createdAt": "2024-06-01T00:00:00Z"}


RECORDS = {
    "app.bsky.feed.post/3kaaa": post("An owl #birds", facets=[{
        "index": {"byteStart": 7, "byteEnd": 13}, "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": "birds"}],
    }]),
    "app.bsky.feed.post/3kaab": post("Yes", reply={k: subject("9z")["subject"] for k in ("parent", "root")}),
    "app.bsky.feed.post/3kaac": post("Look", embed={"$type": "app.bsky.embed.record", "record": subject("8z")["subject"]}),
    "app.bsky.feed.like/3kaad": subject("1z"),
    "app.bsky.feed.like/3kaae": subject("f", "generator"),
    "app.bsky.feed.repost/3kaaf": subject("2z"),
    "app.bsky.graph.follow/3kaag": {"subject": BOB, "createdAt": "2024-06-01T00:00:00Z"},
}  # fmt: skip


def test_bluesky(made: Any, read: Any) -> None:
    kind, entries = read(made.file("repo.car", repository(RECORDS)))
    assert kind == "bluesky"
    records = [entry for entry in entries if isinstance(entry, Record)]
    by = {record.item.native_id.rpartition("/")[2]: record for record in records}
    own = by["3kaaa"]
    assert (own.item.text, own.item.tags, own.item.lang) == ("An owl #birds", ("birds",), "en")
    assert own.item.native_id == f"at://{ME}/app.bsky.feed.post/3kaaa" and own.acts[0].at == 1714979289.0
    assert own.item.url == f"https://bsky.app/profile/{ME}/post/3kaaa" and own.known_as[0][0] == "bluesky"
    assert by["3kaab"].acts[0].kind == "replied" and by["3kaab"].item.in_reply_to.endswith("/9z")
    assert by["3kaac"].acts[0].kind == "quoted" and by["3kaac"].item.links[0].url.endswith("/post/8z")
    assert (by["1z"].acts[0].kind, by["1z"].sketch, by["2z"].acts[0].kind) == ("liked", True, "reposted")
    assert len(records) == 5 and [e for e in entries if isinstance(e, Skipped)] == [
        Skipped("a mark on something that is no post")
    ], "a liked feed is no post, a follow is no entry"


def test_a_bluesky_repository_that_breaks_off_keeps_what_was_sound(made: Any, read: Any) -> None:
    whole = repository(RECORDS)
    node_at = whole.rindex(cid_of(cbor2.dumps(post("Look", embed=RECORDS["app.bsky.feed.post/3kaac"]["embed"]), canonical=True)))
    _, entries = read(made.file("repo.car", whole[: node_at + 20]))
    assert len(entries) == 1 and isinstance(entries[0], Trouble) and "breaks off" in entries[0].what


def test_a_block_of_a_gigabyte_is_refused(made: Any) -> None:
    from penchant.adapters.exports.archive import open_archive

    header = cbor2.dumps({"roots": [], "version": 1})
    path = made.file("x.car", varint(len(header)) + header + varint(1 << 30) + b"\x01\x71\x12\x20")
    with pytest.raises(Broken, match="1,073,741,824 bytes"):
        list(car.blocks(open_archive(path), "x.car"))


def test_records_that_nest_without_end_are_no_records() -> None:
    assert car.decoded(b"\x81" * 100_000 + b"\x01") is None
    assert car.decoded(b"\x5b\x00\x00\x00\xff\xff\xff\xff\xff") is None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200), st.integers(0, 900))
def test_a_damaged_repository_gives_entries_or_words(made: Any, read: Any, junk: bytes, at: int) -> None:
    whole = repository(RECORDS)
    at = 70 + at % (len(whole) - 70)
    _, entries = read(made.file("repo.car", whole[:at] + junk + whole[at + len(junk) :]))
    assert all(isinstance(entry, Record | Skipped | Trouble) for entry in entries)


def test_instagram(made: Any, read: Any) -> None:
    liked = {"likes_media_likes": [
        {"title": "ada", "string_list_data": [{"href": "https://www.instagram.com/p/Cabc12/", "value": "x", "timestamp": 1700000000}]},
        {"title": "eve", "string_list_data": [{"href": "javascript:alert(1)", "timestamp": 1}]},
    ]}  # fmt: skip
    saved = {"saved_saved_media": [
        {"title": "bob", "string_map_data": {"Saved on": {"href": "https://www.instagram.com/reel/Dxyz99/", "timestamp": 1700000100}}}
    ]}  # fmt: skip
    own = [{"title": "Caf\u00c3\u00a9 #Owls", "creation_timestamp": 1600000000, "media": [{"uri": "media/posts/1.jpg"}]},
           {"title": "gone", "media": [{"uri": "../../etc/passwd"}]}]  # fmt: skip
    files = {
        "your_instagram_activity/likes/liked_posts.json": json.dumps(liked),
        "your_instagram_activity/saved/saved_posts.json": json.dumps(saved),
        "your_instagram_activity/media/posts_1.json": json.dumps(own),
    }
    kind, (like, left, keep, mine, bad) = read(made.zip(files, "instagram-ada-2024-01-01-x.zip"))
    assert kind == "instagram" and like.item.native_id == "instagram:Cabc12" and like.acts[0].at == 1700000000.0
    assert like.item.author.handle == "@ada" and like.sketch and keep.acts[0].kind == "saved"
    assert isinstance(left, Skipped) and isinstance(bad, Skipped)
    assert mine.item.text == "Café #Owls" and mine.item.tags == ("owls",) and mine.item.extra["files"] == ["media/posts/1.jpg"]


@pytest.mark.parametrize("heading", ["Activity", "Your Activity"])
def test_tiktok(made: Any, read: Any, heading: str) -> None:
    upper = heading == "Activity"
    likes = [{("Date" if upper else "date"): "2023-01-02 03:04:05", ("Link" if upper else "link"): "https://www.tiktokv.com/share/video/7123456789012345678/"}]  # fmt: skip
    data = {heading: {"Like List": {"ItemFavoriteList": likes}, "Favorite Videos": {"FavoriteVideoList": None},
                      "Video Browsing History": {"VideoList": likes}}}  # fmt: skip
    kind, (only,) = read(made.zip({"user_data_tiktok.json": json.dumps(data)}))
    assert kind == "tiktok" and only.item.native_id == "tiktok:7123456789012345678"
    assert only.acts[0].kind == "liked" and only.acts[0].at == 1672628645.0


def test_tiktok_likes_behind_twenty_megabytes_of_messages(made: Any, read: Any) -> None:
    likes = [{"date": "2023-01-02 03:04:05", "link": "https://www.tiktokv.com/share/video/7123456789012345678/"}]
    data = {"Profile": {"x": 1}, "Direct Messages": [{"Content": "m" * 1000}] * 20_000, "Likes and Favorites": {"ItemFavoriteList": likes}}
    kind, (only,) = read(made.zip({"user_data_tiktok.json": json.dumps(data)}))
    assert kind == "tiktok" and only.acts[0].kind == "liked"


STARRED = {"id": "user/-/state/com.google/starred", "items": [
    {"id": "tag:google.com,2005:reader/item/1", "crawlTimeMsec": "1700000000000", "title": "An &amp; owl", "published": 1600000000,
     "canonical": [{"href": "https://example.org/owl"}], "summary": {"content": "<p>It <b>flies</b>.</p>"}, "author": "Ada",
     "origin": {"streamId": "feed/1", "title": "Owls", "htmlUrl": "https://example.org/"},
     "categories": ["user/1/label/Birds", "user/1/state/com.google/like"]},
    {"title": "Feedly", "originId": "x", "alternate": [{"href": "https://example.org/f"}], "published": 1600000000000,
     "actionTimestamp": 1700000000000, "categories": [{"label": "Later"}]},
    {"title": "no address"},
]}  # fmt: skip


def test_starred_articles(made: Any, read: Any) -> None:
    kind, (one, two, three) = read(made.file("starred.json", json.dumps(STARRED)))
    assert kind == "starred" and one.item.text == "It flies." and one.item.published == 1600000000.0
    assert one.acts[0].kind == "liked" and one.item.tags == ("birds",) and one.item.author.name == "Ada"
    assert two.acts[0] .kind == "saved" and two.acts[0].at == 1700000000.0 and two.item.tags == ("later",)
    assert two.item.published == 1600000000.0 and isinstance(three, Skipped)


PAGE = """<html><head><title>ada's favorites | Hacker News</title></head><body><table>
<tr class='athing submission' id='8863'><td class="title"><span class="titleline"><a href="https://example.org/x">An &amp; owl</a></span></td></tr>
<tr><td class="subtext"><span class="score" id="score_8863">104 points</span> by <a href="user?id=bob" class="hnuser">bob</a>
<span class="age" title="2007-04-04T19:16:40 1175714200"><a href="item?id=8863">x</a></span></td></tr>
<tr class='athing submission' id='121003'><td><span class="titleline"><a href="item?id=121003">Ask HN: why?</a></span></td></tr>
<tr><td class="subtext"></td></tr>
<tr class='athing' id='77'><td><a href="user?id=eve" class="hnuser">eve</a><span class="age" title="2008-01-01T00:00:00"></span>
<div class="commtext c00">Because <script>alert(1)</script>of owls</div></td></tr>
<tr class='athing' id='javascript'><td></td></tr>
</table></body></html>"""


def test_saved_pages_of_hacker_news(made: Any, read: Any) -> None:
    kind, (story, ask, comment, bad) = read(made.dir({"page1.html": PAGE, "readme.html": "<title>Other</title>"}))
    assert kind == "hackernews" and story.acts[0].kind == "saved" and story.known_as == (("hackernews", "hn:8863"),)
    assert (story.item.title, story.item.url, story.item.author.name) == ("An & owl", "https://example.org/x", "bob")
    assert story.item.published == 1175714200.0
    assert ask.item.url == "https://news.ycombinator.com/item?id=121003" and ask.item.author is None
    assert comment.item.text.startswith("Because") and comment.item.author.name == "eve" and isinstance(bad, Skipped)


def test_upvoted_pages_are_likes(made: Any, read: Any) -> None:
    page = PAGE.replace("ada's favorites", "Upvoted Submissions")
    assert read(made.file("upvoted.html", page))[1][0].acts[0].kind == "liked"
