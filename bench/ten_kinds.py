"""200 subscriptions of ten kinds, three in ten of them failing, visited by `penchant sync` against one local server.

    python bench/ten_kinds.py [--count 200] [--items 12]

Every source has a loopback address of its own (127.1.x.y, so Linux only), but those that share a service's allowance:
the healthy ones of arXiv and of Lobsters. The server writes every request down with its moments; judged from that
trace and from `penchant sources --json`: every healthy source is done within the bound although others hang; nobody
asks faster than the service allows; every failure is told in words. Exit code 1 where one does not hold.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import cycle, pairwise
from pathlib import Path

from ten_kinds_site import FAILING, KINDS, Kind, Ways, serving

from penchant.app.store import Store

#: Runs the command with the local server standing for arXiv's own, whose pace is kept for its own address only.
RUN = """
import functools, sys
from penchant.adapters import arxiv, http
arxiv.API = sys.argv.pop(1)
http.Client = functools.partial(http.Client, allow_private=True)
from penchant.app import cli
sys.exit(cli.main(sys.argv[1:]))
"""
#: Seconds in which a healthy source is done, whatever the others do; the paced ones get their pauses on top.
BOUND = 90.0
RETRY_AFTER = 5400
Row = tuple[str, str, bool]


def subscribe(archive: Path, ways: Ways, count: int, items: int) -> dict[int, tuple[Kind, str]]:
    """`count` subscriptions in a new archive: their kind, and how each fails ("" for those that do not)."""
    made: dict[int, tuple[Kind, str]] = {}
    modes = cycle(FAILING)
    archive.parent.mkdir(parents=True, exist_ok=True)
    with Store.open(archive) as store:
        for n in range(count):
            kind = KINDS[n % len(KINDS)]
            bad = next(modes) if (n + n // len(KINDS)) * 3 % 10 < 3 else ""  # three in ten, of every kind in turn
            settings = ways.settings(n, kind, bad, items)
            address = f"{settings['address']} {n}"
            made[store.subscriptions.add(kind, address, f"{kind} {n} {bad}".strip(), settings)] = (kind, bad)
    return made


def sync(home: Path, api: str) -> tuple[str, float]:
    """(what `penchant sources --json` says after one run, its seconds)."""
    env = {**os.environ, "PENCHANT_HOME": str(home), "PENCHANT_SECRETS_DIR": str(home / "secrets"),
           "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}  # fmt: skip
    started = time.monotonic()
    command = [sys.executable, "-c", RUN, api, "sync", "--no-rank", "--quiet"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=1200)
    took = time.monotonic() - started
    if "Traceback" in done.stderr:
        raise SystemExit(done.stderr[-3000:])
    listed = subprocess.run([sys.executable, "-m", "penchant.app.cli", "sources", "--json"], env=env,
                            capture_output=True, text=True, timeout=60)  # fmt: skip
    return listed.stdout, took


def judge(ways: Ways, made: dict[int, tuple[Kind, str]], listed: str, started: float) -> list[Row]:
    """What must hold, what was measured, and whether it does."""
    facts = {fact["id"]: fact for fact in map(json.loads, listed.splitlines())}
    good = [facts[n] for n, (_, bad) in made.items() if not bad]
    ill = [facts[n] for n, (_, bad) in made.items() if bad]
    free = [fact["last_success"] - started for fact in good if fact["last_success"] and fact["kind"] != "arxiv"]
    paced = [fact["last_success"] - started for fact in good if fact["last_success"] and fact["kind"] == "arxiv"]
    late = BOUND + 3.0 * len(paced)
    asked = [trace for trace in ways.trace if trace.site == "arxiv"]
    gaps = [b.began - a.began for a, b in pairwise(asked)]
    patient = [facts[n] for n, (_, bad) in made.items() if bad == "429"]
    waits = [fact["next_due"] - fact["last_attempt"] for fact in patient]
    repeated = [fact["id"] for fact in patient if fact["failures"] != 1]
    silent = [fact["title"] for fact in ill if not (fact["error"] and fact["hint"])]
    blamed = [fact["title"] for fact in good if fact["error"] or not fact["items"] or not fact["last_success"]]
    polled = [fact["interval"] for fact in good if fact["kind"] == "github"]
    crowd = max(ways.at_once(site) for site in {trace.site for trace in ways.trace} - {"github", "hackernews"})
    return [
        ("healthy sources that succeeded", f"{len(good) - len(blamed)} of {len(good)} {blamed[:4]}", not blamed),
        (f"... each within {BOUND:.0f} s", f"{max(free, default=0):.1f} s", max(free, default=0) <= BOUND),
        (f"... arXiv's within {late:.0f} s", f"{max(paced, default=0):.1f} s", max(paced, default=0) <= late),
        ("failing sources told in words", f"{len(ill) - len(silent)} of {len(ill)} {silent[:4]}", not silent),
        ("arXiv: seconds between requests >= 3", f"{min(gaps, default=0):.2f}", min(gaps, default=0) >= 2.99),
        ("Lobsters: one at a time", str(ways.at_once("lobsters")), ways.at_once("lobsters") == 1),
        ("most at once to one host <= 8", str(crowd), crowd <= 8),
        (f"Retry-After {RETRY_AFTER} s is kept", f"{min(waits, default=0):.0f} s, asked again: {repeated}",
         min(waits, default=0) >= RETRY_AFTER - 1 and not repeated),
        ("GitHub: polled no sooner than X-Poll-Interval", f"{min(polled, default=0):.0f} s",
         min(polled, default=0) >= ways.poll_interval),
    ]  # fmt: skip


def run(count: int, items: int, home: Path, timeout: float = 10.0) -> tuple[list[Row], float, int]:
    """(what held, seconds, requests) of a whole run; `timeout` is that of one answer (seconds)."""
    with serving(RETRY_AFTER) as ways:
        made = subscribe(home / "data" / "archive.db", ways, count, items)
        config = home / "config" / "config.toml"
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(f"[network]\ntimeout = {timeout}\n")
        started = time.time()
        listed, took = sync(home, ways.arxiv)
        return judge(ways, made, listed, started), took, len(ways.trace)


def main() -> int:
    parser = argparse.ArgumentParser(description="Two hundred sources of ten kinds, three in ten failing.")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--items", type=int, default=12, help="of each source")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ten-kinds-") as folder:
        rows, took, requests = run(args.count, args.items, Path(folder))
    print(f"{args.count} subscriptions, {requests:,} requests, {took:.1f} s")
    for name, value, held in rows:
        shown = value if held or not sys.stdout.isatty() else "\x1b[31m" + value + "\x1b[0m"
        print(f"  {name:48} {shown}{'' if held else '   MISSED'}")
    return int(not all(held for _, _, held in rows))


if __name__ == "__main__":
    sys.exit(main())
