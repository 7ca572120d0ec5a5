"""Notifications (grouped by the server or here) and followed hashtags."""

from __future__ import annotations

import json
from typing import Any

import pytest

from penchant.adapters import secrets
from penchant.adapters.base import NotAuthorized, SourceError
from penchant.adapters.contract_days import HOSTILE
from penchant.adapters.contract_rules import proper
from penchant.adapters.mastodon_api import token_key
from penchant.adapters.mastodon_items import Via
from penchant.adapters.mastodon_notices import read_notices

ACCOUNT = "reader@home.example"
V2, V1, TAGS = "/api/v2/notifications", "/api/v1/notifications", "/api/v1/followed_tags"


@pytest.fixture(autouse=True)
def signed_in(make: Any) -> None:
    secrets.set(token_key(ACCOUNT), make.TOKEN)


def settings_of(fedi: Any, timeline: str) -> dict[str, Any]:
    return {"address": fedi.address, "timeline": timeline, "account": ACCOUNT}


def group(number: int, kind: str, people: list[str], status: str = "", count: int = 0) -> dict[str, Any]:
    return {
        "group_key": f"{kind}-{status or number}", "type": kind, "most_recent_notification_id": number,
        "latest_page_notification_at": "2026-03-01T10:00:00.000Z", "sample_account_ids": people,
        "notifications_count": count or len(people), **({"status_id": status} if status else {}),
    }  # fmt: skip


def document(make: Any, groups: list[dict[str, Any]]) -> dict[str, Any]:
    people = [make.account(name, id=name) for name in ("ada", "bob", "cyd", "dan")]
    return {"accounts": people, "statuses": [make.status(1), make.status(2)], "notification_groups": groups}


async def test_groups_of_the_server_become_items(fedi: Any, client: Any, make: Any, pages: Any) -> None:
    groups = [
        group(9, "favourite", ["ada", "bob", "cyd", "dan"], "1001", count=12),
        group(8, "mention", ["bob"], "1002"),
        group(7, "follow", ["cyd"]),
        group(6, "poll", ["ada"], "1001"),
        group(5, "brand_new_kind", ["ada"]),
    ]
    fedi.other[V2] = lambda request: fedi.json(document(make, groups))
    [page] = await pages(client, settings_of(fedi, "notifications"))
    titles = [item.title for item in page.items]
    assert titles == [
        "Ada, Bob, Cyd and 9 others liked your post", "", "Cyd followed you", "A poll has ended", "Ada brand_new_kind"
    ]  # fmt: skip
    liked, mention, follow, *_ = page.items
    assert liked.text == "Number 1" and liked.extra["count"] == 12 and liked.author.name == "Ada"
    assert mention.native_id == "https://home.example/users/ada/statuses/1002", "the post itself: it joins"
    assert follow.url == "https://home.example/@cyd"
    for item in page.items:
        proper(item)
    groups[0]["notifications_count"], groups[0]["most_recent_notification_id"] = 13, 10
    [again] = await pages(client, settings_of(fedi, "notifications"), json.loads(json.dumps(page.cursor)))
    grown = next(item for item in again.items if item.native_id == liked.native_id)
    assert grown.title.endswith("and 10 others liked your post") and again.cursor["newest"] == "10"


async def test_older_servers_are_grouped_here(fedi: Any, client: Any, make: Any, pages: Any) -> None:
    def row(number: int, kind: str, name: str, status: Any = None) -> dict[str, Any]:
        at = "2026-03-01T10:00:00.000Z"
        return {"id": str(number), "type": kind, "created_at": at, "account": make.account(name), "status": status}

    post = make.status(1)
    fedi.other[V1] = lambda request: fedi.json(
        [row(5, "favourite", "ada", post), row(4, "favourite", "bob", post), row(3, "follow", "cyd")]
    )
    [page] = await pages(client, settings_of(fedi, "notifications"))
    assert [item.title for item in page.items] == ["Ada and Bob liked your post", "Cyd followed you"]
    before = len(fedi.asked())
    await pages(client, settings_of(fedi, "notifications"), page.cursor)
    assert [target.partition("?")[0] for target in fedi.asked()[before:]] == [V1], "v2 is not asked again"
    for since in (True, page.cursor["v1"] - 8 * 86_400, page.cursor["v1"] + 99_999):
        before = len(fedi.asked())
        await pages(client, settings_of(fedi, "notifications"), page.cursor | {"v1": since})
        assert fedi.asked()[before].startswith(V2), "it is after a week, for the server may have been upgraded"


