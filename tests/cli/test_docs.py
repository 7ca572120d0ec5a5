"""docs/cli.md: every command shown there runs, and every command there is has its section."""

from __future__ import annotations

import json
import re
import shlex
import zipfile
from pathlib import Path
from typing import Any

import pytest

from penchant.app.commands import COMMANDS
from penchant.app.errors import Exit

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
SHOWN = [
    line.removeprefix("$ ")
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.S)
    for line in block.splitlines()
    if line.startswith("$ ")
]
FEED = (
    '<rss version="2.0"><channel><title>Example</title><item><guid>1</guid><title>One</title>'
    "<link>https://example.net/1</link></item></channel></rss>"
)
SITE = '<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head></html>'
LIKES = [{"like": {"tweetId": str(n), "fullText": f"text {n}"}} for n in range(5, 9)]
OPML = '<opml version="2.0"><body><outline text="Blogs"><outline type="rss" text="B" xmlUrl="http://127.0.0.1:9/b"/></outline></body></opml>'


def test_every_command_has_its_place() -> None:
    for command in COMMANDS:
        assert any(shlex.split(line)[1:2] == [command] for line in SHOWN), (
            f"docs/cli.md shows no `penchant {command}`"
        )


def test_every_exit_code_is_listed() -> None:
    for code in Exit:
        assert f"\n| {code.value} | " in PAGE


@pytest.fixture
def ratings(tmp_path: Path) -> None:
    folder = tmp_path / "ratings"
    folder.mkdir()
    items = [{"id": f"i{n}", "title": f"{'garden' if n % 2 else 'engine'} number {n}"} for n in range(36)]
    (folder / "items.jsonl").write_text("\n".join(map(json.dumps, items)))
    rows = [f"me,i{n},{n % 2},{1_600_000_000 + 60 * n}" for n in range(36)]
    (folder / "ratings.csv").write_text("user,item,rating,timestamp\n" + "\n".join(rows) + "\n")


def test_every_command_shown_runs(
    cli: Any, server: Any, home: Path, tmp_path: Path, ratings: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.route("/", SITE, headers={"Content-Type": "text/html"})
    server.route("/feed.xml", FEED, headers={"Content-Type": "application/rss+xml"})
    (tmp_path / "feeds.opml").write_text(OPML)
    (tmp_path / "urls").write_text('http://127.0.0.1:9/c "tech"\n')
    (tmp_path / "list.csv").write_text("title,url,time_added,tags,status\nA,https://example.net/a,1600000000,,unread\n")
    with zipfile.ZipFile(tmp_path / "twitter.zip", "w") as archive:
        archive.writestr("data/like.js", "window.YTD.like.part0 = " + json.dumps(LIKES))
    # Vectors of the sample and a judge take a minute of the worker's manners; none of these commands is about them.
    (home / "data" / "models").mkdir(parents=True)
    (home / "data" / "models" / "chosen.json").write_text('{"sentence": "", "judge": ""}')
    monkeypatch.chdir(tmp_path)
    assert len(SHOWN) > 30
    for line in SHOWN:
        words = shlex.split(line.replace("https://example.org", server.url("").rstrip("/")))
        out = cli(*words[1:])
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", out + cli.errors), line
        if "--json" in words:
            for text in out.splitlines():
                json.loads(text)
