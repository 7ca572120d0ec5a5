"""The token that a server outside loopback asks for: made once, kept in a file that only its owner can read."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import tempfile
from pathlib import Path

from penchant.app.errors import PenchantError, UsageError

from .doorman import SHORTEST

_TOKEN = re.compile(r"[A-Za-z0-9_-]+")


def checked(token: str) -> str:
    """A token that fits into an address. Raises `UsageError`."""
    if len(token) < SHORTEST or len(token) > 200 or not _TOKEN.fullmatch(token):
        raise UsageError(
            f"a token has at least {SHORTEST} letters, digits, - or _, and at most 200",
            hint="Leave --token out and penchant makes one.",
        )
    return token


def kept(file: Path) -> str:
    """The token of this file, or "" where there is none. Raises `PenchantError` for an unusable file."""
    try:
        if os.name == "posix" and file.stat().st_mode & 0o077:
            file.chmod(0o600)
        token = file.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise PenchantError(f"the token in {file} cannot be read: {error.strerror}", hint="Check its owner.") from error
    try:
        return checked(token)
    except UsageError as error:
        raise PenchantError(
            f"{file} holds no token", hint="Delete the file and penchant makes another one."
        ) from error


def make(file: Path) -> str:
    """A new token of 192 random bits in `file`, replacing another one whole. Raises `PenchantError`."""
    token = secrets.token_urlsafe(24)
    place = ""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, place = tempfile.mkstemp(prefix=".token-", dir=file.parent)  # mode 0600
        with os.fdopen(handle, "w", encoding="ascii") as written:
            written.write(token + "\n")
        os.replace(place, file)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(place)
        raise PenchantError(
            f"the token cannot be kept in {file}: {error.strerror}", hint="Give one with --token."
        ) from error
    return token
