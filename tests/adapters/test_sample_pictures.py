"""Every picture of the sample feed can be drawn, looks like itself each time, and has words beside it."""

from __future__ import annotations

import subprocess
import sys
from io import BytesIO

import pytest
from PIL import Image

from penchant.adapters import load
from penchant.adapters.base import Media
from penchant.adapters.sample import picture


@pytest.fixture
async def pictures() -> list[Media]:
    fetch = load("sample").fetch(None, {"address": "sample:feed", "anchor": 1.8e9}, {})  # type: ignore[arg-type]
    return [media async for page in fetch for item in page.items for media in item.media]


async def test_there_are_many_kinds_and_all_have_alt_text(pictures: list[Media]) -> None:
    assert len(pictures) >= 45
    assert len({p.url.rpartition("/")[2].partition("-")[0] for p in pictures}) >= 8
    assert all(len(p.alt) > 15 for p in pictures)
    assert len({p.alt for p in pictures}) == len(pictures)


async def test_every_picture_decodes_at_its_declared_size(pictures: list[Media]) -> None:
    seen: dict[bytes, str] = {}
    for media in pictures:
        raw = picture(media.url)
        with Image.open(BytesIO(raw), formats=["PNG"]) as image:
            image.load()
            assert image.size == (media.width, media.height)
            assert len(image.convert("RGB").getcolors(1 << 20) or ()) > 8
        assert seen.setdefault(raw, media.url) == media.url, "two names, one drawing"


def test_equal_names_give_equal_bytes() -> None:
    assert picture("sample:picture/street-2") == picture("sample:picture/street-2")


@pytest.mark.parametrize(
    "url",
    [
        "https://x.example/bird-1.png",
        "sample:picture/",
        "sample:picture/bird",
        "sample:picture/bird--1",
        "sample:picture/cat-1",
        "sample:picture/bird-٣",
        "sample:picture/bird-99999999",
    ],
)
def test_an_unknown_picture_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="picture"):
        picture(url)


def test_serving_the_feed_does_not_import_pillow() -> None:
    code = "import sys; from penchant.adapters.sample import _data; _data(); sys.exit('PIL' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
