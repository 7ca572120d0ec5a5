"""Children that misbehave where a text says so: CRASH, HANG, EAT. Run by bench/promises/children.py.

    bad_child.py embed|judge MODEL THREADS PARENT [SETTINGS]

They live by the real children's own loops, limits and parent watch; only the model is a stand-in. The functions are for
the documents' child.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))


def behave(text: str) -> None:
    """Do what a text says."""
    if "CRASH" in text:
        os.abort()
    if "HANG" in text:
        time.sleep(3600)
    if "EAT" in text:
        held = []
        while True:
            held.append(bytearray(16 << 20))


def document(data: bytes) -> int:
    """What a parser, a decoder or a reader of text in pictures is given."""
    behave(data.decode())
    return len(data)


def embed(argv: list[str]) -> int:
    import numpy as np

    from penchant.app.embed.child import limit_memory, serve

    def answer(_: Any, texts: Any) -> Any:
        rows = next(iter(texts.values())) if isinstance(texts, dict) else texts
        for text in rows:
            behave(text)
        return np.ones((len(rows), 4), np.float32)

    limit_memory(256 << 20)
    return serve(argv, lambda name, threads: SimpleNamespace(name="bad", dim=4), answer)


def judge(argv: list[str]) -> int:
    import threading
    from dataclasses import asdict

    import numpy as np

    from penchant.app.embed.child import limit_memory
    from penchant.app.judge import child
    from penchant.app.judge.runner_child import Ready

    def answer(request: Any, tell: Any) -> Any:
        texts = request.get("texts", [])
        for text in [*texts, request.get("user", "")]:
            behave(text)
        if request["do"] == "write":
            tell("all is well")
            return np.zeros(0)
        return np.zeros(len(texts))

    def load(path: Path, threads: int, settings: Any) -> Any:
        limit_memory(256 << 20)
        facts = {**asdict(Ready("bad", 4, 1, 1, True, 512, str(path))), "cpu": 0.0}
        return SimpleNamespace(facts=facts, answer=answer, stopped=threading.Event())

    child.load = load
    return child.main(argv)


if __name__ == "__main__":
    sys.exit({"embed": embed, "judge": judge}[sys.argv[1]]([sys.argv[0], *sys.argv[2:]]))
