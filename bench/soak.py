"""Hours of use with everything running: do keys stay quick, does memory stay where it was?

    python bench/soak.py [--minutes 120] [--idle 5] [--feeds 40] [--pace 1.5] [--feed-seconds 60] [--slice 10]

A new home directory, feeds that move (with pictures), sentence vectors, picture vectors where a checkpoint is given
(--picture PATH) and the judge, in a real pty. First `--idle` minutes of the same use with no worker, then `--minutes`
with all of them and a refresh every minute. Exits 1 when the p95 from key to screen is over 1.5 x the idle one, or a
process family's memory grew by more than 10 % after the first ten minutes.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from soak_site import moving
from tui import Terminal

PENCHANT = str(Path(sys.executable).with_name("penchant"))
#: What a reader does, and how often: mostly move on.
USE = ["j"] * 24 + ["k"] * 2 + ["l"] * 4 + ["x"] * 4 + ["s", " ", "\r", "w", "g"]
SLOWER, GROWTH = 1.5, 1.10


@dataclass
class Slice:
    """Some minutes: milliseconds from key to screen, MiB of the window and of the worker with its children."""

    waits: list[float] = field(default_factory=list)
    window: list[float] = field(default_factory=list)
    worker: list[float] = field(default_factory=list)
    #: MiB of each program of the worker's family, at the looks that found it running.
    parts: dict[str, list[float]] = field(default_factory=dict)

    def line(self, name: str) -> str:
        window, worker = (middle(sizes) for sizes in (self.window, self.worker))
        return (
            f"{name:10} keys {len(self.waits):5}   p50 {middle(self.waits):6.1f} ms   p95 {p95(self.waits):6.1f} ms"
            f"   window {window:6.1f} MiB   worker {worker:7.1f} MiB"
            + "".join(f"\n    {part:24} {middle(sizes):7.1f} MiB" for part, sizes in sorted(self.parts.items()))
        )


def middle(values: list[float]) -> float:
    return statistics.median(values) if values else 0.0


def p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)] if values else 0.0


def program(pid: int) -> str:
    """What a process of the family runs, by its module."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return "ended"
    module = words[words.index("-m") + 1].removeprefix("penchant.app.") if "-m" in words else "others"
    return "worker" if module == "cli" else module


def family(pid: int) -> dict[int, float]:
    """Resident MiB of a process and everything below it."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found: dict[int, float] = {}
    waiting = [pid]
    while waiting:
        one = waiting.pop()
        waiting += parents.get(one, [])
        try:
            lines = Path(f"/proc/{one}/status").read_text().splitlines()
        except OSError:
            continue
        found[one] = next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)
    return found


def use(
    terminal: Terminal, minutes: float, pace: float, rng: random.Random, refresh: bool, each: float
) -> list[Slice]:
    """Press keys at random moments, `pace` seconds apart on average; returns what every `each` minutes were like."""
    slices = [Slice()]
    began = last_refresh = last_look = time.monotonic()
    while (now := time.monotonic()) < began + 60 * minutes:
        if now > began + 60 * each * len(slices):
            print(slices[-1].line(f"{each * len(slices):.0f} min"), flush=True)
            slices.append(Slice())
        terminal.read(rng.expovariate(1 / pace))
        if refresh and now - last_refresh > 60:
            last_refresh = now
            terminal.send("r")
            terminal.read(0.3)
        key = rng.choice(USE)
        pressed = time.monotonic()
        terminal.send(key)
        if terminal.read(2.0, lambda seen: len(seen) > 0):
            slices[-1].waits.append((time.monotonic() - pressed) * 1000)
        if key in "\rw":
            terminal.read(rng.uniform(0.5, 3.0))
            terminal.send("\x1b")
            terminal.read(0.4)
        if now - last_look > 10:
            last_look = now
            sizes = family(terminal.pid)
            slices[-1].window.append(sizes.pop(terminal.pid, 0.0))
            slices[-1].worker.append(sum(sizes.values()))
            for pid, size in sizes.items():
                slices[-1].parts.setdefault(program(pid), []).append(size)
    return slices


def configure(home: Path, worker: bool, picture: str) -> None:
    chosen = f'picture = "{picture}"\n' if picture else ""
    (home / "config" / "config.toml").write_text(
        f"images = \"block\"\n[worker]\nenabled = {str(worker).lower()}\nshortest_interval = 60.0\n"
        f"[models]\n{chosen}[judge]\nminutes_per_hour = 30.0\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=120.0)
    parser.add_argument("--idle", type=float, default=5.0)
    parser.add_argument("--feeds", type=int, default=40)
    parser.add_argument("--pace", type=float, default=1.5)
    parser.add_argument("--feed-seconds", type=float, default=60.0)
    parser.add_argument("--slice", type=float, default=10.0, help="minutes of a part; memory counts after the first")
    parser.add_argument("--picture", default="")
    options = parser.parse_args()
    rng = random.Random(7)
    with tempfile.TemporaryDirectory() as folder, moving(options.feeds, options.feed_seconds) as site:
        home = Path(folder)
        (home / "config").mkdir()
        env = {"PENCHANT_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        configure(home, False, options.picture)
        for number in range(options.feeds):
            subprocess.run(
                [PENCHANT, "add", f"{site.base}/feed/{number}"],
                env={**os.environ, **env}, check=True, capture_output=True, timeout=60,
            )  # fmt: skip
        subprocess.run([PENCHANT, "sync"], env={**os.environ, **env}, check=True, capture_output=True, timeout=600)
        terminal = Terminal([PENCHANT], env)
        terminal.read(10.0)
        idle = use(terminal, options.idle, options.pace, rng, False, options.slice)
        terminal.end("q")
        quiet = Slice([w for s in idle for w in s.waits], [m for s in idle for m in s.window])
        print(quiet.line("no worker"), flush=True)
        configure(home, True, options.picture)
        terminal = Terminal([PENCHANT], env)
        terminal.read(10.0)
        slices = use(terminal, options.minutes, options.pace, rng, True, options.slice)
        terminal.end("q")
        print(slices[-1].line("last"), flush=True)
        print(status(env))
    return verdict(quiet, slices)


def status(env: dict[str, str]) -> str:
    """What the models did meanwhile."""
    told = [
        subprocess.run([PENCHANT, *words], env={**os.environ, **env}, capture_output=True, text=True, timeout=60).stdout
        for words in (["models"], ["judge"], ["pictures"])
    ]
    return "\n".join(told)


def verdict(quiet: Slice, slices: list[Slice]) -> int:
    waits = [w for part in slices for w in part.waits]
    ratio = p95(waits) / p95(quiet.waits)
    bad = ratio > SLOWER
    print(f"key p95        {ratio:.2f} x without a worker   limit {SLOWER:g}: {'over the limit' if bad else 'ok'}")
    warm = slices[1:]
    if len(warm) < 2:
        print("memory         too short to say: it is compared from the second part on")
        return int(bad)
    for name in ("window", "worker"):
        first, last = (statistics.median(getattr(part, name)) for part in (warm[0], warm[-1]))
        grown = last / first
        bad = bad or grown > GROWTH
        word = "over the limit" if grown > GROWTH else "ok"
        print(f"memory {name:8}{first:.1f} -> {last:.1f} MiB, {grown:.2f} x   limit {GROWTH:g}: {word}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
