"""Words of failures hold no credential that was read, whatever a server says back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters import hidden, secrets
from penchant.adapters.base import NotAuthorized


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(hidden, "_known", set())
    yield


def test_what_was_read_or_written_is_in_no_failure() -> None:
    secrets.set("mail:ada@example.org", "pass word/9")
    error = NotAuthorized("refused (LOGIN ada pass word/9; pass%20word%2F9)", hint="Not pass word/9.")
    assert str(error) == "refused (LOGIN ada [hidden]; [hidden])" and error.hint == "Not [hidden]."


def test_of_a_grant_its_credentials_and_nothing_else() -> None:
    key = json.dumps({"kty": "EC", "x": "public-part-x", "d": "private-part-d"})
    grant = {"handle": "ada.example", "pds": "https://pds.example", "access": "access-token-1", "key": key,
             "refresh": "refresh-token-1", "token_url": "https://p.example/x", "client_secret": "secret-1"}  # fmt: skip
    hidden.keep(json.dumps(grant))
    every = {*grant.values(), "private-part-d", "public-part-x"} - {key}
    hidden_ones = {word for word in every if hidden.hide(word) != word}
    assert hidden_ones == {"access-token-1", "refresh-token-1", "secret-1", "private-part-d"}


def test_commands_and_short_words_stay_readable() -> None:
    secrets.set("exec:0123", "/usr/bin/fortune")
    secrets.set("mail:b@example.org", "abc")
    assert str(NotAuthorized("/usr/bin/fortune abc ended with 1")) == "/usr/bin/fortune abc ended with 1"


def test_the_beginning_of_a_long_one_is_hidden_too() -> None:
    token = "eyJhbGciOiJFUzI1NksifQ." + "x" * 700
    hidden.keep(token)
    assert hidden.hide(f"I do not know {token[:180]}…, nor {token}.") == "I do not know [hidden]…, nor [hidden]."
    assert hidden.hide("eyJhbGciOiJFUzI1") == "eyJhbGciOiJFUzI1", "every token of this kind begins so"


@given(st.lists(st.text("abcxyz/+ %", min_size=hidden.SHORTEST), max_size=5), st.text("abcxyz /", max_size=20))
def test_whatever_the_credentials_none_is_left(tokens: list[str], around: str) -> None:
    hidden._known.clear()
    for token in tokens:
        hidden.keep(token)
    said = around.join([*tokens, *(quote(token, safe="") for token in tokens)])
    left = hidden.hide(said)
    assert not any(token in left.replace(hidden.MARK, "\0") for token in tokens)
    assert hidden.hide(left) == left
