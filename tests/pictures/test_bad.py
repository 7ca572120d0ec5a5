"""Pictures made to harm: each ends in a quiet note, and the decoding child is bounded and alive afterwards."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from penchant.app.parse_runner import Broke, ParseLimits, ParseRunner
from penchant.app.pictures.decoding import decode, decoder

Draw = Callable[..., bytes]


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int = 8, colour: int = 2, body: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + body + chunk(b"IEND", b"")


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few dozen kilobytes that unpacks to width x height pixels of one colour."""
    pack, row = zlib.compressobj(9), bytes(1 + 3 * width)
    return png(width, height, body=chunk(b"IDAT", b"".join(pack.compress(row) for _ in range(height)) + pack.flush()))


def many_frames(count: int) -> bytes:
    """A GIF of so many frames of 100 x 100 pixels."""
    out = BytesIO()
    Image.new("P", (100, 100)).save(out, "GIF")
    whole = out.getvalue()
    start = whole.index(b",", 13 + 3 * 2 ** ((whole[10] & 7) + 1))  # behind the palette
    return whole[:start] + whole[start:-1] * count + b";"


def chatty() -> bytes:
    """A PNG whose compressed comments unpack to a gigabyte."""
    text = zlib.compress(bytes(1 << 20), 9)
    body = b"".join(chunk(b"zTXt", b"k%d\0\0" % n + text) for n in range(1000))
    return png(64, 64, body=body + chunk(b"IDAT", zlib.compress(bytes(64 * 193))))


SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>fetch("http://x")</script></svg>'
BAD: dict[str, tuple[bytes, str]] = {
    "huge.png": (png(30_000, 30_000), "too large"),
    "bomb.png": (bomb(6_400, 6_300), "too large"),
    "psd.jpg": (b"8BPS\0\1" + bytes(500), "a Photoshop file"),
    "script.svg": (SVG, "but SVG"),
    "page.jpg": (b"<html><script>alert(1)</script></html>", "a web page"),
    "empty.gif": (b"", "nothing at all"),
    "chatty.png": (chatty(), "damaged"),
    "noise.jpg": (b"\xff\xd8\xff" + bytes(range(256)) * 40, "damaged"),
}


async def test_bad_pictures_are_noted_and_good_ones_among_them_come(reader: Any, server: Any, draw: Draw) -> None:
    seen = reader(max_megabytes=4)
    whole = draw("JPEG", (600, 400), lambda x, y: (x % 256, y % 256, x * y % 256))
    wrong = {name: server.route(f"/{name}", data) for name, (data, _) in BAD.items()}
    wrong["cut.jpg"] = server.route("/cut.jpg", whole[: len(whole) // 2])
    wrong["endless.jpg"] = server.route("/endless.jpg", whole * 20, endless=True)
    words = {name: said for name, (_, said) in BAD.items()}
    words |= {"cut.jpg": "too early", "endless.jpg": "larger than 4 MiB"}
    bad = seen.follow("http://f", *wrong.values())
    good = seen.follow("http://g", server.route("/good.jpg", whole), server.route("/many.gif", many_frames(10_000)))
    shots = await seen.see(*bad, *good, seconds=60)
    notes = dict(zip(wrong, shots, strict=False))
    for name, shot in notes.items():
        assert shot.state in ("refused", "failed") and words[name] in shot.note, (name, shot)
    assert [shot.state for shot in shots[len(bad) :]] == ["there", "there"]
    assert shots[-1].frames == 2
    assert seen.lane.decoder.restarts == 0 and len(seen.lane.files.sizes()) == 2


async def test_forty_megapixels_fit_into_the_childs_limits() -> None:
    data = bomb(8_000, 5_000)
    assert len(data) < 200_000
    async with decoder() as run:
        got = await run(decode, data)
        assert (got.width, got.height) == (8_000, 5_000) and run.restarts == 0


@pytest.fixture
def narrow() -> Iterator[ParseRunner]:
    yield ParseRunner(ParseLimits(cpu_seconds=0.5, wall_seconds=30, megabytes=120), what="the picture")


async def test_what_breaks_a_limit_costs_the_child_and_nothing_else(narrow: ParseRunner, draw: Draw) -> None:
    async with narrow:
        with pytest.raises(Broke, match="memory"):
            await narrow(decode, bomb(8_000, 5_000))
        assert narrow.restarts == 1
        with pytest.raises(Broke, match="seconds of computing"):
            await narrow(sum, range(10**12))
        assert narrow.restarts == 2
        assert (await narrow(decode, draw("JPEG"))).format == "jpeg"


async def test_what_kills_the_decoder_is_tried_twice_and_set_aside(
    reader: Any, server: Any, draw: Draw, store: Any
) -> None:
    seen = reader()
    seen.lane.decoder.limits = ParseLimits(cpu_seconds=8, wall_seconds=30, megabytes=120)
    (item,) = seen.follow("http://f", server.route("/bomb.png", bomb(8_000, 5_000)))
    (shot,) = await seen.see(item)
    assert shot.state == "failed" and shot.note.startswith("the picture could not be read: it needs more memory")
    store.db.run("UPDATE pictures SET retry_at = 1.0")
    seen.look(item)
    await seen.until(lambda: seen.shots(item)[0].state == "refused")
    (other,) = seen.follow("http://g", server.route("/good.jpg", draw()))
    assert (await seen.see(other))[0].state == "there"


async def test_a_picture_that_drips_is_given_up(reader: Any, server: Any, draw: Draw) -> None:
    seen = reader(timeout=0.5)
    (item,) = seen.follow("http://f", server.route("/slow.png", draw("PNG"), drip=0.05))
    (shot,) = await seen.see(item)
    assert shot.state == "failed" and "did not answer in full" in shot.note
