"""`penchant import` as a person types it."""

from __future__ import annotations

import json
import signal
from typing import Any

from penchant.app.errors import Exit

ID = 1_100_000_000_000_000_000


def test_import_and_undo(cli: Any, made: Any) -> None:
    path = made.zip(made.twitter([made.tweet(ID, "one \x1b[31mred"), made.tweet(ID + 1, "")], [made.like(5)]))
    said = dict(line.split("\t")[:2] for line in cli("import", str(path)).splitlines()[1:])
    assert said["found"] == "2" and said["imported"] == "2" and said["liked"] == "1" and said["skipped"] == "1"
    assert "import undo 1" in cli.errors
    again = json.loads(cli("import", str(path), "--json"))
    assert (again["found"], again["new"], again["known"]) == (2, 0, 2)
    assert "Twitter archive @Ada\texport\t2" in cli("sources")
    cli("undo", code=Exit.FAILED)
    cli("sync", "twitter", code=Exit.FAILED)
    assert "archive of your own" in cli.errors and cli("sources").count("ok") == 1
    cli("sync", code=Exit.FAILED)
    assert "nothing to fetch" in cli.errors
    assert "2 marks" in cli("import", "undo", "1")
    assert cli("list", "--view", "newest").splitlines()[1:] == []
    cli("import", "undo", "1", code=Exit.FAILED)


def test_what_cannot_be_imported_is_said_in_words(cli: Any, made: Any) -> None:
    cli("import", str(made.file("x.bin", b"\x00")), code=Exit.FAILED)
    assert "no export that penchant knows" in cli.errors and "Twitter" in cli.errors
    cli("import", str(made.file("x.tgz", b"\x1f\x8b\x08")), code=Exit.FAILED)
    assert "tar xzf" in cli.errors
    cli("import", "a", "b", code=Exit.USAGE)
    cli("import", "a", "--as", "nothing", code=Exit.USAGE)
    broken = made.file("tweets.js", "window.YTD.tweets.part0 = [ {")
    cli("import", str(broken), code=Exit.FAILED)
    assert "breaks off" in cli.errors


def test_a_killed_import_goes_on(cli: Any, made: Any) -> None:
    tweets = [made.tweet(ID + n, f"number {n} says a few words of its own") for n in range(1_500)]
    path = made.zip(made.twitter(tweets))
    child = cli.start("import", str(path), "--json")
    try:
        child.wait(0.7)
    except Exception:
        child.send_signal(signal.SIGKILL)
        child.wait()
    cli("import", str(path))
    report = json.loads(cli("import", str(path), "--json"))
    assert (report["found"], report["new"]) == (1_500, 0)
    assert cli("sources").splitlines()[1].split("\t")[3] == "1500"


def test_evaluate_shows_what_an_import_does_and_its_undo_takes_back(cli: Any, made: Any) -> None:
    cli("add", "sample")
    cli("sync", "--quiet")
    cli("like", *map(str, range(1, 40, 4)))
    cli("skip", *map(str, range(2, 42, 2)))
    texts = ["hedge birds dawn chorus tapes garden", "recordings of owls at dawn", "robins and wrens in the hedge"]
    path = made.file("like.js", made.js("like", [made.like(100 + n, text) for n, text in enumerate(texts * 5)]))
    before = cli("evaluate")
    cli("import", str(path))
    cli("sync", "--quiet")
    assert cli("evaluate") != before
    cli("import", "undo", "twitter")
    assert cli("evaluate") == before
