"""Promise 5: ten thousand sources, three in ten failing in twelve ways, and the window stays quick.

    python bench/promises/scale.py [--short] [--count N] [--items 3] [--window 1] [--threads 0]

A real window in a pty (`--window 0`: the worker alone) over an archive that follows `--count` sources on loopback
addresses of their own (bench/promises/farm.py), none of them visited yet. Somebody presses j ten times a second until
every source was visited; then the healthy ones are visited again, and say "not modified".
Broken where a visit of all takes longer than 180 s, the
99th percentile from key to screen is over 50 ms, memory is not bounded, a host sees more than two requests at once,
a failure is not told in words, Retry-After is not kept, or a failing source is asked again at once.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1]))

from common import Result, main  # noqa: E402
from farm import RETRY_AFTER, address, way  # noqa: E402
from soak import family  # noqa: E402
from tui import Terminal  # noqa: E402
from usage import Usage, load_average, ran, told  # noqa: E402

from penchant.adapters.base import Author, Item, Page  # noqa: E402
from penchant.app.paths import Paths  # noqa: E402
from penchant.app.store import Store  # noqa: E402

#: Seconds for all; milliseconds for a key; MiB for the window, and for the worker with its children.
SECONDS, KEY, WINDOW, WORKER = 180.0, 50.0, 200.0, 900.0
PACE = 0.1
#: Least seconds until a failing source is asked again (`decide.retry_at`), less what a visit itself takes.
PATIENCE = 119.0
PENCHANT = [sys.executable, "-m", "penchant.app.cli"]


@contextmanager
def farm(items: int, seed: int, trace: Path) -> Iterator[tuple[int, int, int]]:
    """The server's port, a closed one, and the server's process."""
    command = [sys.executable, str(HERE.with_name("farm.py")), str(items), str(seed), str(trace)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None and server.stdin is not None
        port, closed = map(int, server.stdout.readline().split())
        try:
            yield port, closed, server.pid
        finally:
            server.stdin.close()
            server.wait(30)


def subscribe(paths: Paths, count: int, port: int, closed: int) -> None:
    """An archive with something to read, and `count` sources that were never visited."""
    with Store.open(paths.archive, role="worker") as store:
        number = store.subscriptions.add("rss", "http://127.8.0.1/old", "Old", {"address": "http://127.8.0.1/old"})
        now = time.time()
        items = [
            Item(f"old-{n}", f"https://old.example/{n}", f"Old {n} of town {n % 97}", f"Text {n} " * 40,
                 Author(f"a{n % 9}", f"Author {n % 9}"), now - 600.0 * n)
            for n in range(2_000)
        ]  # fmt: skip
        store.items.put_page(number, Page(tuple(items), {}), now)
        store.subscriptions.pause(number)
        ids = store.items.ids("newest", limit=2_000)
        store.scores.publish([(i, 0.0, 0.5, "[]") for i in ids], ids, 1)
        with store.db.write():
            store.db.run_many(
                "INSERT INTO subscriptions(kind, address, title, settings, folder, added_at) VALUES"
                " ('rss', ?1, ?2, json_object('address', ?1), '[]', ?3)",
                [(address(n, port, closed), f"Source {n} {way(n)}".strip(), now) for n in range(count)],
            )


def left(paths: Paths, since: float) -> int:
    """Sources whose visit after `since` is not over."""
    with Store.open(paths.archive) as store:
        where = "NOT paused AND (state <> 'idle' OR coalesce(last_attempt, 0) < ?)"
        sql = f"SELECT count(*) FROM subscriptions WHERE {where}"
        return int(store.db.value(sql, (since,)))


class Watched:
    """The program under way: the window in a pty, or its worker alone; and the most memory that it took."""

    def __init__(self, env: dict[str, str], window: bool, server: int) -> None:
        self.window = self.worker = 0.0
        self.waits: list[float] = []
        #: Milliseconds of CPU time that all of the window's threads used between a key and its answer: what is left
        #: of the wait where a processor is free.
        self.own: list[float] = []
        self.usage, self._server = Usage(), server
        self.usage.names |= {server: "test servers", os.getpid(): "this script"}
        self._terminal = Terminal(PENCHANT, env) if window else None
        quiet: Any = subprocess.DEVNULL
        full = {**os.environ, **env}
        self._child = None if window else subprocess.Popen([*PENCHANT, "worker"], env=full, stdout=quiet, stderr=quiet)
        if self._terminal:
            self.usage.names[self._terminal.pid] = "window"
        if self._terminal:
            self._terminal.read(20.0, lambda seen: b"Old" in seen)
            self._terminal.read(2.0)

    def live(self, seconds: float) -> None:
        """Press a key ten times a second and measure."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._press() if self._terminal else time.sleep(PACE)
        sizes = family(self._terminal.pid if self._terminal else self._child.pid)  # type: ignore[union-attr]
        self.usage.look([*sizes, self._server, os.getpid()])
        own = sizes.pop(self._terminal.pid, 0.0) if self._terminal else 0.0
        self.window, self.worker = max(self.window, own), max(self.worker, sum(sizes.values()))

    def _press(self) -> None:
        terminal, turn = self._terminal, len(self.waits)
        assert terminal is not None
        pressed, used = time.monotonic(), ran(terminal.pid)
        terminal.send("j" if turn // 100 % 2 == 0 else "k")
        ready, _, _ = select.select([terminal.fd], [], [], 2.0)
        self.waits.append((time.monotonic() - pressed) * 1000 if ready else 2000.0)
        self.own.append(ran(terminal.pid) - used)
        terminal.read(max(0.02, pressed + PACE - time.monotonic()))

    def end(self) -> None:
        if self._terminal:
            self._terminal.end("q", 20.0)
        elif self._child:
            self._child.terminate()
            self._child.wait(20)


def visit_all(watched: Watched, paths: Paths, since: float, most: float) -> float:
    """Seconds until every source was visited."""
    began = time.monotonic()
    while (waiting := left(paths, since)) and time.monotonic() - began < most:
        watched.live(1.0 if waiting > 50 else 0.3)
    return time.monotonic() - began


def sources(paths: Paths, env: dict[str, str], result: Result) -> list[dict[str, Any]]:
    began = time.monotonic()
    done = subprocess.run(
        [*PENCHANT, "sources", "--json"], env={**os.environ, **env}, capture_output=True, text=True, check=True
    )
    took = time.monotonic() - began
    facts = [json.loads(line) for line in done.stdout.splitlines()]
    result.figure(f"`penchant sources` with {len(facts):,} rows: {took:.2f} s")
    return facts


def too_often(bad: str, times: list[float]) -> bool:
    """Whether a source was asked (at these Unix seconds) oftener than this script wanted the well ones visited, or than
    the plan for failing ones allows: a long run lives to see their retries.
    """
    gap = RETRY_AFTER if bad == "429" else PATIENCE
    return any(later - sooner < gap for sooner, later in pairwise(times)) if bad else len(times) > 2


def judge(facts: list[dict[str, Any]], trace: dict[str, Any], result: Result) -> None:
    """Health, patience and politeness."""
    visited = [f for f in facts if "/feed/" in f["address"] and f["last_attempt"] and f["state"] == "idle"]
    followed = [(way(int(f["address"].rpartition("/")[2])), f) for f in visited]
    ill = [(bad, fact) for bad, fact in followed if bad]
    well = [fact for bad, fact in followed if not bad]
    silent = [fact["title"] for _, fact in ill if not (fact["error"] and fact["hint"])]
    blamed = [(fact["title"], fact["error"]) for fact in well if fact["error"] or not fact["items"]]
    result.check(not silent, f"failures without words: {silent[:5]}")
    result.check(not blamed, f"healthy sources that did not succeed: {len(blamed)} {blamed[:5]}")
    waits = [(bad, fact["next_due"] - fact["last_attempt"]) for bad, fact in ill]
    patience = min((wait for bad, wait in waits if bad == "429"), default=RETRY_AFTER)
    result.check(patience >= RETRY_AFTER - 1, f"Retry-After is not kept: {patience:.0f} s")
    gone = [f["title"] for bad, f in ill if bad == "410" and not f["paused"]]
    result.check(not gone, f"a source that is gone for good is not paused: {gone[:5]}")
    result.check(trace["most"] <= 2, f"{trace['most']} requests at once to one host")
    plans = sorted(wait for bad, wait in waits if bad == "404")
    spread = plans[-1] - plans[0] if plans else 0.0
    result.check(not plans or (plans[0] >= 119 and (spread > 5 or len(plans) < 5)), "failing sources march in step")
    again = {n: times for n, times in trace["asked"].items() if too_often(way(int(n)), times)}
    result.figure(
        f"{len(well):,} well, {len(ill):,} failing and told so; most requests at once to one host {trace['most']};"
        f" retries of 404s spread over {spread:.0f} s; asked more often than planned: {len(again)}"
    )
    often = [(n, way(int(n)), len(times)) for n, times in list(again.items())[:5]]
    result.check(not again, f"asked too often: {often}")


def run(options: argparse.Namespace, folder: Path, result: Result) -> None:
    paths = Paths.under(folder / "home").ensure()
    env = {"PENCHANT_HOME": str(folder / "home"), "TERM": "xterm-256color", "COLORTERM": "truecolor",
           "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}  # fmt: skip
    trace = folder / "trace.json"
    with farm(options.items, options.seed, trace) as (port, closed, server):
        subscribe(paths, options.count, port, closed)
        most = SECONDS * (1 if options.short else 4)
        if options.short:
            paths.config_file.write_text("[network]\ntimeout = 2.0\n")
        result.figure(f"load average at the start: {load_average()}")
        began = time.monotonic()
        watched = Watched(env, bool(options.window), server)
        try:
            visit_all(watched, paths, 1.0, most)
            first = time.monotonic() - began
            waiting, spent = left(paths, 1.0), watched.usage.by_program()
            result.figure(f"start and first visit of {options.count:,} sources: {first:.1f} s; {waiting} not visited")
            result.figure(told(spent, options.count - waiting))
            result.check(not waiting, f"{waiting} sources were not visited within {most:.0f} s")
            if not waiting:
                again, healthy = visit_again(watched, paths, most)
                result.figure(f"second visit of the {healthy:,} healthy ones: {again:.1f} s")
                result.figure(told(watched.usage.by_program() - spent, healthy))
            result.figure(f"load average at the end: {load_average()}")
            if options.threads:
                parts = watched.usage.by_thread().most_common(20)
                result.figure("\n".join(f"    {name}, {thread}: {seconds:.1f} s" for (name, thread), seconds in parts))
        finally:
            watched.end()
    result.figure(f"memory at most: window {watched.window:.0f} MiB, worker and children {watched.worker:.0f} MiB")
    bound = SECONDS * max(options.count, 2_000) / 10_000 if options.short else SECONDS
    result.check(first <= bound, f"the first visit took {first:.0f} s, not {bound:.0f}")
    result.check(watched.window < WINDOW and watched.worker < WORKER, "memory")
    if waits := sorted(watched.waits):
        p50, p99 = waits[len(waits) // 2], waits[int(len(waits) * 0.99)]
        own = sorted(watched.own)[int(len(waits) * 0.99)]
        result.figure(f"{len(waits):,} keys: p50 {p50:.1f} ms, p99 {p99:.1f} ms, longest {waits[-1]:.0f} ms;"
                      f" CPU time of the window meanwhile p99 {own:.1f} ms")
        result.check(p99 <= KEY or options.short, f"key p99 {p99:.0f} ms")
    facts = sources(paths, env, result)
    judge(facts, json.loads(trace.read_text()), result)


def visit_again(watched: Watched, paths: Paths, most: float) -> tuple[float, int]:
    """Seconds until every healthy source was visited once more, and how many those are."""
    since = time.time()
    with Store.open(paths.archive) as store:
        healthy = [row[0] for row in store.db.rows("SELECT id FROM subscriptions WHERE failures = 0 AND NOT paused")]
        store.control.request("refresh", {"ids": healthy})
    began = time.monotonic()
    while time.monotonic() - began < most and unvisited(paths, since, healthy):
        watched.live(1.0)
    return time.monotonic() - began, len(healthy)


def unvisited(paths: Paths, since: float, ids: list[int]) -> int:
    with Store.open(paths.archive) as store:
        sql = (
            "SELECT count(*) FROM subscriptions WHERE (state <> 'idle' OR coalesce(last_attempt, 0) < ?)"
            " AND id IN (SELECT value FROM json_each(?))"
        )
        return int(store.db.value(sql, (since, json.dumps(ids))))


if __name__ == "__main__":
    sys.exit(main(__doc__, run, count=(60, 10_000), items=(3, 3), window=(1, 1), threads=(0, 0)))
