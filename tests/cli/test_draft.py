"""`penchant draft`: lists, judges and sends drafts; what is missing is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from penchant.adapters import secrets
from penchant.adapters.base import Author, Item, Page
from penchant.adapters.mastodon_api import token_key
from penchant.app.store import Store
from penchant.app.store.drafts import Draft

TEXT = "Trams climb \x1b[31mbetter than any bus."


@pytest.fixture
def drafts(home: Path, server: Any) -> dict[str, str]:
    """A post and a reply to a toot of a server on loopback, with an account there."""
    host = f"127.0.0.1:{server.port}"
    secrets.set(token_key(f"me@{host}"), "the-token")
    (home / "data").mkdir(exist_ok=True)
    with Store.open(home / "data" / "archive.db", role="cli") as store:
        settings = {"address": f"http://{host}", "timeline": "home", "account": f"me@{host}"}
        number = store.subscriptions.add("mastodon", f"mastodon:http://me@{host}/home", settings=settings)
        store.subscriptions.pause(number, True)
        extra = {"instance": host, "id": "77", "visibility": "private"}
        toot = Item("https://far.example/9", "https://far.example/@ada/9", text="What climbs best?",
                    author=Author("mastodon:ada", "Ada", "@ada@far.example"), extra=extra)  # fmt: skip
        (item,) = store.items.put_page(number, Page((toot,), {}), 1.0).item_ids
        post = store.drafts.add(Draft("post", TEXT, arm="history", model="m", facts={"probability": 0.6}, made_at=2.0))
        reply = store.drafts.add(Draft("reply", "A cable car.", item, made_at=1.0))
    server.route("/api/v1/statuses", json.dumps({"id": "1", "uri": "u:1", "url": "https://home.example/@me/1"}))
    return {"post": post, "reply": reply}


def error(cli: Any, *arguments: str, code: int = 1) -> str:
    """What a command that fails says on standard error."""
    cli(*arguments, code=code)
    return str(cli.errors)


def test_an_empty_archive_has_no_drafts(cli: Any) -> None:
    assert cli("draft", "list") == "" and cli("draft", "list", "--json") == ""
    said = error(cli, "draft", "like", "abcd")
    assert "there is no draft abcd" in said and "draft list" in said


def test_drafts_are_listed_without_control_bytes(cli: Any, drafts: dict[str, str]) -> None:
    shown = cli("draft", "list")
    assert "\x1b" not in shown and shown.index("Trams climb") < shown.index("A cable car.")
    assert f"{drafts['post'][:8]}  offered  post  60 %  history  m" in shown
    rows = [json.loads(line) for line in cli("draft", "list", "--json").splitlines()]
    assert [row["id"] for row in rows] == [drafts["post"], drafts["reply"]] and rows[0]["text"] == TEXT


def test_like_skip_keep_drop(cli: Any, home: Path, drafts: dict[str, str]) -> None:
    cli("draft", "like", drafts["post"][:8])
    cli("draft", "skip", drafts["reply"][:6])
    cli("draft", "keep", drafts["post"][:8])
    cli("draft", "drop", drafts["reply"][:8])
    with Store.open(home / "data" / "archive.db") as store:
        assert [store.drafts.get(drafts[name]).state for name in ("post", "reply")] == ["kept", "dropped"]
        marks = [store.items.cards([store.drafts.get(drafts[name]).item_id])[0].marks for name in ("post", "reply")]
        assert marks[0].liked and marks[1].skipped
        assert [event.kind for _, event in store.events.live()] == ["like", "skip", "draft", "draft"]
    assert "Trams" not in cli("list", "--view", "liked")


def test_nothing_is_posted_without_the_readers_word(cli: Any, server: Any, drafts: dict[str, str]) -> None:
    out = cli("draft", "send", drafts["reply"][:8], code=2)
    assert "needs your word" in cli.errors and server.requests == []
    assert "@ada@far.example A cable car." in out and "to followers only" in cli.errors


def test_sent_once_and_told_where_it_is(cli: Any, home: Path, server: Any, drafts: dict[str, str]) -> None:
    done = cli("draft", "send", drafts["reply"][:8], "--yes")
    assert "posted: https://home.example/@me/1" in done
    (request,) = [each for each in server.requests if each.method == "POST"]
    form = parse_qs(request.body.decode())
    assert form["status"] == ["@ada@far.example A cable car."] and form["visibility"] == ["private"]
    assert (
        "posted already" in error(cli, "draft", "send", drafts["reply"][:8], "--yes")
        and len([e for e in server.requests if e.method == "POST"]) == 1
    )
    with Store.open(home / "data" / "archive.db") as store:
        draft = store.drafts.get(drafts["reply"])
        assert draft is not None and draft.state == "posted" and draft.facts["url"] == "https://home.example/@me/1"


def test_a_refusal_is_told_and_nothing_is_open(cli: Any, home: Path, server: Any, drafts: dict[str, str]) -> None:
    words = json.dumps({"error": "not \x1b[2J allowed"})
    server.route("/api/v1/statuses", words, status=403, headers={"Content-Type": "application/json"})
    said = error(cli, "draft", "send", drafts["post"][:8], "--yes", code=5)
    assert "--post" in said and "\x1b" not in said
    with Store.open(home / "data" / "archive.db") as store:
        draft = store.drafts.get(drafts["post"])
        assert draft is not None and draft.state == "offered" and "sending" not in draft.facts


def test_what_is_missing_is_said(cli: Any, home: Path, drafts: dict[str, str]) -> None:
    assert "which item?" in error(cli, "draft", "reply", code=2)
    assert "needs a draft" in error(cli, "draft", "send", code=2)
    assert "nothing was liked yet" in error(cli, "draft", "post", "--liked", code=1)
    (home / "config").mkdir(exist_ok=True)
    (home / "config" / "config.toml").write_text('[models]\njudge = ""\n')
    said = error(cli, "draft", "post", "trams")
    assert "no language model is installed" in said and "penchant[judge]" in said
