"""Image ideas: from what was liked; drawn by a program or a service that the test makes; in the feed as drafts."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import random
import struct
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.base import Item, Media, Page, SourceError
from penchant.app import generating_images as images
from penchant.app.config import Config, GeneratedOptions, Models, Pictures
from penchant.app.generating import IMAGE, Settings, arm_event, blind_event, share_event
from penchant.app.generating_draw import DRAWN, NotDrawn, arguments, draw, inside, keep, kept, local
from penchant.app.generating_make import Maker
from penchant.app.paths import Paths
from penchant.app.pictures.files import PictureFiles
from penchant.app.pictures.frames import pixels
from penchant.app.pictures.lane import PictureLane
from penchant.app.store import Store, generated
from penchant.app.store.control import Request
from penchant.app.store_thread import StoreThread
from penchant.app.types import Event


def png(red: int, green: int, blue: int, side: int = 64) -> bytes:
    """A picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + bytes((red, green, blue)) * side) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


PROGRAM = """
import sys
prompt, seed = sys.argv[1], int(sys.argv[2])
if "nothing" in prompt:
    sys.exit("it has no colours left")
if "page" in prompt:
    print("<html>no picture</html>")
else:
    data = open(sys.argv[3], "rb").read()
    sys.stdout.buffer.write(data)
open(sys.argv[4], "a").write(prompt + "\\n")
"""


@pytest.fixture
def program(tmp_path: Path) -> tuple[str, Path]:
    """(draw_command, the file that says what it was asked)."""
    script, picture, asked = tmp_path / "draw it.py", tmp_path / "red.png", tmp_path / "asked"
    script.write_text(PROGRAM)
    picture.write_bytes(png(200, 30, 30))
    return f"{sys.executable} '{script}' {{prompt}} {{seed}} {picture} {asked}", asked


class Service(BaseHTTPRequestHandler):
    """A drawing service of the test; `answer` makes (status, type, body) of what it is asked."""

    asked: ClassVar[list[dict[str, Any]]] = []
    answer: ClassVar[tuple[int, str, bytes]] = (200, "image/png", b"")

    def do_POST(self) -> None:
        Service.asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        status, kind, body = Service.answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture
def service() -> Iterator[str]:
    Service.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1/images/generations"
    server.shutdown()
    server.server_close()


def by_command(command: str) -> GeneratedOptions:
    return GeneratedOptions(draw_command=command, draw_seconds=20.0)


# -- ideas
def test_ideas_are_made_of_what_was_liked(filled: Store) -> None:
    source = filled.subscriptions.all(counted=False)[0].id

    def shown(name: str, title: str, alt: str) -> Item:
        media = (Media(f"https://x.example/{name}.png", alt=alt),)
        return Item(name, f"https://x.example/{name}", title, "", published=1e9, media=media)

    liked = [shown(f"p{n}", f"A lighthouse {n}", "a red lighthouse over the sea at dusk") for n in range(12)]
    other = [shown(f"q{n}", f"A chart {n}", "a chart with grey bars at dusk") for n in range(30)]
    ids = filled.items.put_page(source, Page((*liked, *other), {}), 2e9).item_ids
    filled.pictures.ask(ids, 2e9)
    filled.events.append([Event("like", item) for item in ids[:12]])
    known = images.taste(filled)
    assert "lighthouse" in known.pictures[:4] and not {"chart", "grey", "bars"} & set(known.pictures)
    assert "A lighthouse 3" in known.subjects
    prompts = {images.strung(known, random.Random(seed)) for seed in range(20)}
    assert len(prompts) > 10 and all(len(prompt) <= images.LONGEST for prompt in prompts)
    assert images.strung(known, random.Random(7)) == images.strung(known, random.Random(7))


def test_without_a_like_there_is_no_idea(store: Store) -> None:
    assert asyncio.run(images.worded(images.taste(store), random.Random(1), None, None)) is None


class Says:
    """A model that says one thing."""

    name = "tiny"
    can = frozenset[str]()

    def __init__(self, text: str) -> None:
        self.text = text

    async def write(self, user: str, tokens: int, carried: Any, **_: Any) -> Any:
        for word in self.text.split(" "):
            yield word + " "


