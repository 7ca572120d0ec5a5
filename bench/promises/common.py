"""What the scripts of docs/promises.md share: `--short`, the figure, the faults, the exit code."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Result:
    """What a promise came to: figures in words, and every way in which it was broken."""

    figures: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    quiet: bool = False

    def figure(self, text: str) -> None:
        """Tell a figure, at once and at the end."""
        self.figures.append(text)
        print(text, flush=True)

    def check(self, holds: object, fault: str) -> bool:
        """Remember `fault` unless `holds`."""
        if not holds:
            self.faults.append(fault)
            if not self.quiet:
                print(f"  broken: {fault}", flush=True)
        return bool(holds)


def main(doc: str, run: Callable[[argparse.Namespace, Path, Result], None], **numbers: tuple[int, int]) -> int:
    """Run a promise. `numbers`: name -> (count in the short form, count in the long one), each an option.

    `run` gets the options (with `short` and `seed`), a folder of its own and the result to fill. Returns the exit code.
    """
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="the form that the test suite runs")
    parser.add_argument("--seed", type=int, default=1)
    for name, (short, long) in numbers.items():
        parser.add_argument(f"--{name}", type=int, help=f"default {long:,}; {short} with --short")
    options = parser.parse_args()
    for name, (short, long) in numbers.items():
        if getattr(options, name) is None:
            setattr(options, name, short if options.short else long)
    result, began = Result(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        run(options, Path(folder), result)
    verdict = f"{len(result.faults)} faults" if result.faults else "kept"
    print(f"{verdict} ({time.monotonic() - began:.0f} s)", flush=True)
    for fault in result.faults:
        print(f"broken: {fault}", file=sys.stderr)
    return 1 if result.faults else 0
