"""Commands as a reader uses them: real processes, an own home, pipes and pseudo-terminals."""

from __future__ import annotations

import errno
import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from penchant.app.commands.output import dumps, plain
from penchant.app.errors import Exit
from penchant.app.store import Store

UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def sample_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that follows the sample feed, made once."""
    folder = tmp_path_factory.mktemp("sample")
    environment = {**os.environ, "PENCHANT_HOME": str(folder)}
    for arguments in (["add", "sample"], ["sync"]):
        command = [sys.executable, "-P", "-m", "penchant.app.cli", *arguments]
        subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)
    return folder


@pytest.fixture
def sample(cli: Any, home: Path, sample_home: Path) -> Any:
    shutil.copytree(sample_home, home, dirs_exist_ok=True)
    return cli


def ids(cli: Any, *arguments: str) -> list[int]:
    return [json.loads(line)["item_id"] for line in cli("list", "--json", *arguments).splitlines()]


def on_a_terminal(
    *arguments: str, environment: dict[str, str] | None = None, timeout: float = 30.0
) -> tuple[int, bytes]:
    """Run `penchant` on a pseudo-terminal; its exit code and every byte it wrote."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update({"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30", **(environment or {})})
        os.execv(sys.executable, [sys.executable, "-P", "-m", "penchant.app.cli", *arguments])
    written = b""
    while select.select([terminal], [], [], timeout)[0]:
        try:
            chunk = os.read(terminal, 65536)
        except OSError:
            break
        if not chunk:
            break
        written += chunk
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), written


def test_an_empty_home_says_what_to_do(cli: Any) -> None:
    assert "penchant add sample" in cli("sources")
    cli("list")
    assert "penchant add sample" in cli.errors
    cli("sync", code=Exit.FAILED)
    assert "penchant add" in cli.errors


def test_without_a_terminal_the_feed_points_to_the_commands(cli: Any) -> None:
    cli(code=Exit.USAGE)
    assert "penchant list" in cli.errors


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["frobnicate"], Exit.USAGE, "invalid choice"),
        (["list", "--limit", "0"], Exit.USAGE, "--limit"),
        (["list", "--view", "best"], Exit.USAGE, "for-you"),
        (["like", "999999"], Exit.FAILED, "no item"),
        (["like", "-1"], Exit.FAILED, "no item"),
        (["remove", "nothing"], Exit.FAILED, "no source"),
        (["undo"], Exit.FAILED, "nothing to undo"),
        (["import", "opml", "/nonexistent"], Exit.FAILED, "No such file"),
        (["export", "opml", "/nonexistent/x"], Exit.FAILED, "cannot be written"),
        (["add", "--kind", "gopher", "x"], Exit.USAGE, "'gopher'"),
        (["add", "http://127.0.0.1:9/"], Exit.SOURCES, "127.0.0.1:9"),
        (["add", "file:///etc/passwd"], Exit.SOURCES, ""),
        (["mastodon", "login"], Exit.USAGE, "needs a name"),
        (["mastodon", "login", "mastodon.invalid"], Exit.FAILED, "terminal"),
        (["mastodon", "logout", "a@b"], Exit.FAILED, "nobody is signed in"),
        (["evaluate", "--data", "/nonexistent"], Exit.USAGE, "no data set"),
    ],
)
def test_failures_are_words_and_codes(cli: Any, arguments: list[str], code: Exit, words: str) -> None:
    cli(*arguments, code=code)
    assert words in cli.errors
    if code != Exit.USAGE:
        assert len(cli.errors.strip().splitlines()) >= 2, "what happened, and what to do"


