"""`?`: every command with its keys, from the same classes that the keys run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from . import words
from .bars import SHOWN
from .commands import COMMANDS, GROUPS
from .dialog import TextBox
from .pager import Block


def help_blocks(keys: Mapping[str, tuple[str, ...]]) -> list[Block]:
    """The whole help as text."""
    blocks = [
        Block("penchant", "title"),
        Block("Every like, skip and save teaches what stands on top.", "meta"),
    ]
    for group in GROUPS:
        blocks += [Block(""), Block(group, "head")]
        for command in COMMANDS:
            if command.group == group:
                shown = " ".join(SHOWN.get(key, key) for key in keys[command.id]) or "(palette)"
                blocks.append(Block(f"{words.fit(shown, 16)} {command.help}", hang=17))
    blocks += [
        Block(""),
        Block("Elsewhere", "head"),
        Block(f"{words.fit('^p', 16)} Command palette: every command by name"),
        Block(f"{words.fit('^q', 16)} Quit from anywhere"),
        Block(f"{words.fit('^z', 16)} Back to the shell for a while; fg returns"),
        Block(
            f"{words.fit('click', 16)} Select; again: read. The keys in the last line can be clicked too",
            hang=17,
        ),
        Block(""),
        Block("The number", "head"),
        Block("How likely you are to like an item, in percent, by what you liked and skipped; w tells why."),
        Block("♥ liked   ✗ skipped   ■ saved   ◷ for later   ✓ read"),
        Block(""),
        Block(
            "Keys are changed in the configuration file ([keys]): `penchant config path` names it.", "meta"
        ),
    ]
    return blocks


class HelpScreen(TextBox):
    """The help over the screen it is about."""

    def __init__(self, keys: Mapping[str, tuple[str, ...]]) -> None:
        super().__init__()
        self.keys = keys

    def blocks(self) -> Sequence[Block]:
        return help_blocks(self.keys)
