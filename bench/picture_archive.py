"""An archive of cards that all have pictures, and a cache of files as the worker would leave it. For the benches."""

from __future__ import annotations

import hashlib
import io
import time
from pathlib import Path
from typing import Any

#: Shapes into which the sample feed's pictures are cut, so that not all are alike: (width, height) of 640 by 400.
SHAPES = ((640, 400), (260, 400), (400, 400), (640, 200))


def build(home: Path, count: int, *, worker: bool = False) -> None:
    """Fill `home` with `count` items of one picture each; every 7th is sensitive, every 11th moves.

    Every 13th is still on its way (with a preview), every 17th failed. Raises `FileExistsError`.
    """
    from penchant.app.paths import Paths
    from penchant.app.pictures.files import PictureFiles
    from penchant.app.store import Store
    from penchant.app.store.pictures_rows import Failed, Kept

    home.mkdir(parents=True)
    paths = Paths.under(home).ensure()
    paths.config_file.parent.mkdir(parents=True, exist_ok=True)
    paths.config_file.write_text(f"[worker]\nenabled = {str(worker).lower()}\n")
    files = PictureFiles(paths.cache / "pictures")
    drawn = _drawings(files)
    with Store.open(paths.archive, role="worker") as store:
        number = store.subscriptions.add("rss", "https://example.org/feed", "Example", {"address": "x"})
        store.items.put_page(number, _page(count), time.time())
        store.subscriptions.succeeded(number, next_due=time.time() + 1e9, interval=86400.0)
        ids = store.items.ids("newest", limit=count)
        store.scores.publish([(i, 0.0, 0.5, "[]") for i in ids], ids, 1)
        outcomes: list[Any] = []
        for place, wanted in enumerate(store.pictures.ask(ids, time.time())):
            name, width, height, preview = drawn[place % len(drawn)]
            frames = 2 if place % 11 == 5 else 1
            if place % 17 == 9:
                outcomes.append(Failed(wanted.id, "the server says 404 (not found)", None))
            elif place % 13 != 8:
                outcomes.append(
                    Kept(wanted.id, name, "png", width, height, frames, 9, preview, None, "", "")
                )
        store.pictures.put(outcomes, time.time())


def _page(count: int) -> Any:
    from penchant.adapters.base import Author, Item, Media, Page

    now = time.time()
    return Page(
        tuple(
            Item(
                f"item-{n}",
                f"https://example.org/{n}",
                f"Picture number {n}: what somebody saw in town {n % 977} on the way to the harbour",
                f"Text {n} w{n * 7919 % 99991} about the harbour and its boats. " * (2 if n % 3 else 40),
                Author(f"author:{n % 49}", f"Author {n % 49}"),
                now - 300.0 * n,
                sensitive=n % 7 == 3,
                media=tuple(
                    Media(f"https://example.org/{n}-{k}.png", alt=f"Drawing {k} of item {n}")
                    for k in range(3 if n % 5 == 4 else 1)
                ),
            )
            for n in range(count)
        ),
        {},
    )


def _drawings(files: Any) -> list[tuple[bytes, int, int, bytes]]:
    """The sample feed's pictures in the cache: (hash, width, height, preview)."""
    from PIL import Image

    from penchant.adapters import sample

    kinds = ("bird", "board", "chart", "letter", "loaf", "mountain", "stars", "street", "tram", "tree", "wave", "weave")
    found = []
    for place, kind in enumerate(kinds * 4):
        data = sample.picture(f"{sample.PICTURE_PREFIX}{kind}-{1 + place // len(kinds)}")
        width, height = SHAPES[place % len(SHAPES)]
        whole = Image.open(io.BytesIO(data)).convert("RGB")
        left = (whole.width - width) // 2
        image = whole.crop((left, 0, left + width, height)).resize((width * 2, height * 2))
        name = hashlib.blake2b(f"{place}".encode() + data, digest_size=16).digest()
        files.put(name, *(_jpeg(image, box) for box in ((320, 320), (1280, 1600))))
        found.append((name, width * 2, height * 2, image.resize((4, 3)).tobytes()))
    return found


def _jpeg(image: Any, box: tuple[int, int]) -> bytes:
    smaller, out = image.copy(), io.BytesIO()
    smaller.thumbnail(box)
    smaller.save(out, "JPEG", quality=88)
    return out.getvalue()