def test_a_broken_configuration_names_its_line(cli: Any, home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text("\n[worker]\nconcurency = 4\n")
    cli("config", "check", code=Exit.CONFIG)
    assert "config.toml:3:" in cli.errors and "'concurrency'" in cli.errors
    cli("worker", "--once", code=Exit.CONFIG)
    cli("list", code=Exit.CONFIG)
    cli("config", "path")


@pytest.mark.parametrize(
    "content",
    [b"no database at all, but long enough to be read" * 100, b"SQLite format 3\x00" + b"\xff" * 5000],
)
def test_a_file_that_is_no_archive_is_left_as_it_is(cli: Any, home: Path, content: bytes) -> None:
    (home / "data").mkdir()
    archive = home / "data" / "archive.db"
    archive.write_bytes(content)
    for command in (["list"], ["sync"], ["worker", "--once"], ["doctor"], ["add", "sample"]):
        cli(*command, code=Exit.ARCHIVE)
    assert archive.read_bytes() == content


def test_a_fault_of_our_own_goes_to_a_file(cli: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    code = (
        "import sys; from penchant.app import cli; from penchant.app.commands import list_items\n"
        "def run(args, context): raise ZeroDivisionError('oh')\n"
        "list_items.run = run; sys.exit(cli.main(['list']))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=30)
    assert done.returncode == Exit.BUG and "Traceback" not in done.stderr and "crash.log" in done.stderr
    assert "ZeroDivisionError: oh" in (home / "state" / "crash.log").read_text()


def test_a_full_disk_is_no_fault_of_ours(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from penchant.app.cli import main
    from penchant.app.commands.context import Context

    def full(self: Context) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "penchant.log")

    monkeypatch.setattr(Context, "start_log", full)
    assert main(["sync"]) == Exit.ARCHIVE
    errors = capsys.readouterr().err
    assert "disk is full (penchant.log)" in errors and "Free some space" in errors


def test_the_loop_of_the_command_line(sample: Any) -> None:
    cli = sample
    first = ids(cli, "--limit", "20")
    assert len(first) == 20 and first == ids(cli, "--limit", "20")
    cli("like", str(first[3]), str(first[4]))
    cli("skip", str(first[0]))
    cli("save", str(first[1]))
    cli("later", str(first[2]))
    assert set(ids(cli, "--view", "liked")) == {first[3], first[4]}
    assert ids(cli, "--view", "saved") == [first[1]] and ids(cli, "--view", "later") == [first[2]]
    assert not set(first[:5]) & set(ids(cli, "--limit", "1000")), "what was judged does not return to For you"
    assert "later" in cli("undo") and ids(cli, "--view", "later") == []
    assert "like" in cli("undo", str(first[3])) and ids(cli, "--view", "liked") == [first[4]]
    cli("undo", str(first[3]), code=Exit.FAILED)


def test_a_minus_before_a_word_of_a_search_is_no_option(sample: Any) -> None:
    def found(*query: str) -> set[int]:
        lines = sample("search", "--words-only", "--json", *query, "--limit", "200").splitlines()
        return {json.loads(line)["item_id"] for line in lines}

    assert found("bread", "-hut") < found("bread")
    assert found("-hut")


def test_a_ranking_that_was_left_out_is_made_by_the_next_sync(cli: Any, home: Path) -> None:
    def published() -> int:
        with Store.open(next(home.rglob("archive.db"))) as store:
            head = store.scores.head()
            return head.version if head else 0

    cli("add", "sample")
    cli("sync", "--no-rank", "--quiet")
    assert published() == 0 and ids(cli, "--limit", "10")
    cli("sync", "--quiet")
    assert published() == 1
    cli("sync", "--quiet")
    assert published() == 1


def test_judgements_change_the_order(sample: Any) -> None:
    cli = sample
    before = ids(cli, "--limit", "300")
    shown = [json.loads(line) for line in cli("list", "--json", "--limit", "300").splitlines()]
    assert {card["probability"] for card in shown} == {0.5}
    topic = [
        json.loads(line)["item_id"] for line in cli("search", "--json", "--limit", "12", "bread").splitlines()
    ]
    others = [number for number in before if number not in topic][:12]
    cli("like", *map(str, topic))
    cli("skip", *map(str, others))
    cli("sync", "--quiet")
    after = [json.loads(line) for line in cli("list", "--json", "--limit", "300").splitlines()]
    probabilities = [card["probability"] for card in after]
    assert max(probabilities) - min(probabilities) > 0.1
    assert [card["item_id"] for card in after] != [n for n in before if n not in {*topic, *others}]
    why = json.loads(cli("why", "--json", str(after[0]["item_id"])))
    assert abs(sum(part["logit"] for part in why["parts"]) - why["logit"]) < 1e-6 and why["labels"] == len(topic) + 12


def test_an_item_answers_to_the_beginning_of_its_uid(sample: Any, home: Path) -> None:
    with Store.open(home / "data" / "archive.db", role="cli") as store:
        uid = store.items.uids([7])[7]
    assert "liked  7" in sample("like", uid)
    assert "liked  7" in sample("like", uid[:10])


def test_everything_is_exported(sample: Any, home: Path) -> None:
    sample("like", "1")
    sample("undo")
    lines = [json.loads(line) for line in sample("export", "jsonl").splitlines()]
    kinds = [line["type"] for line in lines]
    assert kinds[0] == "penchant" and lines[0]["format"] == 1
    with Store.open(home / "data" / "archive.db", role="cli") as store:
        from penchant.app.types import View

        assert kinds.count("item") == store.items.count(View.NEWEST) > 200
    assert kinds.count("subscription") == 1
    assert [line["kind"] for line in lines if line["type"] == "event"] == ["like", "undo"]
    assert all(line["text"] or line["title"] or line["media"] for line in lines if line["type"] == "item")


def test_files_are_not_overwritten_unasked(sample: Any, tmp_path: Path) -> None:
    target = tmp_path / "there"
    target.write_text("precious")
    for command in (["export", "opml", str(target)], ["backup", str(target)]):
        sample(*command, code=Exit.FAILED if command[0] == "export" else Exit.ARCHIVE)
        assert target.read_text() == "precious" and "exists already" in sample.errors
        sample(*command, "--force")
        assert target.read_bytes()[:8] != b"precious"
        target.write_text("precious")


def test_what_an_export_leaves_out_and_a_backup_cannot_reach_is_said(sample: Any, tmp_path: Path) -> None:
    sample("export", "opml")
    assert "OPML holds feeds only: 1 of" in sample.errors
    sample("backup", str(tmp_path / "none" / "copy.db"), code=Exit.FAILED)
    assert "there is no folder" in sample.errors


def test_opml_in_and_out(cli: Any, tmp_path: Path) -> None:
    source = tmp_path / "in.opml"
    source.write_text(
        '<opml version="2.0"><body><outline text="News"><outline type="rss" text="A &amp; B" xmlUrl="https://a.example/feed"/>'
        '</outline><outline type="rss" text="C" xmlUrl="https://c.example/feed"/></body></opml>'
    )
    cli("import", "opml", str(source))
    assert cli.errors.startswith("2 new, 0 followed")
    cli("import", "opml", str(source))
    assert cli.errors.startswith("0 new, 2 followed")
    out = tmp_path / "out.opml"
    cli("export", "opml", str(out))
    again = cli("export", "opml")
    assert out.read_text().strip() == again.strip()
    assert "https://a.example/feed" in again and "A &amp; B" in again and "News" in again
    source.write_text("<html>no</html>")
    cli("import", "opml", str(source), code=Exit.FAILED)


def test_adding_finds_the_feed_of_a_site(cli: Any, server: Any) -> None:
    feed = '<rss version="2.0"><channel><title>Found</title></channel></rss>'
    server.route(
        "/",
        "".join(f'<link rel="alternate" type="application/rss+xml" href="/{name}">' for name in "ab"),
        headers={"Content-Type": "text/html"},
    )
    server.route("/a", feed)
    server.route("/b", feed)
    cli("add", server.url("/"))
    cli("add", server.url("/"), "--feed", "2", "--title", "Mine", "--folder", "x/y")
    assert "follow it already" in cli("add", server.url("/"))
    found = [json.loads(line) for line in cli("sources", "--json").splitlines()]
    assert {source["address"] for source in found} == {server.url("/a"), server.url("/b")}
    assert [(s["title"], s["folder"]) for s in found if s["folder"]] == [("Mine", ["x", "y"])]
    cli("add", server.url("/"), "--feed", "9", code=Exit.USAGE)
    server.route("/nothing", "<p>no feed</p>")
    cli("add", server.url("/nothing"), code=Exit.FAILED)


HOSTILE = (
    "\x1b]0;owned\x07 \x1b[31mred \x9b2J \u202etxt [link=x]markup[/] &#27;[5m \u2066 a\u0301" + "\u0301" * 500
)


def test_hostile_titles_reach_pipe_and_terminal_as_plain_text(cli: Any, server: Any) -> None:
    title = "".join(f"&#{ord(c)};" if c in "\x1b\x07" else c for c in HOSTILE.replace("&#27;", "&amp;#27;"))
    address = server.route(
        "/feed",
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title><item><guid>1</guid>'
        f"<title><![CDATA[{HOSTILE}]]></title><description><![CDATA[{HOSTILE}]]></description></item></channel></rss>",
    )
    cli("add", address, "--kind", "rss", "--title", HOSTILE.replace("\x00", ""))
    cli("sync")
    for command in (
        ["list", "--view", "newest"],
        ["list", "--json", "--view", "newest"],
        ["sources"],
        ["search", "markup"],
        ["export", "jsonl"],
        ["why", "1"],
    ):
        out = cli(*command)
        assert not UNSAFE.search(out + cli.errors), command
    code, written = on_a_terminal("list", "--view", "newest", environment={"NO_COLOR": "1"})
    assert code == Exit.OK and b"markup" in written
    assert b"\x1b]" not in written and b"\x9b" not in written and b"\x07" not in written
    assert b"\x1b[31m" not in written and written.startswith(b"\x1b[1mID")


def test_terminals_get_columns_and_bars_and_no_color_means_none(sample: Any) -> None:
    code, written = on_a_terminal("sync")
    assert code == Exit.OK and b"The sample feed" in written and b"\x1b[" in written
    code, written = on_a_terminal("list", "--limit", "3", environment={"NO_COLOR": "1"})
    assert code == Exit.OK and b"\t" not in written
    assert not re.search(rb"\x1b\[[0-9;]*3[0-9]m", written)


def test_a_closed_pipe_is_no_failure(sample: Any) -> None:
    done = subprocess.run(
        f"{sys.executable} -P -m penchant.app.cli export jsonl | head -c 100; echo ${{PIPESTATUS[0]}} >&2",
        shell=True, executable="/bin/bash", capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.stderr.strip() == "0"


def test_a_terminal_without_utf8_shows_question_marks(sample: Any) -> None:
    sample.environment |= {"PYTHONIOENCODING": "ascii"}
    assert "?" in sample("list", "--view", "newest", "--limit", "300")


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["list", "--help"], ["config", "default"]])
def test_light_commands_load_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom penchant.app import cli\n"
        f"try: cli.main({arguments!r})\nexcept SystemExit: pass\n"
        "heavy = {'numpy', 'httpx', 'textual', 'apsw', 'rich', 'lxml', 'tokenizers', 'asyncio', 'PIL'}\n"
        "sys.exit(' '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr


def test_json_escapes_lose_nothing() -> None:
    value = {"text": HOSTILE + "\ud800", "bytes": b"\x00\xff"}
    line = dumps(value)
    assert not UNSAFE.search(line) and "\n" not in line
    assert json.loads(line) == {"text": value["text"], "bytes": "00ff"}
    assert not UNSAFE.search(plain(HOSTILE)) and len(plain("x" * 50, 10)) == 10
