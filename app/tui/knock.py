"""A notification that the terminal itself shows, as the escape sequence that it understands. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from . import words

TITLE = "penchant"
#: Characters of a notification.
LONGEST = 200


def notification(text: str, environ: Mapping[str, str]) -> str:
    """OSC 99 (kitty), OSC 777 (rxvt, foot) or OSC 9 (iTerm2, WezTerm, Ghostty ...), through tmux where there is one.

    Nothing of `text` can end the sequence or begin another. OSC 9 begins with the title: "4;" and other numbers have
    a meaning of their own there.
    """
    plain = "".join(char for char in words.one_line(text) if char.isprintable()).replace(";", ",")[:LONGEST]
    term = environ.get("TERM", "")
    if "kitty" in term:
        body = f"99;i=penchant:d=1:p=body;{TITLE}: {plain}"
    elif term.startswith(("rxvt", "foot")):
        body = f"777;notify;{TITLE};{plain}"
    else:
        body = f"9;{TITLE}: {plain}"
    sequence = f"\x1b]{body}\x1b\\"
    if environ.get("TMUX"):
        inner = sequence.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{inner}\x1b\\"
    return sequence
