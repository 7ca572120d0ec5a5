"""`penchant llm` and `penchant voice` in child processes: a server on loopback, no model, Ctrl-C, hostile words."""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import pty
import select
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from penchant.app.errors import PenchantError
from penchant.app.store import Store
from penchant.app.types import Event


@pytest.fixture(autouse=True)
def _no_model(home: Path) -> None:
    (home / "config").mkdir(parents=True, exist_ok=True)
    (home / "config" / "config.toml").write_text('[models]\njudge = ""\nsentence = ""\n')


def typed(text: str, *words: str, code: int = 0) -> tuple[str, str]:
    """A command that is told `text` on its standard input: what it said, and its errors."""
    done = subprocess.run(
        [sys.executable, "-m", "penchant.app.cli", *words], input=text, text=True, capture_output=True, timeout=120
    )
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr


def test_one_prompt_with_options_before_and_after_the_words(openai: Any, cli: Any) -> None:
    openai.pieces = ("One\x1b[2J", "\ntwo\u202e", " three")
    said = cli("llm", "prompt", "--model", openai.address, "--tokens", "9", "Count", "to", "three")
    assert said == "One[2J\ntwo three\n" and openai.address[7:] in cli.errors
    ((_, body, _),) = openai.of("/v1/chat/completions")
    assert body["messages"][-1]["content"] == "Count to three" and body["max_tokens"] == 9
    facts = json.loads(cli("llm", "prompt", "Again", "--model", openai.address, "--json"))
    assert facts["answer"] == "One[2J\ntwo three" and facts["carrier"] == "none"


def test_a_chat_remembers_its_turns_until_it_is_told_to_forget(openai: Any) -> None:
    typed("first\n\nsecond\n/new\nthird\n/quit\nnever\n", "llm", "chat", "--model", openai.address)
    asked = [[each["content"] for each in body["messages"]] for _, body, _ in openai.of("/v1/chat/completions")]
    assert asked == [["first"], ["first", "Hello there.", "second"], ["third"]]


