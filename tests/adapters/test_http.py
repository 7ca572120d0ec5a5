"""The HTTP client over real connections."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
import zlib

import pytest

from penchant.adapters import http_guard
from penchant.adapters.base import (
    Gone,
    Malformed,
    NotAuthorized,
    NotFound,
    RateLimited,
    Refused,
    ServerFailure,
    SourceError,
    TimedOut,
    TooLarge,
    Unreachable,
)
from penchant.adapters.http import Client, Limits


async def test_get_returns_body_headers_and_final_address(server, client):
    url = server.route("/a", "hällo", headers={"X-Thing": "1", "Content-Type": "text/plain; charset=utf-8"})
    answer = await client.get(url, typed=True)
    assert (answer.status, answer.text(), answer.headers["x-thing"], answer.url) == (200, "hällo", "1", url)
    assert not answer.not_modified and answer.moved_to == ""


async def test_parameters_are_added_to_those_of_the_address(server, client):
    await client.get(
        server.route("/a", "x") + "?one=1#part", params={"two": "a b", "three": [1, 2]}, typed=True
    )
    assert server.requests[0].query == {"one": ["1"], "two": ["a b"], "three": ["1", "2"]}


async def test_conditional_get(server, client, answers):
    def answer(request):
        known = request.headers.get("if-none-match") == '"v1"'
        return answers.Answer(b"" if known else b"new", 304 if known else 200, {"ETag": '"v1"'})

    url = server.route("/a", answer)
    assert (await client.get(url, typed=True)).body == b"new"
    again = await client.get(url, typed=True, etag='"v1"', last_modified="Thu, 01 Jan 2004 19:48:21 GMT")
    assert again.not_modified and again.body == b""
    assert server.requests[1].headers["if-modified-since"] == "Thu, 01 Jan 2004 19:48:21 GMT"


@pytest.mark.parametrize("packed", ["gzip", "deflate", "raw deflate", "two members"])
async def test_compressed_bodies(server, client, packed):
    text = b"hello " * 1000
    raw = zlib.compressobj(wbits=-15)
    body, name = {
        "gzip": (gzip.compress(text), "gzip"),
        "deflate": (zlib.compress(text), "deflate"),
        "raw deflate": (raw.compress(text) + raw.flush(), "deflate"),
        "two members": (gzip.compress(text[:30]) + gzip.compress(text[30:]), "gzip"),
    }[packed]
    answer = await client.get(server.route("/z", body, headers={"Content-Encoding": name}), typed=True)
    assert answer.body == text


async def test_a_gzip_bomb_is_cut_off(server, client):
    bomb = gzip.compress(b"\0" * (200 << 20), 9)
    with pytest.raises(TooLarge, match="4 MiB"):
        await client.get(server.route("/z", bomb, headers={"Content-Encoding": "gzip"}), typed=True)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", b"no gzip at all"), ("br", b"x"), ("gzip", gzip.compress(b"hello", mtime=0)[:10] + b"\x07" * 20)],
)
async def test_damaged_or_unasked_encodings_are_malformed(server, client, encoding, body):
    with pytest.raises(Malformed):
        await client.get(server.route("/z", body, headers={"Content-Encoding": encoding}), typed=True)


async def test_a_server_that_hangs_times_out(server):
    async with Client(limits=Limits(total_seconds=0.3)) as client:
        with pytest.raises(TimedOut, match=r"0\.3 s"):
            await client.get(server.route("/h", hang=True), typed=True)


async def test_a_server_that_drips_is_bounded_in_total(server):
    async with Client(limits=Limits(total_seconds=0.5)) as client:
        with pytest.raises(TimedOut):
            await client.get(server.route("/d", b"x" * 10_000, drip=0.05), typed=True)


async def test_an_endless_body_is_cut_off(server, client):
    with pytest.raises(TooLarge):
        await client.get(server.route("/e", b"x" * 65536, endless=True), typed=True)


async def test_many_timeouts_leave_the_client_usable(server):
    """A cancelled request leaked a slot of a bounded pool; here nothing may run out."""
    async with Client(limits=Limits(total_seconds=0.2, at_once=4, per_host=4)) as client:
        url, fine = server.route("/h", hang=True), server.route("/ok", "ok")
        results = await asyncio.gather(
            *(client.get(url, typed=True) for _ in range(20)), return_exceptions=True
        )
        assert all(isinstance(r, TimedOut) for r in results)
        assert (await client.get(fine, typed=True)).body == b"ok"


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\n" + b"".join(b"X-%d: %s\r\n" % (i, b"a" * 1000) for i in range(500)) + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000 + b"\r\n\r\n",
        b"not http at all\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"",
    ],
    ids=["header flood", "huge header", "no http", "cut short", "bad chunk", "nothing"],
)
async def test_broken_http_is_a_source_error(server, client, raw):
    with pytest.raises((Malformed, Unreachable)) as caught:
        await client.get(server.route("/r", raw=raw), typed=True)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, NotAuthorized), (403, NotAuthorized), (404, NotFound), (410, Gone), (429, RateLimited),
     (500, ServerFailure), (503, ServerFailure), (418, SourceError), (204, SourceError)],
)  # fmt: skip
async def test_statuses_become_errors_in_words(server, client, status, error):
    url = server.route(
        "/s", '{"error": "too \\u001b[31mred"}', status=status, headers={"Content-Type": "application/json"}
    )
    with pytest.raises(error) as caught:
        await client.get(url, typed=True)
    assert (
        type(caught.value) is error and str(status) in str(caught.value) and "\x1b" not in str(caught.value)
    )
    if status != 204:
        assert "too red" in str(caught.value)


async def test_retry_after_and_rate_limit_headers_reach_the_error(server, client, answers):
    server.route("/a", b"", status=429, headers={"Retry-After": "120"})
    with pytest.raises(RateLimited) as caught:
        await client.get(server.url("/a"), typed=True)
    assert caught.value.retry_after == 120
    server.route("/b", b"", status=429, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "33"})
    with pytest.raises(RateLimited) as caught:
        await client.get(server.url("/b"), typed=True)
    assert caught.value.retry_after == 33


async def test_permanent_moves_are_reported_and_temporary_ones_not(server, client):
    new = server.route("/new", "here")
    server.route("/mid", status=308, headers={"Location": "/new"})
    server.route("/old", status=301, headers={"Location": "/mid"})
    server.route("/tmp", status=302, headers={"Location": "/old"})
    assert (await client.get(server.url("/old"), typed=True)).moved_to == new
    temporary = await client.get(server.url("/tmp"), typed=True)
    assert (temporary.body, temporary.url, temporary.moved_to) == (b"here", new, "")


async def test_redirect_loops_end(server, client):
    server.route("/a", status=302, headers={"Location": "/b"})
    server.route("/b", status=302, headers={"Location": "/a"})
    with pytest.raises(Refused, match="circles"):
        await client.get(server.url("/a"), typed=True)
    assert len(server.requests) == 6


@pytest.mark.parametrize(
    "target",
    ["file:///etc/passwd", "gopher://127.0.0.1/", "ftp://example.org/x", "javascript:alert(1)", "http://", "http://[::1",
     "http://exa mple/", "//"],
)  # fmt: skip
async def test_redirects_to_other_schemes_are_refused(server, client, target):
    server.route("/a", status=302, headers={"Location": target})
    with pytest.raises(SourceError) as caught:
        await client.get(server.url("/a"), typed=True)
    assert len(server.requests) <= 6 and caught.value.hint


async def test_only_the_typed_host_and_port_may_be_private(server, client):
    url = server.route("/a", "x")
    with pytest.raises(Refused, match="private network"):
        await client.get(url)
    assert server.requests == []
    assert (await client.get(url, typed=True)).body == b"x"
    with pytest.raises(Refused):  # the connection opened a moment ago is not reused
        await client.get(url)
    assert len(server.requests) == 1


async def test_a_typed_address_may_not_redirect_to_another_private_one(server, client):
    server.route("/a", status=302, headers={"Location": server.url("/b", host="localhost")})
    server.route("/b", "secret")
    with pytest.raises(Refused, match="private network"):
        await client.get(server.url("/a"), typed=True)
    assert [r.path for r in server.requests] == ["/a"]


async def test_a_name_that_resolves_to_loopback_is_refused(server, client):
    server.route("/a", "x")
    with pytest.raises(Refused):
        await client.get(server.url("/a", host="localhost"))
    assert server.requests == []


async def test_tokens_and_own_headers_stay_with_their_host(server, open_client):
    other = server.route("/b", "x").replace("127.0.0.1", "localhost")
    server.route("/same", status=302, headers={"Location": "/away"})
    server.route("/away", status=302, headers={"Location": other})
    await open_client.get(server.url("/same"), token="s3cret", headers={"X-Key": "k", "Accept": "text/x"})
    first, second, third = server.requests
    assert first.headers["authorization"] == second.headers["authorization"] == "Bearer s3cret"
    assert second.headers["x-key"] == "k"
    assert (
        "authorization" not in third.headers
        and "x-key" not in third.headers
        and third.headers["accept"] == "text/x"
    )


async def test_a_post_with_data_follows_no_redirect_to_another_host(server, open_client):
    server.route("/p", status=307, headers={"Location": server.url("/q", host="localhost")})
    with pytest.raises(Refused, match="sends data"):
        await open_client.post(server.url("/p"), data={"a": "1"}, token="t")
    assert [r.path for r in server.requests] == ["/p"]


async def test_post_sends_forms_and_json(server, client):
    url = server.route("/p", "{}")
    await client.post(url, data={"a": "1", "b": "ä"}, typed=True)
    await client.post(url, json={"a": [1]}, token="t", typed=True)
    form, body = server.requests
    assert (
        form.body == b"a=1&b=%C3%A4" and form.headers["content-type"] == "application/x-www-form-urlencoded"
    )
    assert body.body.replace(b" ", b"") == b'{"a":[1]}' and body.headers["authorization"] == "Bearer t"


async def test_cookies_are_not_kept(server, client):
    url = server.route("/a", "x", headers={"Set-Cookie": "id=1; Path=/"})
    await client.get(url, typed=True)
    await client.get(url, typed=True)
    assert "cookie" not in server.requests[1].headers


async def test_a_user_name_in_the_address_is_sent_there_and_never_shown(server, client):
    server.route("/a", status=404)
    url = server.url("/a").replace("http://", "http://me:pa55@")
    with pytest.raises(NotFound) as caught:
        await client.get(url, typed=True)
    assert server.requests[0].headers["authorization"].startswith("Basic ")
    assert "pa55" not in str(caught.value) + caught.value.hint


async def test_at_most_two_requests_to_one_host_run_at_once(server, client):
    running, most = 0, 0

    original = server._send

    async def send(answer, writer):
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.02)
        running -= 1
        return await original(answer, writer)

    server._send = send
    url = server.route("/a", "x")
    await asyncio.gather(*(client.get(url, typed=True) for _ in range(10)))
    assert most == 2
    await asyncio.gather(*(client.get(url, typed=True, api=True) for _ in range(20)))
    assert 2 < most <= 8


async def test_a_connection_without_tls_is_named(server, client):
    server.route("/a", "x")
    with pytest.raises(Unreachable, match="secure connection"):
        await client.get(server.url("/a").replace("http:", "https:"), typed=True)


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000, b"\xff\xfe", b"1" * 10_000])
async def test_json_that_is_none_is_malformed(server, client, body):
    answer = await client.get(server.route("/j", body), typed=True)
    with pytest.raises(Malformed):
        answer.json()


async def test_a_dead_port_and_a_dead_name_are_unreachable(client):
    for url in ("http://127.0.0.1:1/", "http://no-such-host.invalid/"):
        with pytest.raises(Unreachable):
            await client.get(url, typed=True)


def _fails(how):
    if how == "own":
        raise NotFound("nothing")
    raise ZeroDivisionError("x")


async def test_parse_runs_here_or_in_the_given_runner():
    async def runner(func, *args):
        return "ran", func(*args)

    async with Client() as here, Client(parse=runner) as there:
        assert await here.parse(int, "5") == 5
        assert await there.parse(int, "5") == ("ran", 5)
        for client in (here, there):
            with pytest.raises(Malformed, match="ZeroDivisionError"):
                await client.parse(_fails, "other")
            with pytest.raises(NotFound):
                await client.parse(_fails, "own")


async def test_names_that_hang_do_not_keep_others_from_being_found(monkeypatch):
    """The system looks for a dead name for half a minute, and nobody can call it off."""
    real, go_on = socket.getaddrinfo, threading.Event()

    def look(host, *args, **options):
        if str(host).startswith("dead"):
            go_on.wait(30)
            raise socket.gaierror("nobody answered")
        return real("127.0.0.1", *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look)
    dead = [asyncio.ensure_future(http_guard.resolve(f"dead-{n}.example", 80)) for n in range(50)]
    await asyncio.sleep(0)
    try:
        assert await asyncio.wait_for(http_guard.resolve("quick.example", 80), 10) == ["127.0.0.1"]
    finally:
        go_on.set()
    assert all(isinstance(error, Unreachable) for error in await asyncio.gather(*dead, return_exceptions=True))
