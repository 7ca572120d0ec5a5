"""The feed's process behind one WebSocket: started, fed, and ended within seconds whatever it does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shlex
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

#: Replaces the shell that textual-serve starts, so that the process it knows is the feed itself.
COMMAND = "exec " + shlex.join([sys.executable, "-P", "-m", "penchant.app.web.child"])
#: Seconds for a clean end; the feed itself gives up waiting before.
GRACE = 12.0
#: Cells of the smallest and the largest terminal (width, height).
SMALLEST, LARGEST = (20, 5), (1_000, 400)


class Session:
    """One running feed. `send` takes what the terminal shows, `say` a message for the page's script."""

    def __init__(
        self, send: Callable[[bytes], Awaitable[None]], say: Callable[[str], Awaitable[None]],
        close: Callable[[], Awaitable[Any]],
    ) -> None:  # fmt: skip
        self._close = close
        self._service = AppService(
            COMMAND, write_bytes=send, write_str=say, close=close, download_manager=DownloadManager()
        )
        self._ending: asyncio.Task[None] | None = None

    async def start(self, width: int, height: int) -> None:
        """Start the process."""
        await self._service.start(*bounded(width, height))
        assert self._service._task is not None
        # A feed that cannot start, or fails, says no goodbye: the page must not wait for it.
        self._service._task.add_done_callback(lambda _: asyncio.ensure_future(self._close()))

    async def hear(self, text: str) -> None:
        """A message of the page's script; what is none is ignored."""
        try:
            message = json.loads(text)
            kind, value = message[0], message[1] if len(message) > 1 else None
        except (ValueError, TypeError, KeyError, IndexError, RecursionError):
            return
        if kind == "stdin" and isinstance(value, str):
            await self._service.send_bytes(value.encode("utf-8", "replace"))
        elif kind == "resize" and isinstance(value, dict):
            width, height = value.get("width"), value.get("height")
            if type(width) is int and type(height) is int:
                await self._service.set_terminal_size(*bounded(width, height))
        elif kind == "ping" and isinstance(value, str):
            await self._service.remote_write_str(json.dumps(["pong", value[:100]]))
        elif kind in ("focus", "blur"):
            await (self._service.focus() if kind == "focus" else self._service.blur())

    async def end(self) -> None:
        """Ask the feed to end and wait until its process is gone; killed when it does not go. Any number of times."""
        if self._ending is None:
            self._ending = asyncio.ensure_future(self._end())
        await asyncio.shield(self._ending)

    async def _end(self) -> None:
        process = self._service._process
        with contextlib.suppress(Exception):
            await asyncio.wait_for(self._service.stop(), GRACE)
        if process is None:
            return
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(process.wait(), 3.0)
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()


def bounded(width: int, height: int) -> tuple[int, int]:
    """A size that a terminal can have.

    >>> bounded(0, 10**9)
    (20, 400)
    """
    return (
        min(max(width, SMALLEST[0]), LARGEST[0]),
        min(max(height, SMALLEST[1]), LARGEST[1]),
    )
