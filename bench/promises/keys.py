"""Promise 1: no acknowledged keypress is lost, whatever ends the programs or the power.

    python bench/promises/keys.py [--kills N] [--cuts N] [--endings N] [--windows N] [--short]

`kills`: kill -9 of a typing and an ingesting process at random moments (kill9.py). `cuts`: simulated power cuts
(powercuts.py). `windows`: kill -9 of a real window and of its worker in the middle of keys. `endings`: see endings.py.
A disk that lies about having synced must be caught losing events, or the cuts would prove nothing.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
from contextlib import suppress
from pathlib import Path

import endings
import kill9
import powercuts
from common import Result, main
from windows import HEART, Window, likes, make_home, workers

from penchant.app.store import Store


def run(options: argparse.Namespace, folder: Path, result: Result) -> None:
    for name in ("kills", "cuts", "liar", "windows"):
        (folder / name).mkdir()
    if options.kills:
        faults = kill9.run(options.kills, options.seed, folder / "kills", lambda line: print(f"  {line}", flush=True))
        for fault in faults:
            result.check(False, fault)
        result.figure(f"{options.kills:,} kill -9 of a typing and an ingesting process: {len(faults)} faults")
    if options.cuts:
        _cuts(options, folder, result)
    if options.windows:
        _windows(options.windows, random.Random(options.seed), folder / "windows", result)
    if options.endings:
        endings.run(argparse.Namespace(rounds=options.endings, short=options.short), folder, result)


def _cuts(options: argparse.Namespace, folder: Path, result: Result) -> None:
    before = len(result.faults)
    events = powercuts.run(options.cuts, options.seed, folder / "cuts", result)
    found = len(result.faults) - before
    result.figure(f"{options.cuts:,} power cuts, {events:,} acknowledged events: {found} faults")
    quiet = Result(quiet=True)
    powercuts.run(40, options.seed, folder / "liar", quiet, lying=True)
    result.check(quiet.faults, "a disk that syncs nothing was not noticed in 40 cuts: the simulation proves nothing")


def _windows(rounds: int, pick: random.Random, folder: Path, result: Result) -> None:
    """Kill a real window, or first its worker, at a random moment of typing; what was shown as liked must be liked."""
    before, shown_in_all = len(result.faults), 0
    for number in range(rounds):
        home = folder / str(number)
        paths = make_home(home, items=80)
        window = Window(home)
        try:
            if not result.check(window.ready(), f"window {number}: never showed its list"):
                continue
            shown = _type(window, pick)
            killed = [*workers(window.pid), window.pid] if pick.random() < 0.5 else [window.pid, *workers(window.pid)]
            for process in killed:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        finally:
            window.close()
        with Store.open(paths.archive) as store:
            sound = store.db.rows("PRAGMA integrity_check") == [("ok",)]
            doubled = store.db.value("SELECT count(*) - count(DISTINCT id) FROM events")
        result.check(sound and not doubled, f"window {number}: the archive is damaged or doubled")
        found = likes(paths.archive)
        result.check(found >= shown, f"window {number}: {shown} likes were shown, {found} are in the archive")
        shown_in_all += shown
    faults = len(result.faults) - before
    result.figure(f"{rounds} kill -9 of a real window and its worker, {shown_in_all} likes shown: {faults} faults")


def _type(window: Window, pick: random.Random) -> int:
    """Like and move on until a random moment; returns how many likes the screen has shown for certain."""
    shown = 0
    for turn in range(pick.randint(1, 15)):
        window.settle()
        seen = len(window.seen)
        window.keys("l")
        if pick.random() < 0.7 and window.until(lambda seen=seen: HEART in window.seen[seen:], 10.0):  # type: ignore[misc]
            shown = turn + 1
        window.keys("j")
        if pick.random() < 0.2:
            window.until(lambda: False, pick.uniform(0.0, 0.2))
    return shown


if __name__ == "__main__":
    sys.exit(main(__doc__ or "", run, kills=(2, 1_000), cuts=(8, 1_000), windows=(1, 100), endings=(1, 10)))
