"""Runs an embedding model in a child process that may die at any text or picture, and goes on without that one."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from penchant.app.errors import PenchantError

from .child import FAILED, HEADER, READY, URGENT, VECTORS

log = logging.getLogger(__name__)

#: Largest answer taken back: 64 texts of 16,384 numbers are 4 MB.
MAX_ANSWER = 64 << 20
DYING_SECONDS = 1.0


class Died(Exception):
    """The child ended, or took too long and was ended; the words say how."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. `start` includes making the file of all-MiniLM once; `backoff` doubles up to `longest`."""

    start: float = 180.0
    batch: float = 120.0
    backoff: float = 0.2
    longest: float = 5.0


@dataclass(frozen=True, slots=True)
class Ready:
    """What the loaded model says of itself."""

    name: str
    dim: int


class Runner:
    """One child with one model, started on first use and again after it died. Calls queue up.

    An async context manager. `program` is what Python runs as the child, `library` what it loads models by. With
    `urgent` a reader waits: the child has the priority of this process.
    """

    def __init__(
        self,
        model: str,
        *,
        threads: int = 1,
        limits: Limits | None = None,
        program: Sequence[str] = ("-m", "penchant.app.embed.child"),
        library: str = "llama.cpp",
        urgent: bool = False,
    ) -> None:
        self.model, self.threads, self.program, self.library = model, threads, program, library
        self._more = (URGENT,) if urgent else ()
        self.limits = limits or Limits()
        self.restarts = 0
        self._child: asyncio.subprocess.Process | None = None
        self._ready: Ready | None = None
        self._lock = asyncio.Lock()
        self._pause = 0.0

    async def __aenter__(self) -> Runner:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def loaded(self) -> Ready | None:
        """The model that the running child has; None where none runs."""
        return self._ready if self._child is not None else None

    async def ready(self) -> Ready:
        """Load the model. Raises `PenchantError` in words where it cannot be."""
        async with self._lock:
            return await self._started()

    async def embed(self, rows: Sequence[str], kind: str = "") -> list[bytes | None]:
        """A vector (float32 bytes) for each text; None for those that kill the model or have no direction.

        A model of several kinds ("text", "picture": paths of files) is told which these are. What kills it twice is
        halved down to the one row. Raises `PenchantError` where the model fails as such.
        """
        async with self._lock:
            for _ in range(2):
                try:
                    return await self._ask(rows, kind)
                except Died as death:
                    log.warning(
                        "the embedding model died", extra={"fields": {"rows": len(rows), "how": str(death)}}
                    )
            return await self._halves(rows, kind)

    async def close(self) -> None:
        """End the child; the next call starts another."""
        child, self._child, self._ready = self._child, None, None
        if child is not None:
            await end(child)

    async def _halves(self, rows: Sequence[str], kind: str) -> list[bytes | None]:
        """The vectors of rows that killed it together: each half by itself."""
        if len(rows) == 1:
            return [None]
        middle = len(rows) // 2
        found: list[bytes | None] = []
        for half in (rows[:middle], rows[middle:]):
            try:
                found += await self._ask(half, kind)
            except Died:
                found += await self._halves(half, kind)
        return found

    async def _ask(self, rows: Sequence[str], kind: str) -> list[bytes | None]:
        ready = await self._started()
        request = json.dumps({kind: list(rows)} if kind else list(rows))
        answer = await self._exchange(request.encode(), self.limits.batch)
        width = 4 * ready.dim
        if answer[:1] == FAILED:
            await self.close()
            raise _failure(answer)
        if answer[:1] != VECTORS or len(answer) != 1 + width * len(rows):
            await self.close()
            raise Died("its answer makes no sense")
        self._pause = 0.0
        vectors = [answer[1 + at * width : 1 + (at + 1) * width] for at in range(len(rows))]
        return [None if _is_nan(vector) else vector for vector in vectors]

    async def _started(self) -> Ready:
        """The running child's model, a new child's where there is none. Raises `PenchantError`."""
        if self._child is not None and self._ready is not None:
            return self._ready
        await asyncio.sleep(self._pause)
        self._child = await asyncio.create_subprocess_exec(
            # -P: a file called json.py in the reader's folder must not be imported
            sys.executable, "-P", *self.program, self.model, str(self.threads), str(os.getpid()), *self._more,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "GGML_NO_BACKTRACE": "1", "OMP_WAIT_POLICY": "passive", "OMP_NUM_THREADS": "1"},
            limit=1 << 20,
        )  # fmt: skip
        try:
            answer = await self._exchange(None, self.limits.start)
        except Died as death:
            raise PenchantError(
                f"{self.library} cannot load the model: {death}",
                hint=f"The file is damaged, too large for this machine, or unknown to this version of {self.library}.",
            ) from death
        if answer[:1] != READY:
            await self.close()
            raise _failure(answer)
        self._ready = Ready(**json.loads(answer[1:]))
        return self._ready

    async def _exchange(self, request: bytes | None, seconds: float) -> bytes:
        """Send a request (None: none) and take one answer. Raises `Died`; the child is then gone."""
        child = self._child
        assert child is not None and child.stdin is not None and child.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                if request is not None:
                    child.stdin.write(HEADER.pack(len(request)) + request)
                    await child.stdin.drain()
                (length,) = HEADER.unpack(await child.stdout.readexactly(HEADER.size))
                if length > MAX_ANSWER:
                    raise ConnectionError("answer too long")
                return await child.stdout.readexactly(length)
        except TimeoutError:
            reason = f"it took longer than {seconds:g} seconds"
        except (asyncio.IncompleteReadError, ConnectionError):
            reason = ""
            # a kill that comes before asyncio has seen the child dying would swallow its exit code
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), DYING_SECONDS)
        except BaseException:  # cancelled in the middle: the pipe is out of step
            await self.close()
            raise
        await self.close()
        self.restarts += 1
        self._pause = min(max(2 * self._pause, self.limits.backoff), self.limits.longest)
        raise Died(reason or how(child.returncode))


def _failure(answer: bytes) -> PenchantError:
    said = json.loads(answer[1:]) if answer[:1] == FAILED else {}
    return PenchantError(
        str(said.get("what", "the embedding model gave no answer")), hint=str(said.get("hint", ""))
    )


def _is_nan(row: bytes) -> bool:
    first: float = struct.unpack_from("<f", row)[0]
    return first != first


def how(code: int | None) -> str:
    if code is not None and code < 0:
        with contextlib.suppress(ValueError):
            return f"it was ended by {signal.Signals(-code).name}"
    return f"it ended with the code {code}"


async def end(child: asyncio.subprocess.Process) -> None:
    if child.stdin is not None:
        child.stdin.close()
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            child.kill()
    await child.wait()
