"""Posting to Bluesky: one record for one key, facets in bytes, replies with parent and root, refusals in words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters import outgoing
from penchant.adapters.base import BadSettings, NotAuthorized, NotFound
from penchant.adapters.bluesky_post import facets, graphemes, post, tid
from penchant.adapters.outgoing import Outgoing, Undelivered

READER, AT = "reader.example", 1_770_000_000.25
PARENT = "at://did:plc:ada/app.bsky.feed.post/p1"


class Repository:
    """Records by their key, as a server keeps them."""

    def __init__(self, sky: Any) -> None:
        self.sky, self.records = sky, dict[str, dict[str, Any]]()
        self.loses = 0
        sky.sign_in()
        sky.other["com.atproto.repo.createRecord"] = self._create
        sky.other["com.atproto.repo.getRecord"] = self._get
        sky.other["app.bsky.feed.getPosts"] = lambda request: sky.json({"posts": self.posts})
        self.posts: list[dict[str, Any]] = []

    #: How it refuses a key that it has: servers differ.
    known = ("InternalServerError", "already a value at key", 500)

    def _create(self, request: Any) -> Any:
        if request.headers["authorization"] != f"Bearer {self.sky.access}":
            return self.sky.error("ExpiredToken", "Token has expired")
        body = json.loads(request.body)
        assert body["repo"] == "did:plc:reader" and body["collection"] == "app.bsky.feed.post"
        if body["rkey"] in self.records:
            return self.sky.error(*self.known)
        if len(body["record"]["text"]) < 3:
            return self.sky.error("InvalidRecord", "text is \x1b[2J too short")
        self.records[body["rkey"]] = body["record"]
        if self.loses:
            self.loses -= 1
            return self.sky.error("InternalServerError", "lost", 502)
        return self.sky.json({"uri": self._uri(body["rkey"]), "cid": "c"})

    def _get(self, request: Any) -> Any:
        (rkey,) = request.query["rkey"]
        return self.sky.json({"uri": self._uri(rkey)}) if rkey in self.records else self.sky.error("RecordNotFound")

    def _uri(self, rkey: str) -> str:
        return f"at://did:plc:reader/app.bsky.feed.post/{rkey}"


@pytest.fixture
def kept(sky: Any, monkeypatch: pytest.MonkeyPatch) -> Repository:
    monkeypatch.setattr(outgoing.certain, "__defaults__", (0.0,))
    return Repository(sky)


@pytest.mark.parametrize("known", [Repository.known, ("InvalidRequest", "record exists", 400)])
async def test_one_record_for_one_key(kept: Repository, client: Any, known: tuple[str, str, int]) -> None:
    kept.known = known
    first = await post(client, READER, Outgoing("About trams", "k", at=AT, lang="en"))
    again = await post(client, READER, Outgoing("About trams", "k", at=AT, lang="en"))
    other = await post(client, READER, Outgoing("About trams", "k2", at=AT))
    assert first == again != other and len(kept.records) == 2
    rkey = first.native_id.rpartition("/")[2]
    assert first.url == f"https://bsky.app/profile/{READER}/post/{rkey}"
    assert kept.records[rkey] == {
        "$type": "app.bsky.feed.post", "text": "About trams", "createdAt": "2026-02-02T02:40:00.250Z", "langs": ["en"],
    }  # fmt: skip


async def test_a_lost_answer_and_an_expired_token_make_no_second_post(kept: Repository, client: Any) -> None:
    kept.loses = 1
    found = await post(client, READER, Outgoing("About trams", "k", at=AT))
    assert [found.native_id.rpartition("/")[2]] == [*kept.records]
    kept.sky.access = "access-2"
    await post(client, READER, Outgoing("About owls", "k2", at=AT))
    assert len(kept.records) == 2 and kept.sky.renewals == 1


async def test_an_answer_names_parent_and_root(kept: Repository, client: Any) -> None:
    kept.posts = [{"uri": PARENT, "cid": "cp", "record": {"text": "x"}}]
    first = await post(client, READER, Outgoing("An answer", "a", PARENT, at=AT))
    assert kept.records[first.native_id[-13:]]["reply"] == {
        "root": {"uri": PARENT, "cid": "cp"}, "parent": {"uri": PARENT, "cid": "cp"},
    }  # fmt: skip
    root = {"uri": "at://did:plc:bea/app.bsky.feed.post/r", "cid": "cr"}
    kept.posts[0]["record"]["reply"] = {"root": root, "parent": root}
    second = await post(client, READER, Outgoing("Another answer", "b", PARENT, at=AT))
    assert kept.records[second.native_id[-13:]]["reply"]["root"] == root
    kept.posts = []
    with pytest.raises(NotFound, match="is gone"):
        await post(client, READER, Outgoing("Too late", "c", PARENT, at=AT))
    assert len(kept.records) == 2


async def test_refusals_in_words(kept: Repository, client: Any) -> None:
    with pytest.raises(BadSettings, match="300 characters, and this has 301"):
        await post(client, READER, Outgoing("x" * 301, "k", at=AT))
    with pytest.raises(BadSettings, match="too short") as caught:
        await post(client, READER, Outgoing("x", "k", at=AT))
    assert "\x1b" not in str(caught.value)
    kept.sky.other["com.atproto.repo.createRecord"] = lambda request: kept.sky.error("Down", status=503)
    with pytest.raises(Undelivered, match="not known"):
        await post(client, READER, Outgoing("About trams", "k", at=AT))
    kept.sky.other["com.atproto.repo.createRecord"] = lambda request: kept.sky.error("Forbidden", "no", 403)
    with pytest.raises(NotAuthorized, match="does not let penchant post"):
        await post(client, READER, Outgoing("About trams", "k", at=AT))
    with pytest.raises(NotAuthorized, match="not signed in"):
        await post(client, "other.example", Outgoing("About trams", "k", at=AT))


def test_facets_count_bytes() -> None:
    said = "é https://a.example/x. (see #été) https://a.example/#no"
    found = facets(said)
    raw = said.encode()
    assert [raw[f["index"]["byteStart"] : f["index"]["byteEnd"]].decode() for f in found] == [
        "https://a.example/x", "https://a.example/#no", "#été",
    ]  # fmt: skip
    assert found[0]["features"][0]["uri"] == "https://a.example/x" and found[2]["features"][0]["tag"] == "été"


@given(st.text(max_size=200))
def test_facets_of_any_text_lie_within_it(said: str) -> None:
    size = len(said.encode("utf-8", "surrogatepass"))
    if not any("\ud800" <= char <= "\udfff" for char in said):
        assert all(0 <= f["index"]["byteStart"] < f["index"]["byteEnd"] <= size for f in facets(said))


@pytest.mark.parametrize(
    ("said", "count"),
    [("", 0), ("abc", 3), ("e\u0301", 1), ("👩\u200d👧\u200d👦", 1), ("👍🏽!", 2), ("q\u0307\u0323", 1)],
)
def test_graphemes(said: str, count: int) -> None:
    assert graphemes(said) == count


@given(st.floats(1e9, 4e9), st.text(max_size=20))
def test_keys_of_records_are_valid_and_follow_time(at: float, key: str) -> None:
    assert (
        len(tid(at, key)) == 13
        and set(tid(at, key)) <= set("234567abcdefghijklmnopqrstuvwxyz")
        and tid(at, key)[0] in "234567abcdefghij"
    )
    assert tid(at, key) == tid(at, key)
    assert tid(at + 1, key) > tid(at, key)
