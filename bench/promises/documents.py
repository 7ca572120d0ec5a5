"""Mutated documents in the parsers' child: nothing crashes, each stays within its bounds.

    python bench/promises/documents.py [--short] [--count 10000] [--seed N]

Real feeds (PENCHANT_SHARED) and XML attacks, or where they are absent the feeds that `made_feeds` writes, mutated by
`mutations`, go through the very child that the worker uses. CPU seconds and peak memory are the child's own, as Linux
counts them. What the parser may say is "here are items" or "this is no feed", nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections import Counter
from pathlib import Path

from common import Result, main
from mutations import mutate

from penchant.adapters.base import SourceError
from penchant.adapters.rss_parse import parse_feed
from penchant.app.parse_runner import Broke, ParseLimits, ParseRunner

SECONDS, MEGABYTES = 2.0, 64.0
_ENTRY = (
    b"<item><title>Number %d &amp; more</title><link>https://a.example/%d</link>"
    b"<pubDate>Thu, 01 Jan 2004 19:48:21 GMT</pubDate>"
    b"<description>&lt;p&gt;Text &lt;a href='/x'&gt;a link&lt;/a&gt;&lt;img src='/p.png'&gt;</description></item>"
)
_MADE = b"<rss version='2.0'><channel><title>Made</title>%s</channel></rss>" % b"".join(
    _ENTRY % (n, n) for n in range(30)
)


def corpus() -> list[bytes]:
    """Documents to mutate."""
    shared = os.environ.get("PENCHANT_SHARED", Path(__file__).resolve().parents[3] / "shared")
    folders = [Path(shared) / "recordings" / name for name in ("rss", "xml-attacks", "arxiv", "lobsters", "reddit")]
    names = {".xml", ".rss", ".atom", ".json", ".html", ".opml"}
    files = sorted(path for folder in folders for path in folder.rglob("*") if path.suffix in names)
    return [path.read_bytes()[: 1 << 20] for path in files] or [_MADE]


def peak(pid: int) -> float:
    """The child's largest size since the last look (MB); 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0


def size_of(pid: int) -> float:
    """What the child takes now (MB)."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)
    except OSError:
        return 0.0


def cpu(pid: int) -> float:
    """Its CPU seconds so far."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except OSError:
        return 0.0


async def judge(count: int, seed: int, result: Result) -> None:
    documents = corpus()
    ends: Counter[str] = Counter()
    worst_cpu, worst_memory, kept = 0.0, 0.0, Path(os.environ.get("PENCHANT_KEEP", ""))
    async with ParseRunner(ParseLimits(wall_seconds=60.0)) as parse:
        await parse(parse_feed, _MADE, "https://a.example/", "", "k", time.time())
        assert parse._child is not None
        pid = parse._child.pid
        first = size_of(pid)
        for n in range(count):
            made = mutate(documents[n % len(documents)], documents[n * 7 % len(documents)], seed * 1_000_003 + n)
            before, rest, fault = cpu(pid), size_of(pid), ""
            peak(pid)
            try:
                parsed = await parse(parse_feed, made, "https://a.example/feed", "", "k", time.time())
                ends["items" if parsed.items else "an empty feed"] += 1
            except Broke as error:
                fault = str(error)
                ends["broke"] += 1
            except SourceError:
                ends["no feed"] += 1
            used, size = cpu(pid) - before, peak(pid) - rest
            worst_cpu, worst_memory = max(worst_cpu, used), max(worst_memory, size)
            if used > SECONDS or size > MEGABYTES:
                fault = fault or f"{used:.1f} CPU seconds, {size:.0f} MB"
            if fault:
                result.check(False, f"document {n} ({len(made):,} bytes): {fault}")
                if kept.name:
                    (kept / f"{n}.bin").write_bytes(made)
            if parse._child is None or parse._child.pid != pid:  # a new child
                await parse(parse_feed, _MADE, "https://a.example/", "", "k", time.time())
                pid = parse._child.pid
            if n % 2000 == 1999:
                print(f"  {n + 1:,}", flush=True)
        kept_size = size_of(pid) - first
        result.check(not parse.restarts, f"the child ended {parse.restarts} times")
    told = ", ".join(f"{number:,} {name}" for name, number in ends.most_common())
    result.figure(
        f"{count:,} documents of {len(documents)}: {told}; at most {worst_cpu:.2f} CPU seconds, "
        f"{worst_memory:.0f} MB; the child keeps {kept_size:.0f} MB in the end"
    )


def run(options: argparse.Namespace, folder: Path, result: Result) -> None:
    asyncio.run(judge(options.count, options.seed, result))


if __name__ == "__main__":
    sys.exit(main(__doc__ or "", run, count=(150, 10_000)))