def test_a_file_is_a_prompt_a_context_or_many(openai: Any, cli: Any, tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("Trains run.\n\nOwls fly.\n")
    cli("llm", "file", str(file), "What", "runs?", "--model", openai.address)
    rows = cli("llm", "file", str(file), "--lines", "--json", "--model", openai.address).splitlines()
    asked = [body["messages"][-1]["content"] for _, body, _ in openai.of("/v1/chat/completions")]
    assert asked == ["Trains run.\n\nOwls fly.\n\nWhat runs?", "Trains run.", "Owls fly."]
    assert [json.loads(row)["prompt"] for row in rows] == asked[1:]


def test_mistakes_are_told(openai: Any, cli: Any, tmp_path: Path) -> None:
    assert "no language model" in (cli("llm", "prompt", "hi", code=1), cli.errors)[1]
    assert "which file" in (cli("llm", "file", code=2), cli.errors)[1]
    assert "cannot be read" in (cli("llm", "file", str(tmp_path / "no"), code=1), cli.errors)[1]
    assert "temperature" in (cli("llm", "prompt", "--temperature", "9", "x", code=2), cli.errors)[1]
    assert "nothing to ask" in typed(" \n", "llm", "prompt", "-", code=2)[1]
    assert (
        "no carrier" in (cli("llm", "prompt", "--model", openai.address, "--carrier", "x", "y", code=2), cli.errors)[1]
    )
    assert not openai.of("/v1/chat/completions")


def test_ctrl_c_stops_the_answer_and_what_came_stays(openai: Any, home: Path, until: Any) -> None:
    openai.pieces, openai.slow = ("word ",) * 2_000, 0.02
    child = subprocess.Popen(
        [sys.executable, "-m", "penchant.app.cli", "llm", "prompt", "--model", openai.address, "go"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PENCHANT_HOME": str(home)},
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.read(10) == b"word word "
    child.send_signal(signal.SIGINT)
    rest, errors = child.communicate(timeout=60)
    assert child.returncode == 130 and b"Stopped." in errors and b"Traceback" not in errors
    assert len(rest) < 5 * 2_000 and rest.endswith(b"\n")


@pytest.fixture
def terminal(openai: Any, home: Path) -> Iterator[Callable[..., tuple[int, Any]]]:
    """`llm chat` in a terminal: (its end for us, the process)."""
    children: list[Any] = []

    def begin() -> tuple[int, Any]:
        ours, theirs = pty.openpty()
        child = subprocess.Popen(
            [sys.executable, "-m", "penchant.app.cli", "llm", "chat", "--model", openai.address],
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0), env={**os.environ, "PENCHANT_HOME": str(home)},
        )  # fmt: skip
        os.close(theirs)
        children.append((ours, child))
        return ours, child

    yield begin
    for ours, child in children:
        child.kill()
        child.wait(20)
        os.close(ours)


def heard(terminal: int, words: bytes) -> bytes:
    """What a terminal shows, until these words stand there."""
    said = b""
    while words not in said:
        assert select.select([terminal], [], [], 60)[0], said
        said += os.read(terminal, 4096)
    return said


def test_ctrl_c_at_the_prompt_of_a_chat_ends_it_without_another_key(terminal: Any) -> None:
    ours, child = terminal()
    heard(ours, b"\r\n> ")
    os.write(ours, b"hello\n")
    heard(ours, b"Hello there.\r\n> ")
    os.write(ours, b"\x03")
    assert child.wait(30) == 0


def test_a_chat_goes_on_after_a_turn_that_failed_and_one_that_was_stopped(openai: Any, terminal: Any) -> None:
    openai.status, openai.body = 500, b'{"error": "out of\\u001b[2J memory"}'
    ours, child = terminal()
    heard(ours, b"\r\n> ")
    os.write(ours, b"one\n")
    said = heard(ours, b"say more.\r\n> ")
    assert b"out of[2J memory" in said and b"\x1b" not in said
    openai.status, openai.body, openai.pieces, openai.slow = 200, None, ("word ",) * 2_000, 0.02
    os.write(ours, b"two\n")
    heard(ours, b"word word")
    os.write(ours, b"\x03")
    heard(ours, b"Stopped.\r\n> ")
    openai.pieces, openai.slow = ("Fine.",), 0.0
    os.write(ours, b"three\n")
    heard(ours, b"Fine.\r\n> ")
    os.write(ours, b"\x04")
    assert child.wait(30) == 0
    asked = [[each["content"] for each in body["messages"]] for _, body, _ in openai.of("/v1/chat/completions")]
    assert asked == [["one"], ["two"], ["three"]], "what failed and what was stopped is no turn"


async def test_a_question_stands_behind_what_fits_of_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """Cut by the model it would be the question that goes."""
    from penchant.app.commands.llm import Prompt, _fitting, _Talk
    from penchant.app.voice.values import Carried

    class Here:
        host, name, ready = "", "tiny", SimpleNamespace(context=400)

        async def count(self, texts: list[str]) -> list[int]:
            return [len(text) for text in texts]

    talk = _Talk(Here(), Carried(system="s" * 20), argparse.Namespace())  # type: ignore[arg-type]
    assert await _fitting(Prompt("short", "why?"), talk) == "short\n\nwhy?" and not capsys.readouterr().err
    whole = await _fitting(Prompt("word " * 1_000, "why?"), talk)
    assert whole.endswith("\n\nwhy?") and 250 < len(whole) < 336 and "the first" in capsys.readouterr().err
    with pytest.raises(PenchantError, match="question fills"):
        await _fitting(Prompt("text", "why? " * 100), talk)


def test_a_token_is_kept_for_one_server_and_forgotten(openai: Any, cli: Any) -> None:
    assert "alone" in typed("s3cret\n", "llm", "token", openai.address)[0]
    cli("llm", "prompt", "--model", openai.address, "hi")
    assert {headers.get("Authorization") for _, _, headers in openai.asked} == {"Bearer s3cret"}
    assert cli("llm", "token", "--forget", openai.address) == "forgotten\n"
    assert "whose token" in (cli("llm", "token", "example", code=2), cli.errors)[1]


def test_what_you_say_of_your_taste_reaches_the_model(openai: Any, cli: Any) -> None:
    assert "nothing yet" in cli("voice", "describe")
    assert cli("voice", "describe", "night", "trains\x1b[2J") == "you like: night trains [2J\n"
    assert cli("voice", "dial", "-1.5") == "dial: -1.5\n" and cli("voice", "dial") == "dial: -1.5\n"
    assert "from -2 to 2" in (cli("voice", "dial", "loud", code=2), cli.errors)[1]
    assert cli("voice", "use", "typed") == "used: typed\n"
    assert "no carrier" in (cli("voice", "use", "nonsense", code=2), cli.errors)[1]
    cli("llm", "prompt", "--carrier", "typed", "--model", openai.address, "Write.")
    ((_, body, _),) = openai.of("/v1/chat/completions")
    assert "night trains" in body["messages"][0]["content"]
    assert cli("undo") and cli("voice", "use") == "used: auto\n"


def test_an_empty_archive_shows_every_carrier(cli: Any) -> None:
    facts = json.loads(cli("voice", "--json"))
    assert facts["liked"] == 0 and [row["name"] for row in facts["carriers"]][:4] == [
        "none",
        "typed",
        "summary",
        "history",
    ]
    assert {row["name"] for row in facts["carriers"] if row["ready"]} == {"none"}
    assert "like something first" in cli("voice")


def test_a_summary_is_written_by_a_server_that_was_allowed(openai: Any, cli: Any, home: Path) -> None:
    from penchant.adapters.base import Item, Page

    (home / "data").mkdir()
    with Store.open(home / "data" / "archive.db", role="cli") as store:
        source = store.subscriptions.add("rss", "https://feed.example/", "Feed")
        items = tuple(Item(str(n), f"https://feed.example/{n}", f"Night train {n}", "") for n in range(4))
        ids = store.items.put_page(source, Page(items, {}), 1.0).item_ids
        store.events.append([Event("like", item, at=2.0) for item in ids])
    openai.pieces = ("They like night", " trains and the sea.")
    assert cli("voice", "summary", "--model", openai.address) == "They like night trains and the sea.\n"
    assert "Night train 3" in openai.of("/v1/chat/completions")[0][1]["messages"][-1]["content"]
    rows = {row["name"]: row for row in json.loads(cli("voice", "--json"))["carriers"]}
    assert "night trains" in rows["summary"]["state"] and rows["history"]["ready"]
    assert "no host" in (cli("voice", "allow", "not a host", "summary", code=2), cli.errors)[1]
    assert "may now be told" in cli("voice", "allow", "https://API.example.org/v1#big", "summary")
    assert "allowed: api.example.org" in cli("voice")
    cli("voice", "forbid", "api.example.org", "summary")
    assert "allowed" not in cli("voice")
