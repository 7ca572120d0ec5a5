"""`penchant add exec:...`: asked first, run by `sync`, never from a list of feeds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from penchant.app.errors import Exit


def test_a_command_is_allowed_run_and_forbidden(cli: Any, tmp_path: Path) -> None:
    printed = tmp_path / "printed"
    printed.write_text(json.dumps({"id": 1, "title": "From a command"}))
    address = f"exec:cat {printed}"
    cli("add", address, code=Exit.FAILED)
    assert "nobody is there to allow" in cli.errors and "  cat" in cli.errors
    assert cli("sources", "--json") == ""
    cli("add", "--yes", address, "--title", "Mine")
    cli("sync", "--no-rank")
    (item,) = [json.loads(line) for line in cli("list", "--json", "--view", "newest").splitlines()]
    assert item["title"] == "From a command"
    cli("remove", "Mine")
    printed.write_text(json.dumps({"id": 2, "title": "Another"}))
    cli("add", address, code=Exit.FAILED)


def test_no_list_of_feeds_brings_a_command(cli: Any, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    lists = tmp_path / "feeds.opml"
    lists.write_text(
        f'<opml version="2.0"><body><outline type="rss" text="x" xmlUrl="exec:touch {touched}"/>'
        f'<outline type="script" text="y" xmlUrl="exec:touch {touched}" kind="script"/></body></opml>'
    )
    urls = tmp_path / "urls"
    urls.write_text(f'"exec:touch {touched}"\nhttps://example.invalid/feed.xml\n')
    for path in (lists, urls):
        cli("import", str(path))
    kinds = {json.loads(line)["kind"] for line in cli("sources", "--json").splitlines()}
    assert "script" not in kinds and not touched.exists()
