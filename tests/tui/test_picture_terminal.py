"""Which way of drawing a terminal gets, and that asking it loses no key."""

from __future__ import annotations

import gc
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from penchant.app.tui.pictures.fit import Cell, within
from penchant.app.tui.pictures.terminal import way_from, way_of

XTERM = {"TERM": "xterm-256color"}
SSH = {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}


@pytest.mark.parametrize(
    ("env", "way"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-kitty", **SSH}, "kitty"),
        ({**XTERM, "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({**XTERM, "TERM_PROGRAM": "ghostty"}, "kitty"),
        ({**XTERM, "KONSOLE_VERSION": "230804"}, "kitty"),
        ({**XTERM, "KONSOLE_VERSION": "210401"}, "block"),
        ({**XTERM, "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({**XTERM, "TERM_PROGRAM": "WezTerm"}, "iterm2"),
        ({**XTERM, "LC_TERMINAL": "iTerm2", **SSH}, "iterm2"),
        ({**XTERM, "VTE_VERSION": "7200", **SSH}, "block"),
        (XTERM, "block"),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}, "block"),
        ({"TERM": "xterm-kitty", "TMUX": "/tmp/tmux-0/default,1,0", "COLORTERM": "truecolor"}, "block"),
        ({"TERM": "screen-256color"}, "block"),
        ({"TERM": "xterm-kitty", "STY": "1.a", "COLORTERM": "truecolor"}, "block"),
        ({"TERM": "linux"}, "none"),
        ({"TERM": "xterm"}, "none"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "block"),
        ({"TERM": "dumb"}, "none"),
        ({}, "none"),
        ({**XTERM, **SSH}, None),
    ],
)
def test_the_environment_decides(env: dict[str, str], way: str | None) -> None:
    assert way_from(env) == way


@pytest.mark.parametrize("setting", ["kitty", "iterm2", "block", "none"])
def test_the_reader_s_word_goes_before(setting: str) -> None:
    assert way_of(setting, {"TERM": "tmux-256color", "TMUX": "x"}) == (setting, b"")


CHILD = """
import sys, time
time.sleep(0.3)
from penchant.app.tui.pictures.terminal import ask
way, typed = ask()
print(f"<{way}|{typed.decode()}>", flush=True)
"""


def _terminal(answers: dict[bytes, bytes], typed: bytes) -> str:
    """Run `ask` on a pty that answers; returns what it printed."""
    child, fd = pty.fork()
    if child == 0:
        os.execvpe(sys.executable, [sys.executable, "-c", CHILD], {**os.environ, "TERM": "xterm-256color"})
    seen, at = b"", 0
    os.write(fd, typed)
    end = time.monotonic() + 30
    while b">\r\n" not in seen and time.monotonic() < end:
        try:
            seen += os.read(fd, 4096)
        except OSError:
            break
        for question, answer in answers.items():
            if question in seen[at:]:
                at = len(seen)
                os.write(fd, answer)
    os.close(fd)
    os.waitpid(child, 0)
    return seen.decode(errors="replace")


def test_a_kitty_far_away_is_recognised_and_type_ahead_kept() -> None:
    answers = {
        b"a=q": b"\x1b_Gi=31;OK\x1b\\\x1b[?62c",
        b"\x1b[>q": b"\x1bP>|kitty(0.35.2)\x1b\\\x1b[?62c",
    }
    assert "<kitty|jjl>" in _terminal(answers, b"jjl")


def test_a_terminal_without_pictures_gets_half_blocks() -> None:
    assert "<block|x>" in _terminal({b"\x1b[c": b"\x1b[?62c", b"\x1b[>q": b"\x1b[?62c"}, b"x")


def test_no_question_is_asked_where_the_environment_knows() -> None:
    """Neither term-image nor Pillow is imported: half a second before the first paint."""
    code = (
        "import sys; from penchant.app.tui.pictures import terminal;"
        "print(terminal.here('auto')[0], 'term_image' in sys.modules, 'PIL' in sys.modules)"
    )
    env = {**os.environ, "TERM": "xterm-256color", "TMUX": ""}
    env = {k: v for k, v in env.items() if not k.startswith(("SSH_", "KITTY", "STY", "TERM_PROGRAM"))}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["block", "False", "False"]


def test_a_picture_fits_its_cells() -> None:
    cell = Cell(10, 20)
    assert within(1200, 800, 20, 6, cell) == (18, 6)
    assert within(400, 1600, 20, 6, cell) == (3, 6)
    assert within(5000, 100, 96, 40, cell) == (96, 1)
    assert within(60, 40, 96, 40, cell) == (6, 2)  # never enlarged
    assert within(0, 0, 20, 6, cell) == (18, 6)


def test_the_command_line_s_word_stands_before_any_command() -> None:
    from penchant.app.cli import _parser

    arguments = ["--images", "iterm2", "list", "--json"]
    parsed = _parser(arguments).parse_args(arguments)
    assert (parsed.images, parsed.command, parsed.json) == ("iterm2", "list", True)
    with pytest.raises(SystemExit):
        _parser([]).parse_args(["--images", "sixel"])


def test_the_feed_is_told_what_the_command_line_says(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from penchant.app import cli
    from penchant.app.tui import app

    told: list[str] = []
    monkeypatch.setattr(app, "run", lambda config, paths, images: told.append(images) or 0)
    for stream in ("stdin", "stderr"):
        monkeypatch.setattr(getattr(sys, stream), "isatty", lambda: True, raising=False)
    assert cli.main(["--images", "none"]) == 0 and cli.main([]) == 0
    gc.enable()
    assert told == ["none", ""]
