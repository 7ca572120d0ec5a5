"""`penchant sql` as it is typed: output, limits, Ctrl-C, failures in words, other programs."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from penchant.app.cli import main
from penchant.app.commands.sql_output import widths
from penchant.app.config import Config
from penchant.app.judge.runner import Limits
from penchant.app.judge.runner_eyes import SeeingRunner
from penchant.app.paths import Paths
from penchant.app.sql import model as models
from penchant.app.store import Store
from penchant.app.store.public_views import COLUMNS

from .conftest import CountingModel, fill

EVIL = "\x1b[31mred\x07 and\u202e turned\r\nsecond line"
FAKE = (str(Path(__file__).resolve().parents[1] / "judge" / "fake_llama.py"),)


@pytest.fixture
def archive(home: Path) -> Path:
    paths = Paths.from_environment().ensure()
    with Store.open(paths.archive, role="cli") as store:
        fill(store, 30, text=lambda n: EVIL if n == 1 else f'text {n}, with "marks"')
    return paths.archive


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> CountingModel:
    model = CountingModel()
    monkeypatch.setattr(models, "LocalModel", lambda *_: model)
    return model


@pytest.fixture
def sql(archive: Path, counting: CountingModel, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str, code: int = 0) -> tuple[str, str]:
        assert main(["sql", *arguments]) == code
        captured = capsys.readouterr()
        assert not set("\x1b\x07\u202e\r") & set(captured.out + captured.err)
        return captured.out, captured.err

    return run


def test_table_csv_and_json(sql: Any) -> None:
    query = "SELECT id, text, hash, NULL AS empty, 0.123456789 AS number, id FROM items WHERE id < 3 ORDER BY id"
    lines = sql(query)[0].splitlines()
    assert lines[0].split("\t") == ["id", "text", "hash", "empty", "number", "id"]
    assert len(lines) == 3 and lines[2].split("\t")[4] == "0.1235"
    rows = list(csv.DictReader(io.StringIO(sql("--csv", query)[0])))
    assert rows[1]["text"] == 'text 2, with "marks"' and rows[1]["number"] == "0.123456789"
    found = [json.loads(line) for line in sql("--json", query)[0].splitlines()]
    assert found[0]["text"] == EVIL.replace("\r\n", "\n") or "red" in found[0]["text"]
    assert found[1]["empty"] is None and found[1]["id 2"] == 2 and len(found[1]["hash"]) == 32


def test_limits_notes_and_nothing(sql: Any) -> None:
    out, err = sql("--rows", "4", "SELECT id FROM items")
    assert len(out.splitlines()) == 5 and "first 4 rows" in err
    assert "No rows." in sql("SELECT id FROM items WHERE 0")[1]
    assert sql("--json", "SELECT id FROM items WHERE 0") == ("", "")


def test_explain_says_what_it_would_cost(sql: Any, counting: CountingModel) -> None:
    query = "SELECT title FROM items WHERE ask(text, 'q') AND points = 3 ORDER BY similarity(text, 'x') DESC LIMIT 2"
    out, _ = sql("--explain", query)
    for words in ("points = 3", "similarity(text, 'x')", "ask(text, 'q')", "until 2 rows", "3 texts, 0 answered"):
        assert words in out
    assert counting.asked == []
    sql(query.split(" ORDER")[0])
    assert "3 texts, 3 answered before, 0 calls" in sql("--explain", query.split(" ORDER")[0])[0]
    assert sql("--forget")[0].startswith("forgot 3 answers")
    assert "No model is asked" in sql("--explain", "SELECT 1")[0]
    nested = "SELECT 1 FROM items WHERE id IN (SELECT id FROM items WHERE ask(text, 'q'))"
    assert "in one piece" in sql("--explain", nested)[0]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("DELETE FROM items", "only reads"),
        ("SELECT * FROM heads", "not one of the views"),
        ("SELECT FROM", "syntax error"),
        ("SELECT ask(text) FROM items", "wrong number of arguments"),
        ("SELECT title FROM items WHERE similarity(text, x'00')", "no vector"),
        ("", "no SQL was given"),
    ],
)
def test_mistakes_in_words(sql: Any, query: str, words: str) -> None:
    out, err = sql(query, code=2 if not query else 1)
    assert words in err and out == "" and "Traceback" not in err


def test_no_model_and_an_unknown_one(archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asking = "SELECT ask(text, 'q') FROM items"
    assert main(["sql", "--model", "nobody/nothing:none.gguf", asking]) == 1
    assert "there is no model nobody/nothing:none.gguf" in capsys.readouterr().err
    Paths.from_environment().config_file.write_text('[models]\njudge = ""\n')
    assert main(["sql", asking]) == 1
    assert "no language model to ask" in capsys.readouterr().err
    assert main(["sql", "SELECT describe(hash) FROM items"]) == 1
    assert main(["sql", "SELECT count(*) FROM items"]) == 0


def test_an_empty_archive_answers(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for view in COLUMNS:
        assert main(["sql", f"SELECT count(*) FROM {view}"]) == 0
        assert capsys.readouterr().out == "count(*)\n0\n"
    assert main(["sql", "SELECT title FROM items ORDER BY similarity(text, 'x') LIMIT 3"]) == 0


def test_interrupted(archive: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n WHERE x = 1 OR x < 0"
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "penchant.app.cli", "sql", "--json", "--seconds", "600", endless],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ),
        # tests that a shell runs in the background inherit an ignored SIGINT, and Python then leaves it so
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    assert child.stdout is not None and child.stdout.readline() == '{"x":1}\n'
    child.send_signal(signal.SIGINT)
    _, errors = child.communicate(timeout=30)
    assert child.returncode == 130 and "interrupted" in errors and "Traceback" not in errors


def test_a_model_that_dies_is_started_again(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    local = models.LocalModel(Config(), Paths.from_environment().ensure())
    quick = Limits(start=20.0, batch=5.0, write=5.0, backoff=0.0)
    local._runner = SeeingRunner("m", limits=quick, program=FAKE)
    try:
        said = local.answer("ask", "q", ["fine", "ABORT", "fine too"])
        assert said[1] is None and said[0] is not None and said[2] is not None
        assert local._runner.restarts >= 2
        assert local.answer("summarize", "", ["ABORT"]) == [None]
        assert local.answer("ask", "q", ["still there"])[0] is not None
    finally:
        local.close()


def test_a_copy_for_other_programs(sql: Any, archive: Path, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    sql("--copy", str(target))
    with sqlite3.connect(target) as other:
        for view, columns in COLUMNS.items():
            assert tuple(row[1] for row in other.execute(f"PRAGMA table_info({view})")) == columns
        assert other.execute("SELECT count(*), sum(is_liked) FROM items").fetchone() == (30, 2)
    assert "already there" in sql("--copy", str(target), code=4)[1]
    assert list(tmp_path.glob(".*")) == []


def test_datasette_over_the_same_file(archive: Path) -> None:
    if find_spec("datasette") is None:
        pytest.skip("datasette is not installed: pip install datasette")
    count = "select+count(*)+as+n+from+items"
    child = subprocess.Popen(
        [sys.executable, "-m", "datasette", "serve", str(archive), "--get", f"/archive.json?_shape=array&sql={count}"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    out, _ = child.communicate(timeout=60)
    assert json.loads(out) == [{"n": 30}]
    with Store.open(archive, role="cli") as store:
        assert store.db.value("PRAGMA integrity_check") == "ok"


@pytest.mark.parametrize(
    ("wanted", "room", "given"),
    [
        ([3, 70, 12], 60, [3, 45, 12]),
        ([3, 20, 200], 100, [3, 20, 77]),
        ([3, 5], 60, [3, 5]),
        ([80, 80, 80, 80, 80], 60, []),
        ([14] * 9, 60, []),
    ],
)
def test_columns_share_the_room(wanted: list[int], room: int, given: list[int]) -> None:
    assert widths(wanted, room) == given
