"""CPU time of ingesting feeds: `penchant sync` against `newsboat -x reload` of the same local server.

    python bench/ingest.py [--feeds 100] [--items 100] [--rounds 1] [--profile FILE]

Cold is the first fetch of everything into an empty archive: parse, clean, join duplicates, index the full text,
embed, count words. Warm is a second one in which nothing has changed. The ranking is no part of either
(`penchant sync --no-rank`; newsboat has none): a third run does it alone, and has its own line. User plus system
time of the process and all its children, from wait4. Targets: cold at most 1.5 x newsboat's, warm at most 1.0 x.
RSS and Atom only, half each: newsboat 2.21 reads no JSON Feed. Exit code 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from made_feeds import make_feeds
from serve_feeds import Site, serving

TARGETS = {"cold": 1.5, "warm": 1.0}
PENCHANT = [sys.executable, "-m", "penchant.app.cli"]


@dataclass(frozen=True)
class Cost:
    """CPU seconds of a finished process and its children, and the wall-clock seconds it took."""

    cpu: float
    wall: float


def run(command: list[str], env: Mapping[str, str], log: Path) -> Cost:
    """Run to the end and return its cost. Exits with the program's last words when it fails."""
    started = time.perf_counter()
    with log.open("wb") as out:
        # Popen.wait would reap the child without its usage; nothing else waits for it.
        child = subprocess.Popen(command, env=dict(env), stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(
            f"{' '.join(command)} failed ({child.returncode}):\n{log.read_text(errors='replace')[-3000:]}"
        )
    return Cost(usage.ru_utime + usage.ru_stime, time.perf_counter() - started)


def environment(home: Path) -> dict[str, str]:
    """A clean environment whose every home is `home`."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "VIRTUAL_ENV", "TERM") if name in os.environ}
    return {
        **kept,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PENCHANT_HOME": str(home / "penchant"),
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }


def penchant(site: Site, home: Path, profile: str = "") -> dict[str, Cost]:
    """Cold and warm cost of `penchant sync`; subscribing beforehand is not counted."""
    env = environment(home)
    opml = home / "feeds.opml"
    opml.write_bytes(site.opml)
    run([*PENCHANT, "import", "opml", str(opml)], env, home / "import.log")
    sync = [*PENCHANT, "sync", "--quiet"]
    fetch = [*sync, "--no-rank"]
    profiled = [sys.executable, "-m", "cProfile", "-o", profile, "-m", "penchant.app.cli", *fetch[3:]]
    costs = {"cold": run(profiled if profile else fetch, env, home / "cold.log")}
    costs["warm"] = run(fetch, env, home / "warm.log")
    # Nothing is new to it but the ranking that was left out: its cost beyond the warm visit's.
    ranked = run(sync, env, home / "rank.log")
    costs["rank"] = Cost(ranked.cpu - costs["warm"].cpu, ranked.wall - costs["warm"].wall)
    return costs


def newsboat(site: Site, home: Path) -> dict[str, Cost]:
    """Cold and warm cost of `newsboat -x reload` with a home of its own."""
    env = environment(home)
    (home / "urls").write_text("\n".join(site.addresses) + "\n")
    (home / "config").write_text("")  # its defaults
    command = [
        "newsboat",
        "-q",
        "-u",
        str(home / "urls"),
        "-c",
        str(home / "cache.db"),
        "-C",
        str(home / "config"),
    ]
    reload = [*command, "-x", "reload"]
    costs = {"cold": run(reload, env, home / "cold.log")}
    # It stores validators only from the second visit on: not counted, so that its warm visit gets its 304s.
    run(reload, env, home / "second.log")
    costs["warm"] = run(reload, env, home / "warm.log")
    with sqlite3.connect(home / "cache.db") as db:
        (stored,) = db.execute("SELECT count(*) FROM rss_item").fetchone()
    expected = sum(feed.body.count(b"<item>") + feed.body.count(b"<entry>") for feed in site.feeds)
    if stored != expected:
        raise SystemExit(f"newsboat stored {stored} items of {expected}: the comparison would not be fair")
    return costs


def main() -> int:
    parser = argparse.ArgumentParser(description="CPU time of ingest, penchant against newsboat.")
    parser.add_argument("--feeds", type=int, default=100)
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=1, help="repeat and take the medians")
    parser.add_argument("--profile", default="", help="write a cProfile of the cold sync's main process here")
    args = parser.parse_args()
    feeds = make_feeds(args.feeds, args.items, formats=("rss", "atom"))
    size = sum(len(feed.body) for feed in feeds)
    print(
        f"{args.feeds} feeds, {args.feeds * args.items} items, {size / 1e6:.1f} MB, from a server on loopback"
    )
    ours: list[dict[str, Cost]] = []
    theirs: list[dict[str, Cost]] = []
    for _ in range(args.rounds):
        with serving(feeds) as site, tempfile.TemporaryDirectory(prefix="ingest-") as folder:
            ours.append(penchant(site, _made(Path(folder) / "penchant"), args.profile))
            if shutil.which("newsboat"):
                theirs.append(newsboat(site, _made(Path(folder) / "newsboat")))
            answers = ", ".join(f"{count} x {status}" for status, count in sorted(site.answers.items()))
    print(f"the server answered {answers}")
    return report(ours, theirs)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def report(ours: list[dict[str, Cost]], theirs: list[dict[str, Cost]]) -> int:
    """Print the medians and their ratios; 1 when a ratio is over its target."""
    missed = False
    for phase, target in TARGETS.items():
        mine = statistics.median(costs[phase].cpu for costs in ours)
        wall = statistics.median(costs[phase].wall for costs in ours)
        line = f"{phase}: penchant {mine:6.2f} CPU s ({wall:.1f} s)"
        if theirs:
            other = statistics.median(costs[phase].cpu for costs in theirs)
            ratio = mine / other
            over = ratio > target
            missed |= over
            line += f"   newsboat {other:6.2f} CPU s   ratio {_red(f'{ratio:.2f}', over)} (target {target})"
        print(line)
    rank = statistics.median(costs["rank"].cpu for costs in ours)
    print(f"first ranking of it all (not in the above): penchant {rank:6.2f} CPU s")
    if not theirs:
        print("newsboat is not installed here: no comparison (apt install newsboat)")
    return int(missed)


def _red(text: str, over: bool) -> str:
    return f"\x1b[31m{text}\x1b[0m" if over and sys.stdout.isatty() else text


if __name__ == "__main__":
    sys.exit(main())
