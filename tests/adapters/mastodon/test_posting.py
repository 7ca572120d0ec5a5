"""Posting to Mastodon: once for one key, as narrow as what is answered, refusals in words."""

from __future__ import annotations

import json
import socket
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest

from penchant.adapters import outgoing, secrets
from penchant.adapters.base import BadSettings, NotAuthorized, NotConnected, Unreachable
from penchant.adapters.mastodon_api import token_key
from penchant.adapters.mastodon_place import Place
from penchant.adapters.mastodon_post import narrower, post
from penchant.adapters.outgoing import Outgoing, Undelivered, certain

TEXT = "Trams & owls: 100 % of what I like."


class Poster:
    """A server that keeps the Idempotency-Key as Mastodon does; `failures` are served before it answers."""

    def __init__(self, server: Any, answer: Any) -> None:
        self.server, self.answer, self.made = server, answer, dict[str, dict[str, list[str]]]()
        self.failures: list[Any] = []
        self.loses = 0
        host = f"127.0.0.1:{server.port}"
        self.place = Place(f"http://{host}", "home", "", f"me@{host}")
        secrets.set(token_key(self.place.account), "the-token")
        server.route("/api/v1/statuses", self._take)

    def _take(self, request: Any) -> Any:
        assert request.headers["authorization"] == "Bearer the-token" and request.method == "POST"
        if self.failures:
            return self.failures.pop(0)
        key = request.headers["idempotency-key"]
        self.made.setdefault(key, parse_qs(request.body.decode()))
        if self.loses:
            self.loses -= 1
            return self.answer("", 502)
        number = [*self.made].index(key) + 1
        url = f"https://home.example/@me/{number}"
        return self.answer(
            json.dumps({"id": str(number), "uri": f"https://home.example/users/me/{number}", "url": url})
        )


@pytest.fixture
def poster(server: Any, answers: Any, home: Any, monkeypatch: pytest.MonkeyPatch) -> Poster:
    monkeypatch.setattr(outgoing, "PAUSE", 0.0)
    monkeypatch.setattr(outgoing.certain, "__defaults__", (0.0,))
    return Poster(server, answers.Answer)


async def test_a_post_goes_out_once_for_each_key(poster: Poster, client: Any) -> None:
    first = await post(client, poster.place, Outgoing(TEXT, "k1", lang="en"))
    again = await post(client, poster.place, Outgoing(TEXT, "k1", lang="en"))
    other = await post(client, poster.place, Outgoing(TEXT, "k2"))
    assert first == again != other and len(poster.made) == 2
    assert first.url == "https://home.example/@me/1" and first.native_id == "https://home.example/users/me/1"
    assert poster.made["k1"] == {"status": [TEXT], "language": ["en"]} and poster.made["k2"] == {"status": [TEXT]}


async def test_an_answer_that_was_lost_is_asked_for_again_under_the_same_key(poster: Poster, client: Any) -> None:
    poster.loses = 1
    found = await post(client, poster.place, Outgoing(TEXT, "k"))
    assert found.native_id.endswith("/1") and len(poster.made) == 1
    poster.loses = 2
    with pytest.raises(Undelivered, match="not known whether") as caught:
        await post(client, poster.place, Outgoing(TEXT, "k2"))
    assert "makes no second post" in caught.value.hint
    assert (await post(client, poster.place, Outgoing(TEXT, "k2"))).native_id.endswith("/2") and len(poster.made) == 2


async def test_where_nobody_listens_nothing_was_sent(poster: Poster, client: Any) -> None:
    with socket.socket() as taken:  # bound, and nobody listens
        taken.bind(("127.0.0.1", 0))
        place = replace(poster.place, base=f"http://127.0.0.1:{taken.getsockname()[1]}")
        with pytest.raises(NotConnected, match="could not be reached") as caught:
            await post(client, place, Outgoing(TEXT, "k"))
    assert caught.value.hint.startswith("Nothing was sent")


async def test_a_connection_that_breaks_leaves_open_whether_it_arrived_even_if_the_next_is_refused() -> None:
    failures = [Unreachable("broke off"), NotConnected("refused")]

    async def send() -> None:
        raise failures.pop(0)

    with pytest.raises(Undelivered, match="not known whether"):
        await certain(send, pause=0.0)


async def test_an_answer_hangs_on_its_post_and_is_no_more_public(poster: Poster, client: Any, server: Any) -> None:
    extra = {"instance": poster.place.host, "id": "77", "visibility": "unlisted"}
    await post(client, poster.place, Outgoing(TEXT, "a", "https://far.example/users/x/statuses/9", extra))
    assert poster.made["a"]["in_reply_to_id"] == ["77"] and poster.made["a"]["visibility"] == ["unlisted"]
    server.route("/api/v2/search", json.dumps({"statuses": [{"id": "88"}]}))
    await post(client, poster.place, Outgoing(TEXT, "b", "https://far.example/users/x/statuses/9"))
    assert poster.made["b"]["in_reply_to_id"] == ["88"], "a post of elsewhere is looked up first"


@pytest.mark.parametrize(
    ("wanted", "answered", "asked"),
    [("", "", ""), ("", "public", ""), ("", "private", "private"), ("public", "direct", "direct"),
     ("private", "public", "private"), ("", "nonsense", ""), ("unlisted", "", "unlisted")],
)  # fmt: skip
def test_never_wider_than_what_is_answered(wanted: str, answered: str, asked: str) -> None:
    assert narrower(wanted, answered) == asked


async def test_refusals_in_words(poster: Poster, client: Any) -> None:
    said = json.dumps({"error": "This action is outside the authorized \x1b[2J scopes"})
    kind = {"Content-Type": "application/json"}
    poster.failures = [poster.answer(said, 403, kind), poster.answer(json.dumps({"error": "too long"}), 422, kind)]
    with pytest.raises(NotAuthorized, match="outside the authorized") as caught:
        await post(client, poster.place, Outgoing(TEXT, "k"))
    assert "--post" in caught.value.hint and "\x1b" not in str(caught.value)
    with pytest.raises(BadSettings, match="too long"):
        await post(client, poster.place, Outgoing(TEXT, "k"))
    assert not poster.made
    secrets.delete(token_key(poster.place.account))
    with pytest.raises(NotAuthorized, match="not signed in"):
        await post(client, poster.place, Outgoing(TEXT, "k"))
