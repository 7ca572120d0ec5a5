"""Which key runs which command: defaults, the reader's own wishes, and what is wrong with them.

Nothing here imports Textual: the configuration is checked by the command
line as well. Keys are named as Textual names them (``j``, ``slash``, ``/``,
``ctrl+r``, ``f5``); a single printable character may be written as itself.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from .commands import COMMANDS, Command

NAMED = frozenset(
    ["up", "down", "left", "right", "home", "end", "pageup", "pagedown"]
    + ["enter", "escape", "tab", "space", "backspace", "delete", "insert"]
    + [f"f{n}" for n in range(1, 25)]
)
MODIFIERS = ("ctrl", "alt", "shift", "super", "meta")
#: What people write -> what Textual calls it.
ALIASES = {
    "esc": "escape",
    "return": "enter",
    "pgup": "pageup",
    "page_up": "pageup",
    "pgdn": "pagedown",
    "page_down": "pagedown",
    "del": "delete",
    "ins": "insert",
    "question_mark": "?",
    "slash": "/",
}
#: Textual itself needs these.
RESERVED = frozenset({"ctrl+c", "ctrl+q", "ctrl+z", "ctrl+p"})


class KeyProblem(ValueError):
    """A wish about keys that cannot be granted. `name` is the offending word of the configuration."""

    def __init__(self, message: str, name: str, nearest: str = "") -> None:
        super().__init__(f"{message}; did you mean {nearest!r}?" if nearest else message)
        self.name = name
        self.nearest = nearest


class UnknownCommand(KeyProblem):
    """No command has this id."""


class UnknownKey(KeyProblem):
    """No terminal sends this key."""


class KeyClash(KeyProblem):
    """One key would run two commands on the same screen. `name` is the command that was set."""

    def __init__(self, key: str, first: str, second: str, name: str) -> None:
        super().__init__(f"the key {key!r} would run both {first!r} and {second!r}", name)
        self.key = key
        self.other = first if name == second else second


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word most like `word`, or "" when none is close."""
    import difflib

    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return found[0] if found else ""


def key_name(written: str) -> str:
    """The canonical name of a key. Raises `UnknownKey`."""
    text = unicodedata.normalize("NFC", written)
    if len(text) == 1:
        if text == " ":
            return "space"
        if text.isprintable():
            return text
        raise UnknownKey(f"{written!r} is not a key", written)
    head, _, last = text.lower().rpartition("+") if not text.endswith("++") else (text[:-2].lower(), "", "+")
    modifiers = head.split("+") if head else []
    last = ALIASES.get(last, last)
    if any(modifier not in MODIFIERS for modifier in modifiers) or not (len(last) == 1 or last in NAMED):
        raise UnknownKey(f"{written!r} is not a key", written, nearest(text.lower(), NAMED | set(ALIASES)))
    return "+".join([*sorted(set(modifiers), key=MODIFIERS.index), last])


def resolve_keys(overrides: Mapping[str, Sequence[str] | str]) -> dict[str, tuple[str, ...]]:
    """Every command's keys after the reader's wishes: {command id: canonical key names}.

    An override replaces all the default keys of its command; an empty list
    leaves it to the command palette. A default key that an override takes
    elsewhere is simply lost to its old command only if that command is
    overridden too; otherwise it is a `KeyClash`, so that no key vanishes
    unnoticed. Raises `UnknownCommand`, `UnknownKey`, `KeyClash`.
    """
    by_id = {command.id: command for command in COMMANDS}
    keys = {command.id: command.keys for command in COMMANDS}
    for name, wanted in overrides.items():
        if name not in by_id:
            raise UnknownCommand(f"no command is called {name!r}", name, nearest(name, by_id))
        listed = [wanted] if isinstance(wanted, str) else list(wanted)
        keys[name] = tuple(dict.fromkeys(key_name(key) for key in listed))
        for key in keys[name]:
            if key in RESERVED:
                raise KeyClash(key, "quit at once" if key != "ctrl+p" else "command palette", name, name)
    _refuse_clashes(keys, by_id, overrides)
    return keys


def _refuse_clashes(
    keys: Mapping[str, tuple[str, ...]], by_id: Mapping[str, type[Command]], overrides: Mapping[str, object]
) -> None:
    taken: dict[tuple[str, str], str] = {}
    for name, own in keys.items():
        for scope in by_id[name].scopes:
            for key in own:
                other = taken.setdefault((scope, key), name)
                if other != name:
                    raise KeyClash(key, other, name, name if name in overrides else other)
