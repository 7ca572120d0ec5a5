"""Every recorded answer, served over HTTP, read with the facts noted beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from penchant.adapters.hackernews import comments
from penchant.adapters.hackernews_items import read_ids


@pytest.fixture
def folder(shared_dir: Path) -> Path:
    return shared_dir / "recordings" / "hackernews"


@pytest.fixture
def noted(folder: Path) -> list[dict[str, Any]]:
    facts: list[dict[str, Any]] = json.loads((folder / "expected.json").read_text())["facts"]
    return facts


@pytest.fixture
def recorded(server: Any, answers: Any, folder: Path) -> dict[str, Any]:
    """The recorded files at their recorded paths; what was not recorded is null, as the API has it."""
    for entry in json.loads((folder / "index.json").read_text())["files"]:
        headers = entry.get("headers") or {"Content-Type": "application/json; charset=utf-8"}
        server.route(
            urlsplit(entry["url"]).path,
            (folder / entry["file"]).read_bytes(),
            status=entry["status"],
            headers=headers,
        )
    server.default = answers.Answer(b"null")
    return {"address": "hackernews:top", "api": server.url("/v0"), "algolia": server.url("/api/v1")}


def test_recorded_lists(folder: Path, noted: Any) -> None:
    for fact in noted:
        if "ids" in fact:
            ids = read_ids((folder / fact["file"]).read_bytes(), "hn")
            assert (len(ids), ids[0], ids[-1]) == (fact["ids"], fact["first"], fact["last"])
            assert len(set(ids)) == fact["distinct"]


@pytest.mark.parametrize("name", ["top", "new", "best", "ask", "show"])
async def test_recorded_lists_are_fetched_and_mostly_null_items_survived(
    client: Any, pages: Any, recorded: Any, folder: Path, name: str
) -> None:
    got = await pages(client, {**recorded, "address": f"hackernews:{name}", "limit": 30})
    listed = json.loads((folder / f"firebase/v0/{name}stories.json").read_text())[:30]
    there = [f"hn:{i}" for i in listed if (folder / f"firebase/v0/item/{i}.json").exists()]
    assert [item.native_id for page in got for item in page.items] == there
    assert got[0].total == 30 and not any(page.deleted for page in got)


async def test_recorded_items(
    server: Any, answers: Any, client: Any, pages: Any, recorded: Any, noted: Any
) -> None:
    facts = {int(Path(f["file"]).stem): f for f in noted if "/item/" in f["file"]}
    server.route("/v0/topstories.json", json.dumps(list(facts)))
    items = {item.native_id: item for page in await pages(client, recorded) for item in page.items}
    present = {n: f for n, f in facts.items() if not f.get("null_item") and not f.get("deleted")}
    assert set(items) == {f"hn:{n}" for n in present}
    for number, fact in present.items():
        item = items[f"hn:{number}"]
        page = f"https://news.ycombinator.com/item?id={number}"
        assert item.author and item.author.name == fact["by"]
        assert item.published == fact["time"] and item.comments_url == page
        assert item.title == fact.get("title", "")
        assert item.url == fact.get("item_url", page)
        assert (item.points, item.comments) == (fact.get("score"), fact.get("descendants"))
        assert bool(item.in_reply_to) == (fact["type"] == "comment")
    assert items["hn:21301382"].tags == ("ask",) and items["hn:21301382"].text == "Every winter"


async def test_recorded_search(
    client: Any, pages: Any, recorded: Any, folder: Path, noted: Any, server: Any
) -> None:
    fact = next(f for f in noted if "objectIDs" in f)
    server.route("/api/v1/search_by_date", (folder / fact["file"]).read_bytes())
    (page,) = await pages(client, {**recorded, "address": "hackernews:search:model context protocol"})
    assert [item.native_id for item in page.items] == [f"hn:{i}" for i in fact["objectIDs"]]
    assert [item.title for item in page.items] == fact["titles"]
    assert [item.points for item in page.items] == fact["points"]
    assert [item.comments for item in page.items] == fact["num_comments"]
    assert sum("show" in item.tags for item in page.items) == fact["show_hn"]
    assert [item.native_id for item in page.items if item.url == item.comments_url] == [
        f"hn:{i}" for i in fact["without_url"]
    ]


async def test_recorded_thread(client: Any, recorded: Any, noted: Any) -> None:
    fact = next(f for f in noted if "comments" in f)
    items = (await comments(client, recorded, "hn:48849066", limit=5000)).items
    assert len(items) == fact["comments"]
    assert (items[0].native_id, items[-1].native_id) == (f"hn:{fact['first_id']}", f"hn:{fact['last_id']}")
    assert sum(not item.text for item in items) == fact["empty_or_missing_text"]
    assert len({item.author.name for item in items if item.author}) == fact["distinct_authors"]
    assert sum(bool(item.links) for item in items) == fact["with_links"]
    assert not any("&#x" in item.text or "<p>" in item.text for item in items)
