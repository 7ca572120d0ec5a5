"""`penchant arms` and `penchant image`: switches, reports, ideas, drawing, and what is refused in words."""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Author, Item, Page
from penchant.app.cli import main
from penchant.app.errors import Exit
from penchant.app.generating_keep import offer
from penchant.app.paths import Paths
from penchant.app.store import Store, generated
from penchant.app.store.drafts import Draft
from penchant.app.types import Event

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154"
    "789c63f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@pytest.fixture
def cli(home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """cli(words ..., code=0) in this process; `.out` and `.err` of what it said."""

    def run(*words: str, code: int = Exit.OK) -> Any:
        capsys.readouterr()
        ended = main(words)
        said = capsys.readouterr()
        assert ended == code, (words, said)
        return said

    return run


def archive() -> Store:
    return Store.open(Paths.from_environment().ensure().archive, role="cli")


def fill(store: Store, count: int) -> None:
    source = store.subscriptions.add("rss", "https://x.example/feed", "The source")
    items = tuple(
        Item(
            f"n{n}", f"https://x.example/{n}", f"Harbour \x1b[2J{n}",
            f"The old harbour number {n} was found beside an engine, and nobody knew of its glacier until that week.",
            Author(f"k{n}", f"Ada {n}"), time.time() - n,
        )
        for n in range(count)
    )  # fmt: skip
    store.items.put_page(source, Page(items, {}), time.time())


def test_switches_and_what_they_say(cli: Any) -> None:
    assert "switched off" in cli("arms").out
    assert "10% of For you is generated, always marked" in cli("arms", "share", "10%").out
    assert "history" in cli("arms", "add", "history", "image").out
    found = json.loads(cli("arms", "list", "--json").out)
    assert (found["share"], found["arms"], found["on"]) == (0.1, ["none", "vector", "history", "image"], True)
    cli("arms", "remove", "image", "none")
    assert json.loads(cli("arms", "--json").out)["arms"] == ["vector", "history"]
    assert "blind test runs" in cli("arms", "blind").out
    assert json.loads(cli("arms", "--json").out)["blind"]["shown"] == 0
    cli("undo")
    assert json.loads(cli("arms", "--json").out)["blind"] is None, "a test that was begun by mistake"


def test_what_makes_no_sense_is_refused(cli: Any) -> None:
    for words, said in (
        (("share", "0.9"), "a number from 0 to 0.5"), (("share", "much"), "is no share"), (("share",), "how much"),
        (("add",), "which arm"), (("add", "no arm!"), "is no arm"), (("add", "nonsense"), "there is no carrier"),
    ):  # fmt: skip
        assert said in cli("arms", *words, code=Exit.USAGE).err
    assert "switched off" in cli("arms", "blind", code=Exit.FAILED).err
    assert "no blind test runs" in cli("arms", "unblind", code=Exit.FAILED).err


def test_a_blind_test_from_its_beginning_to_its_report(cli: Any) -> None:
    with archive() as store:
        fill(store, 120)
    cli("arms", "share", "0.1")
    cli("arms", "blind")
    with archive() as store:
        wanted, draw = generated.read(store.db), random.Random(2)
        for n in range(4):
            text = f"A tram number {n} that was made up went past the windows of the town, and a bell was heard."
            assert offer(store, Draft("feed", text, arm="vector", model="tiny", made_at=time.time()), wanted, draw)
        items = [item for pair in generated.pool(store.db, wanted) for item in pair]
        store.events.append([Event("like", item) for item in items])
    told = cli("arms").out + cli("arms", "--json").out
    assert "8 texts shown" in told and '"liked":8' in told and "tiny" not in told and '"arm"' not in told
    listed = cli("list", "--view", "liked", "--json").out + cli("search", "tram").out + cli("export", "jsonl").out
    assert "tram number" not in listed
    masked = [row.split("\t") for row in cli("search", "is:draft").out.splitlines()[1:]]
    assert len(masked) == 8 and {(row[1], row[2], row[4]) for row in masked} == {("", "", "blind test")}
    report = json.loads(cli("arms", "unblind", "--json").out)
    rates = {each["arm"]: (each["shown"], each["liked"]) for each in report["arms"]}
    assert rates == {"vector": (4, 4), "real": (4, 4)}
    assert "Vector cannot be told from real items" in cli("arms", "report").out
    assert len(cli("list", "--view", "liked", "--json").out.splitlines()) == 4, "the real ones are liked themselves now"


def test_ideas_and_pictures(cli: Any, home: Path, tmp_path: Path) -> None:
    assert "nothing is known of your taste" in cli("image", "idea", code=Exit.FAILED).err
    with archive() as store:
        fill(store, 12)
        store.events.append([Event("like", item) for item in range(1, 13)])
    first = cli("image", "--seed", "4").out
    assert "Harbour" in first and "\x1b" not in first and first == cli("image", "--seed", "4").out
    assert len(cli("image", "idea", "--count", "3", "--json").out.splitlines()) == 3
    assert "nothing here draws" in cli("image", "draw", "a boat", code=Exit.FAILED).err
    picture, script = tmp_path / "p.png", tmp_path / "draw.py"
    picture.write_bytes(PNG)
    script.write_text("import sys; sys.stdout.buffer.write(open(sys.argv[1], 'rb').read())")
    (home / "config").mkdir(exist_ok=True)
    command = f"{sys.executable} {script} {picture} {{prompt}}"
    (home / "config" / "config.toml").write_text(f"[generated]\ndraw_command = {json.dumps(command)}\n")
    out = tmp_path / "out.png"
    cli("image", "draw", "a boat", "--out", str(out))
    assert out.read_bytes() == PNG
    assert "exists already" in cli("image", "draw", "a boat", "--out", str(out), code=Exit.FAILED).err
    drawn = json.loads(cli("image", "draw", "a boat", "--json").out)
    with archive() as store:
        (card,) = store.items.cards([drawn["item"]])
        assert (card.kind, card.media, card.source) == ("draft", 1, "generated")