@pytest.mark.parametrize(("said", "by"), [
    ("A red lighthouse stands over a dark sea. And then it goes on without any", "tiny"),
    ("no", ""),
    ("A red \x1b[2J lighthouse stands over a dark sea, under a low and orange evening sky.", "tiny"),
])  # fmt: skip
def test_a_model_words_it_where_it_says_something(said: str, by: str) -> None:
    known = images.Taste(("lighthouse", "dusk"), ('The "old" harbour',))
    from penchant.app.voice.values import Carried

    found = asyncio.run(images.worded(known, random.Random(1), Says(said), Carried()))  # type: ignore[arg-type]
    assert found is not None and found.by == by and "\x1b" not in found.prompt
    assert not by or found.prompt.endswith((".", "sky."))


# -- backends
def test_a_program_draws(program: tuple[str, Path]) -> None:
    command, asked = program
    data = asyncio.run(draw("a 'red' $(boat); rm -rf x", 5, by_command(command)))
    assert data == png(200, 30, 30) and asked.read_text() == "a 'red' $(boat); rm -rf x\n", "no shell reads it"


@pytest.mark.parametrize(("prompt", "said"), [("nothing", "no colours left"), ("a page", "but a web page")])
def test_a_program_that_fails_is_told_in_words(program: tuple[str, Path], prompt: str, said: str) -> None:
    with pytest.raises(NotDrawn, match=said):
        asyncio.run(draw(prompt, 5, by_command(program[0])))


def test_no_program_is_there() -> None:
    with pytest.raises(NotDrawn, match="cannot be run"):
        asyncio.run(draw("x", 1, by_command("/no/such/program {prompt}")))
    with pytest.raises(NotDrawn, match="nothing here draws"):
        asyncio.run(draw("x", 1, GeneratedOptions()))
    with pytest.raises(NotDrawn, match="cannot be read"):
        asyncio.run(draw("x", 1, by_command("draw 'unclosed")))


@given(st.text(max_size=80), st.integers(0, 1 << 31))
def test_a_prompt_is_one_argument_and_never_an_option(prompt: str, seed: int) -> None:
    assert arguments("draw --seed {seed} -t {prompt}", prompt, seed) == ("draw", "--seed", str(seed), "-t", prompt)
    assert arguments("draw", prompt, seed) == ("draw", prompt)


RED = base64.b64encode(png(200, 30, 30))


@pytest.mark.parametrize("answer", [
    ("image/png", png(200, 30, 30)),
    ("application/json", b'{"created": 1, "data": [{"b64_json": "' + RED + b'"}]}'),
    ("application/json", b'{"images": ["' + RED + b'"], "parameters": {}}'),
    ("text/plain", b'{"image": "data:image/png;base64,' + RED + b'"}'),
])  # fmt: skip
def test_a_service_draws(service: str, answer: tuple[str, bytes]) -> None:
    Service.answer = (200, *answer)
    data = asyncio.run(draw("a red boat", 9, GeneratedOptions(draw_url=service)))
    assert data == png(200, 30, 30)
    assert (Service.asked[0]["prompt"], Service.asked[0]["seed"], Service.asked[0]["n"]) == ("a red boat", 9, 1)


@pytest.mark.parametrize(("answer", "said"), [
    ((500, "text/plain", b"out of memory"), "500: out of memory"),
    ((200, "application/json", b"{}"), "no picture"),
    ((200, "application/json", b'{"images": ["%%"]}'), "no base64"),
    ((200, "application/json", b"[" * 100_000), "neither a picture nor JSON"),
    ((200, "text/html", b"<html>sign in</html>"), "a web page"),
    ((200, "image/svg+xml", b"<svg xmlns='x'/>"), "SVG"),
    ((302, "text/plain", b""), "302"),
])  # fmt: skip
def test_a_service_that_fails_is_told_in_words(service: str, answer: tuple[int, str, bytes], said: str) -> None:
    Service.answer = answer
    with pytest.raises(NotDrawn, match=said):
        asyncio.run(draw("a red boat", 9, GeneratedOptions(draw_url=service)))


@pytest.mark.parametrize("url", [
    "https://images.example/v1", "http://127.0.0.1.example/", "http://10.0.0.1/", "ftp://127.0.0.1/", "nonsense", "http://[",
])  # fmt: skip
def test_ideas_go_to_this_machine_alone(url: str) -> None:
    with pytest.raises(NotDrawn, match="no address of this machine"):
        local(url)


@given(st.binary(max_size=200))
def test_no_answer_makes_it_fail_without_words(body: bytes) -> None:
    with contextlib.suppress(NotDrawn):
        inside(body)


