"""Every recorded answer, served over HTTP with its status where it lies, read with the facts noted beside it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from penchant.adapters.arxiv_parse import read_answer
from penchant.adapters.arxiv_place import split_version
from penchant.adapters.base import BadSettings, NotFound


@pytest.fixture
def folder(shared_dir: Path) -> Path:
    found = shared_dir / "recordings" / "arxiv"
    if not found.is_dir():
        pytest.skip(f"no recordings of arXiv at {found}")
    return found


@pytest.fixture
def facts(folder: Path) -> dict[str, dict[str, Any]]:
    return {fact["file"]: fact for fact in json.loads((folder / "expected.json").read_text())["facts"]}


@pytest.fixture
def recorded(archive: Any, answers: Any, folder: Path) -> dict[str, Any]:
    """The recordings by what they were asked: the ids, or the start of the page."""
    found = {}
    for entry in json.loads((folder / "index.json").read_text())["files"]:
        query = parse_qs(urlsplit(entry["url"]).query)
        headers = entry.get("headers") or {"Content-Type": "application/atom+xml; charset=utf-8"}
        answer = answers.Answer((folder / entry["file"]).read_bytes(), entry["status"], headers)
        found[query["id_list"][0] if "id_list" in query else query["start"][0]] = answer

    def serve(request: Any) -> Any:
        ids = request.query.get("id_list")
        return found[ids[0] if ids else request.query["start"][0]]

    archive.server.default = serve
    return found


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def check(fact: dict[str, Any], items: list[Any]) -> None:
    """Items against the facts of one file."""
    assert len(items) == fact["entries"]
    assert [i.native_id for i in items] == [f"arxiv:{split_version(url)[0]}" for url in fact["ids"]]
    assert [i.extra["version"] for i in items] == [split_version(url)[1] for url in fact["ids"]]
    assert sum("doi" in i.extra for i in items) == fact["with_doi"]
    assert sum("comment" in i.extra for i in items) == fact["with_comment"]
    assert sum(i.updated is not None for i in items) == fact["updated_after_published"]
    assert not any("\n" in i.title for i in items)
    first, noted = items[0], fact["first"]
    assert first.title == noted["title"] and first.extra["authors"] == noted["authors"]
    assert first.author.name == noted["authors"][0]
    assert all(name in first.text for name in noted["authors"][1:])
    assert first.published == moment(noted["published"])
    assert (first.updated or first.published) == moment(noted["updated"])
    assert first.extra["primary"] == noted["primary_category"] and list(first.tags) == noted["categories"]
    assert first.extra.get("doi") == noted["doi"] and first.extra.get("comment") == noted["comment"]
    assert first.extra.get("journal") == noted["journal_ref"]
    pdf = f"https://arxiv.org/pdf/{split_version(noted['pdf'][0])[0]}"
    assert first.links[0].url == pdf and all(i.links[0].text == "PDF" for i in items)
    assert all(i.text and not i.text.startswith(" ") for i in items)


@pytest.mark.parametrize("name", ["id_1605.08386_s0_m100.xml", "id_astro-ph_0601001_s0_m100.xml"])
async def test_recorded_papers(
    archive: Any, recorded: Any, facts: Any, client: Any, pages: Any, items: Any, name: str
) -> None:
    own = split_version(facts[name]["ids"][0])[0]
    found = items(await pages(client, archive.settings(f"arxiv:{own}")))
    check(facts[name], found)


async def test_recorded_pages_of_a_search(
    archive: Any, recorded: Any, facts: Any, client: Any, pages: Any, items: Any
) -> None:
    first, second = (facts[f"q_testing_s{n}_m10.xml"] for n in (0, 10))
    stream = (await pages(client, archive.settings("arxiv:search:testing", limit=10)))[0]
    check(first, list(stream.items))
    archive.server.default = lambda request: recorded["10"]
    (page,) = await pages(client, archive.settings("arxiv:search:testing", limit=10))
    check(second, list(page.items))


async def test_an_unknown_id_is_200_without_an_entry(archive: Any, recorded: Any, client: Any, pages: Any) -> None:
    with pytest.raises(NotFound, match="has no paper"):
        await pages(client, archive.settings("arxiv:0000.0000"))


async def test_an_error_is_an_entry_and_no_paper(
    archive: Any, recorded: Any, facts: Any, folder: Path, client: Any, pages: Any
) -> None:
    archive.server.default = lambda request: recorded["abc"]
    with pytest.raises(BadSettings, match=facts["id_abc_s0_m100.xml"]["error"]):
        await pages(client, archive.settings("arxiv:1605.08386"))


def test_recorded_totals(folder: Path, facts: Any) -> None:
    for name, fact in facts.items():
        if not fact.get("is_error_entry"):
            assert read_answer((folder / name).read_bytes(), "").total == fact["total_results"]
