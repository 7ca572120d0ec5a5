"""Releases, issues and commits of a repository: pages, gaps, edits, deletions, validators."""

from __future__ import annotations

from typing import Any

RELEASES = "/repos/ada/engine/releases"


async def test_a_release_as_an_item(hub: Any, make: Any, client: Any, pages: Any, items: Any) -> None:
    asset = {
        "name": "engine.tar.gz", "label": "", "content_type": "application/gzip", "size": 1234,
        "browser_download_url": "https://github.com/ada/engine/releases/download/v7/engine.tar.gz",
    }  # fmt: skip
    body = "## New\n\n* [docs](https://a.example/x)\n* <b>bold</b> ![shot](shot.png)\n\n| a | b |\n|--|--|\n| 1 | 2 |"
    hub.lists[RELEASES] = [
        make.release(8, draft=True),
        make.release(7, name="Steam", prerelease=True, body=body, assets=[asset], reactions={"total_count": 5},
                     discussion_url="https://github.com/ada/engine/discussions/3"),
        make.release(6, name="engine 6"),
    ]  # fmt: skip
    got = await pages(client, hub.settings("github:releases/ada/engine"))
    first, second = items(got)
    assert (first.native_id, first.title) == ("github:release:7", "ada/engine Steam")
    assert second.title == "engine 6" and second.text == "Notes of 6"
    assert "• docs [1]" in first.text and "bold" in first.text and "1" in first.text and "<" not in first.text
    assert [link.url for link in first.links] == ["https://a.example/x"]
    assert [(m.kind, m.alt, m.size) for m in first.media] == [("image", "shot", 0), ("file", "engine.tar.gz", 1234)]
    assert first.tags == ("release", "prerelease") and first.points == 5
    assert first.comments_url.endswith("/discussions/3")
    assert first.author.key == "github:ada" and first.author.avatar_url
    assert [(s.how, s.by.handle, s.at) for s in first.sightings] == [("post", "ada", first.published)]
    assert (got[0].title, got[0].site_url) == ("ada/engine · releases", "https://github.com/ada/engine/releases")


async def test_rendered_bodies_are_asked_for_and_taken(
    hub: Any, make: Any, client: Any, pages: Any, items: Any, server: Any
) -> None:
    hub.lists[RELEASES] = [make.release(1, body="**raw**", body_html="<p>Rendered <em>there</em></p>")]
    (item,) = items(await pages(client, hub.settings("github:ada/engine")))
    assert item.text == "Rendered there"
    assert server.requests[0].headers["accept"] == "application/vnd.github.html+json"
    assert server.requests[0].headers["x-github-api-version"] == "2022-11-28"
    assert "authorization" not in server.requests[0].headers


async def test_unchanged_is_one_conditional_request(hub: Any, make: Any, client: Any, pages: Any, items: Any) -> None:
    hub.lists[RELEASES] = [make.release(n) for n in range(20, 0, -1)]
    settings = hub.settings("github:ada/engine")
    got = await pages(client, settings)
    again = await pages(client, settings, got[-1].cursor)
    assert items(again) == [] and again[-1].cursor == got[-1].cursor
    assert hub.server.requests[-1].headers["if-none-match"] == got[-1].cursor["etag"]
    assert len(hub.asked()) == 2