# -- in the feed
def test_a_drawn_picture_stands_in_the_feed_and_comes_through_the_decoding_child(
    filled: Store, program: tuple[str, Path], tmp_path: Path
) -> None:
    off = [arm_event(name, False) for name in ("none", "vector")]
    filled.events.append([share_event(0.1), *off, arm_event(IMAGE, True)])
    config = Config(generated=by_command(program[0]), models=Models(judge=""))

    async def go() -> list[Any]:
        async with StoreThread(filled.path) as call:
            paths = Paths.under(tmp_path)
            wanted = await call(lambda store: generated.read(store.db))
            await Maker(config, paths, call, random.Random(3)).make(wanted)
            ((item,),) = await call(lambda store: generated.pool(store.db, wanted))
            lane = PictureLane(Pictures(), tmp_path / "cache", call, None)  # type: ignore[arg-type]
            task = asyncio.create_task(lane.run())
            lane.hear(Request("picture", {"items": [item]}, time.time()))
            try:
                async with asyncio.timeout(30):
                    while True:
                        (shot,) = (await call(lambda store: store.pictures.of_items([item])))[item]
                        if shot.state not in ("", "wanted"):
                            return [item, shot]
                        await asyncio.sleep(0.02)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    item, shot = asyncio.run(go())
    assert shot.state == "there", shot.note
    large = pixels(PictureFiles(tmp_path / "cache").large(shot.hash))
    middle = large.data[3 * (large.width * (large.height // 2) + large.width // 2) :][:3]
    assert np.allclose(list(middle), [200, 30, 30], atol=12)
    card = filled.items.cards([item])[0]
    assert (card.kind, card.source, card.media) == ("draft", "generated", 1) and card.author.startswith("image")
    assert shot.alt == filled.drafts.of_item(item).text  # type: ignore[union-attr]
    assert [row[0] for row in filled.db.rows("SELECT hash FROM pictures WHERE state = 'there'")] == [shot.hash]


def test_a_drawn_picture_is_found_for_its_vector(filled: Store, tmp_path: Path) -> None:
    """The back-fill asks the archive for pictures without a vector: a draft's is one of them."""
    from penchant.app.store import picture_vectors
    from penchant.app.store.drafts import Draft
    from penchant.app.store.pictures_rows import Kept
    from penchant.app.store.spaces import EACH

    media = keep(filled.path, png(1, 2, 3), "a boat")
    item = filled.drafts.as_item(filled.drafts.add(Draft("image", "a boat", arm=IMAGE)), media=(media,))
    (job,) = filled.pictures.ask([item], 2e9)
    filled.pictures.put([Kept(job.id, b"h" * 16, "png", 9, 9, 1, 9, b"\0" * 36, 5, "", "")], 2e9)
    assert b"h" * 16 in [hash for hash, _ in picture_vectors.lacking_pictures(filled.db, "clip:x")]
    filled.vectors.put(f"clip:x{EACH}", [(b"h" * 16, np.array([0.6, 0.8], np.float32).tobytes())])
    means = [mean.content_hash for mean in picture_vectors.stale_items(filled.db, "clip:x")]
    assert means == [filled.items.hashes([item])[item]], "and the item gets the mean of its pictures"


def test_pictures_wait_while_a_blind_test_runs(filled: Store) -> None:
    filled.events.append([share_event(0.1), arm_event(IMAGE, True), blind_event()])
    found = generated.read(filled.db)
    assert IMAGE not in [arm.name for arm in found.writing] and found.draws
    assert not Settings(0.1, tuple(arm for arm in found.arms if arm.name == IMAGE), "t").on


@pytest.mark.parametrize(
    "address", ["drawn:../../etc/passwd", "drawn:x.png", f"drawn:{'a' * 32}.p/g", f"drawn:{'a' * 32}.png"]
)
def test_only_what_was_drawn_is_read(tmp_path: Path, address: str) -> None:
    with pytest.raises(SourceError):
        kept(tmp_path / "archive.db", address)


def test_pictures_go_with_their_drafts(filled: Store) -> None:
    from penchant.app.generating_lane import _prune
    from penchant.app.store.drafts import Draft

    used, unused = keep(filled.path, png(1, 2, 3), "a boat"), keep(filled.path, png(3, 2, 1), "a mast")
    filled.drafts.as_item(filled.drafts.add(Draft("image", "a boat", arm=IMAGE)), media=(used,))
    _prune(filled)
    assert kept(filled.path, used.url) == png(1, 2, 3)
    with pytest.raises(SourceError):
        kept(filled.path, unused.url)


def test_a_kept_picture_comes_back(tmp_path: Path) -> None:
    media = keep(tmp_path / "archive.db", png(1, 2, 3), "a boat")
    assert media.url.startswith(DRAWN) and kept(tmp_path / "archive.db", media.url) == png(1, 2, 3)
