"""The child process that reads hostile documents: `python -m penchant.app.parse_child MEGABYTES CPU_SECONDS`.

Speaks frames over its own pipes: 8 bytes of length (big endian), then a
pickle. A request is `(function, args)`, an answer `("ok", value)`,
`("source", SourceError)`, `("memory", text)` or `("error", text)`. Imports
nothing but the standard library until the first request names its function.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import struct
import sys
import threading
import time
from typing import Any, BinaryIO

HEADER = struct.Struct(">Q")
MEGABYTE = 1 << 20


def main(argv: list[str]) -> int:
    """Answer requests until the pipe closes."""
    megabytes, cpu_seconds = int(argv[1]), float(argv[2])
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # a library that prints must not write into the pipe
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the parent's affair
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
    # Documents make no cycles worth looking for after each 700 objects.
    gc.set_threshold(50_000, 20, 100)
    limited = False
    while (frame := _read(requests)) is not None:
        function, args = pickle.loads(frame)  # imports the parser: not on the document's account
        if not limited:
            _limit_memory(megabytes)
            limited = True
        kind, value = _answer(function, args, cpu_seconds)
        del function, args, frame
        _write(answers, kind, value)
        if kind == "memory":
            return 3
    return 0


def _answer(function: Any, args: tuple[Any, ...], cpu_seconds: float) -> tuple[str, Any]:
    _cpu_alarm(cpu_seconds)
    try:
        return "ok", function(*args)
    except MemoryError:
        return "memory", "it needs more memory than it may take"
    except RecursionError:
        return "error", "it is nested too deeply"
    except Exception as error:
        from penchant.adapters.base import SourceError

        if isinstance(error, SourceError):
            return "source", error
        return "error", f"{type(error).__name__} in {_place(error)}"
    finally:
        _cpu_alarm(0)


def _place(error: BaseException) -> str:
    """module:line of the innermost frame: enough to find the fault, and no remote content in the log."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else "?"


def _cpu_alarm(seconds: float) -> None:
    """SIGPROF after so much CPU time; its default action ends the process, inside C code too."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _end_with_parent(parent: int) -> None:
    """A document that hangs must not outlive the parent that would end it: the pipe is read only between documents."""
    while os.name == "nt" or os.getppid() == parent:
        time.sleep(1.0)
    os._exit(0)


def _limit_memory(megabytes: int) -> None:
    """Allow so much address space beyond what the interpreter and the parser take now."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        with open("/proc/self/statm") as statm:
            now = int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        limit = now + megabytes * MEGABYTE
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def _read(pipe: BinaryIO) -> bytes | None:
    header = pipe.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (length,) = HEADER.unpack(header)
    body = pipe.read(length)
    return body if len(body) == length else None


def _write(pipe: BinaryIO, kind: str, value: Any) -> None:
    try:
        frame = pickle.dumps((kind, value), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        frame = pickle.dumps(("memory", "the document's content needs more memory than it may take"))
    except Exception as error:
        frame = pickle.dumps(("error", f"the answer cannot be handed over: {type(error).__name__}"))
    pipe.write(HEADER.pack(len(frame)))
    pipe.write(frame)
    pipe.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
