"""Running a command: no shell, no input, few variables, bounds on time and size, and nothing of it left behind."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .base import NotFound, SourceError, TimedOut, TooLarge
from .text import clean_line

#: Variables that a command sees: enough to find programs, its home and the language, and no secrets of a shell.
KEPT = ("PATH", "HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR", "SYSTEMROOT", "USERPROFILE")
MAX_STDERR = 64 << 10
_CHUNK = 64 << 10
#: Seconds to wait for a killed command to be gone.
_DYING = 5.0


@dataclass(frozen=True, slots=True)
class Bounds:
    """Seconds a command may take in all, and bytes it may print."""

    seconds: float = 30.0
    max_bytes: int = 16 << 20


def environment(given: Mapping[str, str]) -> dict[str, str]:
    """The variables of a command, out of those of penchant."""
    return {name: value for name, value in given.items() if name in KEPT or name.startswith("LC_")}


async def run(argv: tuple[str, ...], bounds: Bounds) -> bytes:
    """What a command prints. Raises `SourceError`: it is missing, fails, takes too long or prints too much."""
    name = clean_line(os.path.basename(argv[0]), 60)
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=environment(os.environ), cwd=Path.home() if Path.home().is_dir() else "/",
            start_new_session=sys.platform != "win32",
        )  # fmt: skip
    except (OSError, ValueError) as error:
        words = getattr(error, "strerror", None) or str(error)
        raise NotFound(
            f"{name} cannot be run ({clean_line(words, 100)}).",
            hint="Check that the program is there and may be executed (chmod +x); give its whole path.",
        ) from None
    errors = b""
    try:
        async with asyncio.timeout(bounds.seconds):
            printed, errors = await _both(process, bounds.max_bytes, name)
            code = await process.wait()
    except TimeoutError:
        raise TimedOut(
            f"{name} took longer than {bounds.seconds:g} s and was ended.",
            hint="Make it faster, or give it more time by the setting `timeout` (at most 120).",
        ) from None
    finally:
        await _end(process)
    if code:
        said = last_line(errors)
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        raise SourceError(
            f"{name} {how}{f': {said}' if said else '.'}", hint="Run the command in a shell to see what it lacks."
        )
    return printed


def last_line(errors: bytes) -> str:
    """The last line that says something, for the reader."""
    lines = [line for raw in errors.decode("utf-8", "replace").splitlines() if (line := clean_line(raw, 200))]
    return lines[-1] if lines else ""


async def _both(process: asyncio.subprocess.Process, max_bytes: int, name: str) -> tuple[bytes, bytes]:
    """(standard output, the end of standard error), read together so that neither pipe fills up."""
    assert process.stdout is not None and process.stderr is not None
    tail = asyncio.create_task(_tail(process.stderr))
    try:
        parts, size = [], 0
        while part := await process.stdout.read(_CHUNK):
            parts.append(part)
            size += len(part)
            if size > max_bytes:
                raise TooLarge(
                    f"{name} printed more than {max_bytes / (1 << 20):.3g} MB and was ended.", hint="Let it print less."
                )
        return b"".join(parts), await tail
    finally:
        tail.cancel()


async def _tail(pipe: asyncio.StreamReader) -> bytes:
    kept = b""
    while part := await pipe.read(_CHUNK):
        kept = (kept + part)[-MAX_STDERR:]
    return kept


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the command and whatever it started, as far as that is still in its group."""
    if process.returncode is None or not _drained(process):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(process.wait(), _DYING)


def _drained(process: asyncio.subprocess.Process) -> bool:
    """Whether nobody holds its pipes open any more."""
    return all(pipe is None or pipe.at_eof() for pipe in (process.stdout, process.stderr))
