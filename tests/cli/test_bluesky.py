"""Bluesky from a shell: an app password becomes a session, a timeline is followed, signing out ends it."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from penchant.app.errors import Exit

PASSWORD = "abcd-efgh-ijkl-mnop"


def test_from_password_to_timeline(cli: Any, server: Any) -> None:
    answer = type(server.default)

    def create(request: Any) -> Any:
        if json.loads(request.body)["password"] != PASSWORD:
            return answer('{"error": "AuthenticationRequired", "message": "Invalid identifier or password"}', 401)
        session = {"handle": "ada.example", "did": "did:plc:ada", "accessJwt": "access", "refreshJwt": "refresh"}
        return answer(json.dumps(session))

    def timeline(request: Any) -> Any:
        if request.headers.get("authorization") != "Bearer access":
            return answer('{"error": "AuthMissing"}', 401)
        post = {
            "uri": "at://did:plc:eve/app.bsky.feed.post/1",
            "author": {"did": "did:plc:eve", "handle": "eve.example"},
            "record": {"text": "Two owls on one branch", "createdAt": "2026-03-01T10:00:00Z"},
        }
        return answer(json.dumps({"feed": [{"post": post}]}))

    server.route("/xrpc/com.atproto.server.createSession", create)
    server.route("/xrpc/com.atproto.server.deleteSession", "{}")
    server.route("/xrpc/app.bsky.feed.getTimeline", timeline)
    cli("add", "bluesky:timeline", code=Exit.FAILED)
    assert "bluesky:YOU.bsky.social/timeline" in cli.errors
    here = server.url("").rstrip("/")
    for password, code in (("wrong", Exit.SOURCES), ("", Exit.FAILED), (PASSWORD, Exit.OK)):
        command = [sys.executable, "-P", "-m", "penchant.app.cli", "bluesky", "login", "@ada.example", "--server", here]
        done = subprocess.run(command, input=f"{password}\n", text=True, capture_output=True, timeout=60)
        assert done.returncode == code, done.stderr
    assert cli("bluesky", "accounts") == "ada.example\n"
    kept = "".join(p.read_text("utf-8", "replace") for p in Path(os.environ["PENCHANT_SECRETS_DIR"]).iterdir())
    assert PASSWORD not in kept and "access" in kept
    cli("add", "bluesky:timeline")
    cli("sync", "--no-rank")
    (source,) = [json.loads(line) for line in cli("sources", "--json").splitlines()]
    assert (source["address"], source["error"], source["items"]) == ("bluesky:ada.example/timeline", "", 1)
    cli("bluesky", "logout", "ada.example")
    assert cli("bluesky", "accounts") == ""
    assert server.seen("/xrpc/com.atproto.server.deleteSession")[0].headers["authorization"] == "Bearer refresh"
    cli("bluesky", "logout", "ada.example", code=Exit.FAILED)
    cli("bluesky", "login", code=Exit.USAGE)


def test_by_browser(cli: Any, server: Any) -> None:
    """The address is shown, the browser comes back, the timeline is read, the permission is withdrawn."""
    place = Path(__file__).resolve().parents[1] / "adapters" / "bluesky" / "oauth_server.py"
    spec = importlib.util.spec_from_file_location("oauth_server_of_cli", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    oauth = module.OAuthServer(server, type(server.default))
    login = cli.start("bluesky", "login", module.HANDLE, "--oauth", "--no-browser", "--server", oauth.base)
    page = next(line.strip() for line in login.stderr if "request_uri=" in line)
    address = oauth.allow(page)
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(address.partition("?")[0], timeout=20)
    assert b"close this page" in urllib.request.urlopen(address, timeout=20).read()
    out, errors = login.communicate(timeout=60)
    assert login.returncode == 0 and f"signed in as @{module.HANDLE}" in out, errors
    cli("add", "bluesky:timeline")
    cli("sync", "--no-rank")
    assert "Owl 4" in cli("list") and oauth.wrongs == []
    oauth.revoked = True
    cli("sync", "--no-rank", code=Exit.SOURCES)
    told = cli("sources")
    assert "no longer allows penchant" in told and "--oauth" in told
