"""Commands as sources: what is run, what never is, its bounds, what it may print."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from penchant.adapters import secrets
from penchant.adapters.base import BadSettings, Malformed, NotAuthorized, NotFound, SourceError, TimedOut, TooLarge
from penchant.adapters.script import Script
from penchant.adapters.script_parse import read_output
from penchant.adapters.script_place import allow, command_of, forbid, recognise, words_of
from penchant.adapters.script_run import Bounds, environment, last_line, run

PYTHON = sys.executable


def program(tmp_path: Path, code: str, name: str = "my-feed") -> str:
    """An executable script; returns its path."""
    path = tmp_path / name
    path.write_text(f"#!{PYTHON}\n{code}\n")
    path.chmod(0o755)
    return str(path)


async def visit(client: Any, address: str, cursor: Any = None, **settings: Any) -> list[Any]:
    given = {"address": address, **settings}
    return [page async for page in Script().fetch(client, given, cursor or {})]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


async def test_a_command_is_a_source(client, tmp_path):
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Mine", "items": [{"id": "1", "title": "One"}]}
    address = f"exec:{program(tmp_path, f'print({json.dumps(feed)!r})')}"
    allow({"address": address})
    (page,) = await visit(client, address)
    assert page.title == "Mine" and [i.title for i in page.items] == ["One"]
    (again,) = await visit(client, address, page.cursor)
    assert again.items == (), "it printed the same"


async def test_nothing_runs_that_was_not_allowed(client, tmp_path):
    touched = tmp_path / "touched"
    address = f"exec:{program(tmp_path, f'open({str(touched)!r}, chr(119))')}"
    with pytest.raises(NotAuthorized, match="not allowed") as failure:
        await visit(client, address, approved=True, allowed=True)
    assert not touched.exists() and "penchant add" in failure.value.hint
    allow({"address": address})
    with pytest.raises(NotAuthorized):
        await visit(client, f"{address} --other")
    await visit(client, address)
    assert touched.exists()
    forbid({"address": address})
    with pytest.raises(NotAuthorized):
        await visit(client, address)


async def test_no_shell_reads_the_words(client, tmp_path):
    shown = program(tmp_path, "import sys, json; print(json.dumps({'id': 1, 'title': json.dumps(sys.argv[1:])}))")
    address = f"exec:{shown} '$(touch x)' \"two words\" '*' ';x'"
    allow({"address": address})
    (page,) = await visit(client, address)
    assert json.loads(page.items[0].title) == ["$(touch x)", "two words", "*", ";x"]
    for broken in ("exec:a | b", "exec:a > b", "exec:a && b"):
        with pytest.raises(BadSettings, match="without a shell"):
            command_of({"address": broken})


async def test_a_command_sees_few_variables_and_no_input(client, tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "secret")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    code = "import os, sys, json; print(json.dumps({'id': 1, 'title': ' '.join(os.environ), 'text': sys.stdin.read()}))"
    address = f"exec:{program(tmp_path, code)}"
    allow({"address": address})
    (page,) = await visit(client, address)
    names = page.items[0].title.split()
    assert "PATH" in names and "LC_ALL" in names and not any("TOKEN" in n or "PENCHANT" in n for n in names)
    assert page.items[0].text == ""
    assert environment({"PATH": "/bin", "AWS_SECRET_ACCESS_KEY": "x", "LD_PRELOAD": "x"}) == {"PATH": "/bin"}


async def test_a_failure_says_what_the_command_said(tmp_path):
    code = "import sys; print('half'); print('first\\n\\x1b[31mno such page\\n', file=sys.stderr); sys.exit(3)"
    with pytest.raises(SourceError, match="my-feed ended with code 3: no such page") as failure:
        await run((program(tmp_path, code),), Bounds())
    assert "\x1b" not in str(failure.value) and failure.value.hint
    with pytest.raises(SourceError, match="signal 9"):
        await run((program(tmp_path, "import os; os.kill(os.getpid(), 9)"),), Bounds())
    with pytest.raises(NotFound, match="cannot be run"):
        await run(("/nowhere/at/all",), Bounds())
    (tmp_path / "plain").write_text("x")
    with pytest.raises(NotFound, match="cannot be run"):
        await run((str(tmp_path / "plain"),), Bounds())
    assert last_line(b"one\n\xff two\n \n").endswith("two") and last_line(b"") == ""


async def test_a_slow_command_is_ended_with_all_it_started(tmp_path):
    note = tmp_path / "child"
    code = (
        "import subprocess, sys, time\n"
        f"child = subprocess.Popen([{PYTHON!r}, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\n"
        "time.sleep(60)"
    )
    with pytest.raises(TimedOut, match="took longer"):
        await run((program(tmp_path, code),), Bounds(seconds=1.5))
    child = int(note.read_text())
    for _ in range(100):
        if not alive(child):
            break
        await asyncio.sleep(0.05)
    assert not alive(child)


async def test_one_that_leaves_a_child_at_its_pipe_is_ended_too(tmp_path):
    note = tmp_path / "child"
    code = (
        "import subprocess\n"
        f"child = subprocess.Popen([{PYTHON!r}, '-c', 'import time; time.sleep(60)'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))"
    )
    with pytest.raises(TimedOut):
        await run((program(tmp_path, code),), Bounds(seconds=1.5))
    for _ in range(100):
        if not alive(int(note.read_text())):
            break
        await asyncio.sleep(0.05)
    assert not alive(int(note.read_text()))


async def test_one_that_never_stops_printing_is_ended(tmp_path):
    code = "import sys\nwhile True: sys.stdout.write('x' * 65536)"
    with pytest.raises(TooLarge, match="printed more than"):
        await run((program(tmp_path, code),), Bounds(seconds=30, max_bytes=1 << 20))
    noisy = "import sys\nfor _ in range(200): sys.stderr.write('y' * 65536)\nprint(1)"
    assert await run((program(tmp_path, noisy, "noisy"),), Bounds()) == b"1\n"


async def test_a_visit_that_is_given_up_leaves_nothing(tmp_path):
    note = tmp_path / "pid"
    code = f"import os, time\nopen({str(note)!r}, 'w').write(str(os.getpid()))\ntime.sleep(60)"
    task = asyncio.create_task(run((program(tmp_path, code),), Bounds()))
    for _ in range(200):
        if note.exists() and note.read_text():
            break
        await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not alive(int(note.read_text()))


# -- what it prints

RECORDS = [
    {"guid": "a", "link": "https://far.example/a", "name": "One", "text": "See <b>", "by": "Ada", "tags": "x, y"},
    {"id": 2, "url": "https://far.example/b", "title": "Two", "content_html": "<p>See <a href='https://c.example/'>c</a>",
     "timestamp": 1_770_000_000_000, "author": {"name": "Bob"}},
]  # fmt: skip


@pytest.mark.parametrize(
    "printed",
    [
        "\n".join(map(json.dumps, RECORDS)),
        "\ufeff" + json.dumps(RECORDS),
        json.dumps({"items": RECORDS, "title": "Mine"}),
        json.dumps(RECORDS[0]) + "\n{broken\n7\n" + json.dumps(RECORDS[1]),
    ],
)
def test_json_in_several_forms(printed):
    one, two = read_output(printed.encode(), "exec:k", time.time()).items
    assert (one.title, one.text, one.url, one.tags) == ("One", "See <b>", "https://far.example/a", ("x", "y"))
    assert one.author.name == "Ada" and two.author.name == "Bob"
    assert (two.text, two.published) == ("See c [1]", 1_770_000_000.0)
    assert [i.native_id for i in (one, two)] == ["exec:k#a", "exec:k#2"]


def test_feeds_and_nothing():
    rss = b"<rss version='2.0'><channel><title>F</title><item><guid>1</guid><title>T</title></item></channel></rss>"
    assert read_output(rss, "k", 2e9).items[0].title == "T"
    assert read_output(b" \n", "k", 2e9).items == ()
    for broken in (b"{oops", b"hello", b"[1, 2", b"<html>"):
        with pytest.raises(Malformed):
            read_output(broken, "k", 2e9)


NAMES = ["id", "url", "title", "items", "author", "tags", "date", "attachments", "text", "image", "language"]
SHAPES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(NAMES), below, max_size=4),
    max_leaves=15,
)


@settings(deadline=None)
@given(SHAPES)
def test_any_json_is_read(value):
    try:
        read_output(json.dumps(value).encode(), "k", 2e9)
    except Malformed as error:
        assert error.hint


# -- addresses


@settings(deadline=None)
@given(st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=0x24F, blacklist_categories=["Cc", "Cs", "Zs"]),
                        min_size=1, max_size=8), min_size=1, max_size=5))  # fmt: skip
def test_an_address_says_the_same_again(argv):
    import shlex

    found = recognise("exec:" + shlex.join(argv))
    if found is not None:
        assert words_of(found.address) == tuple(argv) and recognise(found.address) == found


@pytest.mark.parametrize(
    "typed", ["exec:", "exec: ", "exec:'", "exec:a\nb", "exec:a\x1b[0m", "/bin/ls", "exec:''", "EXEC:a"]
)
def test_other_addresses(typed):
    assert recognise(typed) is None


def test_home_is_the_only_thing_that_is_expanded(monkeypatch):
    monkeypatch.setenv("HOME", "/home/ada")
    assert command_of({"address": "exec:~/bin/f '$HOME' a~/b"}) == ("/home/ada/bin/f", "$HOME", "a~/b")


def test_the_permission_lies_beside_the_tokens():
    allow({"address": "exec:true"})
    assert [name for name in secrets.names() if name.startswith("exec:")]
    assert Path(os.environ["PENCHANT_SECRETS_DIR"], "secrets.json").stat().st_mode & 0o077 == 0
