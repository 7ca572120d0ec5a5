"""Events: one item for each thing, with everybody who brought it."""

from __future__ import annotations

from typing import Any

RECEIVED = "/users/ada/received_events"


async def test_a_repository_starred_by_several_people_is_one_item(
    hub: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    hub.lists[RECEIVED] = [
        make.event(3, by="cyd"),
        make.event(2, kind="ForkEvent", by="dot"),
        make.event(1, by="bob"),
        make.event(0, kind="PushEvent", by="bob", push_id=1),
    ]
    hub.docs["/repos/ada/engine-1"] = make.repo(1)
    hub.readme("ada/engine-1", "<p>One</p>")
    settings = hub.settings("github:received/ada")
    first = await pages(client, settings)
    (item,) = items(first)
    assert item.native_id == "github:repo:1" and item.text.endswith("One")
    assert [(s.how, s.by.key) for s in item.sightings] == [
        ("boost", "github:cyd"), ("boost", "github:dot"), ("boost", "github:bob"),
    ]  # fmt: skip
    assert item.published == item.sightings[0].at and item.sightings[0].by.avatar_url
    hub.lists[RECEIVED].insert(0, make.event(9, by="eve"))
    (again,) = items(await pages(client, settings, first[-1].cursor))
    assert [s.by.key for s in again.sightings] == ["github:eve"]
    assert again.content_hash == item.content_hash, "a new sighting is no edit"


async def test_x_poll_interval_is_the_interval_and_unchanged_is_one_request(
    hub: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    hub.poll = "120"
    hub.lists[RECEIVED] = [make.event(1)]
    hub.docs["/repos/ada/engine-1"] = make.repo(1)
    settings = hub.settings("github:received/ada")
    first = await pages(client, settings)
    count = len(hub.asked())
    again = await pages(client, settings, first[-1].cursor)
    assert [page.interval for page in (*first, *again)] == [120.0, 120.0]
    assert items(again) == [] and len(hub.asked()) == count + 1


async def test_what_else_people_do(hub: Any, make: Any, client: Any, pages: Any, items: Any) -> None:
    comment = {
        "id": 5, "html_url": "https://github.com/ada/engine/issues/7#issuecomment-5", "user": make.user("bob"),
        "body": "Me too", "created_at": "2026-03-01T00:00:00Z",
    }  # fmt: skip
    pull = {"id": 1, "number": 4, "url": "https://api.github.com/repos/ada/engine/pulls/4"}
    here = {"repo": "ada/engine"}
    hub.lists[RECEIVED] = [
        make.event(10, "IssueCommentEvent", action="created", issue=make.issue(7), comment=comment, **here),
        make.event(9, "IssuesEvent", action="opened", issue=make.issue(7), **here),
        make.event(8, "IssuesEvent", action="closed", issue=make.issue(6), **here),
        make.event(7, "ReleaseEvent", action="published", release=make.release(3), **here),
        make.event(6, "CreateEvent", repo="bob/new", ref_type="repository", ref=None),
        make.event(5, "CreateEvent", ref_type="branch", ref="x"),
        make.event(4, "PullRequestEvent", action="opened", number=4, pull_request=pull, **here),
        make.event(3, "PullRequestEvent", action="closed", number=5, pull_request={**pull, "number": 5}, **here),
        make.event(2, "PublicEvent", repo="bob/gone"),
        make.event(1, "MemberEvent", action="added"),
    ]
    hub.docs["/repos/bob/new"] = make.repo(77, full_name="bob/new")
    full = make.issue(4, html_url="https://github.com/ada/engine/pull/4", title="A new loom", merged_at=None)
    hub.docs["/repos/ada/engine/pulls/4"] = full
    found = {i.native_id: i for i in items(await pages(client, hub.settings("github:received/ada")))}
    assert set(found) == {
        "github:comment:5", "github:issue:ada/engine#7", "github:release:3", "github:repo:77",
        "github:issue:ada/engine#4",
    }  # fmt: skip
    said = found["github:comment:5"]
    assert (said.title, said.text, said.in_reply_to) == ("Re: Issue 7", "Me too", "github:issue:ada/engine#7")
    assert said.sightings[0].how == "reply"
    assert found["github:issue:ada/engine#4"].title == "A new loom", "cut-down payloads are completed"
    assert "pull request" in found["github:issue:ada/engine#4"].tags


async def test_what_the_budget_does_not_reach_comes_with_a_later_visit(
    hub: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    hub.lists[RECEIVED] = [make.event(n, repo=f"ada/engine-{n}") for n in range(30, 0, -1)]
    for n in range(1, 31):
        hub.docs[f"/repos/ada/engine-{n}"] = make.repo(n)
    settings = hub.settings("github:received/ada")
    cursor: Any = {}
    names: list[str] = []
    for _ in range(5):
        got = await pages(client, settings, cursor)
        cursor = got[-1].cursor
        names += [i.native_id for i in items(got)]
    assert sorted(set(names)) == sorted(f"github:repo:{n}" for n in range(1, 31))
    assert len(names) == 30 and cursor["etag"]


async def test_all_three_hundred_events_are_read_and_only_new_ones_later(
    hub: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    path = "/users/bob/events"
    def opened(n: int) -> Any:
        return make.event(n, "IssuesEvent", repo="ada/engine", action="opened", issue=make.issue(n))

    hub.lists[path] = [opened(n) for n in range(300, 0, -1)]
    settings = hub.settings("github:user/bob")
    first = await pages(client, settings)
    assert len(items(first)) == 300 and max(len(p.items) for p in first) <= 100
    hub.lists[path] = [opened(n) for n in range(305, 5, -1)]
    later = await pages(client, settings, first[-1].cursor)
    assert [i.extra["number"] for i in items(later)] == [305, 304, 303, 302, 301]
    assert len(hub.asked(path)) == 4


async def test_the_readers_own_events_ask_for_the_login_once(
    hub: Any, make: Any, client: Any, pages: Any
) -> None:
    from penchant.adapters import secrets
    from penchant.adapters.github_token import token_key

    secrets.set(token_key(hub.api), make.TOKEN)
    hub.token = make.TOKEN
    hub.docs["/user"] = make.user("ada")
    hub.lists[RECEIVED] = [make.event(1, "PushEvent")]
    first = await pages(client, hub.settings("github:received"))
    await pages(client, hub.settings("github:received"), first[-1].cursor)
    assert hub.asked("/user")[0] == "/user" and len([a for a in hub.asked() if a == "/user"]) == 1
    assert all(r.headers["authorization"] == f"Bearer {make.TOKEN}" for r in hub.server.requests)


async def test_two_people_and_one_issue_are_one_item(hub: Any, make: Any, client: Any, pages: Any, items: Any) -> None:
    hub.lists[RECEIVED] = [
        make.event(2, "IssuesEvent", by="cyd", repo="ada/engine", action="reopened", issue=make.issue(7)),
        make.event(1, "IssuesEvent", by="bob", repo="ada/engine", action="opened", issue=make.issue(7)),
    ]
    (item,) = items(await pages(client, hub.settings("github:received/ada")))
    assert [s.by.key for s in item.sightings] == ["github:cyd", "github:bob"]


async def test_an_organisation_has_a_list_of_its_own(
    hub: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    hub.lists["/users/looms/events"] = []
    hub.lists["/orgs/looms/events"] = [make.event(1, "ReleaseEvent", action="published", release=make.release(1))]
    settings = hub.settings("github:looms")
    first = await pages(client, settings)
    assert [i.native_id for i in items(first)] == ["github:release:1"]
    await pages(client, settings, first[-1].cursor)
    assert [target.partition("?")[0] for target in hub.asked()] == [
        "/users/looms/events", "/orgs/looms/events", "/orgs/looms/events",
    ]  # fmt: skip
    hub.lists["/users/quiet/events"] = []
    assert items(await pages(client, hub.settings("github:quiet"))) == []
