"""The child process that llama.cpp lives in: `python -m penchant.app.embed.child MODEL THREADS PARENT`.

MODEL is a path to a GGUF file, or "minilm:FOLDER": all-MiniLM-L6-v2, made in that folder where it is missing.
Speaks frames over its own pipes: 4 bytes of length (big endian), then the body. A request is a JSON list of texts (or
whatever list the model of another child takes: `clip_child` lives by the same `serve`).
An answer begins with a letter: R and JSON {"name", "dim"} once the model is ready, V and float32 (little endian)
for the texts asked, a row of NaN where there is none, E and JSON {"what", "hint"} for a failure in words.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import struct
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol, TypeVar

from penchant.app.errors import PenchantError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .gguf import LlamaEmbedder

HEADER = struct.Struct(">I")
READY, VECTORS, FAILED = b"R", b"V", b"E"
MINILM = "minilm:"
#: A further argument: a reader waits for the answer.
URGENT = "urgent"
#: Address space beyond the imports and the file's own size: the computing buffers of a small model are 20 MB.
ROOM = 1 << 30
#: How a child ends that ran out of memory over a request: one text is to blame, not the model, and it will be found.
OUT_OF_MEMORY = 3


class Model(Protocol):
    """Anything that answers with vectors of one length."""

    name: str
    dim: int


M = TypeVar("M", bound=Model)


def main(argv: list[str]) -> int:
    """The model of sentence vectors."""
    return serve(argv, load, lambda embedder, texts: embedder.embed_batch(texts))


def serve(argv: list[str], load: Callable[[str, int], M], answer: Callable[[M, Any], NDArray[np.float32]]) -> int:
    """Load, then answer until the pipe closes or the parent is gone. `argv` is _, MODEL, THREADS, PARENT[, URGENT]."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)  # a library that prints must not write into the pipe
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the parent's affair
    threading.Thread(target=watch, args=(int(argv[3]),), daemon=True).start()
    be_humble(urgent=URGENT in argv[4:])
    try:
        model = load(argv[1], int(argv[2]))
    except (PenchantError, OSError, MemoryError) as error:
        write(answers, FAILED + words(error))
        return 1
    write(answers, READY + json.dumps({"name": model.name, "dim": model.dim}).encode())
    while (frame := read(requests)) is not None:
        try:
            said = VECTORS + answer(model, json.loads(frame)).astype("<f4", copy=False).tobytes()
        except MemoryError:
            return OUT_OF_MEMORY
        except PenchantError as error:
            said = FAILED + words(error)
        write(answers, said)
    return 0


def load(model: str, threads: int) -> LlamaEmbedder:
    """The embedder of a MODEL argument. Raises `PenchantError`, `OSError`, `MemoryError`."""
    try:
        import llama_cpp  # noqa: F401  loaded before memory is limited
    except Exception as error:  # a wheel for another processor raises what it likes
        raise PenchantError(
            f"llama.cpp cannot be loaded: {type(error).__name__}: {error}",
            hint='Install penchant[sentence] again, or set `sentence = ""` in [models] to go without.',
        ) from error
    if model.startswith(MINILM):
        from .minilm import ensure

        path = ensure(Path(model.removeprefix(MINILM)))
    else:
        path = Path(model)
    limit_memory(2 * (path.stat().st_size if path.is_file() else 0) + ROOM)
    from .gguf import LlamaEmbedder

    return LlamaEmbedder(path, threads=threads)


def read(pipe: BinaryIO) -> bytes | None:
    """One frame's body; None at the end of the pipe."""
    header = pipe.read(HEADER.size)
    if len(header) < HEADER.size:
        return None
    (length,) = HEADER.unpack(header)
    body = pipe.read(length)
    return body if len(body) == length else None


def write(pipe: BinaryIO, body: bytes) -> None:
    with contextlib.suppress(BrokenPipeError):  # the parent is gone: the next read says so
        pipe.write(HEADER.pack(len(body)) + body)
        pipe.flush()


def words(error: BaseException) -> bytes:
    what = str(error) or "the model needs more memory than it may take"
    return json.dumps({"what": what, "hint": getattr(error, "hint", "")}).encode()


def watch(parent: int) -> None:
    """End in the middle of a long computation too when the parent goes: its pipe is read only between them."""
    while os.name == "nt" or os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


def be_humble(urgent: bool = False) -> None:
    """Lowest priority (unless somebody waits for it), idle threads that sleep, no core file after an abort."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    if hasattr(os, "nice") and not urgent:
        with contextlib.suppress(OSError):
            os.nice(19)
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_memory(room: int) -> None:
    """A file that claims huge layers fails to load instead of taking the machine's memory: `room` bytes beyond now."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        with open("/proc/self/statm") as statm:
            now = int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
        resource.setrlimit(resource.RLIMIT_AS, (now + room, now + room))


if __name__ == "__main__":
    sys.exit(main(sys.argv))
