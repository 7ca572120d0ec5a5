"""Searching pictures from the panel: a child that is slow or fails, and the list going on meanwhile."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from penchant.adapters.base import Media
from penchant.app.config import Config, Models
from penchant.app.embed import clip_runner
from penchant.app.store import Store
from penchant.app.store.spaces import activate_picture_spaces
from penchant.app.types import View

CHILD = """
import json, os, struct, sys, time
from pathlib import Path
from penchant.app.embed.child import FAILED, READY, VECTORS, read, write
answers = os.fdopen(1, "wb")
said = Path(sys.argv[1]).read_text()
if said == "refuse":
    write(answers, FAILED + json.dumps({"what": "the file is bad", "hint": "get another"}).encode())
    sys.exit()
while said == "slow" and not Path(sys.argv[1] + ".go").exists():
    time.sleep(0.02)
write(answers, READY + json.dumps({"name": "clip:m:1", "dim": 2}).encode())
while (frame := read(sys.stdin.buffer)) is not None:
    texts = json.loads(frame)["text"]
    write(answers, VECTORS + b"".join(struct.pack("<2f", *((1, 0) if "red" in t else (0, 1))) for t in texts))
"""


@pytest.fixture
def seen(archive_of_nothing: Any, make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Twelve items with a red or a blue picture, read by the model of the fake child."""
    program = tmp_path / "child.py"
    program.write_text(CHILD)
    monkeypatch.setattr(clip_runner, "PROGRAM", (str(program),))
    archive = archive_of_nothing
    archive.fill(item for n in range(12) for item in make(1, n, media=(Media(f"https://p.example/{n}", "image"),)))
    with Store.open(archive.paths.archive, role="cli") as store:
        rows = store.db.rows("SELECT id, content_hash FROM items ORDER BY id")
        vectors = [np.array([1, 0.01 * n] if n % 3 == 0 else [0.01 * n, 1], "<f4") for n in range(len(rows))]
        store.vectors.put("clip:m:1:picture", [(row[1], v.tobytes()) for row, v in zip(rows, vectors, strict=True)])
        activate_picture_spaces(store.db, "clip:m:1")
        archive.red = {row[0] for n, row in enumerate(rows) if n % 3 == 0}
    return archive


def config(tmp_path: Path, how: str) -> Config:
    (tmp_path / "m.safetensors").write_text(how)
    return Config(models=Models(picture=str(tmp_path / "m.safetensors")))


HEAVY = {"torch", "open_clip"}


async def test_pictures_are_found_by_words_and_the_list_never_waits(
    seen: Any, run_app: Any, wait: Any, lines: Any, tmp_path: Path
) -> None:
    before = HEAVY & sys.modules.keys()  # of other tests in this process
    async with run_app(seen, config=config(tmp_path, "slow")) as (app, pilot):
        feed = app.feed_screen.feed
        await pilot.press("/")
        await wait(lambda: type(app.focused).__name__ == "Input")
        app.focused.value = "picture:red"
        await wait(lambda: any("Looking at the pictures" in line for line in lines(app)))
        await pilot.press("escape", "2")
        await wait(lambda: app.feed_screen.view == View.NEWEST and len(feed.visit.ids) == 12)
        await pilot.press("j")
        assert feed.selected == 1, "the reader reads on while the model loads"
        looking = app.feed_screen.query_one("SearchPanel")._looking
        (tmp_path / "m.safetensors.go").touch()
        await wait(lambda: looking._eye.knows("red") is not None)
        await pilot.pause(0.1)
        kept = app.feed_screen.view == View.NEWEST and feed.selected == 1 and not feed.found
        assert kept, "and keeps the list he went to"
        await pilot.press("/")
        await wait(lambda: app.feed_screen.view == View.SEARCH and set(feed.visit.ids[:4]) == seen.red)
        assert HEAVY & sys.modules.keys() == before, "the model lives in a process of its own"


async def test_a_model_that_fails_is_said_and_words_are_searched(
    seen: Any, run_app: Any, wait: Any, lines: Any, tmp_path: Path
) -> None:
    async with run_app(seen, config=config(tmp_path, "refuse")) as (app, pilot):
        await pilot.press("/")
        await wait(lambda: type(app.focused).__name__ == "Input")
        app.focused.value = "picture:trams"
        await wait(lambda: any("the file is bad: searched as words" in line for line in lines(app)))
        assert app.feed_screen.feed.visit.ids and app.is_running


async def test_a_dot_finds_more_like_this(seen: Any, run_app: Any, wait: Any) -> None:
    async with run_app(seen) as (app, pilot):
        feed = app.feed_screen.feed
        await pilot.press("2")
        await wait(lambda: app.feed_screen.view == View.NEWEST and len(feed.visit.ids) == 12)
        here = feed.visit.ids[feed.selected]
        await pilot.press("full_stop")
        same = seen.red if here in seen.red else set(feed.visit.ids) - seen.red
        await wait(lambda: app.feed_screen.view == View.SEARCH and set(feed.visit.ids) == same - {here})
        assert feed.has_focus
        await pilot.press("escape")
        await wait(lambda: app.feed_screen.view == View.NEWEST)
        await asyncio.sleep(0)
