"""The recorded listing and page, served over HTTP, read with the facts noted beside them."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.lobsters import Lobsters
from penchant.adapters.lobsters_items import Site
from penchant.adapters.lobsters_page import read_thread_page

SITE = Site("lobste.rs", "https://lobste.rs")


@pytest.fixture
def folder(shared_dir: Path) -> Path:
    found = shared_dir / "recordings" / "lobsters"
    if not found.is_dir():
        pytest.skip("no recordings of Lobsters there")
    return found


@pytest.fixture
def facts(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "expected.json").read_text())["facts"]
    return found


async def read(server: Any, client: Any) -> list[Any]:
    settings = {"address": "lobsters:hottest", "web": server.url("").rstrip("/"), "limit": 25}
    return [page async for page in Lobsters().fetch(client, settings, {})]


async def test_the_recorded_listing(server: Any, client: Any, folder: Path, facts: Any) -> None:
    fact = next(f for f in facts if f["file"].endswith(".json"))
    server.route("/hottest.json", (folder / fact["file"]).read_bytes(), headers={"Content-Type": "application/json"})
    (page,) = await read(server, client)
    assert [i.native_id for i in page.items] == [f"lobsters:{short}" for short in fact["short_ids"]]
    assert len(page.items) == fact["stories"]
    first, noted = page.items[0], fact["first"]
    assert (first.title, first.url, first.points, first.comments, list(first.tags)) == (
        noted["title"], noted["url"], noted["score"], noted["comment_count"], noted["tags"],
    )  # fmt: skip
    assert first.published == datetime.fromisoformat(noted["created_at"]).timestamp()
    assert all(i.author is not None for i in page.items), f"submitters are {fact['submitter_shape']}"
    assert [i.native_id for i in page.items if i.url == i.comments_url] == fact["without_url"]
    assert sum(bool(i.text) for i in page.items) == fact["with_description"]


async def test_the_recorded_page(server: Any, client: Any, folder: Path, facts: Any) -> None:
    fact = next(f for f in facts if f["file"].endswith(".html"))
    server.route("/", (folder / fact["file"]).read_bytes(), headers={"Content-Type": "text/html; charset=utf-8"})
    (page,) = await read(server, client)
    assert len(page.items) == fact["story_blocks"]
    assert all(i.title and i.url and i.author and i.published and i.tags and i.points for i in page.items)
    first = page.items[0]
    assert (first.native_id, first.title, first.points, first.comments) == (
        "lobsters:0mam5k", "Lobsters Interview with mitchellh", 69, 5,
    )  # fmt: skip
    assert first.tags == ("interview", "person") and first.published == 1783611675
    assert first.author.name == "veqq" and first.extra == {"authored": True}
    assert len(read_thread_page((folder / fact["file"]).read_bytes(), SITE, "0mam5k", 9)) == fact["comment_blocks"]
