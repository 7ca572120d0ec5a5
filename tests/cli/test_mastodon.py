"""`penchant mastodon suggest`, and notifications that stay out of For you; against a server on loopback."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters import secrets
from penchant.adapters.base import Author, Item, Page, Sighting
from penchant.app.store import Store


def person(name: str) -> Author:
    page = f"far.example/@{name}"
    return Author(f"mastodon:{page}", name.capitalize(), f"@{name}@far.example", f"https://{page}")


def boosted(number: int, author: str, *by: str, days: float = 1.0) -> Item:
    at = time.time() - days * 86_400
    seen = tuple(Sighting("boost", at, person(name)) for name in by)
    url = f"https://far.example/{number}"
    return Item(url, url, text=f"Post {number} by {author}", author=person(author), published=at, sightings=seen)


@pytest.fixture
def archive(home: Path, server: Any) -> str:
    """An archive with a home timeline: fay is boosted by three, gil (followed) by two, hal by one."""
    address = server.url("").rstrip("/")
    items = [
        boosted(1, "fay", "ada", "bob"), boosted(2, "fay", "cyd"), boosted(3, "gil", "ada", "bob"),
        boosted(4, "hal", "ada"), boosted(5, "ivy", "ada", "bob", days=200), boosted(6, "ned", "ada", "cyd"),
        Item("https://far.example/7", "https://far.example/7", text="Own", author=person("gil"),
             sightings=(Sighting("post", time.time(), person("gil")),)),
    ]  # fmt: skip
    account = f"me@{address.removeprefix('http://')}"
    (home / "data").mkdir(exist_ok=True)
    with Store.open(home / "data" / "archive.db", role="cli") as store:
        settings = {"address": address, "timeline": "home", "account": account}
        number = store.subscriptions.add("mastodon", "mastodon:x/home", "home", settings)
        store.items.put_page(number, Page(tuple(items), {}), time.time())
    return account


def test_who_is_boosted_but_not_followed(cli: Any, archive: str) -> None:
    out = cli("mastodon", "suggest")
    rows = [line.split("\t") for line in out.splitlines()[1:]]
    assert rows[0] == ["@fay@far.example", "3", "2", "Ada, Bob, Cyd"]
    assert len(rows) == 2 and "@gil" not in out and "@hal" not in out and "@ivy" not in out and "\x1b" not in out
    assert "not signed in" in cli.errors


def test_the_server_knows_whom_you_follow(cli: Any, archive: str, server: Any) -> None:
    secrets.set(f"mastodon:{archive}", "token")
    answer = type(server.default)
    server.route("/api/v1/accounts/lookup", lambda r: answer(json.dumps({"id": r.query["acct"][0].partition("@")[0]})))
    rows = [{"id": "fay", "following": True}, {"id": "ned", "following": False}]
    server.route("/api/v1/accounts/relationships", json.dumps(rows))
    out = cli("mastodon", "suggest")
    assert "@fay" not in out and "@ned" in out
    asked = server.seen("/api/v1/accounts/lookup")[0]
    assert asked.headers["authorization"] == "Bearer token" and asked.query["acct"] == ["fay@far.example"]
    server.route("/api/v1/accounts/lookup", "sorry", status=500)
    assert "@fay" in cli("mastodon", "suggest", archive)
    assert "could not be asked" in cli.errors


def test_notifications_stay_out_of_for_you(cli: Any, archive: str, server: Any) -> None:
    secrets.set(f"mastodon:{archive}", "token")
    group = {
        "group_key": "favourite-1", "type": "favourite", "most_recent_notification_id": 5, "sample_account_ids": ["1"],
        "notifications_count": 2, "latest_page_notification_at": "2026-03-01T10:00:00.000Z",
    }  # fmt: skip
    ada = {"id": "1", "acct": "ada", "display_name": "Ada", "url": "https://far.example/@ada"}
    page = {"accounts": [ada], "statuses": [], "notification_groups": [group]}
    server.route("/api/v2/notifications", json.dumps(page))
    cli("add", f"mastodon:{server.url('').rstrip('/')}/notifications")
    assert "out of For you" in cli.errors and "source" in cli("mute", "list")
    cli("sync", "--quiet", "Notifications", "--no-rank")
    assert "Ada and another liked your post" in cli("list", "--view", "newest")
    assert "liked your post" not in cli("list")
