"""Listening: names of events out of any bytes, where the token may go, servers that offer nothing, silence, floods."""

from __future__ import annotations

import json
import tracemalloc
from contextlib import aclosing
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters import secrets
from penchant.adapters.base import Malformed, NotAuthorized, SourceError, TimedOut
from penchant.adapters.mastodon_api import token_key
from penchant.adapters.mastodon_stream import Channel, NotOffered, Reader, channel_of, events, streaming_base

SENT = (
    b':)\n:thump\nevent: update\ndata: {"id":"1"}\n\n:thump\nevent:status.update\ndata: a\ndata: b\n\n'
    b"data: nameless\n\nevent: delete\ndata: 7\n\nevent: notif"
)
STREAM = {"Content-Type": "text/event-stream"}


@given(st.lists(st.integers(0, len(SENT))), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_names_come_whole_however_the_bytes_are_cut(cuts: list[int], end: bytes) -> None:
    sent, reader = SENT.replace(b"\n", end), Reader()
    edges = sorted({0, len(sent), *(min(cut, len(sent)) for cut in cuts)})
    names = [name for a, b in pairwise(edges) for name in reader.feed(sent[a:b])]
    assert names == ["update", "status.update", "delete"]


@given(st.binary(max_size=2000))
def test_no_bytes_break_it(sent: bytes) -> None:
    for name in Reader().feed(sent):
        assert name.isascii() or "\ufffd" in name


def test_a_line_without_end_takes_no_memory_and_ends() -> None:
    reader, piece = Reader(), b"x" * 65_536
    tracemalloc.start()
    with pytest.raises(Malformed):
        for _ in range(1000):
            reader.feed(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


def named(address: str, version: int = 2) -> dict[str, Any]:
    return {"configuration": {"urls": {"streaming": address}}} if version == 2 else {"urls": {"streaming_api": address}}


@pytest.mark.parametrize("address, base", [
    ("wss://example.social", "https://example.social"),
    ("wss://streaming.example.social", "https://streaming.example.social"),
    ("https://streaming.example.social:8443/", "https://streaming.example.social:8443"),
])  # fmt: skip
def test_the_token_may_go_to_the_server_and_below_its_name(address: str, base: str) -> None:
    assert streaming_base(named(address), "https://example.social") == base
    assert streaming_base(named(address, 1), "https://example.social") == base


@pytest.mark.parametrize("address", [
    "wss://evil.example", "wss://example.social.evil.example", "wss://notexample.social", "ws://example.social",
    "wss://example.social@evil.example", "http://streaming.example.social", "wss://social", "", "wss://[", "file:///x",
    "wss://streaming.neighbour.social",
])  # fmt: skip
def test_and_nowhere_else(address: str) -> None:
    with pytest.raises(NotOffered):
        streaming_base(named(address), "https://example.social")


def test_which_stream_tells_of_a_source() -> None:
    def path(timeline: str, account: str = "ada@h.example") -> str:
        found = channel_of({"address": "https://h.example", "timeline": timeline, "account": account})
        return found[0].path if found else ""

    assert path("home") == path("notifications") == "user"
    assert (path("public"), path("local", "")) == ("public", "public/local")
    assert (path("tag:été"), path("list:42")) == ("hashtag?tag=%C3%A9t%C3%A9", "list?list=42")
    assert path("home", "") == path("bookmarks") == path("account:@a@h.example") == ""


async def heard(client: Any, channel: Channel, silence: float = 5.0) -> list[str]:
    async with aclosing(events(client, channel, silence)) as stream:
        return [name async for name in stream]


@pytest.fixture
def offer(server: Any) -> Channel:
    """A server on loopback whose document names itself, and a reader who is signed in there."""
    base = server.url("").rstrip("/")
    server.route("/api/v2/instance", json.dumps(named(base.replace("http:", "ws:"))))
    secrets.set(token_key("ada@127.0.0.1"), "secret")
    return Channel(base, "ada@127.0.0.1", "user")


async def test_events_arrive_and_the_token_goes_along(client: Any, server: Any, offer: Channel) -> None:
    server.route("/api/v1/streaming/user", SENT, headers=STREAM)
    assert await heard(client, offer) == ["", "update", "status.update", "delete"]
    (request,) = server.seen("/api/v1/streaming/user")
    assert request.headers["authorization"] == "Bearer secret"
    assert request.headers["accept"] == "text/event-stream"


async def test_older_servers_have_the_older_document(client: Any, server: Any, offer: Channel) -> None:
    server.route("/api/v1/instance", json.dumps(named(offer.base.replace("http:", "ws:"), 1)))
    server.route("/api/v2/instance", b"", status=404)
    server.route("/api/v1/streaming/user", SENT, headers=STREAM)
    assert len(await heard(client, offer)) == 4


async def test_a_strange_host_gets_no_token_and_no_request(client: Any, server: Any, offer: Channel) -> None:
    other = type(server)()
    other.start()
    try:
        server.route("/api/v2/instance", json.dumps(named(other.url("", host="localhost").replace("http:", "ws:"))))
        with pytest.raises(NotOffered, match="must not go"):
            await heard(client, offer)
        assert not other.requests
    finally:
        other.stop()


@pytest.mark.parametrize("status, whole", [(401, False), (403, False), (404, True), (501, True)])
async def test_what_is_not_offered(client: Any, server: Any, offer: Channel, status: int, whole: bool) -> None:
    server.route("/api/v1/streaming/user", b"{}", status=status)
    with pytest.raises(NotOffered, match=str(status)) as caught:
        await heard(client, offer)
    assert caught.value.whole_server is whole


async def test_a_page_is_no_stream(client: Any, server: Any, offer: Channel) -> None:
    server.route("/api/v1/streaming/user", b"<html>", headers={"Content-Type": "text/html"})
    with pytest.raises(NotOffered):
        await heard(client, offer)


async def test_faults_of_the_moment_are_none_of_these(client: Any, server: Any, offer: Channel) -> None:
    server.route("/api/v1/streaming/user", b"", status=503, headers={"Retry-After": "120"})
    with pytest.raises(SourceError) as caught:
        await heard(client, offer)
    assert not isinstance(caught.value, NotOffered) and caught.value.retry_after == 120.0


async def test_a_redirect_is_not_followed(client: Any, server: Any, offer: Channel) -> None:
    server.route("/api/v1/streaming/user", b"", status=302, headers={"Location": "/elsewhere"})
    with pytest.raises(SourceError):
        await heard(client, offer)
    assert not server.seen("/elsewhere")


async def test_silence_ends_it(client: Any, server: Any, offer: Channel) -> None:
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 999\r\n\r\n"
    server.route("/api/v1/streaming/user", raw=head.encode() + b":thump\n")
    server.route("/api/v1/streaming/public", hang=True)
    with pytest.raises(TimedOut):
        await heard(client, Channel(offer.base, offer.account, "public"), 0.3)
    with pytest.raises(SourceError):  # closed before its end
        await heard(client, offer, 0.3)


async def test_a_flood_without_line_ends_ends(client: Any, server: Any, offer: Channel) -> None:
    server.route("/api/v1/streaming/user", b"x" * 65_536, headers=STREAM, endless=True)
    with pytest.raises(Malformed):
        await heard(client, offer)


async def test_nobody_signed_in_is_said(client: Any, offer: Channel) -> None:
    with pytest.raises(NotAuthorized):
        await heard(client, Channel(offer.base, "bob@127.0.0.1", "user"))
