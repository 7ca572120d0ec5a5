"""Every recorded answer, served over HTTP where it lies, read with the facts noted beside it."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

NAME = "dogsheep/github-to-sqlite"


@pytest.fixture
def folder(shared_dir: Path) -> Path:
    found = shared_dir / "recordings" / "github"
    if not found.is_dir():
        pytest.skip(f"no recordings of GitHub at {found}")
    return found


@pytest.fixture
def facts(folder: Path) -> dict[str, dict[str, Any]]:
    noted = json.loads((folder / "expected.json").read_text())["facts"]
    return {Path(fact["file"]).stem: fact for fact in noted}


@pytest.fixture
def recorded(hub: Any, answers: Any, folder: Path) -> Any:
    """Serve a recording at a path, with its status and headers where they were recorded."""
    index = {Path(e["file"]).stem: e for e in json.loads((folder / "index.json").read_text())["files"]}

    def serve(path: str, name: str) -> None:
        entry = index[name]
        headers = entry.get("headers") or {"Content-Type": "application/json; charset=utf-8"}
        hub.docs[path] = answers.Answer((folder / entry["file"]).read_bytes(), entry.get("status") or 200, headers)

    return serve


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


async def test_recorded_releases(hub: Any, recorded: Any, facts: Any, client: Any, pages: Any, items: Any) -> None:
    recorded(f"/repos/{NAME}/releases", "releases")
    found = items(await pages(client, hub.settings(f"github:releases/{NAME}")))
    fact = facts["releases"]
    assert len(found) == fact["count"] - fact["drafts"]
    assert [item.extra["tag"] for item in found] == fact["tags"]
    assert sum("prerelease" in item.tags for item in found) == fact["prereleases"]
    assert sum(m.kind == "file" for item in found for m in item.media) == fact["assets"]
    assert all(item.title.startswith(NAME) and item.text and "`" not in item.text for item in found)


async def test_recorded_tags(hub: Any, recorded: Any, facts: Any, client: Any, pages: Any, items: Any) -> None:
    hub.lists[f"/repos/{NAME}/releases"] = []
    recorded(f"/repos/{NAME}/tags", "tags")
    assert len(items(await pages(client, hub.settings(f"github:{NAME}")))) == facts["tags"]["count"]


async def test_recorded_stars(hub: Any, recorded: Any, facts: Any, client: Any, pages: Any, items: Any) -> None:
    recorded("/users/simonw/starred", "starred")
    found = items(await pages(client, hub.settings("github:starred/simonw")))
    name, at = facts["starred"]["first"]
    assert len(found) == facts["starred"]["count"]
    assert found[0].extra["repo"] == name and found[0].published == moment(at)
    assert found[0].sightings[0].at == moment(at) and found[0].points == 2


async def test_recorded_repository_and_its_fans(
    hub: Any, recorded: Any, facts: Any, client: Any, pages: Any, items: Any
) -> None:
    recorded(f"/repos/{NAME}", "repo")
    recorded(f"/repos/{NAME}/stargazers", "stargazers")
    (item,) = items(await pages(client, hub.settings(f"github:stargazers/{NAME}")))
    assert item.native_id == f"github:repo:{facts['repo']['id']}" and item.extra["repo"] == facts["repo"]["name"]
    assert len(item.sightings) == facts["stargazers"]["count"]
    login, at = facts["stargazers"]["first"]
    assert (login, moment(at)) in [(s.by.handle, s.at) for s in item.sightings]


@pytest.mark.parametrize("name", ["issues", "pull_requests"])
async def test_recorded_issues_and_pull_requests(
    hub: Any, recorded: Any, facts: Any, client: Any, pages: Any, items: Any, name: str
) -> None:
    recorded("/repos/simonw/datasette/issues", name)
    found = items(await pages(client, hub.settings("github:issues/simonw/datasette")))
    fact = facts[name]
    assert len(found) == fact["count"]
    assert sum("pull request" in item.tags for item in found) == fact["pull_requests"]
    assert sum(not item.text for item in found) == fact["null_body"]
    states = [item.extra["state"] for item in found]
    assert states.count("open") == fact["states"].get("open", 0)
    assert len(states) - states.count("open") == fact["states"].get("closed", 0), "merged ones are closed too"
    assert [found[0].extra["number"], found[0].title] == fact["first"]


async def test_recorded_commits(hub: Any, recorded: Any, facts: Any, client: Any, pages: Any, items: Any) -> None:
    recorded(f"/repos/{NAME}/commits", "commits")
    found = items(await pages(client, hub.settings(f"github:commits/{NAME}")))
    assert len(found) == facts["commits"]["count"]
    assert [found[0].extra["commit"], found[0].title] == facts["commits"]["first"]
    assert not any("author@example.com" in repr(item) for item in found)


async def test_recorded_comments(hub: Any, recorded: Any, facts: Any, client: Any) -> None:
    from penchant.adapters.github import GitHub

    recorded(f"/repos/{NAME}/issues/3/comments", "issue-comments")
    page = await GitHub().thread(client, hub.settings("github:received"), "x", {"repo": NAME, "number": 3})
    assert len(page.items) == facts["issue-comments"]["count"]
    assert all(item.in_reply_to.startswith(f"github:issue:{NAME}#") and item.text for item in page.items)


async def test_the_recorded_user_is_whose_token_it_is(
    hub: Any, make: Any, recorded: Any, facts: Any, client: Any
) -> None:
    from penchant.adapters.github_api import sign_in
    from penchant.adapters.github_items import person

    recorded("/user", "user")
    assert await sign_in(client, hub.api, make.TOKEN) == facts["user"]["name"]
    who = person(json.loads(hub.docs["/user"].body))
    assert who is not None and who.key == "github:simonw" and who.name
