"""Pictures through libmtmd: eight questions about one picture, encoded once against eight full runs.

    python bench/eyes.py [--layers 6] [--inner 256] [--text FILE.gguf] [--threads 1]

CPU seconds with a vision part of random weights as heavy as wanted (256 tokens a picture) beside a text model: the
tests' tiny one, or a file. "kept" feeds the picture's embeddings again, "kept, and what came before" also leaves what
the questions begin with in the context, as the judge does. Red: over 40 % of eight full runs (for "kept" only beside
the tiny text model: the time of a large one is mostly spent on reading embeddings), a picture encoded more than once,
or an answer that differs from the full run's by a bit.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import TypeVar

os.environ.update(OMP_NUM_THREADS="1", OMP_WAIT_POLICY="passive")

from penchant.app.embed.gguf_format import read_header
from penchant.app.judge.eyes import Eyes
from penchant.app.judge.eyes_prompt import Example
from penchant.app.judge.eyes_sight import Sight, pack, unpack
from penchant.app.judge.library import Model

MOST = 0.4
QUESTIONS = [f"Is it {what}?" for what in ("a cat", "red", "a map", "loud", "old", "new", "a text", "a face")]
PICTURES = 2
T = TypeVar("T")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=6, help="of the vision part")
    parser.add_argument("--inner", type=int, default=256, help="its width")
    parser.add_argument("--text", type=Path, help="a text model (GGUF)")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tiny = made()
        text = args.text or tiny.write_text(Path(folder) / "text.gguf")
        header = read_header(text)
        vision = tiny.write_eyes(
            Path(folder) / "eyes.gguf", width=header.of_architecture("embedding_length"), inner=args.inner,
            layers=args.layers, image=224, patch=14,
        )  # fmt: skip
        print(f"{text.name} ({text.stat().st_size / 1e6:.1f} MB) and {vision.stat().st_size / 1e6:.1f} MB of eyes")
        return compare(Eyes(Model(text), vision, threads=args.threads), tiny, None if args.text else MOST)


def compare(eyes: Eyes, tiny: ModuleType, most: float | None) -> int:
    """Print the table; the exit code."""
    kept: list[Sight] = []
    full, answers = timed(lambda: [run(eyes, look(eyes, tiny), question) for question in QUESTIONS])
    encoded = eyes.encoded
    row(f"eight full runs ({encoded} encodings)", full, full)
    once, _ = timed(lambda: kept.extend(look(eyes, tiny)))
    encodings = eyes.encoded - encoded
    row(f"encoding {PICTURES} pictures once", once, full)
    fed, again = timed(lambda: [run(eyes, kept, question) for question in QUESTIONS])
    over = [row(f"kept ({encodings} encodings)", once + fed, full, most)]
    cheap, told = timed(lambda: [run(eyes, kept, question, fresh=False) for question in QUESTIONS])
    over.append(row("kept, and what came before", once + cheap, full, MOST))
    file, _ = timed(lambda: [unpack(pack(sight), sight.key) for sight in kept])
    row("written as a file and read back", file, full)
    size = sum(len(pack(sight)) for sight in kept) / len(kept)
    print(f"{kept[0].tokens} tokens a picture, {size / 1e3:.0f} KB kept of each")
    faults = [encodings != PICTURES, eyes.encoded != encoded + PICTURES, again != answers, told != answers]
    words = ("encoded more than once", "encoded again", "kept: other answers", "what came before: other answers")
    for found, said in zip(faults, words, strict=True):
        if found:
            print(red(said))
    return int(any(faults) or any(over))


def look(eyes: Eyes, tiny: ModuleType) -> list[Sight]:
    """The pictures, as if they had never been seen."""
    eyes._sights._kept.clear()
    return [eyes.see(tiny.picture(seed, width=320, height=240)) for seed in range(PICTURES)]


def run(eyes: Eyes, sights: list[Sight], question: str, *, fresh: bool = True) -> float:
    if fresh:
        eyes.context.forget()
    return eyes.ask([Example(sights[0], "A caption", True)], sights[1], question)


def timed(work: Callable[[], T]) -> tuple[float, T]:
    started = time.process_time()
    found = work()
    return time.process_time() - started, found


def row(name: str, seconds: float, full: float, most: float | None = None) -> bool:
    """Print it; whether it is over `most`."""
    over = most is not None and seconds > most * full
    share = f"{100 * seconds / full:6.1f} %"
    bound = f"  (at most {100 * most:.0f} %)" if most is not None else ""
    print(f"  {name:38} {seconds:8.3f} CPU-seconds {red(share) if over else share}{bound}")
    return over


def red(text: str) -> str:
    return f"\x1b[31m{text}\x1b[0m" if sys.stdout.isatty() else f"{text} (!)"


def made() -> ModuleType:
    """The tests' maker of tiny models."""
    path = Path(__file__).resolve().parents[1] / "tests" / "judge" / "tiny_eyes.py"
    spec = importlib.util.spec_from_file_location("tiny_eyes", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


if __name__ == "__main__":
    sys.exit(main())