async def test_a_gap_is_read_back_to_what_is_known(fedi: Any, client: Any, make: Any, pages: Any) -> None:
    everything = [group(n, "favourite", ["ada"], "1001") | {"group_key": f"g{n}"} for n in range(300, 0, -1)]

    def serve(request: Any) -> Any:
        below = int(request.query.get("max_id", ["9999"])[0])
        shown = [g for g in everything if g["most_recent_notification_id"] < below][:40]
        link = f'<{fedi.address}{V2}?limit=40&max_id={shown[-1]["most_recent_notification_id"]}>; rel="next"'
        return fedi.json(document(make, shown), Link=link)

    fedi.other[V2] = serve
    first = await pages(client, settings_of(fedi, "notifications"))
    assert [len(page.items) for page in first] == [40, 40]
    assert first[0].cursor == {}, "a stop after the first page starts anew"
    got = await pages(client, settings_of(fedi, "notifications"), {"newest": "190"})
    seen = {item.native_id.rpartition("/")[2] for page in got for item in page.items}
    assert seen >= {f"g{n}" for n in range(191, 301)}
    assert got[-1].cursor == {"newest": "300"}


async def test_followed_tags_are_read_in_turn(fedi: Any, client: Any, make: Any, pages: Any) -> None:
    fedi.other[TAGS] = lambda request: fedi.json([{"name": "sqlite"}, {"name": "grün"}, {"no": 1}])
    fedi.paths["/api/v1/timelines/tag/sqlite"] = [make.status(n) for n in range(100, 0, -1)]
    fedi.paths["/api/v1/timelines/tag/gr%C3%BCn"] = [make.status(n) for n in (100, 7)]
    settings = settings_of(fedi, "followed-tags")
    first = await pages(client, settings)
    numbers = [item.extra["id"] for page in first for item in page.items]
    assert numbers == [str(1000 + n) for n in range(100, 80, -1)] + ["1007"], "one post under two tags comes once"
    fedi.paths["/api/v1/timelines/tag/sqlite"] = [make.status(n) for n in range(230, 0, -1)]
    later = await pages(client, settings, json.loads(json.dumps(first[-1].cursor)))
    assert {item.extra["id"] for page in later for item in page.items} == {str(n) for n in range(1101, 1231)}
    one = await pages(client, settings, later[0].cursor)
    whole = {item.extra["id"] for page in (later[0], *one) for item in page.items}
    assert whole == {str(n) for n in range(1101, 1231)}, "an interruption leaves no hole"


async def test_a_spent_allowance_passes_the_turn_on(fedi: Any, client: Any, make: Any, pages: Any) -> None:
    fedi.other[TAGS] = lambda request: fedi.json([{"name": "a"}, {"name": "b"}])
    for tag in "ab":
        fedi.paths[f"/api/v1/timelines/tag/{tag}"] = [make.status(ord(tag))]
    fedi.remaining = 3
    [first] = await pages(client, settings_of(fedi, "followed-tags"))
    [second] = await pages(client, settings_of(fedi, "followed-tags"), first.cursor)
    assert first.interval and {i.extra["id"] for p in (first, second) for i in p.items} == {"1097", "1098"}


@pytest.mark.parametrize("timeline", ["notifications", "followed-tags"])
async def test_without_an_account_it_says_so(fedi: Any, client: Any, pages: Any, timeline: str) -> None:
    with pytest.raises(NotAuthorized, match="needs an account"):
        await pages(client, {"address": fedi.address, "timeline": timeline})


@pytest.mark.parametrize("words", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_notifications_come_out_clean(make: Any, words: str) -> None:
    person = make.account("ada", id="ada", display_name=words, note=words, acct=words)
    status = make.status(1, content=f"<p>{words}", spoiler_text=words)
    groups = [group(n, kind, ["ada"], "1001") | {"group_key": f"{n}{words}"} for n, kind in
              enumerate(("favourite", "mention", "follow", words))]  # fmt: skip
    body = json.dumps({"accounts": [person], "statuses": [status], "notification_groups": groups})
    notices = read_notices(body.encode(), Via("https://home.example"))
    assert len(notices.items) >= 3
    for item in notices.items:
        proper(item)


@pytest.mark.parametrize("body", ["null", "7", "{}", '{"notification_groups": 7}', "[[]]", '[{"type": 7}, null, 3]'])
def test_odd_shapes_are_refused_or_empty(body: str) -> None:
    try:
        assert read_notices(body.encode(), Via("https://home.example")).items == ()
    except SourceError as error:
        assert str(error)
