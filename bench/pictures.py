"""What pictures cost the screen: CPU of the window's own thread, keys, bytes on the wire.

    python bench/pictures.py [--cards 1000] [--keys 120] [--folder FOLDER]

Every figure is beside the same run without pictures, in turns on one machine. Exits with 1 over a limit.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from picture_archive import build
from tui import CHILD, Terminal

#: name -> limit. Milliseconds, a ratio, bytes.
LIMITS = {"card ms": 1.0, "placed ms": 0.1, "key p95 ratio": 1.5, "frame bytes": 15_000.0}
WAYS = ("none", "kitty", "block")


class Run(NamedTuple):
    """One pass over cached pictures: CPU seconds of the screen's thread a key, ms to the screen, bytes a key."""

    cpu: float
    waits: list[float]
    bytes: list[int]
    memory: float


def placing() -> float:
    """Milliseconds for placing 40 by 20 cells anew in each frame (kitty), tiles and all."""
    from penchant.app.tui.pictures.fit import Cell
    from penchant.app.tui.pictures.overlay import KittyOverlay
    from penchant.app.tui.pictures.raster import Box, Raster, Spot, Tile, placed

    cell = Cell()
    tiles = tuple(
        Tile(f"t/{row}", row, 40, 2, 40 * cell.width, 2 * cell.height, "A" * 9000) for row in range(0, 20, 2)
    )
    raster, view, overlay = Raster(40, 20, tiles), Box(0, 0, 100, 40), KittyOverlay()
    overlay.frame(placed([Spot(2, 2, raster)], view, []))
    for _ in range(20):
        overlay.frame(placed([Spot(2, 2, raster)], view, []))
    rounds = 2000
    began = time.process_time()
    for number in range(rounds):
        overlay.frame(placed([Spot(2, number % 15, raster)], view, []))
    return (time.process_time() - began) / rounds * 1e3


def scroll(way: str, env: dict[str, str], note: Path, keys: int) -> Run:
    """Down the list, to the top, and down again: the second time is measured."""
    note.unlink(missing_ok=True)
    home = Path(env["PENCHANT_HOME"]) / "config/config.toml"
    home.write_text(f'images = "{way}"\nstart_view = "newest"\n[worker]\nenabled = false\n')
    terminal = Terminal([sys.executable, str(CHILD), "penchant", "stay"], env)
    terminal.read(30.0, lambda _: note.exists() and note.read_text() != "")
    for _ in range(10):
        used = terminal.cpu()
        terminal.read(1.0)
        if terminal.cpu() - used < 0.03:
            break
    for _ in range(keys):
        terminal.send("j")
        terminal.read(0.25)
    terminal.read(3.0)
    terminal.send("g")
    terminal.read(2.0)
    waits, sizes = [], []
    before = terminal.screen_cpu()
    for _ in range(keys):
        pressed = time.monotonic()
        terminal.send("j")
        first = terminal.read(0.06, lambda seen: len(seen) > 0)
        if first:
            waits.append((time.monotonic() - pressed) * 1000)
        rest = terminal.read(max(0.01, pressed + 0.06 - time.monotonic()))
        sizes.append(len(first) + len(rest))
    used = terminal.screen_cpu() - before
    memory = terminal.memory()
    terminal.end()
    return Run(used / keys, waits, sizes, memory)


def p95(values: list[float] | list[int]) -> float:
    return sorted(values)[int(len(values) * 0.95)] if values else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cards", type=int, default=1000)
    parser.add_argument("--keys", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "penchant-bench-pictures")
    options = parser.parse_args()
    home = options.folder / f"home-{options.cards}"
    if not (options.folder / "ready").exists():
        shutil.rmtree(home, ignore_errors=True)
        build(home, options.cards)
        (options.folder / "ready").touch()
    note = options.folder / "note"
    env = {
        "PENCHANT_HOME": str(home), "PENCHANT_BENCH": str(note), "TERM": "xterm-256color", "COLORTERM": "truecolor",
    }  # fmt: skip
    placed = placing()
    print(f"40 x 20 cells placed in {placed:.4f} ms (kitty)")
    runs: dict[str, list[Run]] = {way: [] for way in WAYS}
    for _ in range(options.rounds):
        for way in WAYS:
            runs[way].append(scroll(way, env, note, options.keys))
    cpu = {way: statistics.median(run.cpu for run in runs[way]) * 1e3 for way in WAYS}
    waits = {way: p95([wait for run in runs[way] for wait in run.waits]) for way in WAYS}
    size = {way: p95([count for run in runs[way] for count in run.bytes]) for way in WAYS}
    most = {way: max(count for run in runs[way] for count in run.bytes) for way in WAYS}
    for way in WAYS:
        print(
            f"{way:6} {cpu[way]:6.2f} ms CPU a key, key to screen p95 {waits[way]:5.1f} ms,"
            f" bytes a key p95 {size[way]:7,.0f} most {most[way]:7,}, {runs[way][-1].memory:.0f} MiB"
        )
    bad = False
    for way in WAYS[1:]:
        # All that pictures add to a key, though every sixth brings half a page: more than any one card's share.
        figures = {"card ms": cpu[way] - cpu["none"], "key p95 ratio": waits[way] / waits["none"]}
        if way == "kitty":
            figures |= {"placed ms": placed, "frame bytes": float(most[way])}
        for name, value in figures.items():
            verdict = "over the limit" if value > LIMITS[name] else "ok"
            bad = bad or value > LIMITS[name]
            print(f"{way:6} {name:14} {value:10.3f}   limit {LIMITS[name]:g}: {verdict}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
