"""Whatever stands in a document instead of what should: readers give clean items or say that it is malformed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Malformed
from penchant.adapters.github_events import by_path, merged, read_events
from penchant.adapters.github_items import read_commits, read_fans, read_releases, read_repos, read_tags
from penchant.adapters.github_notices import read_detail
from penchant.adapters.github_talk import read_comments, read_issues, read_notices

USER = {"login": "ada", "html_url": "https://github.com/ada", "avatar_url": "https://a.example/1"}
REPO = {
    "id": 1, "full_name": "ada/engine", "html_url": "https://github.com/ada/engine", "owner": USER, "description": "D",
    "homepage": "https://e.example", "stargazers_count": 1, "forks_count": 1, "open_issues_count": 1, "topics": ["a"],
    "language": "C", "license": {"spdx_id": "MIT"}, "created_at": "2026-01-01T00:00:00Z",
    "pushed_at": "2026-01-01T00:00:00Z",
}  # fmt: skip
ISSUE = {
    "id": 1, "number": 2, "html_url": "https://github.com/ada/engine/issues/2", "title": "T", "body": "B", "user": USER,
    "labels": [{"name": "bug"}], "comments": 1, "created_at": "2026-01-01T00:00:00Z", "state": "open",
    "updated_at": "2026-01-02T00:00:00Z", "pull_request": {"merged_at": None}, "reactions": {"total_count": 1},
}  # fmt: skip
COMMENT = {
    "id": 3, "html_url": "https://github.com/ada/engine/issues/2#x", "body": "C", "user": USER, "issue_url": "u",
    "created_at": "2026-01-01T00:00:00Z",
}  # fmt: skip
RELEASE = {
    "id": 4, "tag_name": "v1", "name": "N", "html_url": "https://github.com/ada/engine/releases/tag/v1", "author": USER,
    "body": "B", "published_at": "2026-01-01T00:00:00Z", "draft": False, "prerelease": False,
    "assets": [{"name": "a", "browser_download_url": "https://github.com/x", "size": 1, "content_type": "a/b"}],
}  # fmt: skip
SIGNED = {"message": "M", "author": {"name": "A", "date": "2026-01-01T00:00:00Z"}}
COMMIT = {"sha": "ab", "commit": SIGNED, "author": USER}
NOTICE = {
    "id": "5", "reason": "mention", "updated_at": "2026-01-01T00:00:00Z", "repository": REPO,
    "subject": {"title": "T", "type": "Issue", "url": "https://api.github.com/repos/a/b/issues/1"},
}  # fmt: skip


def event(kind: str, **payload: Any) -> dict[str, Any]:
    about = {"repo": {"id": 1, "name": "ada/engine"}, "payload": payload}
    return {"id": "6", "type": kind, "actor": USER, "created_at": "2026-01-01T00:00:00Z", **about}


EVENTS = [
    event("WatchEvent", action="started"), event("IssuesEvent", action="opened", issue=ISSUE),
    event("IssueCommentEvent", action="created", issue=ISSUE, comment=COMMENT),
    event("PullRequestEvent", action="opened", number=2, pull_request=ISSUE),
    event("ReleaseEvent", action="published", release=RELEASE), event("CreateEvent", ref_type="repository"),
]  # fmt: skip
Read = Callable[[bytes], Any]
READERS: dict[str, tuple[Any, Read]] = {
    "repos": ([REPO], lambda b: [r.item for r in read_repos(b, "x", "bob")]),
    "stars": ([{"starred_at": "2026-01-01T00:00:00Z", "repo": REPO}], lambda b: [r.item for r in read_repos(b, "x")]),
    "fans": ([{"starred_at": "2026-01-01T00:00:00Z", "user": USER}], lambda b: read_fans(b, "x")),
    "releases": ([RELEASE], lambda b: read_releases(b, "x", "ada/engine")),
    "tags": ([{"name": "v1", "commit": {"sha": "a"}}], lambda b: read_tags(b, "x", "ada/engine")),
    "commits": ([COMMIT], lambda b: read_commits(b, "x", "ada/engine")),
    "issues": ([ISSUE], lambda b: read_issues(b, "x")),
    "comments": ([COMMENT], lambda b: read_comments(b, "x")),
    "notices": ([NOTICE], lambda b: [n.item for n in read_notices(b, "x")]),
    "detail": (RELEASE, lambda b: read_detail(b, "x")),
    "events": (EVENTS, lambda b: (merged(e.item for e in read_events(b, "x") if e.item), by_path(read_events(b, "x")))),
}
junk = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=30), st.lists(st.integers(), max_size=2),
    st.just({}), st.just({"a": [1]}), st.just([[]]), st.sampled_from(["http://[", "\ud800", 10**400, -1]),
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something stands in a document."""
    found = [path] if path else []
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        found += places(value[key], (*path, key))
    return found


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_junk_anywhere_in_a_document(name: str, data: st.DataObject) -> None:
    document, read = READERS[name]
    spoiled = copy.deepcopy(document)
    for path in data.draw(st.lists(st.sampled_from(places(document)), min_size=1, max_size=3)):
        holder = spoiled
        try:
            for step in path[:-1]:
                holder = holder[step]
            holder[path[-1]] = copy.deepcopy(data.draw(junk))
        except (TypeError, KeyError, IndexError):
            continue  # something above it was replaced before
    try:
        found = read(json.dumps(spoiled).encode())
    except Malformed:
        return
    json.dumps(repr(found))
    assert "\x1b" not in repr(found)


@pytest.mark.parametrize("name", READERS)
def test_the_document_itself_is_read(name: str) -> None:
    document, read = READERS[name]
    assert read(json.dumps(document).encode())
