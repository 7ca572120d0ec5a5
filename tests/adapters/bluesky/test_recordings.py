"""Every recorded answer, served over HTTP with its status and headers, has the facts noted beside it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from penchant.adapters.base import Item, SourceError
from penchant.adapters.bluesky import Bluesky
from penchant.adapters.bluesky_api import Session
from penchant.adapters.bluesky_auth import find_server
from penchant.adapters.bluesky_items import Via, read_page, to_author
from penchant.adapters.bluesky_place import Place, from_settings
from penchant.adapters.text import parse_date


@pytest.fixture
def folder(shared_dir: Path) -> Path:
    found = shared_dir / "recordings" / "bluesky"
    if not found.is_dir():
        pytest.skip(f"no recordings of Bluesky at {found}")
    return found


@pytest.fixture
def index(folder: Path) -> dict[str, dict[str, Any]]:
    return {entry["file"]: entry for entry in json.loads((folder / "index.json").read_text())["files"]}


@pytest.fixture
def expected(folder: Path) -> dict[str, dict[str, Any]]:
    return {fact["file"]: fact for fact in json.loads((folder / "expected.json").read_text())["facts"]}


async def served(
    client: Any, server: Any, answers: Any, pages: Any, sky: Any, folder: Path, entry: dict[str, Any]
) -> tuple[list[Any], list[dict[str, Any]]]:
    """(pages of the adapter, raw rows) of one recorded list."""
    body = (folder / entry["file"]).read_bytes()
    path = urlsplit(entry["url"]).path
    last = sky.json({"feed": []})
    first = answers.Answer(body, entry["status"], entry["headers"])
    server.route(path, lambda request: last if "cursor" in request.query else first)
    address = {"Timeline": "timeline", "Likes": "likes"}.get(path.rpartition("get")[2].removeprefix("Actor"))
    if address is None:
        address = f"list/{'did:plc:ragtjsm2j2vknwkz3zp4oxrd'}/3kmokjyuflk2g"
        server.route("/xrpc/app.bsky.graph.getList", json.dumps({"list": {"name": "Markdown"}}))
    sky.sign_in()
    found = await pages(client, {"address": f"bluesky:reader.example/{address}"})
    return found, json.loads(body)["feed"]


LISTS = ["bskyr-f_timeline/00.json", "bskyr-f_get_list_feed/00.json", "bskyr-f_getlikes/00.json"]


@pytest.mark.parametrize("name", LISTS)
async def test_facts_of_recorded_lists(client, server, answers, pages, sky, folder, index, expected, name):
    facts = expected[name]
    found, rows = await served(client, server, answers, pages, sky, folder, index[name])
    items = [item for page in found for item in page.items]
    assert len(rows) == facts["count"]
    shown = [i for i in items if any(s.how != "quote" for s in i.sightings)]
    assert sorted(i.native_id for i in shown) == sorted(set(facts["uris"]))
    entries = [s for i in items for s in i.sightings if s.how != "quote"]
    assert len(entries) == facts["count"]
    assert sum(s.how == "boost" for s in entries) == facts["reposts"]
    by_uri = {i.native_id: i for i in shown}
    again = [by_uri[uri] for uri in facts["uris"]]
    assert sum(bool(i.in_reply_to) for i in again) == facts["replies"]
    assert sum(m.kind == "image" for i in again for m in i.media) == facts["images"]
    assert Counter(i.lang or "none" for i in again) == facts["langs"]
    assert sum(i.sensitive or bool(i.content_warning) for i in again) == facts["labels"]
    assert sum(not i.text for i in again) == facts["empty_text"]
    assert len({i.author.key for i in again}) == facts["distinct_authors"]
    assert any(i.text.startswith(facts["first_text"][:60].strip()) for i in again[:1])
    # the page may be short without being the last: the cursor is followed
    method = urlsplit(index[name]["url"]).path.rpartition("/")[2]
    assert [r.query.get("cursor", [None])[0] for r in sky.asked(method)] == [None, facts["cursor"]]


@pytest.mark.parametrize("name", LISTS)
async def test_facts_of_recorded_embeds(client, server, answers, pages, sky, folder, index, expected, name):
    found, rows = await served(client, server, answers, pages, sky, folder, index[name])
    items = {item.native_id: item for page in found for item in page.items}
    kinds = Counter[str]()
    facets = 0
    for row in rows:
        item, raw = items[row["post"]["uri"]], row["post"]
        embed = raw.get("embed", {})
        kind = embed.get("$type", "none")
        kinds[kind] += 1
        facets += bool(raw["record"].get("facets"))
        assert ("quote" in item.extra) == kind.startswith("app.bsky.embed.record")
        if kind == "app.bsky.embed.external#view":
            assert item.extra["card"]["url"] == embed["external"]["uri"]
            assert any(link.url == embed["external"]["uri"] for link in item.links)
        if kind == "app.bsky.embed.images#view":
            assert [m.alt for m in item.media] == [i["alt"].strip() for i in embed["images"]]
        if kind == "app.bsky.embed.record#view" and name != "bskyr-f_getlikes/00.json":
            quoted = items[embed["record"]["uri"]]
            assert any(s.how == "quote" and s.by == item.author for s in quoted.sightings)
            assert quoted.text.splitlines()[0][:40] in item.text
        assert item.points == raw["likeCount"] + raw["repostCount"] and item.comments == raw["replyCount"]
        assert item.published <= parse_date(raw["indexedAt"])
        for facet in raw["record"].get("facets", []):
            for feature in facet["features"]:
                check_facet(item, raw["record"]["text"], facet["index"], feature)
    assert kinds == expected[name]["embeds"]
    assert facets == expected[name]["facets"]


def check_facet(item: Item, text: str, where: dict[str, int], feature: dict[str, Any]) -> None:
    """The words a facet covers, by bytes of UTF-8, are what the link or tag is called."""
    covered = text.encode()[where["byteStart"] : where["byteEnd"]].decode()
    if feature["$type"].endswith("#link"):
        number = next(n for n, link in enumerate(item.links, 1) if link.url == feature["uri"])
        assert f"{covered} [{number}]" in item.text
    if feature["$type"].endswith("#tag"):
        assert feature["tag"] in item.tags and covered in item.text


def test_a_recorded_post(folder, expected):
    name = "bskyr-f_getposts/00.json"
    facts = expected[name]
    found = read_page((folder / name).read_bytes(), Via("bsky.social", signed_in=True))
    (item,) = found.items
    assert [item.native_id] == facts["uris"] and found.cursor == ""
    assert len(item.media) == facts["images"] and item.lang == "en"
    assert item.text.startswith(facts["first_text"][:30])


async def test_a_recorded_refusal(client, server, answers, folder, index, expected):
    name = "bskyr-r_post_errors/00.json"
    entry, facts = index[name], expected[name]
    server.route("/xrpc/app.bsky.feed.getAuthorFeed",
                 answers.Answer((folder / name).read_bytes(), entry["status"], entry["headers"]))  # fmt: skip
    place = Place("author", "ada.example", server=server.url("").rstrip("/"))
    with pytest.raises(SourceError) as failure:
        await Session(client, place).get("/xrpc/app.bsky.feed.getAuthorFeed")
    assert facts["error"]["message"][:80] in str(failure.value) and failure.value.hint


async def test_a_recorded_thread(client, server, folder):
    name = folder / "atproto" / "thread_view_post_with_embed_media.json"
    server.route("/xrpc/app.bsky.feed.getPostThread", name.read_bytes())
    raw = json.loads(name.read_text())["thread"]["post"]
    settings = {"address": "bluesky:@test.marshal.dev", "server": server.url("").rstrip("/")}
    page = await Bluesky().thread(client, settings, raw["uri"])
    (item,) = page.items
    assert item.native_id == raw["uri"] == item.thread and item.sightings == ()
    assert [m.url for m in item.media] == [raw["embed"]["media"]["images"][0]["fullsize"]]
    assert item.extra["quote"]["text"] == "test" and item.text == "> @test.marshal.dev:\n> test"


async def test_recorded_names_of_accounts(open_client, server, folder, expected):
    recorded = json.loads((folder / "atproto" / "did_doc.json").read_text())
    did, handle = recorded["did"], recorded["handle"]
    assert len(recorded["collections"]) == expected["atproto/did_doc.json"]["lists"]["collections"]
    server.route("/xrpc/com.atproto.identity.resolveHandle", json.dumps({"did": did}))
    server.route(f"/{did}", json.dumps(recorded["didDoc"]))
    here = server.url("").rstrip("/")
    home = recorded["didDoc"]["service"][0]["serviceEndpoint"]
    assert await find_server(open_client, handle, public=here, plc=here) == (did, home)
    resolved = json.loads((folder / "atproto" / "resolve_handle.json").read_text())["did"]
    assert from_settings({"address": f"at://{resolved}"}).argument == resolved


def test_recorded_people(folder, expected):
    follows = json.loads((folder / "atproto" / "get_follows.json").read_text())["follows"]
    people = [to_author(raw) for raw in follows]
    assert len(people) == expected["atproto/get_follows.json"]["lists"]["follows"]
    for raw, person in zip(follows, people, strict=True):
        assert person and person.key == raw["did"] and person.name == raw["displayName"]
        assert person.handle == f"@{raw['handle']}" and person.avatar_url == raw["avatar"]


def test_unknown_fields_of_recorded_records_do_no_harm(folder):
    for path in sorted((folder / "atproto").glob("*_record.json")):
        record = json.loads(path.read_text()).get("value", {})
        view = {"uri": "at://did:plc:a/app.bsky.feed.post/1", "author": {"did": "did:plc:a"}, "record": record}
        page = read_page(json.dumps({"feed": [{"post": view}]}).encode(), Via("x"))
        assert [i.text for i in page.items] == [record.get("text", "")]
