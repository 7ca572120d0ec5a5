"""Text in pictures, by the real library in a real child process."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

from penchant.adapters.base import Malformed
from penchant.app.pictures import ocr

needed = pytest.mark.skipif(not ocr.installed(), reason="penchant[ocr] is not installed")


def drawn(path: Path, *lines: str) -> Path:
    image = Image.new("RGB", (520, 60 + 60 * len(lines)), "white")
    draw = ImageDraw.Draw(image)
    for row, line in enumerate(lines):
        draw.text((20, 20 + 60 * row), line, fill="black", font=ImageFont.load_default(34))
    image.save(path, "JPEG", quality=90)
    return path


@needed
async def test_text_is_read_and_an_empty_picture_has_none(tmp_path: Path) -> None:
    async with ocr.reader() as read:
        text = await read(ocr.read_text, str(drawn(tmp_path / "a.jpg", "The query planner", "winter sale today")))
        assert text.splitlines() == ["The query planner", "winter sale today"]
        assert await read(ocr.read_text, str(drawn(tmp_path / "b.jpg"))) == ""
        with pytest.raises(Malformed):
            await read(ocr.read_text, str(tmp_path / "missing.jpg"))
        assert read.restarts == 0, "a missing file is no reason to die"


def test_uncertain_lines_and_control_bytes_are_left_out() -> None:
    lines = [("sure\x1b[31m thing", 0.9), ("guess", 0.2), ("---", 0.99), ("x" * 5_000, 0.9)]
    assert ocr.joined(lines).startswith("sure thing\nxxx")
    assert len(ocr.joined(lines)) <= ocr.MOST
