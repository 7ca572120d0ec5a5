"""Pixels for models: only ever of files of ours, and words where one is gone or damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from penchant.app.pictures.files import PictureFiles
from penchant.app.pictures.frames import image, pixels

Draw = Callable[..., bytes]


def test_pixels_as_they_are_and_within_a_box(draw: Draw, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(draw("JPEG", (100, 50), "blue"))
    whole, small = pixels(path), pixels(path, (20, 20))
    assert whole[:2] == (100, 50) and len(whole.data) == 3 * 100 * 50 and whole.data[2] > 240
    assert small[:2] == (20, 10) and image(path).mode == "RGB"


@pytest.mark.parametrize("kind", ["PNG", "GIF", None])
def test_nothing_but_our_own_kind_of_file_is_opened(draw: Draw, tmp_path: Path, kind: str | None) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(draw(kind) if kind else draw("JPEG", (100, 50))[:300])
    with pytest.raises(OSError):
        image(path)
    with pytest.raises(OSError):
        pixels(tmp_path / "gone.jpg")


def test_files_come_whole_and_go_together(tmp_path: Path) -> None:
    files, hash = PictureFiles(tmp_path / "pictures"), bytes(range(16))
    assert not files.has(hash) and files.sizes() == {} and files.reads() == {}
    assert files.put(hash, b"small", b"larger") == 11
    assert files.has(hash) and files.sizes() == {hash: 11} and list(files.reads()) == [hash]
    assert files.thumb(hash).read_bytes() == b"small" and files.large(hash).read_bytes() == b"larger"
    files.thumb(hash).write_bytes(b"")
    assert not files.has(hash) and files.sizes(tidy=False) == {} and files.large(hash).exists()
    assert files.sizes() == {} and not files.large(hash).exists()
    files.remove([hash, b"x" * 16])
