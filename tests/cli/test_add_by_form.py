"""`penchant add` with addresses of GitHub and arXiv, and what becomes of them, by the real command."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from penchant.app.errors import Exit

REPO = {
    "id": 7, "full_name": "ada/engine", "html_url": "https://github.com/ada/engine", "description": "Looms",
    "owner": {"login": "ada"}, "stargazers_count": 5, "created_at": "2026-01-01T00:00:00Z",
    "pushed_at": "2026-02-01T00:00:00Z",
}  # fmt: skip
PAPERS = (
    "<feed xmlns='http://www.w3.org/2005/Atom'><entry><id>http://arxiv.org/abs/2601.00001v1</id><title>Owls</title>"
    "<summary>We listen.</summary><published>2026-01-02T00:00:00Z</published><author><name>Ada</name></author>"
    "</entry></feed>"
)


@pytest.fixture(autouse=True)
def no_gh(cli: Any, tmp_path: Path) -> None:
    """A PATH without the reader's own `gh`."""
    cli.environment["PATH"] = str(tmp_path)


def events(names: list[str]) -> str:
    """Stars of one repository by these people."""
    return json.dumps(
        [
            {"id": str(n), "type": "WatchEvent", "actor": {"login": name}, "repo": {"id": 7, "name": "ada/engine"},
             "payload": {"action": "started"}, "created_at": f"2026-03-01T00:00:0{n}Z"} for n, name in enumerate(names)
        ]
    )  # fmt: skip


def test_addresses_are_known_by_their_form(cli: Any) -> None:
    for typed, title in (
        ("https://github.com/ada/engine", "ada/engine · releases"),
        ("https://github.com/topics/rust", "GitHub · rust · 30 days"),
        ("github:trending?topic=rust&days=7", "GitHub · rust · 7 days"),
        ("https://arxiv.org/list/cs.CL/recent", "arXiv · cs.CL"),
        ("arxiv:cat:cs.IR", "arXiv · cs.IR"),
        ("https://arxiv.org/abs/1605.08386", "arXiv · 1605.08386"),
    ):
        assert title in cli("add", typed)
    cli("add", "github:notifications", code=Exit.FAILED)
    assert "no terminal" in cli.errors and "gh auth login" in cli.errors
    assert len(cli("sources", "--json").splitlines()) == 6


def test_added_and_fetched(cli: Any, server: Any) -> None:
    base = server.url("").rstrip("/")
    server.route("/users/bob/received_events", events(["cyd", "dot"]), headers={"X-Poll-Interval": "60"})
    server.route("/repos/ada/engine", json.dumps(REPO))
    server.route("/repos/ada/engine/readme", "<p>Turn the crank</p>", headers={"Content-Type": "text/html"})
    server.route("/api/query", PAPERS, headers={"Content-Type": "application/atom+xml"})
    cli("add", f"github:received/bob?api={base}")
    cli("add", f"arxiv:cat:cs.IR?api={base}/api")
    cli("sync", "--no-rank")
    lines = cli("list", "--view", "newest", "--json").splitlines()
    found = {item["title"]: item for item in map(json.loads, lines)}
    assert set(found) == {"ada/engine: Looms", "Owls"}
    assert found["ada/engine: Looms"]["people"] == 2
    assert "ada/engine: Looms" in cli("search", "crank")


def test_a_token_is_asked_for_checked_and_not_shown(cli: Any, server: Any) -> None:
    answer = type(server.default)

    def who(request: Any) -> Any:
        if request.headers.get("authorization") == "Bearer ghp_good":
            return answer('{"login": "ada", "id": 1}')
        return answer('{"message": "Bad credentials"}', 401, {"Content-Type": "application/json"})

    server.route("/user", who)
    shown = converse(cli, ["add", f"github:starred?api={server.url('').rstrip('/')}"], ["ghp_bad\n", "ghp_good\n"])
    assert "Bad credentials" in shown and "Reading GitHub as ada" in shown and "GitHub · stars" in shown
    assert "ghp_good" not in shown
    assert "github" in cli("sources")
    host = server.url("").rstrip("/")
    assert host.partition("//")[2] in cli("github", "accounts")
    assert "forgotten" in cli("github", "logout", host)
    cli("github", "logout", host, code=Exit.FAILED)
    assert "no token is kept" in cli.errors and cli("github", "accounts") == ""
    cli("github", "login", code=Exit.FAILED)
    assert "no terminal" in cli.errors
    cli("github", "login", "no host", code=Exit.USAGE)


def converse(cli: Any, arguments: list[str], answers: list[str]) -> str:
    """Run the command on a terminal of its own; each question gets the next answer."""
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "penchant.app.cli", *arguments],
        stdin=slave, stdout=slave, stderr=slave, env=cli.environment, start_new_session=True,
    )  # fmt: skip
    os.close(slave)
    shown, deadline, asked = "", time.monotonic() + 60, 0
    while time.monotonic() < deadline:
        ready, _, _ = select.select([master], [], [], 0.2)
        if ready:
            try:
                chunk = os.read(master, 65536)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk.decode("utf-8", "replace")
        elif child.poll() is not None:
            break
        if shown.count("Token (not shown") > asked and answers:
            asked += 1
            time.sleep(0.2)  # getpass empties the terminal's input before it reads
            os.write(master, answers.pop(0).encode())
    os.close(master)
    assert child.wait(10) == 0, shown
    return shown
