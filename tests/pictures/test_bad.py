"""Pictures made to harm: each ends in a quiet note, and the decoding child is bounded and alive afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from penchant.app.parse_runner import Broke, ParseLimits, ParseRunner
from penchant.app.pictures.decoding import decode, decoder

Draw = Callable[..., bytes]


async def test_bad_pictures_are_noted_and_good_ones_among_them_come(
    reader: Any, server: Any, draw: Draw, bad_made: Any
) -> None:
    seen = reader(max_megabytes=4)
    whole = draw("JPEG", (600, 400), lambda x, y: (x % 256, y % 256, x * y % 256))
    wrong = {name: server.route(f"/{name}", data) for name, (data, _) in bad_made.BAD.items()}
    wrong["cut.jpg"] = server.route("/cut.jpg", whole[: len(whole) // 2])
    wrong["endless.jpg"] = server.route("/endless.jpg", whole * 20, endless=True)
    words = {name: said for name, (_, said) in bad_made.BAD.items()}
    words |= {"cut.jpg": "too early", "endless.jpg": "larger than 4 MiB"}
    bad = seen.follow("http://f", *wrong.values())
    many = server.route("/many.gif", bad_made.many_frames(10_000))
    good = seen.follow("http://g", server.route("/good.jpg", whole), many)
    shots = await seen.see(*bad, *good, seconds=60)
    notes = dict(zip(wrong, shots, strict=False))
    for name, shot in notes.items():
        assert shot.state in ("refused", "failed") and words[name] in shot.note, (name, shot)
    assert [shot.state for shot in shots[len(bad) :]] == ["there", "there"]
    assert shots[-1].frames == 2
    assert seen.lane.decoder.restarts == 0 and len(seen.lane.files.sizes()) == 2


async def test_forty_megapixels_fit_into_the_childs_limits(bad_made: Any) -> None:
    data = bad_made.bomb(8_000, 5_000)
    assert len(data) < 200_000
    async with decoder() as run:
        got = await run(decode, data)
        assert (got.width, got.height) == (8_000, 5_000) and run.restarts == 0


@pytest.fixture
def narrow() -> Iterator[ParseRunner]:
    yield ParseRunner(ParseLimits(cpu_seconds=0.5, wall_seconds=30, megabytes=120), what="the picture")


async def test_what_breaks_a_limit_costs_the_child_and_nothing_else(
    narrow: ParseRunner, draw: Draw, bad_made: Any
) -> None:
    async with narrow:
        with pytest.raises(Broke, match="memory"):
            await narrow(decode, bad_made.bomb(8_000, 5_000))
        assert narrow.restarts == 1
        with pytest.raises(Broke, match="seconds of computing"):
            await narrow(decode, bad_made.scans(3_000, 3_000, 2_000))
        assert narrow.restarts == 2
        assert (await narrow(decode, draw("JPEG"))).format == "jpeg"


async def test_what_kills_the_decoder_is_tried_twice_and_set_aside(
    reader: Any, server: Any, draw: Draw, store: Any, bad_made: Any
) -> None:
    seen = reader()
    seen.lane.decoder.limits = ParseLimits(cpu_seconds=8, wall_seconds=30, megabytes=120)
    (item,) = seen.follow("http://f", server.route("/bomb.png", bad_made.bomb(8_000, 5_000)))
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
