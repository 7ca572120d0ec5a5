"""Reddit, Lobsters and Lemmy as a reader follows them: real commands, a server on loopback, a browser's part played."""

from __future__ import annotations

import json
import os
import pty
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from penchant.app.errors import Exit
from penchant.app.paths import Paths
from penchant.app.store import Store


def point_at(base: str) -> None:
    """Let every source ask a server on this machine, as their settings allow."""
    with Store.open(Paths.from_environment().archive, role="cli") as store:
        for source in store.subscriptions.all():
            given = {**source.settings, "web": base, "api": f"{base}/oauth"}
            with store.db.write():
                store.db.run("UPDATE subscriptions SET settings = ? WHERE id = ?", (json.dumps(given), source.id))


def test_added_by_their_addresses_and_fetched(cli: Any, server: Any) -> None:
    link = "https://site.example/the-same-story"
    post = {
        "id": "a1", "title": "The same story", "author": "ada", "subreddit": "python", "is_self": False, "url": link,
        "permalink": "/r/python/comments/a1/x/", "created_utc": 1_770_000_000, "score": 7, "num_comments": 1,
    }  # fmt: skip
    story = {
        "short_id": "abc123", "title": "The same story", "url": link, "score": 9, "tags": ["python"],
        "created_at": "2026-02-02T02:40:00Z", "comments_url": "https://lobste.rs/s/abc123/x", "submitter_user": "bo",
    }  # fmt: skip
    lemmy = {"id": 5, "name": "The same story", "url": link, "ap_id": "https://lemmy.world/post/5"}
    server.route("/r/python/hot.json", b"<html>blocked", status=403)
    entry = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>t3_a1</id><title>The same story</title>'
        '<link href="https://www.reddit.com/r/python/comments/a1/x/"/><content type="html">submitted by /u/ada '
        f'&lt;a href="{link}"&gt;[link]&lt;/a&gt; &lt;a href="https://www.reddit.com/r/python/comments/a1/x/"&gt;'
        "[comments]&lt;/a&gt;</content></entry></feed>"
    )
    server.route("/r/python/hot/.rss", entry, headers={"Content-Type": "application/atom+xml"})
    server.route("/r/rust/hot.json", json.dumps({"data": {"children": [{"kind": "t3", "data": post}]}}))
    server.route("/t/python.json", json.dumps([story]))
    server.route("/api/v3/post/list", json.dumps({"posts": [{"post": lemmy, "counts": {"score": 3, "comments": 0}}]}))
    added = [
        cli("add", address)
        for address in (
            "r/python",
            "https://www.reddit.com/r/rust/",
            "https://lobste.rs/t/python",
            "!technology@lemmy.world",
        )
    ]
    assert [line.partition("  ")[2].strip() for line in added] == [
        "r/python", "r/rust", "Lobsters · python", "!technology@lemmy.world",
    ]  # fmt: skip
    point_at(server.url("").rstrip("/"))
    cli("sync", "--no-rank")
    health = [json.loads(line) for line in cli("sources", "--json").splitlines()]
    assert [(s["error"], s["items"]) for s in health] == [("", 1)] * 4
    (item,) = [json.loads(line) for line in cli("list", "--json", "--view", "newest").splitlines()]
    assert item["title"] == "The same story" and item["also_in"] == 3, "one story, four sources"


def test_what_needs_an_account_says_how_to_sign_in(cli: Any) -> None:
    for address, words in (
        ("reddit:saved", "penchant reddit login"),
        ("https://www.reddit.com/user/ada_l/saved/", "penchant reddit login"),
        ("lemmy:lemmy.world/subscribed", "lemmy:YOU@lemmy.world/subscribed"),
    ):
        cli("add", address, code=Exit.FAILED)
        assert words in cli.errors
    cli("reddit", "login", "app-id", code=Exit.FAILED)
    assert "no terminal" in cli.errors
    for arguments in (("reddit", "login"), ("lemmy", "login", "nobody")):
        cli(*arguments, code=Exit.USAGE)
    for arguments in (("reddit", "logout", "ada"), ("lemmy", "logout", "ada@lemmy.world")):
        cli(*arguments, code=Exit.FAILED)
        assert "nobody is signed in as" in cli.errors


def test_a_password_becomes_a_token(cli: Any, server: Any, answers_of: Any) -> None:
    def login(request: Any) -> Any:
        right = json.loads(request.body)["password"] == "right horse"
        return answers_of({"jwt": "token"} if right else {"error": "incorrect_login"}, 200 if right else 401)

    server.route("/api/v3/user/login", login)
    name = f"ada@127.0.0.1:{server.port}"
    for password, code in (("wrong", Exit.SOURCES), ("right horse", Exit.OK)):
        command = [sys.executable, "-P", "-m", "penchant.app.cli", "lemmy", "login", f"http://{name}"]
        done = subprocess.run(command, input=f"{password}\n", text=True, capture_output=True, timeout=60)
        assert done.returncode == code, done.stderr
    assert cli("lemmy", "accounts") == f"{name}\n"
    assert "right horse" not in "".join(
        p.read_text("utf-8", "replace") for p in Path(os.environ["PENCHANT_SECRETS_DIR"]).iterdir()
    )
    server.route("/api/v3/post/list", json.dumps({"posts": []}))
    cli("add", f"lemmy:http://127.0.0.1:{server.port}/subscribed")
    cli("sync", "--no-rank")
    assert server.seen("/api/v3/post/list")[-1].headers["authorization"] == "Bearer token"
    cli("lemmy", "logout", name)
    assert cli("lemmy", "accounts") == ""


@pytest.fixture
def answers_of() -> Any:
    def answer(value: Any, status: int = 200) -> Any:
        module = sys.modules["loopback_server"]
        return module.Answer(json.dumps(value), status, {"Content-Type": "application/json"})  # type: ignore[attr-defined]

    return answer


def test_the_browser_brings_the_answer_by_itself(cli: Any, server: Any) -> None:
    grant = {"access_token": "token", "refresh_token": "lasting", "expires_in": 3600}
    server.route("/api/v1/access_token", json.dumps(grant))
    server.route("/oauth/api/v1/me", json.dumps({"name": "Ada_L"}))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    base = server.url("").rstrip("/")
    command = [sys.executable, "-P", "-m", "penchant.app.cli", "reddit", "login", "app-id", "--no-browser"]
    command += ["--redirect", f"http://localhost:{port}", "--web", base, "--api", f"{base}/oauth"]
    ours, theirs = pty.openpty()
    child = subprocess.Popen(command, stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert child.stderr is not None
    shown = ""
    while "paste here" not in shown:
        line = child.stderr.readline()
        assert line, shown
        shown += line
    state = re.search(r"[?&]state=([\w-]+)", shown)
    assert state and "Waiting for a browser" in shown
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/?state={state[1]}&code=the-code", timeout=10) as page:
        assert b"You can close this page" in page.read()
    out, _ = child.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert child.returncode == 0 and out == "signed in as u/Ada_L\n"
    assert cli("reddit", "accounts") == "u/ada_l\n"
    cli("add", "reddit:saved")
    assert "account=ada_l" in cli("sources", "--json")
    cli("reddit", "logout", "u/Ada_L", "--web", base)
    assert cli("reddit", "accounts") == "" and b"lasting" in server.seen("/api/v1/revoke_token")[-1].body
