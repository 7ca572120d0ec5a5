"""YouTube: places, feeds, what becomes of a video, and what happens when the feeds are out of order."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from penchant.adapters.base import BadSettings, Malformed, NotFound, ServerFailure
from penchant.adapters.http import Client, Limits
from penchant.adapters.youtube import YouTube
from penchant.adapters.youtube_parse import find_channel, numbered, read_feed
from penchant.adapters.youtube_place import from_settings, recognise

CHANNEL = "UCabcdefghijklmnopqrstuv"
HEAD = (
    '<feed xmlns:yt="http://www.youtube.com/xml/schemas/2015" xmlns:media="http://search.yahoo.com/mrss/" '
    'xmlns="http://www.w3.org/2005/Atom"><title>Owls</title>'
)


@pytest_asyncio.fixture
async def client() -> AsyncIterator[Client]:
    async with Client(limits=Limits(total_seconds=30.0, pause_seconds=0.0)) as made:
        yield made


def entry(name: str, *, short: bool = False, community: str = '<media:starRating count="7"/>') -> str:
    link = f"https://www.youtube.com/{'shorts/' if short else 'watch?v='}{name}"
    return f"""<entry><yt:videoId>{name}</yt:videoId><yt:channelId>{CHANNEL}</yt:channelId><title>About {name}</title>
      <link rel="alternate" href="{link}"/><author><name>Ada</name></author>
      <published>2026-03-01T10:00:00+00:00</published><updated>2026-03-05T10:00:00+00:00</updated>
      <media:group><media:thumbnail url="https://i.ytimg.example/{name}.jpg" width="480" height="360"/>
      <media:description>One. https://far.example/a (https://far.example/b).
https://far.example/a</media:description><media:community>{community}</media:community></media:group></entry>"""


def feed(*entries: str) -> str:
    return HEAD + "".join(entries) + "</feed>"


async def visit(client: Client, server: Any, cursor: Any = None, **settings: Any) -> Any:
    given = {"address": f"youtube:channel/{CHANNEL}", "base": server.url("").rstrip("/"), **settings}
    (page,) = [page async for page in YouTube().fetch(client, given, cursor or {})]
    return page


async def test_a_video(client, server):
    server.route("/feeds/videos.xml", feed(entry("video000001")), headers={"Cache-Control": "max-age=1800"})
    page = await visit(client, server)
    (video,) = page.items
    assert (video.native_id, video.url) == ("youtube:video000001", "https://www.youtube.com/watch?v=video000001")
    assert (video.title, video.points, video.author.key) == ("About video000001", 7, f"youtube:{CHANNEL}")
    assert video.text == "One. https://far.example/a [1] (https://far.example/b [2]).\nhttps://far.example/a [1]"
    assert [link.url for link in video.links] == ["https://far.example/a", "https://far.example/b"]
    (media,) = video.media
    assert (media.kind, media.url, media.width) == ("video", video.url, 480)
    assert media.preview_url == "https://i.ytimg.example/video000001.jpg"
    assert video.updated is None, "YouTube moves this date whenever the views are counted"
    assert (page.title, page.interval) == ("Owls · YouTube", 1800.0)
    assert server.requests[0].query == {"channel_id": [CHANNEL]}


async def test_hidden_ratings_are_not_zero(client, server):
    hidden = '<media:starRating count="0"/><media:statistics views="9000"/>'
    fresh = '<media:starRating count="0"/><media:statistics views="0"/>'
    server.route(
        "/feeds/videos.xml", feed(entry("video000001", community=hidden), entry("video000002", community=fresh))
    )
    items = (await visit(client, server)).items
    assert [i.points for i in items] == [None, 0] and items[0].extra["views"] == 9000


async def test_shorts_can_be_left_out(client, server):
    server.route("/feeds/videos.xml", feed(entry("video000001", short=True), entry("video000002")))
    both = (await visit(client, server)).items
    assert both[0].url == "https://www.youtube.com/shorts/video000001" and both[0].extra["short"]
    assert [i.native_id for i in (await visit(client, server, shorts=False)).items] == ["youtube:video000002"]


async def test_a_handle_is_looked_up_once(client, server):
    page = f'<html><meta itemprop="identifier" content="{CHANNEL}"><a href="/channel/UCsomebodyelse0000000000">'
    server.route("/@ada", page, headers={"Content-Type": "text/html"})
    server.route("/feeds/videos.xml", feed(entry("video000001")))
    first = await visit(client, server, address="youtube:@ada")
    again = await visit(client, server, first.cursor, address="youtube:@ada")
    assert len(server.seen("/@ada")) == 1 and again.items
    assert {r.query["channel_id"][0] for r in server.seen("/feeds/videos.xml")} == {CHANNEL}
    assert server.seen("/@ada")[0].headers["cookie"] == "SOCS=CAI"
    server.route("/@ada", "<html>", headers={"Content-Type": "text/html"})
    with pytest.raises(NotFound, match="does not say which channel") as failure:
        await visit(client, server, address="youtube:@ada")
    assert "youtube:channel/" in failure.value.hint


