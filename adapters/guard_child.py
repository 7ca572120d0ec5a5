"""The child process in which an adapter from outside runs: `python -P -m penchant.adapters.guard_child`.

Reads one request (8 bytes of length, then JSON), imports the adapter that it
names and answers with frames: 8 bytes of length, then a pickle of (kind,
value). Pages are checked here, so that whatever an adapter yields costs this
process only. Kinds: "hello" (shortest interval in seconds), "page",
"suggestion", "error" (class, message, hint, retry_after), "end".
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import pickle
import signal
import struct
import threading
import time
from collections.abc import Callable
from typing import Any, NoReturn

from . import base
from .guard import Garbage, checked_page, checked_suggestion
from .text import clean_line

HEADER = struct.Struct(">Q")
#: Address space beyond what the process takes at its start (bytes).
MEMORY = 4 << 30
#: Frames of the traceback that say where a fault is.
_DEEPEST = 40


def main() -> NoReturn:
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)  # an adapter that prints must not write into the pipe
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the parent's affair
    _limit_memory()
    request = json.loads(requests.read(HEADER.unpack(requests.read(HEADER.size))[0]))

    def tell(kind: str, value: Any) -> None:
        frame = pickle.dumps((kind, value), pickle.HIGHEST_PROTOCOL)
        answers.write(HEADER.pack(len(frame)) + frame)
        answers.flush()

    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    try:
        if request["do"] == "recognise":
            _recognise(request, tell)
        else:
            asyncio.run(_fetch(request, tell))
    except BaseException as error:  # SystemExit too: an adapter may call sys.exit
        tell("error", in_words(error))
    tell("end", None)
    _end()


def _recognise(request: dict[str, Any], tell: Callable[[str, Any], None]) -> None:
    found = adapter(request["name"]).recognise(request["address"])
    tell("suggestion", checked_suggestion(found, request["name"]))


async def _fetch(request: dict[str, Any], tell: Callable[[str, Any], None]) -> None:
    from .http import Client, Limits

    source = adapter(request["name"])
    tell("hello", shortest(source))
    async with Client(limits=Limits(**request["limits"]), allow_private=request["allow_private"]) as client:
        pages = source.fetch(client, request["settings"], request["cursor"])
        if not hasattr(pages, "__aiter__"):
            raise Garbage(f"fetch() returns a {type(pages).__name__}, no async generator")
        async for page in pages:
            tell("page", checked_page(page))


def adapter(name: str) -> Any:
    """An instance of the adapter behind an entry point. Raises whatever its import raises."""
    from . import entry

    found = entry(name)
    if found is None:
        raise Garbage(f"no package offers an adapter called {name!r}")
    return found.load()()


def shortest(source: Any) -> float:
    """`min_interval` within reason: a minute to a month; five minutes for nonsense."""
    value = getattr(source, "min_interval", None)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return 300.0
    return min(max(float(value), 60.0), 30 * 86_400.0)


def in_words(error: BaseException) -> tuple[str, str, str, float | None]:
    """(class of `base` or "", message, hint, retry_after) of whatever an adapter raised."""
    message = clean_line(str(error)[:2000], 300)
    if isinstance(error, base.SourceError):
        known = next((c.__name__ for c in type(error).__mro__ if getattr(base, c.__name__, None) is c), "")
        wait = error.retry_after
        wait = float(wait) if isinstance(wait, int | float) and math.isfinite(wait) and wait >= 0 else None
        hint = clean_line(str(error.hint)[:2000], 300)
        own = isinstance(error, Garbage)
        return ("" if own else known, message, hint, wait)
    if isinstance(error, SystemExit):
        return "", f"it wanted to end the program (sys.exit) in {place(error)}", "", None
    return "", f"{type(error).__name__}: {message} in {place(error)}", "", None


def place(error: BaseException) -> str:
    """module:line of the innermost frame that is not of the standard import machinery."""
    trace, found = error.__traceback__, "?"
    for _ in range(_DEEPEST):
        if trace is None:
            break
        module = str(trace.tb_frame.f_globals.get("__name__"))
        if not module.startswith("importlib"):
            found = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return clean_line(found, 100)


def _end_with_parent(parent: int) -> None:
    while os.name == "nt" or os.getppid() == parent:
        time.sleep(1.0)
    _end()


def _end() -> NoReturn:
    """End this process, whatever threads an adapter left in it, and the processes that it started."""
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(0)


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        with open("/proc/self/statm") as statm:
            now = int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (now + MEMORY, now + MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main()
