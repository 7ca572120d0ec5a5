"""The child process that torch and open_clip live in: `python -m penchant.app.embed.clip_child MODEL THREADS PARENT`.

MODEL is a folder or a checkpoint (`clip_files`). The frames are those of `child`; a request is {"text": [texts]} or
{"picture": [paths of JPEG files that penchant made]}. It has no business with the network and cannot reach it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from .child import serve

if TYPE_CHECKING:
    from .clip import ClipEmbedder

_NETWORK = ("socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto")
_QUIET = {
    "HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
}  # fmt: skip


def main(argv: list[str]) -> int:
    """Answer until the pipe closes or the parent is gone."""
    os.environ.update(_QUIET)
    sys.addaudithook(_refuse)
    return serve(argv, load, lambda model, asked: answer(model, asked))


def load(model: str, threads: int) -> ClipEmbedder:
    """The embedder of a MODEL argument. Raises `PenchantError`, `OSError`, `MemoryError`."""
    try:
        import open_clip  # noqa: F401  loaded before memory is limited
    except Exception as error:  # a wheel for another processor raises what it likes
        raise PenchantError(
            f"open_clip cannot be loaded: {type(error).__name__}: {error}",
            hint='Install penchant[vision], or set `picture = ""` in [models] to go without.',
        ) from error
    from .clip import ClipEmbedder

    return ClipEmbedder(Path(model), threads=threads)


def answer(model: ClipEmbedder, asked: Any) -> Any:
    """float32[n, dim] for one request."""
    return model.pictures(asked["picture"]) if "picture" in asked else model.texts(asked["text"])


def _refuse(event: str, _: object) -> None:
    if event in _NETWORK:
        raise OSError(f"a model has no business with the network ({event})")


if __name__ == "__main__":
    sys.exit(main(sys.argv))
