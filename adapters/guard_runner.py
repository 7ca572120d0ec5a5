"""An adapter from outside as a `Source`: each visit runs in a child process of its own.

Whatever happens there (an import that fails, `sys.exit`, a loop without end,
a crash in C) costs this visit and comes out as a `SourceError` that names the
adapter and the package that brought it.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import pickle
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from . import base, secrets
from .base import Cursor, Page, Settings, SourceError, Suggestion
from .guard import Garbage
from .guard_child import HEADER

if TYPE_CHECKING:
    from .http import Client

#: Seconds until an adapter is imported and made, between two pages, and for a typed address.
START_SECONDS, PAGE_SECONDS, RECOGNISE_SECONDS = 30.0, 120.0, 10.0
#: Largest frame taken back: 1,000 items with long bodies.
MAX_FRAME = 1 << 30
_COMMAND = (sys.executable, "-P", "-m", "penchant.adapters.guard_child")
_VALUES = ("Author", "Item", "Link", "Media", "Page", "Poll", "Sighting", "Suggestion")


class Guarded:
    """The adapter of one entry point. `min_interval` is what the adapter said last."""

    def __init__(self, name: str) -> None:
        self.kind = name
        self.min_interval = 300.0

    async def fetch(self, client: Client, settings: Settings, cursor: Cursor) -> AsyncIterator[Page]:
        """Pages of the adapter, checked. Raises `SourceError` and nothing else."""
        request = {
            "do": "fetch", "name": self.kind, "settings": dict(settings), "cursor": cursor,
            "limits": asdict(client.limits), "allow_private": client.allow_private,
        }  # fmt: skip
        async with _child(request) as child:
            seconds = START_SECONDS
            while True:
                kind, value = await self._frame(child, seconds)
                seconds = PAGE_SECONDS
                if kind == "page":
                    yield value
                elif kind == "hello":
                    self.min_interval = value
                elif kind == "error":
                    raise self._error(*value)
                else:
                    return

    def recognise(self, address: str) -> Suggestion | None:
        """What the adapter makes of a typed address; None too where it fails (a visit says why)."""
        request = {"do": "recognise", "name": self.kind, "address": address[:5000]}
        body = json.dumps(request).encode()
        try:
            done = subprocess.run(
                _COMMAND, input=HEADER.pack(len(body)) + body, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                timeout=RECOGNISE_SECONDS, env=_environment(), check=False,
            )  # fmt: skip
            kind, value = _loaded(done.stdout[HEADER.size :])
        except (OSError, subprocess.TimeoutExpired, EOFError, pickle.UnpicklingError, ValueError):
            return None
        return value if kind == "suggestion" else None

    async def _frame(self, child: asyncio.subprocess.Process, seconds: float) -> tuple[str, Any]:
        assert child.stdout is not None
        try:
            async with asyncio.timeout(seconds):
                (length,) = HEADER.unpack(await child.stdout.readexactly(HEADER.size))
                if length > MAX_FRAME:
                    raise self._error("", f"a page takes {length >> 20} MB", "", None)
                return _loaded(await child.stdout.readexactly(length))
        except TimeoutError:
            raise self._error("", f"it hangs: nothing came for {seconds:g} seconds", "", None) from None
        except (asyncio.IncompleteReadError, ConnectionError):
            code = await child.wait()
            raise self._error("", f"its process ended in the middle (exit code {code})", "", None) from None
        except (pickle.UnpicklingError, EOFError, AttributeError, ValueError, TypeError):
            raise self._error("", "its process answered with something else than pages", "", None) from None

    def _error(self, name: str, message: str, hint: str, wait: float | None) -> SourceError:
        """A failure in words. One that the adapter raised as it should keeps its class."""
        if name:
            known = getattr(base, name)
            made: SourceError = known(f"{self.kind}: {message}", hint=hint, retry_after=wait)
            return made
        where = f" (package {package})" if (package := _package(self.kind)) else ""
        advice = f"`penchant adapters check {self.kind}` says more. Update or remove the package; {_OTHERS}"
        return Garbage(f"the adapter {self.kind!r}{where} failed: {message}", hint=advice)


_OTHERS = "other sources are not affected."


@asynccontextmanager
async def _child(request: dict[str, Any]) -> AsyncIterator[asyncio.subprocess.Process]:
    child = await asyncio.create_subprocess_exec(
        *_COMMAND, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env=_environment(), limit=1 << 20, start_new_session=sys.platform != "win32",
    )  # fmt: skip
    try:
        body = json.dumps(request).encode()
        assert child.stdin is not None
        with contextlib.suppress(ConnectionError):
            child.stdin.write(HEADER.pack(len(body)) + body)
            await child.stdin.drain()
        yield child
    finally:
        _end(child)
        await child.wait()


def _end(child: asyncio.subprocess.Process) -> None:
    """Kill the child and what the adapter started, which may outlive it."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
        elif child.returncode is None:
            child.kill()


def _environment() -> dict[str, str]:
    return {**os.environ, "PENCHANT_SECRETS_DIR": str(secrets.folder())}


class _Values(pickle.Unpickler):
    """Takes the values of `base` and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if module == base.__name__ and name in _VALUES:
            return getattr(base, name)
        raise pickle.UnpicklingError(f"{module}.{name}")


def _loaded(frame: bytes) -> tuple[str, Any]:
    kind, value = _Values(io.BytesIO(frame)).load()
    return kind, value


def _package(name: str) -> str:
    """Name and version of the package that brings an adapter, as far as they are known."""
    from . import entry

    dist = getattr(entry(name), "dist", None)
    try:
        return f"{dist.name} {dist.version}" if dist is not None else ""
    except Exception:  # damaged metadata is one more way to be broken
        return ""
