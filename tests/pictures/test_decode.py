"""Bytes into pictures: what is accepted, how it comes out, what is said of the rest."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from penchant.adapters.base import Malformed
from penchant.app.pictures.decode import GREY, decode
from penchant.app.pictures.decoding import drawn
from penchant.app.pictures.formats import NotAPicture, sniff, webp_size

Draw = Callable[..., bytes]


def opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data), formats=["JPEG"])


def near(found: object, want: tuple[int, ...], by: int = 12) -> bool:
    return all(abs(a - b) <= by for a, b in zip(found, want, strict=True))  # type: ignore[call-overload]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_every_format_becomes_two_jpegs_within_their_boxes(draw: Draw, kind: str) -> None:
    got = decode(draw(kind, (2000, 1000), (200, 40, 40)))
    assert (got.format, got.width, got.height, got.frames) == (kind.lower(), 2000, 1000, 1)
    thumb, large = opened(got.thumb), opened(got.large)
    assert thumb.size == (320, 160) and large.size == (1280, 640)
    assert near(thumb.getpixel((160, 80)), (200, 40, 40)) and near(large.getpixel((600, 300)), (200, 40, 40))
    assert len(got.preview) == 36 and near(tuple(got.preview[:3]), (200, 40, 40))


@pytest.mark.parametrize(
    ("size", "thumb", "large"),
    [((10, 8), (10, 8), (10, 8)), ((500, 4000), (40, 320), (200, 1600)), ((9000, 5), (320, 1), (1280, 1))],
)
def test_never_larger_than_it_came_and_any_shape(
    draw: Draw, size: tuple[int, int], thumb: tuple[int, int], large: tuple[int, int]
) -> None:
    got = decode(draw("PNG", size))
    assert opened(got.thumb).size == thumb and opened(got.large).size == large


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_whatever_the_camera_says(draw: Draw, orientation: int) -> None:
    upright = Image.new("RGB", (1200, 600), "blue")
    upright.paste("red", (0, 0, 600, 300))
    turned = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the turn that undoes what decode will do
    stored = upright if orientation == 1 else upright.transpose(Image.Transpose(turned[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = BytesIO()
    stored.save(out, "JPEG", quality=95, exif=exif)
    got = decode(out.getvalue())
    assert (got.width, got.height) == (1200, 600)
    large = opened(got.large)
    assert large.size == (1200, 600)
    corners = [large.getpixel(at) for at in ((100, 100), (1100, 100), (100, 500), (1100, 500))]
    assert near(corners[0], (254, 0, 0)) and all(near(each, (0, 0, 254)) for each in corners[1:])


def test_nothing_of_the_camera_is_kept(draw: Draw) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Secret Camera"
    got = decode(draw("JPEG", (600, 400), exif=exif, comment=b"Secret Comment"))
    assert b"Secret" not in got.large + got.thumb


@pytest.mark.parametrize(
    ("kind", "mode", "fill"),
    [("PNG", "RGBA", (255, 0, 0, 0)), ("PNG", "LA", (255, 0)), ("WEBP", "RGBA", (255, 0, 0, 0))],
)
def test_grey_shines_through_where_nothing_is(draw: Draw, kind: str, mode: str, fill: tuple[int, ...]) -> None:
    got = decode(draw(kind, (64, 64), fill, mode))
    assert near(opened(got.large).getpixel((30, 30)), GREY, 4)


def test_a_transparent_palette_too(draw: Draw) -> None:
    picture = Image.new("P", (64, 64), 1)
    picture.putpalette([0, 0, 0, 255, 0, 0])
    out = BytesIO()
    picture.save(out, "GIF", transparency=1)
    assert near(opened(decode(out.getvalue()).large).getpixel((30, 30)), GREY, 4)


@pytest.mark.parametrize("grey", [0, 20_000, 65_535])
def test_sixteen_bits_are_divided_not_cut(draw: Draw, grey: int) -> None:
    got = decode(draw("PNG", (64, 64), grey, "I;16"))
    assert near(opened(got.large).getpixel((30, 30)), (grey // 256,) * 3, 3)


def test_other_colours(draw: Draw) -> None:
    assert near(opened(decode(draw("JPEG", (64, 64), (0, 255, 255, 0), "CMYK")).large).getpixel((9, 9)), (255, 0, 0))
    assert near(opened(decode(draw("PNG", (64, 64), 1, "1")).large).getpixel((9, 9)), (255, 255, 255))


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_what_moves_shows_its_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "green", "blue")]
    out = BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], duration=50)
    got = decode(out.getvalue())
    assert got.frames == 2 and near(tuple(got.preview[:3]), (254, 0, 0))


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def webp(width: int, height: int) -> bytes:
    body = struct.pack("<I", 2)[:4] + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<I", 10) + body


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (png(30_000, 30_000), "too large; at most 40 megapixels"),
        (png(6_000, 10_000), "too large (6,000 x 10,000 pixels); at most 40 megapixels"),
        (webp(16_000, 16_000), "too large (16,000 x 16,000 pixels)"),
        (png(1, 1, bytes(4)), "counts readers"),
        (png(100, 100), "damaged"),
        (png(0, 100), "damaged"),
        (b"8BPS\0\1" + bytes(100), "not a JPEG, PNG, GIF or WebP, but a Photoshop file"),
        (b"\0\0\0\x1cftypavif" + bytes(100), "but AVIF"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>x</script></svg>', "but SVG"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "but a web page"),
        (b"", "nothing at all"),
        (b"BM" + bytes(100), "but BMP"),
        (b"\xff\xd8\xff", "damaged"),
        (b"GIF89a", "damaged"),
    ],
)  # fmt: skip
def test_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(Malformed) as caught:
        decode(data)
    assert words in str(caught.value)


def test_a_large_claim_costs_no_memory_before_it_is_judged() -> None:
    import tracemalloc

    tracemalloc.start()
    with pytest.raises(Malformed):
        decode(webp(16_000, 16_000))
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP"])
def test_cut_off_anywhere_it_is_damaged_and_nothing_worse(draw: Draw, kind: str) -> None:
    whole = draw(kind, (80, 60), lambda x, y: (x * 3, y * 4, x ^ y))
    for end in range(12, len(whole) // 2, max(1, len(whole) // 40)):
        with pytest.raises(Malformed):
            decode(whole[:end])


@given(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]), st.data())
def test_damaged_anywhere_it_is_a_picture_or_words(kind: str, data: st.DataObject) -> None:
    whole = bytearray(_sample(kind))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        got = decode(bytes(whole))
    except Malformed as error:
        assert str(error)
    else:
        assert opened(got.thumb).size[0] <= 320 and len(got.preview) == 36


def _sample(kind: str) -> bytes:
    out = BytesIO()
    picture = Image.new("RGB", (40, 30))
    picture.putdata([(n % 40 * 6, n // 40 * 8, n % 255) for n in range(1200)])
    picture.save(out, kind)
    return out.getvalue()


@given(st.binary(max_size=64))
def test_sniffing_never_stumbles(data: bytes) -> None:
    webp_size(data)
    try:
        assert sniff(data) in ("jpeg", "png", "gif", "webp")
    except NotAPicture as error:
        assert str(error).startswith("not a JPEG")


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"exif": b"Exif\0\0"}])
def test_the_size_of_a_webp_is_read_as_pillow_reads_it(draw: Draw, options: dict[str, object]) -> None:
    assert webp_size(draw("WEBP", (123, 45), **options)) == (123, 45)


def test_copies_have_near_fingerprints_and_others_far_ones(draw: Draw) -> None:
    picture = Image.open(BytesIO(draw("PNG", (256, 256), lambda x, y: ((x // 32 * 91 + y // 32 * 57) % 256,) * 3)))
    prints = []
    for size, quality in (((256, 256), 95), ((200, 190), 60), ((512, 512), 30)):
        out = BytesIO()
        picture.resize(size).save(out, "JPEG", quality=quality)
        prints.append(decode(out.getvalue()).fingerprint)
    other = decode(draw("PNG", (256, 256), lambda x, y: ((x // 20 * 33 + y // 50 * 101) % 256,) * 3)).fingerprint
    assert None not in prints and other is not None
    mask = (1 << 64) - 1
    assert all(((prints[0] ^ each) & mask).bit_count() <= 4 for each in prints)  # type: ignore[operator]
    assert ((prints[0] ^ other) & mask).bit_count() > 12
    assert all(-(1 << 63) <= each < 1 << 63 for each in (*prints, other))  # type: ignore[operator]


def test_flat_pictures_have_no_fingerprint(draw: Draw) -> None:
    assert decode(draw("PNG", (100, 100))).fingerprint is None
    assert decode(draw("JPEG", (300, 300), (20, 90, 30))).fingerprint is None


def test_pictures_of_the_sample_feed_are_drawn() -> None:
    data, got = drawn("sample:picture/bird-3")
    assert data.startswith(b"\x89PNG") and got.format == "png" and got.width > 100
    with pytest.raises(Malformed):
        drawn("sample:picture/../../etc/passwd")
