"""The process that a language model lives in, seen from outside: started, asked, stopped, ended.

It may die at any text and then starts again with the next call.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import struct
import sys
from collections.abc import AsyncGenerator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from penchant.app.embed.child import HEADER
from penchant.app.embed.runner import DYING_SECONDS, Died, end, how
from penchant.app.errors import PenchantError

from .child import FAILED, READY, STOP, VALUES, WRITTEN, Settings

#: Largest answer taken back: 64 texts of 2 x 65,536 numbers are 64 MB.
MAX_ANSWER = 80 << 20
NUMBER = struct.Struct("<d")


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. `batch` is for SLICE texts and a history that has to be read; `backoff` doubles up to `longest`."""

    start: float = 300.0
    batch: float = 600.0
    write: float = 300.0
    stop: float = 20.0
    backoff: float = 0.2
    longest: float = 60.0


@dataclass(frozen=True, slots=True)
class Ready:
    """What the loaded model says of itself.

    `context`: tokens of the longest history or prompt; `file`: what was loaded; `weights`: the format of its numbers.
    """

    name: str
    width: int
    layers: int
    parameters: int
    chat: bool
    context: int
    file: str
    weights: str = ""
    library: str = ""
    layout: str = ""


class Child:
    """One child with one model, started on first use and again after it died. Calls queue up.

    An async context manager. `cpu` is what all its children have used, in seconds. `states` is a folder for evaluated
    histories, `copies` one for a copy of the model in a faster format where that takes no more than `copy_bytes`.
    """

    def __init__(
        self,
        model: str,
        *,
        threads: int = 1,
        context_tokens: int = 1024,
        states: Path | None = None,
        copies: Path | None = None,
        copy_bytes: int = 0,
        limits: Limits | None = None,
        program: Sequence[str] = ("-m", "penchant.app.judge.child"),
    ) -> None:
        self.model, self.threads, self.program = model, threads, program
        self.settings = Settings(context_tokens, str(states or ""), str(copies or ""), copy_bytes)
        self.limits = limits or Limits()
        self.restarts = 0
        self._spent = self._now = 0.0
        self._child: asyncio.subprocess.Process | None = None
        self._ready: Ready | None = None
        self._lock = asyncio.Lock()
        self._pause = 0.0
        self._final = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close(final=True)

    @property
    def cpu(self) -> float:
        """CPU seconds of all children so far, as of the last answer."""
        return self._spent + self._now

    async def ready(self) -> Ready:
        """Load the model. Raises `PenchantError` in words where it cannot be."""
        async with self._lock:
            return await self._started()

    async def close(self, *, final: bool = False) -> None:
        """End the child; the next call starts another, and after `final` every call fails instead.

        A call that is under way fails in words (`PenchantError`).
        """
        self._final = self._final or final
        child, self._child, self._ready = self._child, None, None
        self._spent, self._now = self.cpu, 0.0
        if child is not None:
            await end(child)

    async def _streamed(
        self, request: dict[str, Any], patience: float, *, gently: bool = True
    ) -> AsyncGenerator[str, None]:
        """The pieces that come in answer. Closing the generator stops the child at the next one, or ends it at once.

        `patience`: seconds without a sign of life, after which the child is ended. Raises `PenchantError`.
        """
        async with self._lock:
            await self._started()
            going = True
            try:
                await self._send(request)
                while True:
                    async with asyncio.timeout(patience):
                        answer = await self._take()
                    if answer[:1] != WRITTEN:
                        break
                    if answer[1:]:
                        yield answer[1:].decode("utf-8", "replace")
                going = False
                self._values(answer, 0)
                self._pause = 0.0
            except (TimeoutError, Died) as death:
                going = False
                if isinstance(death, TimeoutError):
                    await self._gone("")
                raise PenchantError(
                    f"the model fell silent: {death or 'it took too long'}", hint="It is started again when needed."
                ) from death
            finally:
                if going and self._child is not None:  # closed by somebody else, it has stopped
                    await (self._stop() if gently else self.close())

    async def _stop(self) -> None:
        """Tell the child to stop writing and read what is on its way; end it where it does not."""
        try:
            async with asyncio.timeout(self.limits.stop):
                await self._send({"do": STOP})
                while (answer := await self._take())[:1] == WRITTEN:
                    pass
                self._values(answer, 0)
        except (TimeoutError, Died, PenchantError):
            await self.close()
        except BaseException:
            await self.close()
            raise

    def _values(self, answer: bytes, count: int) -> bytes:
        """The numbers of an answer, as bytes. Raises `PenchantError`; `Died` where it makes no sense."""
        if answer[:1] == FAILED:
            raise _failure(answer)
        if answer[:1] != VALUES or len(answer) != 1 + NUMBER.size * (1 + count):
            raise Died("its answer makes no sense")
        self._now = NUMBER.unpack_from(answer, 1)[0]
        return answer[1 + NUMBER.size :]

    async def _started(self) -> Ready:
        """The running child's model, a new child's where there is none. Raises `PenchantError`."""
        if self._child is not None and self._ready is not None:
            return self._ready
        await asyncio.sleep(self._pause)
        if self._final:
            raise self._closed()
        self._child = await asyncio.create_subprocess_exec(
            # -P: a file called json.py in the reader's folder must not be imported
            sys.executable, "-P", *self.program, self.model, str(self.threads), str(os.getpid()),
            json.dumps(asdict(self.settings)),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
            env={
                **os.environ, "GGML_NO_BACKTRACE": "1", "OMP_WAIT_POLICY": "passive",
                "OMP_NUM_THREADS": str(self.threads), "OPENBLAS_NUM_THREADS": "1",
            },
            limit=1 << 20,
        )  # fmt: skip
        try:
            answer = await self._exchange(None, self.limits.start)
        except Died as death:
            raise PenchantError(
                f"llama.cpp cannot load the model: {death}",
                hint="The file is damaged, too large for this machine, or unknown to this version of llama.cpp.",
            ) from death
        if answer[:1] != READY:
            await self.close()
            raise _failure(answer)
        facts = json.loads(answer[1:])
        self._now = float(facts.pop("cpu"))
        self._ready = Ready(**facts)
        return self._ready

    async def _exchange(self, request: dict[str, Any] | None, seconds: float) -> bytes:
        """Send a request (None: none) and take one answer. Raises `Died`; the child is then gone."""
        try:
            async with asyncio.timeout(seconds):
                if request is not None:
                    await self._send(request)
                return await self._take()
        except TimeoutError:
            raise await self._gone(f"it took longer than {seconds:g} seconds") from None
        except Died:
            raise
        except BaseException:  # cancelled in the middle: the pipe is out of step
            await self.close()
            raise

    async def _send(self, request: dict[str, Any]) -> None:
        """Raises `Died`, and `PenchantError` where somebody else closed it."""
        if (child := self._child) is None:
            raise self._closed()
        assert child.stdin is not None
        body = json.dumps(request).encode()
        try:
            child.stdin.write(HEADER.pack(len(body)) + body)
            await child.stdin.drain()
        except ConnectionError:
            raise await self._gone("") from None

    async def _take(self) -> bytes:
        """One frame. Raises `Died`, and `PenchantError` where somebody else closed it."""
        if (child := self._child) is None:
            raise self._closed()
        assert child.stdout is not None
        try:
            (length,) = HEADER.unpack(await child.stdout.readexactly(HEADER.size))
            if length > MAX_ANSWER:
                raise ConnectionError("answer too long")
            return await child.stdout.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise await self._gone("") from None

    def _closed(self) -> PenchantError:
        """Closed by somebody else while a call was under way, or for good before it."""
        if self._final:
            return PenchantError("the model was put away for another model", hint="Ask again: the new one answers.")
        return PenchantError("the model was given back while it worked", hint="It is started again when needed.")

    async def _gone(self, reason: str) -> Died | PenchantError:
        """End what is left of the child; the next start waits a little longer. What to raise: `_closed`, or `Died`."""
        child = self._child
        if child is None:
            return self._closed()
        if not reason:
            # a kill that comes before asyncio has seen the child dying would swallow its exit code
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), DYING_SECONDS)
        await self.close()
        self.restarts += 1
        self._pause = min(max(2 * self._pause, self.limits.backoff), self.limits.longest)
        return Died(reason or how(child.returncode))


def number(row: bytes | None) -> float | None:
    """The first number of a row; None where there is none."""
    value = NUMBER.unpack_from(row)[0] if row is not None else math.nan
    return value if math.isfinite(value) else None


def _failure(answer: bytes) -> PenchantError:
    said = json.loads(answer[1:]) if answer[:1] == FAILED else {}
    return PenchantError(str(said.get("what", "the judge gave no answer")), hint=str(said.get("hint", "")))
