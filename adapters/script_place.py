"""Which command a subscription runs, and whether the reader allowed it on this machine.

The permission lies outside the archive (beside the tokens): neither an imported list, nor a copied archive, nor
anything a feed says can make penchant run a command.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from pathlib import Path

from . import secrets
from .base import BadSettings, Settings, Suggestion
from .text import clean, clean_line

MAX_COMMAND, MAX_WORDS = 2000, 100
_PREFIX = "exec:"
#: What only a shell understands; as words of a command they are a mistake.
_SHELL = frozenset(("|", "||", "&&", "&", ";", ">", ">>", "<", "2>", "2>&1"))


def recognise(address: str) -> Suggestion | None:
    """See `Source.recognise`. Recognising allows nothing."""
    argv = words_of(address)
    if not argv:
        return None
    canonical = _PREFIX + shlex.join(argv)
    return Suggestion("script", canonical, title_of(argv), {"address": canonical})


def words_of(address: str) -> tuple[str, ...]:
    """Program and arguments of "exec:...", split as a shell would, with nothing expanded; () for anything else."""
    address = address.strip()
    rest = address.removeprefix(_PREFIX)
    if rest == address or len(rest) > MAX_COMMAND or clean(rest) != rest or "\n" in rest:
        return ()
    try:
        argv = tuple(shlex.split(rest))
    except ValueError:  # a quotation mark that never ends
        return ()
    return argv if 0 < len(argv) <= MAX_WORDS and argv[0] else ()


def command_of(settings: Settings) -> tuple[str, ...]:
    """Program and arguments to run, "~/" made the home folder. Raises `BadSettings`."""
    address = str(settings.get("address") or "")
    argv = words_of(address)
    if not argv:
        raise BadSettings(f"{clean_line(address, 80)!r} is no command", hint="Such as exec:~/bin/my-feed --new.")
    shell = next((word for word in argv if word in _SHELL), "")
    if shell:
        raise BadSettings(
            f"penchant runs commands without a shell, so {shell} has no meaning in {clean_line(address, 80)}",
            hint="Write a script that does all of it, and add that.",
        )
    return tuple(str(Path(word).expanduser()) if word.startswith("~/") else word for word in argv)


def title_of(argv: tuple[str, ...]) -> str:
    """A title until the feed tells its own."""
    return clean_line(f"{os.path.basename(argv[0])} {' '.join(argv[1:])}".strip(), 80)


def key_of(argv: tuple[str, ...]) -> str:
    """A short stable name of a command, for the ids of its items."""
    return hashlib.blake2b(json.dumps(argv).encode(), digest_size=16).hexdigest()


def allow(settings: Settings) -> None:
    """Let this very command run from now on: the reader typed it and said yes. Raises `SourceError`."""
    argv = command_of(settings)
    secrets.set(_PREFIX + key_of(argv), shlex.join(argv))


def allowed(argv: tuple[str, ...]) -> bool:
    """Whether the reader allowed this very command on this machine."""
    return _PREFIX + key_of(argv) in secrets.names()


def forbid(settings: Settings) -> bool:
    """Take the permission back; True if there was one."""
    return secrets.delete(_PREFIX + key_of(command_of(settings)))
