"""However a window ends, what was decided is on disk and the terminal is as it was.

    python bench/promises/endings.py [--rounds N] [--short]

Real windows with a worker and pictures in kitty's protocol on terminals of their own: `q`, Ctrl+C twice, SIGINT twice,
SIGTERM, SIGHUP, a closed terminal. Afterwards: every like that was pressed (keys) or shown (signals) is in the archive,
cursor, mouse, keyboard, screen and settings of the terminal are put back, no picture is left in it, no process stays.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

from common import Result, main
from windows import HEART, Window, left_behind, likes, make_home, workers

LIKED = 3


def quits(window: Window) -> None:
    window.keys("q")


def control_c_twice(window: Window) -> None:
    window.keys("\x03\x03")


def interrupted_twice(window: Window) -> None:
    window.signal(signal.SIGINT)
    window.signal(signal.SIGINT)


def terminated(window: Window) -> None:
    window.signal(signal.SIGTERM)


def hung_up(window: Window) -> None:
    window.signal(signal.SIGHUP)


def closed(window: Window) -> None:
    window.hang_up()


#: What happens, and whether it comes through the terminal, so behind every key.
ENDINGS: dict[str, tuple[Callable[[Window], None], bool]] = {
    "Ctrl+C twice": (control_c_twice, True),
    "SIGTERM": (terminated, False),
    "a closed terminal": (closed, False),
    "SIGHUP": (hung_up, False),
    "q": (quits, True),
    "SIGINT twice": (interrupted_twice, False),
}


def no_worker_within(seconds: float, parent: int) -> bool:
    """Whether the workers of a window that has ended go. (`until` would read a closed terminal.)"""
    end = time.monotonic() + seconds
    while workers(parent) and time.monotonic() < end:
        time.sleep(0.05)
    return not workers(parent)


def once(home: Path, name: str, result: Result) -> None:
    end, in_order = ENDINGS[name]
    paths = make_home(home, pictures=True)
    window = Window(home)
    try:
        if not result.check(window.ready(), f"{name}: the window never showed its list"):
            return
        window.until(lambda: b"\x1b_Ga=p" in window.seen)
        for shown in range(1, LIKED + 1):
            window.keys("l")
            if not in_order:
                seen = window.until(lambda shown=shown: window.seen.count(HEART) >= shown)  # type: ignore[misc]
                result.check(seen, f"{name}: no like was shown")
            window.keys("j")
        end(window)
        if not result.check(window.ended(), f"{name}: the window is still there after 30 s"):
            return
        if window.fd >= 0:
            for wrong in left_behind(window):
                result.check(False, f"{name}: {wrong}")
        result.check(no_worker_within(40.0, window.pid), f"{name}: its worker is still there")
        found = likes(paths.archive)
        # A like may be on its way to the screen already when the signal comes: fewer than shown is a loss.
        result.check(found >= LIKED if in_order else found >= 1, f"{name}: {found} of {LIKED} likes are in the archive")
    finally:
        window.close()


def run(options: argparse.Namespace, folder: Path, result: Result) -> None:
    names = list(ENDINGS)[:1] if options.short else list(ENDINGS)
    before = len(result.faults)
    for number in range(options.rounds):
        for name in names:
            once(folder / f"{number}-{name.replace(' ', '-')}", name, result)
    faults = len(result.faults) - before
    result.figure(f"{options.rounds} x {len(names)} endings of a real window: {faults} faults")


if __name__ == "__main__":
    sys.exit(main(__doc__ or "", run, rounds=(1, 10)))
