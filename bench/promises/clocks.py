"""Promise 9: the clock jumps by an hour, a day and ten years, both ways, while a real window and its worker run.

    python bench/promises/clocks.py [--short] [--sources 20]

Under libfaketime (`apt-get install faketime`, Linux only); the steady clock goes on. Sources on loopback bring items of
today, of 1970, of 2090 and without a date; one asks for patience. Broken where a jump makes a source be asked more
than once, where putting the clock right asks anybody or silences anybody, or where an item stays on top.
The short form begins ten years ahead and puts the clock right.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from email.utils import formatdate
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
sys.path.insert(0, str(HERE.parents[1]))

from common import Result, main  # noqa: E402
from tui import Terminal  # noqa: E402

from penchant.adapters.contract_server import Answer, Server  # noqa: E402
from penchant.app.paths import Paths  # noqa: E402
from penchant.app.rhythm import GRACE  # noqa: E402
from penchant.app.store import Store  # noqa: E402
from penchant.app.types import View  # noqa: E402

LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
HOUR, DAY, DECADE = 3600.0, 86_400.0, 3652 * 86_400.0
JUMPS = (
    ("an hour ahead", HOUR), ("back", 0.0), ("a day back", -DAY), ("ahead again", 0.0), ("a day ahead", DAY),
    ("back", 0.0), ("ten years ahead", DECADE), ("back", 0.0), ("ten years back", -DECADE), ("ahead again", 0.0),
)  # fmt: skip
#: The worker looks for due sources so many seconds after a jump at the latest, and they are asked within SETTLE.
SETTLE = 8.0
LONGEST = 86_400.0 * 1.1
PENCHANT = [sys.executable, "-m", "penchant.app.cli"]


def feed(name: str, dates: list[str]) -> str:
    rows = "".join(
        f"<item><guid>{name}-{n}</guid><title>{name} {n}</title><description>{name} says {n} of {hash((name, n))}"
        f"</description>{f'<pubDate>{date}</pubDate>' if date else ''}</item>"
        for n, date in enumerate(dates)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{name}</title>{rows}</channel></rss>'


def serve(server: Server, sources: int) -> dict[str, str]:
    """Path -> address of sources with dates of every kind."""
    now = time.time()
    dates = {
        "today": [formatdate(now - 3600), formatdate(now - 7200)],
        "old": ["Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 1970 00:10:00 GMT"],
        "late": ["Tue, 19 Jan 2038 04:00:00 GMT", "Sun, 01 Jan 2090 00:00:00 GMT"],
        "bare": ["", ""],
    }
    kinds = list(dates)
    found = {}
    for n in range(sources - 1):
        name = f"{kinds[n % len(kinds)]}{n}"
        found[f"/{name}"] = server.route(f"/{name}", feed(name, dates[kinds[n % len(kinds)]]))
    found["/patience"] = server.route("/patience", Answer(b"", 429, {"Retry-After": "7200"}))
    return found


class Clock:
    """The clock of the program under test, as far from the true one as wished."""

    def __init__(self, file: Path) -> None:
        self.file, self.off = file, 0.0
        self.set(0.0)

    def set(self, off: float) -> None:
        self.off = off
        whole = self.file.with_suffix(".new")
        whole.write_text(f"{off:+.0f}\n")
        whole.replace(self.file)

    def env(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(LIBRARY), "FAKETIME_TIMESTAMP_FILE": str(self.file), "FAKETIME_CACHE_DURATION": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1", "TZ": "Europe/Berlin"}  # fmt: skip

    def now(self) -> float:
        return time.time() + self.off


def wrong(paths: Paths, clock: Clock) -> str:
    """Everybody has a plan within reach, nothing has come later than now, what is new stands on top ("")."""
    now = clock.now() + 5.0
    with Store.open(paths.archive) as store:
        sources = [s for s in store.subscriptions.all(counted=False) if not s.paused]
        if far := [(s.title, round(s.next_due - now)) for s in sources if s.next_due > now + LONGEST]:
            return f"silenced: {far[:3]}"
        if late := store.db.value("SELECT count(*) FROM items WHERE sort_at > ?1 OR first_seen > ?1", (now,)):
            return f"{late} items came later than now"
        top = store.items.cards(store.items.ids(View.NEWEST, limit=1))[0]
        return f"{top.title} stands on top" if top.title.startswith("old") else ""


def requests(server: Server) -> Counter[str]:
    return Counter(request.path for request in list(server.requests))


def wait_for(condition: Any, seconds: float, read: Any) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        read(0.2)
    return bool(condition())


def run(options: argparse.Namespace, folder: Path, result: Result) -> None:
    if LIBRARY is None:
        print("skipped: libfaketime is not installed (apt-get install faketime)")
        return
    paths = Paths.under(folder / "home").ensure()
    server = Server()
    server.start()
    addresses = serve(server, options.sources)
    with Store.open(paths.archive) as store:
        for address in addresses.values():
            store.subscriptions.add("rss", address, settings={"address": address})
    clock = Clock(folder / "clock")
    env = {**clock.env(), "PENCHANT_HOME": str(folder / "home"), "TERM": "xterm-256color",
           "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}  # fmt: skip
    if options.short:
        clock.set(DECADE)
        worker = subprocess.Popen([*PENCHANT, "worker"], env={**os.environ, **env}, stdout=subprocess.DEVNULL)
        read: Any = time.sleep
    else:
        terminal = Terminal(PENCHANT, env)
        read = terminal.read
    try:
        there = wait_for(lambda: set(requests(server)) == set(addresses), 60.0, read)
        result.check(there, "not every source was asked")
        read(3.0)
        if options.short:
            with Store.open(paths.archive) as store:
                ahead = max(s.last_attempt or 0.0 for s in store.subscriptions.all())
            result.check(ahead > time.time() + DECADE / 2, "the clock was not faked")
            jump(("ten years back", 0.0), clock, server, paths, result, read, 4.0)
        else:
            for step in JUMPS:
                jump(step, clock, server, paths, result, read, GRACE + SETTLE)
                terminal.send("j")
                answered = terminal.read(3.0, lambda seen: bool(seen))
                result.check(answered, f"{step[0]}: the window does not answer")
        most = requests(server).most_common(1)[0]
        result.figure(f"{len(addresses)} sources, asked at most {most[1]} times: {most[0]}")
    finally:
        if options.short:
            worker.terminate()
            worker.wait(20)
        else:
            terminal.end("q", 15.0)
        server.stop()


def jump(
    step: tuple[str, float], clock: Clock, server: Server, paths: Paths, result: Result, read: Any, seconds: float
) -> None:
    name, off = step
    before, ahead = requests(server), off > clock.off
    clock.set(off)
    if ahead:  # on a busy machine sources may still be on their way when the clock jumps again
        wait_for(lambda: len(requests(server) - before) >= len(set(before)) - 1, 60.0, read)
    read(seconds)
    asked = dict(requests(server) - before)
    most = max(asked.values(), default=0)
    result.figure(f"{name:16} asked {len(asked):3} sources, each at most {most} times")
    result.check(most <= (1 if ahead else 0), f"{name}: asked {most} times: {list(asked)[:3]}")
    wait_for(lambda: not wrong(paths, clock), 60.0, read)  # of a busy machine, which notices late
    fault = wrong(paths, clock)
    result.check(not fault, f"{name}: {fault}")


if __name__ == "__main__":
    sys.exit(main(__doc__, run, sources=(9, 20)))
