"""`penchant duel` in the shell: a pack, answers line by line, the curve, one duel named by its items."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def play(cli: Any, answers: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "penchant.app.cli", "duel", "play", *arguments],
        input=answers, text=True, capture_output=True, env=cli.environment, timeout=60, check=False,
    )  # fmt: skip


def test_answers_are_kept_one_by_one_and_foretold_in_the_curve(cli: Any, tmp_path: Path) -> None:
    assert "No duels yet" in cli("duel", "stats")
    done = play(cli, "1\nx\n2\nn\n1\nu\n2\n")  # the input ends in the middle of a question
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr and "3 duels" in done.stderr
    assert done.stdout.count("\n1) ") == 7, "six answers, and the question at which the input ended"
    found = json.loads(cli("duel", "stats", "--json"))
    assert found["duels"] == 3 and len(found["curve"]) == 3 and 0 <= found["foretold"] <= 1
    assert "took back: duel" in cli("undo")
    assert json.loads(cli("duel", "--json"))["duels"] == 2


def test_a_pack_of_one_s_own_is_compared_and_runs_out(cli: Any, tmp_path: Path) -> None:
    pack = tmp_path / "mine.txt"
    pack.write_text("a cat | one\na cat | two \x1b[31m\n")
    told = json.loads(cli("duel", "add", str(pack), "--json"))
    assert (told["pack"], told["texts"], told["captions"], told["new"]) == ("mine", 2, 2, 2)
    done = play(cli, "1\n1\n", "--of", "captions")
    assert "[a cat]" in done.stdout and "\x1b" not in done.stdout
    assert done.returncode == 1 and "no two captions left" in done.stderr and "duel add" in done.stderr
    assert json.loads(cli("duel", "stats", "--json"))["duels"] == 1


def test_what_makes_no_sense_is_refused_in_words(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "two.txt").write_text("one joke\nanother\n")
    cli("duel", "add", str(tmp_path / "two.txt"))
    assert "1 is funnier than 2" in cli("duel", "1", "2")
    for words, code, said in ((("1", "1"), 2, "itself"), (("dance",), 2, "says nothing"), (("1", "9"), 1, "no item")):
        cli("duel", *words, code=code)
        assert said in cli.errors
