"""JSON of any shape becomes values of the right type."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters import wire
from penchant.adapters.base import Malformed

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3),
)


@settings(deadline=None)
@given(ANYTHING)
def test_every_value_has_its_type(value: Any) -> None:
    assert wire.text(value, 5).encode("utf-8") is not None and len(wire.text(value, 5)) <= 5
    count = wire.number(value)
    assert count is None or 0 <= count <= wire.MAX_NUMBER
    assert isinstance(wire.record(value), dict) and isinstance(wire.records(value), list)
    assert wire.ident(value).split() in ([], [wire.ident(value)])


def test_examples() -> None:
    assert wire.text("a\ud800b", 10) == "a?b"
    assert [wire.number(v) for v in (3, 3.9, -1, True, None, "3", float("nan"), 1e300)] == [3, 3] + [None] * 6
    assert [wire.ident(v) for v in (12, "01HQ-x_Z", "1/../2", "", True, None, 10**30)] == [
        "12",
        "01HQ-x_Z",
    ] + [""] * 5
    assert wire.records([{}, 1, {"a": 1}, None], 3) == [{}, {"a": 1}]


@pytest.mark.parametrize(
    "broken", ["http://[", "http:///x", "mailto:a@b.example", "javascript:x", "", None, 5]
)
def test_only_web_addresses_with_a_host_pass(broken: Any) -> None:
    assert wire.address("https://a.example/x", broken) in ("", "https://a.example/x")
    assert wire.address("https://a.example/x/", "../y") == "https://a.example/y"
    assert wire.parts("http://[").netloc == ""


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[" * 200_000, b"9" * 5000, b"\xff", json.dumps("x").encode()[:-1]]
)
def test_broken_documents_are_malformed(body: bytes) -> None:
    with pytest.raises(Malformed, match=r"far\.example"):
        wire.decode(body, "far.example")