async def test_a_channel_that_was_there_is_not_lost_for_a_404(client, server):
    with pytest.raises(NotFound, match="knows no channel"):
        await visit(client, server)
    server.route("/feeds/videos.xml", feed(entry("video000001")))
    cursor = (await visit(client, server)).cursor
    server.route("/feeds/videos.xml", "", status=404)
    with pytest.raises(ServerFailure, match="was there before"):
        await visit(client, server, cursor)


async def test_a_deleted_video_goes_and_a_private_one_stays(client, server, answers):
    names = [f"video{n:06d}" for n in range(6)]
    server.route("/feeds/videos.xml", feed(*map(entry, names)))
    cursor = (await visit(client, server)).cursor

    def oembed(request: Any) -> Any:
        return answers.Answer(b"", 404 if names[1] in request.query["url"][0] else 403)

    server.route("/oembed", oembed)
    server.route("/feeds/videos.xml", feed(*(entry(n) for n in names if n not in (names[1], names[2]))))
    page = await visit(client, server, cursor)
    assert page.deleted == (f"youtube:{names[1]}",)
    assert names[1] not in page.cursor["videos"] and names[2] in page.cursor["videos"]
    playlist = {"address": "youtube:playlist/PLabcdef"}
    server.route("/feeds/videos.xml", feed(*map(entry, names)))
    cursor = (await visit(client, server, **playlist)).cursor
    server.route("/feeds/videos.xml", feed(*map(entry, names[3:])))
    asked = len(server.seen("/oembed"))
    assert (await visit(client, server, cursor, **playlist)).deleted == ()
    assert len(server.seen("/oembed")) == asked, "what leaves a playlist is still there"


@pytest.mark.parametrize("body", [b"", b"<html><title>Consent</title>", b"<rss><channel/></rss>", b"{}", b"\x00\xff"])
def test_what_is_no_feed(body):
    with pytest.raises(Malformed):
        read_feed(body, "", 2e9, False)


def test_a_recorded_feed(shared_dir: Path):
    folder = shared_dir / "recordings/rss/feedjira"
    recorded = folder / "youtube_atom.xml"
    if not recorded.exists():
        pytest.skip(f"no recorded feed at {recorded}")
    found = read_feed(recorded.read_bytes(), "text/xml", 2e9, False)
    assert found.title == "Google" and len(found.items) == recorded.read_text().count("<entry>")
    first = found.items[0]
    assert (first.points, first.extra["views"]) == (3546, 251497)
    assert first.author and first.author.key == "youtube:UCK8sQmJBp8GCxrOtXWBpyEA"
    assert first.media[0].preview_url == "https://i2.ytimg.com/vi/5shykyfmb28/hqdefault.jpg"
    assert all(i.published and i.title for i in found.items)
    assert json.dumps([dict(i.extra) for i in found.items])


def test_the_surest_sign_of_a_channel_wins():
    body = f'"externalId":"UCwrong0000" <link rel="canonical" href="https://www.youtube.com/channel/{CHANNEL}">'
    assert find_channel(body.encode()) == CHANNEL and find_channel(b"<html>") == ""


def test_addresses_of_a_description_are_numbered_up_to_a_limit():
    text, links = numbered(" ".join(f"https://far.example/{n}" for n in range(300)))
    assert len(links) == 100 and text.endswith("https://far.example/299")


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("https://www.youtube.com/@ada", "youtube:@ada"),
        ("youtube.com/@ada/videos", "youtube:@ada"),
        ("https://m.youtube.com/c/ada", "youtube:c/ada"),
        ("https://www.youtube.com/user/ada", "youtube:user/ada"),
        ("https://www.youtube.com/%40%E3%81%82", "youtube:@あ"),
        (f"https://www.youtube.com/channel/{CHANNEL}/streams", f"youtube:channel/{CHANNEL}"),
        (f"https://www.youtube.com/feeds/videos.xml?channel_id={CHANNEL}", f"youtube:channel/{CHANNEL}"),
        ("https://www.youtube.com/feeds/videos.xml?playlist_id=PLabcdef", "youtube:playlist/PLabcdef"),
        ("https://www.youtube.com/watch?v=abcdef&list=PLabcdef&index=2", "youtube:playlist/PLabcdef"),
        ("https://youtu.be/abcdef?list=PLabcdef", "youtube:playlist/PLabcdef"),
        ("https://music.youtube.com/playlist?list=OLAK5uy_abc", "youtube:playlist/OLAK5uy_abc"),
    ],
)
def test_addresses(typed, address):
    found = recognise(typed)
    assert found and found.address == address and recognise(address) == found
    assert from_settings(found.settings).page.startswith("https://www.youtube.com/")


@pytest.mark.parametrize(
    "typed",
    ["https://www.youtube.com/watch?v=abcdef", "https://youtu.be/abcdef", "https://www.youtube.com/", "youtube:",
     "https://www.youtube.com/playlist?list=WL", "https://youtube.com.evil.example/@ada", "youtube:channel/x",
     "https://www.youtube.com/@a%2F..%2Fb", "https://www.youtube.com/results?search_query=owls"],
)  # fmt: skip
def test_other_addresses(typed):
    assert recognise(typed) is None
    with pytest.raises(BadSettings):
        from_settings({"address": typed})
