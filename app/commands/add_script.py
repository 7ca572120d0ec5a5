"""Asking before a command becomes a source: the only place where penchant gets the permission to run one."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from .context import Context
from .output import note, plain

if TYPE_CHECKING:
    from penchant.adapters.base import Suggestion


def confirm(suggestion: Suggestion, context: Context, *, yes: bool) -> None:
    """Show the command word by word and ask; `yes` answers. Raises `PenchantError`, `SourceError`."""
    from penchant.adapters import secrets
    from penchant.adapters.script_place import allow, command_of

    argv = command_of(suggestion.settings)
    note("penchant will run this command by itself, as you and without a shell, every time it fetches:")
    for word in argv:
        note(f"  {plain(word)}")
    if not yes:
        if not sys.stdin.isatty():
            raise PenchantError(
                "nobody is there to allow this command; nothing was added",
                hint="Run `penchant add` in a terminal, or add `--yes` if you typed the command yourself.",
            )
        note("Run it from now on? [y/N] ")
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            raise PenchantError(
                "the command was not allowed; nothing was added", hint="Run the command again any time."
            )
    secrets.configure(context.paths.secrets)
    allow(suggestion.settings)
