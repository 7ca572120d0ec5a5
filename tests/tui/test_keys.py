"""Keys: the reader's wishes are granted or refused with the word that is wrong."""

from __future__ import annotations

import subprocess
import sys

import pytest

from penchant.app.tui.commands import COMMANDS
from penchant.app.tui.keys import KeyClash, UnknownCommand, UnknownKey, key_name, resolve_keys


def test_defaults_clash_nowhere() -> None:
    keys = resolve_keys({})
    assert keys["like"] == ("l", "f")
    assert keys["read"] == ("enter",)
    assert set(keys) == {command.id for command in COMMANDS}


def test_a_wish_replaces_all_default_keys() -> None:
    keys = resolve_keys({"like": ["Z", "Ctrl+Space"], "skip": "z"})
    assert keys["like"] == ("Z", "ctrl+space")
    assert keys["skip"] == ("z",)


def test_freed_keys_may_be_taken() -> None:
    assert resolve_keys({"like": ["x"], "skip": ["l"]})["like"] == ("x",)


@pytest.mark.parametrize(
    ("wish", "error", "name", "words"),
    [
        ({"lke": "l"}, UnknownCommand, "lke", "did you mean 'like'"),
        ({"like": "entr"}, UnknownKey, "entr", "did you mean 'enter'"),
        ({"like": "hyper+l"}, UnknownKey, "hyper+l", "is not a key"),
        ({"like": "x"}, KeyClash, "like", "'skip'"),
        ({"like": "n", "next-item": "n"}, KeyClash, "like", "'next-item'"),
        ({"read": "ctrl+q"}, KeyClash, "read", "quit at once"),
        ({"like": "\x1b"}, UnknownKey, "\x1b", "is not a key"),
    ],
)
def test_what_cannot_be(wish: dict[str, str], error: type[Exception], name: str, words: str) -> None:
    with pytest.raises(error) as caught:
        resolve_keys(wish)
    assert words in str(caught.value)
    assert caught.value.name == name  # type: ignore[attr-defined]


def test_one_key_may_serve_two_screens() -> None:
    keys = resolve_keys({})
    assert "q" in keys["quit"] and "q" in keys["back"]


@pytest.mark.parametrize(
    ("written", "name"), [("+", "+"), ("ctrl++", "ctrl++"), ("PgDn", "pagedown"), ("é", "é")]
)
def test_names(written: str, name: str) -> None:
    assert key_name(written) == name


def test_checking_keys_needs_no_textual() -> None:
    code = "import sys, penchant.app.tui.keys; print([m for m in ('textual', 'rich') if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
