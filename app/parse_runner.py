"""Runs pure functions on hostile bytes in a child process with limits on time and memory.

The process and its pipes are our own: a Pool never returns after a worker
dies and an Executor stays broken.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from penchant.adapters.base import Malformed

from .parse_child import HEADER

log = logging.getLogger(__name__)

#: Largest answer taken back from the child; pages of one document are far below.
MAX_ANSWER = 256 << 20
DYING_SECONDS = 1.0


class Broke(Malformed):
    """The document broke its reader or a limit, where the function itself would have said what is wrong."""


@dataclass(frozen=True, slots=True)
class ParseLimits:
    """Bounds of one document. Megabytes are beyond the child's size after its imports."""

    cpu_seconds: float = 2.0
    wall_seconds: float = 10.0
    megabytes: int = 512


class ParseRunner:
    """One persistent child, started on first use and again after it was killed.

    An async context manager; requests queue up behind one another. Call the
    object itself: `await runner(function, *args)`. `what` names the document in words.
    """

    def __init__(self, limits: ParseLimits | None = None, *, what: str = "the answer") -> None:
        self.limits, self.what = limits or ParseLimits(), what
        self._lock = asyncio.Lock()
        self._child: asyncio.subprocess.Process | None = None
        self.restarts = 0

    async def __aenter__(self) -> ParseRunner:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def __call__(self, function: Callable[..., Any], *args: Any) -> Any:
        """Return `function(*args)`; both must survive pickling.

        Raises the function's own `SourceError`, and `Broke` (a `Malformed`)
        for a document that breaks the parser or a limit.
        """
        request = pickle.dumps((function, args), pickle.HIGHEST_PROTOCOL)
        async with self._lock:
            kind, value = await self._ask(request)
        if kind == "ok":
            return value
        if kind == "source":
            raise value
        log.warning("parse failed: %s", getattr(function, "__qualname__", "?"))  # why may quote the document
        raise Broke(f"{self.what} could not be read: {value}")

    async def close(self) -> None:
        """End the child."""
        child, self._child = self._child, None
        if child is not None:
            await _end(child)

    async def _ask(self, request: bytes) -> tuple[str, Any]:
        child = await self._started()
        try:
            async with asyncio.timeout(self.limits.wall_seconds):
                kind, value = pickle.loads(await _exchange(child, request))
        except TimeoutError:
            reason = f"it took longer than {self.limits.wall_seconds:g} seconds"
        except (asyncio.IncompleteReadError, ConnectionError):
            reason = ""
            # Popen.kill polls first, and a poll that wins against asyncio's own wait swallows the exit
            # code (it becomes 255): a child that has closed its pipe gets the time to be seen dying
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), DYING_SECONDS)
        except BaseException:  # cancelled in the middle: the pipe is out of step
            await self.close()
            raise
        else:
            if kind != "memory":
                return kind, value
            reason = value  # a child that ran out of memory is not trusted with another document
        await self.close()
        self.restarts += 1
        return "error", reason or _why_ended(child.returncode, self.limits)

    async def _started(self) -> asyncio.subprocess.Process:
        if self._child is None or self._child.returncode is not None:
            self._child = await asyncio.create_subprocess_exec(
                # -P: a file called json.py in the reader's folder must not be imported
                sys.executable, "-P", "-m", "penchant.app.parse_child",
                str(self.limits.megabytes), str(self.limits.cpu_seconds),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                limit=1 << 20,
            )  # fmt: skip
        return self._child


async def _exchange(child: asyncio.subprocess.Process, request: bytes) -> bytes:
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(HEADER.pack(len(request)))
    child.stdin.write(request)
    await child.stdin.drain()
    (length,) = HEADER.unpack(await child.stdout.readexactly(HEADER.size))
    if length > MAX_ANSWER:
        raise ConnectionError("answer too long")
    return await child.stdout.readexactly(length)


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.stdin is not None:
        child.stdin.close()
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
    await child.wait()


def _why_ended(code: int | None, limits: ParseLimits) -> str:
    if hasattr(signal, "SIGPROF") and code == -signal.SIGPROF:
        return f"it took more than {limits.cpu_seconds:g} seconds of computing"
    return "it made the reader process fail"
