"""`penchant judge`: how it is doing in words, what it thinks of an item, whether it may keep a copy."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.cli import main
from penchant.app.judging_status import COPY, KEY, Status
from penchant.app.paths import Paths
from penchant.app.store import Store

MODEL = "gguf:Tiny:0011"
FILE = "/models/tiny.gguf"


@pytest.fixture
def item(home: Path) -> int:
    paths = Paths.from_environment().ensure()
    paths.config_file.write_text(f'[models]\njudge = "{FILE}"\n')
    with Store.open(paths.archive, role="cli") as store:
        source = store.subscriptions.add("rss", "https://feed.example/")
        page = Page((Item(native_id="1", url="https://feed.example/1", title="An owl \x1b[31mhoots"),), {})
        return store.items.put_page(source, page, time.time()).item_ids[0]


def leave(item: int | None = None, value: float = 0.2, **status: Any) -> None:
    """What a worker would leave in the archive."""
    with Store.open(Paths.from_environment().archive, role="cli") as store:
        facts = {"model": MODEL, "file": FILE, "name": "tiny", "history": "9+12:ab", "budget": 360.0, **status}
        store.control.remember(KEY, Status(**facts).to_json())
        if item is not None:
            hashes = store.items.hashes([item])
            store.opinions.put(MODEL, "likelihood", "9+12:ab", {hashes[item]: value}, time.time() - 7200)


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["judge", *arguments]) == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out
    return out


def test_how_it_is_doing(item: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert "has not begun" in shown(capsys)
    leave(judged=30, waiting=12, used=90.0, speed=1.5, aside=(3, 4))
    out = shown(capsys)
    for words in (
        "judge: tiny", "30 texts judged, 12 wait", "9 likes and 12 skips", "1.5 of 6 CPU minutes",
        "1.5 texts a CPU second",
        "does not hear it yet", "item 3, 4", "--copy yes", "nothing happens now",
    ):  # fmt: skip
        assert words in out
    leave(note="the file is bad", hint="Get another.")
    assert "the file is bad. Get another." in shown(capsys)
    leave(doing="it waits while this machine runs on its battery", history="9+9?:ab")
    out = shown(capsys)
    assert "battery" in out and "9 items never judged in place of skips" in out
    assert json.loads(shown(capsys, "--json"))["name"] == "tiny"


def test_without_a_model_it_says_what_would_help(
    item: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = Paths.from_environment().config_file
    config.write_text('[models]\njudge = ""\n')
    assert "switched off" in shown(capsys)
    config.write_text("")
    monkeypatch.setattr("penchant.app.models.choice.packaged_smollm2", lambda: None)
    out = shown(capsys)
    assert "judge: none" in out and "[judge]" in out and "models pull" in out
    assert "no language model" in shown(capsys, str(item))


def test_what_it_thinks_of_an_item(item: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert "has not begun" in shown(capsys, str(item))
    leave(doing="it reads your history")
    assert "not judged this yet: it reads your history" in shown(capsys, str(item))
    leave(item)
    out = shown(capsys, str(item))
    assert "An owl" in out and "22 % likelier" in out and "from 9 likes and 12 skips" in out and "said 2h ago" in out
    told = json.loads(shown(capsys, str(item), "--json"))
    assert told["item"] == item and told["opinions"][0]["value"] == 0.2
    assert main(["judge", "999"]) == 1
    assert "999" in capsys.readouterr().err


def test_a_faster_copy_is_made_only_where_the_reader_agrees(item: int, capsys: pytest.CaptureFixture[str]) -> None:
    paths = Paths.from_environment()

    def agreed() -> Any:
        with Store.open(paths.archive) as store:
            letters = [letter.kind for letter in store.control.take()]
            return store.control.setting(COPY), letters

    leave()
    assert agreed() == (None, [])
    assert "up to 2 GB" in shown(capsys, "--copy", "yes")
    assert agreed() == (2 << 30, ["models"]) and "--copy" not in shown(capsys)
    made = paths.models / "fast" / "tiny.F16.gguf"
    made.parent.mkdir(parents=True)
    made.write_bytes(b"x")
    assert "no copy" in shown(capsys, "--copy", "no")
    assert agreed() == (0, ["models"]) and not made.exists()