async def test_an_edit_keeps_its_id_and_a_deleted_release_is_named(
    hub: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    rows = [make.release(n) for n in range(10, 0, -1)]
    hub.lists[RELEASES] = rows
    settings = hub.settings("github:ada/engine")
    first = await pages(client, settings)
    hub.lists[RELEASES] = [make.release(11), *rows[:3], make.release(7, body="Better notes"), *rows[5:]]
    hub.lists[RELEASES] = [r for r in hub.lists[RELEASES] if r["id"] != 9]
    later = await pages(client, settings, first[-1].cursor)
    assert {i.native_id for i in items(later)} - {i.native_id for i in items(first)} == {"github:release:11"}
    old = next(i for i in items(first) if i.native_id == "github:release:7")
    new = next(i for i in items(later) if i.native_id == "github:release:7")
    assert new.text == "Better notes" and new.content_hash != old.content_hash
    gone = [native for page in later for native in page.deleted]
    assert gone == ["github:release:9", "github:release:6"]
    assert not [p for p in await pages(client, settings, later[-1].cursor) if p.deleted]


async def test_what_leaves_the_end_of_the_page_is_not_deleted(hub: Any, make: Any, client: Any, pages: Any) -> None:
    hub.lists[RELEASES] = [make.release(n) for n in range(30, 0, -1)]
    settings = hub.settings("github:ada/engine")
    got = await pages(client, settings)
    hub.lists[RELEASES] = [make.release(n) for n in range(35, 0, -1)]
    assert not [p for p in await pages(client, settings, got[-1].cursor) if p.deleted]


async def test_the_first_visit_reads_back_to_the_limit_and_a_gap_is_filled(
    hub: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    path = "/repos/ada/engine/issues"
    hub.lists[path] = [make.issue(n) for n in range(500, 0, -1)]
    settings = hub.settings("github:issues/ada/engine", limit=150)
    first = await pages(client, settings)
    assert [i.extra["number"] for i in items(first)] == list(range(500, 300, -1))
    assert first[0].total == 150
    hub.lists[path] = [make.issue(n) for n in range(760, 0, -1)]
    later = await pages(client, settings, first[-1].cursor)
    assert {i.extra["number"] for i in items(later)} >= set(range(501, 761))
    assert len(items(later)) == 300 and "older" not in later[-1].cursor


async def test_tags_stand_in_where_there_are_no_releases(
    hub: Any, make: Any, client: Any, pages: Any, items: Any
) -> None:
    hub.lists[RELEASES] = []
    tag = {"name": "v2", "commit": {"sha": "ab" * 20}}
    hub.lists["/repos/ada/engine/tags"] = [tag]
    settings = hub.settings("github:ada/engine")
    first = await pages(client, settings)
    (item,) = items(first)
    assert (item.native_id, item.title, item.published) == ("github:tag:ada/engine:v2", "ada/engine v2", None)
    assert item.url == "https://github.com/ada/engine/releases/tag/v2"
    hub.lists["/repos/ada/engine/tags"] = [{"name": "v3"}, tag]
    second = await pages(client, settings, first[-1].cursor)
    assert [i.title for i in items(second)] == ["ada/engine v3", "ada/engine v2"]
    hub.lists[RELEASES] = [make.release(3)]
    third = await pages(client, settings, second[-1].cursor)
    assert [i.native_id for i in items(third)] == ["github:release:3"] and "tags" not in third[-1].cursor


async def test_issues_and_pull_requests(hub: Any, make: Any, client: Any, pages: Any, items: Any) -> None:
    merged = {"merged_at": "2026-02-02T00:00:00Z"}
    pull = make.issue(2, html_url="https://github.com/ada/engine/pull/2", pull_request=merged, body=None)
    hub.lists["/repos/ada/engine/issues"] = [pull, make.issue(1)]
    one, two = items(await pages(client, hub.settings("github:issues/ada/engine")))
    assert one.tags == ("pull request", "bug") and one.extra["state"] == "merged" and one.text == ""
    assert two.tags == ("issue", "bug") and two.text == "It stops." and two.comments == 2
    assert two.native_id == "github:issue:ada/engine#1" and two.updated > two.published


async def test_commits_without_mail_addresses(hub: Any, client: Any, pages: Any, items: Any) -> None:
    signed = {"name": "Ada", "email": "ada@secret.example", "date": "2026-02-01T00:00:00Z"}
    hub.lists["/repos/ada/engine/commits"] = [
        {"sha": "a1" * 20, "commit": {"message": "Fix the loom\n\nIt stopped.", "author": signed}, "author": None}
    ]
    (item,) = items(await pages(client, hub.settings("github:commits/ada/engine")))
    assert (item.title, item.text, item.author.name) == ("Fix the loom", "It stopped.", "Ada")
    assert "secret" not in repr(item)


async def test_the_comments_of_an_issue(hub: Any, make: Any, client: Any) -> None:
    from penchant.adapters.github import GitHub

    rows = [
        {"id": n, "html_url": f"https://github.com/ada/engine/issues/7#issuecomment-{n}", "user": make.user("bob"),
         "created_at": "2026-02-01T00:00:00Z", "body_html": f"<p>Comment {n}</p>"} for n in (1, 2)
    ]  # fmt: skip
    hub.lists["/repos/ada/engine/issues/7/comments"] = rows
    known = {"repo": "ada/engine", "number": 7}
    page = await GitHub().thread(client, hub.settings("github:received"), "github:issue:ada/engine#7", known)
    assert [(i.text, i.in_reply_to) for i in page.items] == [
        ("Comment 1", "github:issue:ada/engine#7"), ("Comment 2", "github:issue:ada/engine#7"),
    ]  # fmt: skip
    assert (await GitHub().thread(client, hub.settings("github:starred"), "github:repo:1", {"repo": "a/b"})).items == ()
