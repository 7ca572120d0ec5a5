"""Ten thousand feeds on loopback addresses of their own, three in ten of them failing in twelve ways.

    python bench/promises/farm.py ITEMS SEED TRACE

Prints its port and a closed one, serves until its standard input ends, then leaves in TRACE (JSON) how often each
source was asked, how many requests to one host were under way at most, and when each source was asked.
A process of its own: its work is not the program's.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import socket
import sys
import time
from collections import Counter
from email.utils import formatdate
from pathlib import Path

FAILING = (
    "404", "410", "429", "500", "truncated", "garbage", "silent", "drip", "endless", "tls", "refused", "nameless",
)  # fmt: skip
RETRY_AFTER = 5400
#: One in so many healthy sources lies on one of SHARED hosts, so that many share a host.
CROWDED, SHARED = 20, 5
_PARTS = ["ba", "ko", "li", "mer", "ta", "su", "ro", "ni", "dal", "ve", "sin", "ka", "to", "ling", "mo", "red", "xa"]
_WORDS = [a + b + c for a in _PARTS for b in _PARTS for c in _PARTS]
_FLOOD = b"<item>and one more</item>" * 20_971
_BAD = {status: f"HTTP/1.1 {status} No\r\nContent-Length: 2\r\n\r\nno".encode() for status in ("404", "410", "500")} | {
    "429": f"HTTP/1.1 429 No\r\nRetry-After: {RETRY_AFTER}\r\nContent-Length: 0\r\n\r\n".encode(),
    "truncated": b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n<rss><channel><item>",
    "garbage": b"HTTP/1.1 200 OK\r\nContent-Length: 5120\r\n\r\n" + bytes(range(256)) * 20,
}


def way(number: int) -> str:
    """How a source fails, "" for those that do not: three in ten, each way in turn."""
    return FAILING[(number // 10 * 3 + number % 10) % len(FAILING)] if number % 10 < 3 else ""


def address(number: int, port: int, closed: int) -> str:
    """Where a source is."""
    bad = way(number)
    if bad == "nameless":
        return f"http://nobody-{number}.invalid/feed/{number}"
    if not bad and number % CROWDED == CROWDED - 1:
        return f"http://127.9.0.{number // CROWDED % SHARED + 1}:{port}/feed/{number}"
    host = f"127.{10 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}"
    return f"http{'s' if bad == 'tls' else ''}://{host}:{closed if bad == 'refused' else port}/feed/{number}"


class Farm:
    """The server: the same seed and number make the same items."""

    def __init__(self, items: int, seed: int) -> None:
        self.items, self.seed, self.began = items, seed, time.time()
        self.asked: dict[int, list[float]] = {}
        self.under_way: Counter[str] = Counter()
        self.most: Counter[str] = Counter()

    def body(self, number: int) -> bytes:
        pick = random.Random(f"{self.seed}/{number}")
        rows = []
        for n in range(self.items):
            words = pick.choices(_WORDS, k=90)
            when = formatdate(self.began - pick.uniform(0, 30 * 86400))
            rows.append(
                f"<item><guid>{number}-{n}</guid><title>{' '.join(words[:8])}</title><pubDate>{when}</pubDate>"
                f"<link>http://site{number}.example/{n}</link><description>{' '.join(words[8:])}</description></item>"
            )
        head = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Feed {number}</title>'
        return f"{head}{''.join(rows)}</channel></rss>".encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = writer.get_extra_info("sockname")[0]
        self.under_way[host] += 1
        self.most[host] = max(self.most[host], self.under_way[host])
        try:
            while (head := await reader.readuntil(b"\r\n\r\n")).startswith(b"GET "):
                number = int(head.split(b" ", 2)[1].rpartition(b"/")[2])
                self.asked.setdefault(number, []).append(time.time())
                if not await self._answer(number, head, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass
        finally:
            self.under_way[host] -= 1
            writer.close()

    async def _answer(self, number: int, head: bytes, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        bad = way(number)
        if bad in _BAD:
            writer.write(_BAD[bad])
            return bad != "truncated"
        if bad == "silent":
            await asyncio.sleep(3600)
        if bad in ("drip", "endless"):
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            while True:
                writer.write(b"<rss>" if bad == "drip" else _FLOOD)
                await writer.drain()
                await asyncio.sleep(0.5 if bad == "drip" else 0.0)
        same = f'"{self.seed}"'.encode() in head
        body = b"" if same else self.body(number)
        status = "304 Not Modified" if same else "200 OK"
        writer.write(
            f'HTTP/1.1 {status}\r\nETag: "{self.seed}"\r\nContent-Type: application/rss+xml\r\n'
            f"Content-Length: {len(body)}\r\n\r\n".encode() + body
        )
        await writer.drain()
        return True

    def trace(self) -> dict[str, object]:
        shared = {f"127.9.0.{n + 1}" for n in range(SHARED)}
        return {"asked": self.asked, "most": max((self.most[host] for host in shared), default=0)}


async def main(items: int, seed: int, trace: Path) -> None:
    farm = Farm(items, seed)
    server = await asyncio.start_server(farm.serve, "0.0.0.0", 0, backlog=1000)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        closed = taken.getsockname()[1]
    print(server.sockets[0].getsockname()[1], closed, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    trace.write_text(json.dumps(farm.trace()))
    os._exit(0)  # connections that keep silent are many


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
