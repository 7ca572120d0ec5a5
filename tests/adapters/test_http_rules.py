"""Headers and addresses: the pure rules of the HTTP client, name resolution and proxies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters import http_guard
from penchant.adapters.base import Refused
from penchant.adapters.http import Client, cache_interval, next_link, rate_limit, retry_after_seconds
from penchant.adapters.http_guard import is_public

NOW = 1072986501.0  # Thu, 01 Jan 2004 19:48:21 GMT
WEEK = 7 * 86400


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("1.5", 1.5),
        ("Thu, 01 Jan 2004 19:50:21 GMT", 120),
        ("Thu, 01 Jan 2004 19:00:00 GMT", 0),
        ("99999999999", WEEK),
        ("Fri, 31 Dec 9999 23:59:59 GMT", WEEK),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("\u0663", None),
        ("1e400", WEEK),
    ],
)
def test_retry_after(value, seconds):
    assert retry_after_seconds({"retry-after": value}, NOW) == seconds


@pytest.mark.parametrize(
    ("left", "reset", "expected"),
    [
        ("0", "30", (0, 30)),
        ("5", str(int(NOW) + 60), (5, 59.0)),
        ("299", "2004-01-01T19:49:21.000Z", (299, 60)),
        ("1", "nan", None),
        ("x", "30", None),
        ("1", "later", None),
    ],
)
def test_rate_limits(left, reset, expected):
    found = rate_limit({"x-ratelimit-remaining": left, "x-ratelimit-reset": reset}, NOW)
    assert found is None if expected is None else found == pytest.approx(expected, abs=1)
    assert rate_limit({}, NOW) is None


@pytest.mark.parametrize(
    ("link", "following"),
    [
        (
            '<https://m.org/a?max_id=1>; rel="next", <https://m.org/a?min_id=2>; rel="prev"',
            "https://m.org/a?max_id=1",
        ),
        (
            '<https://m.org/a?min_id=2>; rel="prev", <https://m.org/a?x=1,2>; rel="next"',
            "https://m.org/a?x=1,2",
        ),
        ("</b>; rel=next", "https://m.org/b"),
        ('<x>; title="a, b; rel=next"; rel="last  NEXT"', "https://m.org/x"),
        ('<x>; rel="prev"', ""),
        ("garbage <<>>;;;", ""),
        ('<http://[::1>; rel="next"', ""),
        ("", ""),
    ],
)
def test_next_link(link, following):
    assert next_link({"link": link}, "https://m.org/") == following


@given(st.text("<>;,=\" relnxt'a\\", max_size=200))
def test_any_link_header_is_survived(link):
    assert isinstance(next_link({"link": link * 20}), str)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"cache-control": "public, max-age=600"}, 600),
        ({"cache-control": "max-age=0"}, None),
        ({"cache-control": "s-maxage=5"}, None),
        ({"expires": "Thu, 01 Jan 2004 20:48:21 GMT", "date": "Thu, 01 Jan 2004 19:48:21 GMT"}, 3600),
        ({"expires": "0", "date": "x"}, None),
        ({}, None),
    ],
)
def test_cache_interval(headers, seconds):
    assert cache_interval(headers) == seconds


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "240.0.0.1", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::",
        "2002:a00:1::1", "64:ff9b::7f00:1", "64:ff9b::a00:1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe", "2001:db8::1", "not an address", "",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "address",
    ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101", "172.32.0.1"],
)
def test_addresses_that_are_public(address):
    assert is_public(address)


async def test_a_public_name_that_leads_inside_is_refused_and_resolved_once(server, client, monkeypatch):
    asked = []

    async def resolve(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["93.184.216.34"]

    monkeypatch.setattr(http_guard, "resolve", resolve)
    server.route("/a", "x")
    with pytest.raises(Refused, match="private network"):
        await client.get(server.url("/a", host="rebinding.example"))
    assert asked == ["rebinding.example"] and server.requests == []


async def test_only_the_judged_address_is_connected_to(server, client, monkeypatch):
    async def resolve(host, port):
        return ["127.0.0.1"]

    monkeypatch.setattr(http_guard, "resolve", resolve)
    server.route("/a", "x")
    assert (await client.get(server.url("/a", host="typed.example"), typed=True)).body == b"x"
    assert server.requests[0].headers["host"].startswith("typed.example")


async def test_a_proxy_of_the_environment_is_used(server, monkeypatch):
    monkeypatch.setenv("http_proxy", server.url(""))
    monkeypatch.setenv("no_proxy", "direct.example")
    server.route("/a", "through the proxy")
    async with Client() as client:
        assert (await client.get("http://far.example/a")).body == b"through the proxy"
        assert server.requests[0].target == "http://far.example/a"
        with pytest.raises(Refused, match="private network"):
            await client.get("http://169.254.169.254/latest")
    assert len(server.requests) == 1
