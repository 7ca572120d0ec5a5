"""What a request costs the processor: small ones to hosts of their own, and bodies that never end.

    python bench/requests_cpu.py [--requests 600] [--endless 8]

CPU seconds of this process alone (user and system), not wall time: the machine may be busy. The servers are those of
promise 5 (bench/promises/farm.py), in a process of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
from collections import Counter
from itertools import count, islice
from pathlib import Path

PROMISES = Path(__file__).resolve().with_name("promises")
sys.path.insert(0, str(PROMISES))

from farm import address, way  # noqa: E402

from penchant.adapters.base import SourceError  # noqa: E402
from penchant.adapters.http import Client  # noqa: E402

AT_ONCE = 16


async def measure(client: Client, port: int, wanted: str, many: int) -> tuple[float, Counter[str]]:
    """(CPU milliseconds of one request, how many ended how) of sources of one way."""
    numbers = list(islice((n for n in count() if way(n) == wanted), many))
    ends: Counter[str] = Counter()

    async def get(number: int) -> None:
        try:
            ends[f"status {(await client.get(address(number, port, 1), typed=True)).status}"] += 1
        except SourceError as error:
            ends[type(error).__name__] += 1

    began = time.process_time()
    for first in range(0, many, AT_ONCE):
        await asyncio.gather(*map(get, numbers[first : first + AT_ONCE]))
    return (time.process_time() - began) * 1000 / many, ends


async def main(options: argparse.Namespace, port: int) -> None:
    async with Client() as client:
        await measure(client, port, "", 20)
        for name, wanted, many in (("small", "", options.requests), ("endless", "endless", options.endless)):
            cost, ends = await measure(client, port, wanted, many)
            print(f"{name:8} {cost:7.2f} ms of CPU time a request ({dict(ends)})")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--requests", type=int, default=600)
    parser.add_argument("--endless", type=int, default=8)
    given = parser.parse_args()
    farm = [sys.executable, str(PROMISES / "farm.py"), "3", "1", "/dev/null"]
    with subprocess.Popen(farm, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as servers:
        assert servers.stdin is not None and servers.stdout is not None
        try:
            asyncio.run(main(given, int(servers.stdout.readline().split()[0])))
        finally:
            servers.stdin.close()
