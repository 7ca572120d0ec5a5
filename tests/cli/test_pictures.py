"""`penchant pictures` and what doctor says of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Item, Media, Page
from penchant.app.paths import Paths
from penchant.app.pictures.files import PictureFiles
from penchant.app.store import Store
from penchant.app.store.pictures_rows import Failed, Kept

HASH = b"h" * 16


@pytest.fixture
def files(home: Path) -> PictureFiles:
    """An archive with one picture that is there, one that failed and one that is refused."""
    paths = Paths.from_environment().ensure()
    made = PictureFiles(paths.cache / "pictures")
    with Store.open(paths.archive, role="cli") as store:
        number = store.subscriptions.add("rss", "https://a.example/feed", settings={})
        media = tuple(Media(f"https://a.example/{n}\x1b[31m.jpg") for n in range(3))
        ids = store.items.put_page(number, Page((Item("1", "https://a.example/1", "one", media=media),), {}), 1.0)
        one, two, three = store.pictures.ask(ids.item_ids, 1000.0)
        made.put(HASH, b"t" * 1000, b"l" * 2000)
        kept = Kept(one.id, HASH, "jpeg", 64, 48, 1, 500, bytes(36), 7, "", "")
        failures = [Failed(two.id, "a.example did not answer", 4e9), Failed(three.id, "not a \x1b]0;JPEG", None)]
        store.pictures.put([kept, *failures], 1001.0)
    return made


def test_status_in_words_and_as_json(cli: Any, files: PictureFiles) -> None:
    out = cli("pictures")
    assert "1 in the cache" in out and "1 did not come" in out and "1 are not shown" in out
    said = json.loads(cli("pictures", "status", "--json"))
    assert (said["there"], said["disk"], said["failed"], said["refused"]) == (1, 3000, 1, 1)
    assert said["disk_limit"] == 500 << 20 and said["fetch"] == "shown"


def test_failures_with_their_reasons_and_nothing_that_commands_the_terminal(cli: Any, files: PictureFiles) -> None:
    out = cli("pictures", "failed")
    assert "did not answer" in out and "not a" in out and "\x1b" not in out
    rows = [json.loads(line) for line in cli("pictures", "failed", "--json").splitlines()]
    assert {row["state"] for row in rows} == {"failed", "refused"}
    assert len(cli("pictures", "failed", "--limit", "1", "--json").splitlines()) == 1


def test_retry_forgives(cli: Any, files: PictureFiles) -> None:
    assert "2 pictures" in cli("pictures", "retry")
    assert "no picture failed" in cli("pictures", "retry")
    assert json.loads(cli("pictures", "status", "--json"))["evicted"] == 2


def test_clear_empties_folder_and_archive(cli: Any, files: PictureFiles) -> None:
    assert "1 pictures removed" in cli("pictures", "clear")
    assert not files.sizes() and json.loads(cli("pictures", "status", "--json"))["there"] == 0


def test_doctor_knows_pictures_and_a_rebuild_keeps_them(cli: Any, files: PictureFiles) -> None:
    assert "1 in the cache, 2 did not come" in cli("doctor")
    cli("doctor", "--rebuild")
    assert json.loads(cli("pictures", "status", "--json"))["there"] == 1
    with Store.open(Paths.from_environment().archive) as store:
        assert store.pictures.items_of([HASH])[HASH] != ()
        store.db.run("UPDATE pictures SET hash = NULL")
    assert "penchant pictures clear" in cli("doctor", code=0)
