"""Notifications: what they tell, by Last-Modified, once each until their thread goes on."""

from __future__ import annotations

from typing import Any

import pytest

from penchant.adapters import secrets
from penchant.adapters.github_talk import subject_page
from penchant.adapters.github_token import token_key


@pytest.fixture(autouse=True)
def signed_in(hub: Any, make: Any) -> None:
    secrets.set(token_key(hub.api), make.TOKEN)
    hub.token = make.TOKEN


def notice(hub: Any, number: int, day: int = 1, kind: str = "Issue", **subject: Any) -> dict[str, Any]:
    return {
        "id": str(number),
        "unread": True,
        "reason": "review_requested",
        "updated_at": f"2026-03-{day:02d}T00:00:00Z",
        "subject": {
            "title": f"Subject {number}",
            "type": kind,
            "url": f"{hub.api}/repos/ada/engine/issues/{number}",
            "latest_comment_url": f"{hub.api}/repos/ada/engine/issues/{number}",
        }
        | subject,
        "repository": {"full_name": "ada/engine", "owner": {"login": "ada"}},
    }


async def test_a_notification_with_what_it_tells(hub: Any, make: Any, client: Any, pages: Any, items: Any) -> None:
    hub.poll = "60"
    comment = f"{hub.api}/repos/ada/engine/issues/comments/5"
    hub.lists["/notifications"] = [
        notice(hub, 2, latest_comment_url=comment),
        notice(hub, 1),
        notice(hub, 3, kind="RepositoryInvitation", url=None, latest_comment_url=None),
        notice(hub, 4, kind="Release", latest_comment_url=f"{hub.api}/repos/ada/engine/releases/9",
               url=f"{hub.api}/repos/ada/engine/releases/9"),
    ]  # fmt: skip
    hub.docs["/repos/ada/engine/issues/comments/5"] = {
        "id": 5, "html_url": "https://github.com/ada/engine/pull/2#issuecomment-5", "user": make.user("bob"),
        "issue_url": "x", "created_at": "2026-03-01T00:00:00Z", "body_html": "<p>Looks <b>good</b></p>",
    }  # fmt: skip
    hub.docs["/repos/ada/engine/issues/1"] = make.issue(1)
    hub.docs["/repos/ada/engine/releases/9"] = make.release(9)
    got = await pages(client, hub.settings("github:notifications"))
    two, one, three, four = items(got)
    assert two.native_id == "github:notification:2" and two.title == "Subject 2"
    assert two.text == "ada/engine: your review is asked for\n\nLooks good" and two.author.handle == "bob"
    assert two.url == "https://github.com/ada/engine/pull/2#issuecomment-5"
    assert one.text.endswith("It stops.") and one.extra["number"] == 1
    assert (three.url, three.text) == ("https://github.com/ada/engine", "ada/engine: your review is asked for")
    assert "repository invitation" in three.tags
    assert four.text.endswith("Notes of 9")
    assert got[0].interval == 60.0


async def test_last_modified_makes_the_next_visit_one_cheap_request(
    hub: Any, client: Any, pages: Any, answers: Any, items: Any
) -> None:
    rows = [notice(hub, n) for n in (2, 1)]
    moment = "Sun, 01 Mar 2026 00:00:00 GMT"

    def served(request: Any) -> Any:
        if request.headers.get("if-modified-since") == moment:
            return answers.Answer(b"", 304, {"X-Poll-Interval": "90"})
        found = hub._page(request, rows)
        return answers.Answer(found.body, 200, {**found.headers, "Last-Modified": moment})

    hub.docs["/notifications"] = served
    settings = hub.settings("github:notifications")
    first = await pages(client, settings)
    again = await pages(client, settings, first[-1].cursor)
    assert items(again) == [] and again[-1].cursor == first[-1].cursor and again[-1].interval == 90.0


async def test_only_threads_that_went_on_come_again(
    hub: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    hub.lists["/notifications"] = [notice(hub, n) for n in range(120, 0, -1)]
    settings = hub.settings("github:notifications", readmes=5)
    first = await pages(client, settings)
    assert len(items(first)) == 120 and len(hub.asked("/repos")) == 5
    hub.lists["/notifications"].insert(0, notice(hub, 7, day=9))
    hub.docs["/repos/ada/engine/issues/7"] = make.issue(7, body="And on")
    (item,) = items(await pages(client, settings, first[-1].cursor))
    assert item.native_id == "github:notification:7" and item.text.endswith("And on")


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://api.github.com/repos/ada/engine/pulls/5", "/pull/5"),
        ("https://api.github.com/repos/ada/engine/issues/5", "/issues/5"),
        ("https://ghe.example/api/v3/repos/ada/engine/commits/abc123", "/commit/abc123"),
        ("https://api.github.com/repos/ada/engine/releases/5", "/releases"),
        ("https://api.github.com/repos/ada/engine/check-suites/5", ""),
        ("", ""),
        ("http://[", ""),
    ],
)
def test_the_page_of_a_subject(url: str, page: str) -> None:
    assert subject_page(url, "ada/engine") == f"https://github.com/ada/engine{page}"
