"""Pictures out of the reader's own export: from the archive where it lies to the cache, and never from the network."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Media
from penchant.app import importing
from penchant.app.store import Store

Draw = Callable[..., bytes]
POST = {"title": "a post", "creation_timestamp": 1_600_000_000}


def archive(path: Path, pictures: dict[str, bytes], how: int = zipfile.ZIP_STORED) -> Path:
    """An Instagram export with one post for each picture: these have no public address."""
    with zipfile.ZipFile(path, "w", how) as made:
        posts = [POST | {"media": [{"uri": name}]} for name in pictures]
        made.writestr("posts_1.json", json.dumps(posts))
        for name, data in pictures.items():
            made.writestr(name, data)
    return path


def imported(store: Store, path: Path) -> list[int]:
    importing.run(store, path)
    return sorted(store.items.ids("newest"))  # type: ignore[arg-type]


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
async def test_it_is_shown_out_of_the_zip(reader: Any, store: Store, tmp_path: Path, draw: Draw, how: int) -> None:
    seen = reader(allow_private=False)
    (item,) = imported(store, archive(tmp_path / "e.zip", {"media/a.jpg": draw("JPEG", (200, 100), "blue")}, how))
    (shot,) = await seen.see(item)
    assert (shot.state, shot.width, shot.height, shot.small) == ("there", 200, 100, False)
    assert seen.lane.files.has(shot.hash)


async def test_out_of_a_folder_but_not_through_a_link(reader: Any, store: Store, tmp_path: Path, draw: Draw) -> None:
    with zipfile.ZipFile(archive(tmp_path / "e.zip", {"media/a.png": draw("PNG"), "media/b.png": draw("PNG")})) as made:
        made.extractall(tmp_path / "folder")
    secret = tmp_path / "secret.png"
    secret.write_bytes(draw("PNG", (10, 10)))
    seen, items = reader(), imported(store, tmp_path / "folder")
    (tmp_path / "folder/media/b.png").unlink()
    (tmp_path / "folder/media/b.png").symlink_to(secret)
    first, second = await seen.see(*items)
    assert first.state == "there" and second.state == "failed" and "does not hold media/b.png" in second.note


async def test_a_moved_archive_says_so_and_importing_from_its_new_place_brings_it_back(
    reader: Any, store: Store, tmp_path: Path, draw: Draw
) -> None:
    path = archive(tmp_path / "e.zip", {"media/a.jpg": draw()})
    seen, (item,) = reader(), imported(store, path)
    moved = path.rename(tmp_path / "moved.zip")
    (shot,) = await seen.see(item)
    assert shot.state == "failed" and f"no longer at {path}" in shot.note and "import it again" in shot.note
    assert imported(store, moved) == [item]
    (shot,) = await seen.see(item)
    assert shot.state == "there" and shot.note == ""


async def test_a_tweet_comes_from_the_archive_and_else_from_its_public_address(
    reader: Any, server: Any, store: Store, tmp_path: Path, draw: Draw
) -> None:
    path = tmp_path / "t.zip"
    photo = {"media_url_https": server.route("/media/a.png", draw("PNG", (30, 30))), "type": "photo"}
    tweet = {"id_str": "1107999999999999999", "full_text": "x", "extended_entities": {"media": [photo]}}
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("data/tweets.js", "window.YTD.tweets.part0 = " + json.dumps([{"tweet": tweet}]))
        made.writestr("data/account.js", 'window.YTD.account.part0 = [{"account": {"username": "ada"}}]')
        made.writestr("data/tweets_media/1107999999999999999-a.png", draw("PNG", (60, 20)))
    seen, (item,) = reader(), imported(store, path)
    (shot,) = await seen.see(item)
    assert (shot.state, shot.width, shot.small) == ("there", 60, False) and server.requests == []
    store.pictures.clear()
    path.unlink()
    (shot,) = await seen.see(item)
    assert (shot.state, shot.width) == ("there", 30) and len(server.requests) == 1


@pytest.mark.parametrize(
    ("data", "why"),
    [(b"<html>", "not a JPEG"), (b"\xff\xd8\xff" + bytes(3 << 20), "larger than 1 MiB"), (b"\xff\xd8\xff1", "damaged")],
)
async def test_what_is_no_picture_or_too_large(
    reader: Any, store: Store, tmp_path: Path, data: bytes, why: str
) -> None:
    seen = reader(max_megabytes=1)
    (item,) = imported(store, archive(tmp_path / "e.zip", {"media/a.jpg": data}, zipfile.ZIP_DEFLATED))
    (shot,) = await seen.see(item)
    assert shot.state in ("failed", "refused") and why in shot.note


async def test_a_cut_zip_gives_what_is_whole(reader: Any, store: Store, tmp_path: Path, draw: Draw) -> None:
    path = archive(tmp_path / "e.zip", {"media/a.png": draw("PNG"), "media/b.png": draw("PNG", (900, 900), "red")})
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"media/b.png", whole.index(b"media/a.png", 300)) + 200])
    seen, items = reader(), imported(store, path)
    first, *_ = await seen.see(*items)
    assert first.state == "there"


async def test_undoing_the_import_takes_its_pictures_along(
    reader: Any, store: Store, tmp_path: Path, draw: Draw
) -> None:
    seen, (item,) = reader(), imported(store, archive(tmp_path / "e.zip", {"media/a.jpg": draw()}))
    (shot,) = await seen.see(item)
    importing.undo(store, "instagram")
    assert store.pictures.counts().there == 0
    seen.lane.keeper.begin(store)
    assert not seen.lane.files.has(shot.hash)


async def test_another_source_cannot_show_what_lies_in_an_export(
    reader: Any, store: Store, tmp_path: Path, draw: Draw, monkeypatch: Any
) -> None:
    imported(store, archive(tmp_path / "e.zip", {"media/a.jpg": draw()}))
    monkeypatch.setattr("penchant.app.store.rows._theirs", lambda kind, found: found)  # the first of two locks
    seen = reader()
    (item,) = seen.follow("https://evil.example/f", Media("export:instagram/media/a.jpg"))
    (shot,) = await seen.see(item)
    assert shot.state == "failed" and "no export of yours" in shot.note
