"""Servers made to harm: every visit is bounded and named, nothing private is reached, tokens stay with their host.

    python bench/promises/network.py [--short]

`penchant sync` visits bombs, drips, endless bodies, floods of headers, loops, chains to other schemes and to private
addresses, and servers whose certificates are wrong; a trap on loopback counts who comes to it. Then names that change
their address between two questions, with every connection written down. Then canary tokens: servers that hold one
send the reader elsewhere, and it is looked for there and in every file and every byte printed.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import os
import resource
import socket
import subprocess
import sys
import time
import zlib
from pathlib import Path
from typing import Any

from canaries import canaries
from canary_serve import serving
from common import Result, main
from network_tls import tls_servers

from penchant.adapters import http_guard
from penchant.adapters.base import SourceError
from penchant.adapters.contract_server import Answer, Server, running
from penchant.adapters.http import Client
from penchant.adapters.http_guard import is_public
from penchant.app.paths import Paths
from penchant.app.store import Store

SECONDS, MEGABYTES = 10.0, 64.0


def bad_ways(server: Server, trap: int) -> dict[str, str]:
    """Name -> address of everything bad that one server can do."""
    zeros = gzip.compress(b"<rss>" + b"\0" * (200 << 20), 9)
    deflated = zlib.compress(b" " * (200 << 20), 9)
    packed, many = {"Content-Encoding": "gzip"}, b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(100_000))
    found = {
        "gzip bomb": server.route("/bomb", zeros, headers=packed),
        "gzip bomb in gzip": server.route("/nested", gzip.compress(zeros), headers=packed),
        "deflate bomb": server.route("/deflate", deflated, headers={"Content-Encoding": "deflate"}),
        "drip": server.route("/drip", b"<rss>" * 1000, drip=0.5),
        "hang": server.route("/hang", hang=True),
        "endless": server.route("/endless", b"<item>" * 10_000, endless=True),
        "many headers": server.route("/many", Answer(raw=b"HTTP/1.1 200 OK\r\n" + many + b"\r\n<rss/>")),
        "one long header": server.route("/long", Answer(raw=b"HTTP/1.1 200 OK\r\nX: " + b"x" * (20 << 20))),
        "loop": server.route("/loop", status=302, headers={"Location": "/loop"}),
        "endless chain": server.route("/chain", lambda r: Answer(status=302, headers={"Location": r.target + "x"})),
        "no status": server.route("/none", Answer(raw=b"\x00" * 4000)),
    }
    targets = (
        "file:///etc/passwd", "gopher://127.0.0.1:{}/x", "ftp://127.0.0.1:{}/", "data:text/xml,<rss/>", "javascript:1",
        "http://127.0.0.1:{}/", "http://localhost:{}/", "http://[::1]:{}/", "http://[::ffff:127.0.0.1]:{}/", "http://0.0.0.0:{}/",
        "http://2130706433:{}/", "http://0x7f000001:{}/", "http://127.1:{}/", "http://10.0.0.1:{}/", "http://192.168.0.1:{}/",
        "http://169.254.169.254/latest/meta-data", "http://[fe80::1]:{}/", "http://[::ffff:7f00:1]:{}/", "http://[64:ff9b::7f00:1]:{}/",
        "http://[2002:7f00:1::]:{}/", "http://user:pass@127.0.0.1:{}/", "//127.0.0.1:{}/", "http://127.0.0.1:{}\\@example.org/",
        "unix:///var/run/docker.sock", "http://\u2460\u2461\u2466.0.0.1:{}/", "http://100.64.0.1:{}/",
    )  # fmt: skip
    for n, target in enumerate(target.format(trap) for target in targets):
        location = target.encode().decode("latin-1")
        found[f"to {target[:40]}"] = server.route(f"/to{n}", status=302, headers={"Location": location})
    return found


def sync(home: Path, *script: str) -> tuple[bytes, float]:
    """(everything it printed, seconds) of one `penchant sync`."""
    env = {**os.environ, "PENCHANT_HOME": str(home), "PENCHANT_SECRETS_DIR": str(home / "secrets")}
    env["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"
    began = time.monotonic()
    command = [sys.executable, *(script or ("-m", "penchant.app.cli")), "sync", "--no-rank"]
    done = subprocess.run(command, env=env, capture_output=True, timeout=600)
    return done.stdout + done.stderr, time.monotonic() - began


def visits(folder: Path, result: Result, *, short: bool) -> None:
    """Everything bad, visited at once; what is remembered of each."""
    home = folder / "bad"
    paths = Paths.under(home).ensure()
    with running() as server, running() as trap, tls_servers(folder) as secure:
        ways = bad_ways(server, trap.port) | secure
        with Store.open(paths.archive) as store:
            for name, address in ways.items():
                store.subscriptions.add("rss", address, name, {"address": address})
        said, seconds = sync(home)
        result.check(not trap.requests, f"the trap was visited: {[r.target for r in trap.requests][:5]}")
    with Store.open(paths.archive) as store:
        rows = {sub.title: sub for sub in store.subscriptions.all()}
    for name in ways:
        found = rows.get(name)
        result.check(found and found.error and found.hint, f"{name}: nothing is said of it")
    result.check(b"Traceback" not in said, f"sync: {said[-300:]!r}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    result.figure(
        f"{len(ways)} bad servers visited at once in {seconds:.0f} s, each named; at most {peak:.0f} MB in all"
    )


async def rebinding(result: Result, rounds: int) -> None:
    """Names whose address changes with every question, some of several addresses; each connection is judged."""
    tried: list[str] = []
    turn = 0
    pairs = [("93.184.216.34", "127.0.0.1"), ("127.0.0.1", "93.184.216.34"), ("93.184.216.34", "169.254.169.254"),
             ("2606:2800:220:1::1", "::1"), ("93.184.216.34", "::ffff:10.0.0.1"), ("0.0.0.0", "10.0.0.1")]  # fmt: skip

    def answers(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        nonlocal turn
        turn += 1
        pair = pairs[int(host.partition(".")[0]) % len(pairs)]
        shown = pair if turn % 3 == 0 else (pair[turn % 2],)
        return [(2, 1, 6, "", (address, port)) for address in shown]

    async def connect(self: Any, host: str, *_: Any, **__: Any) -> Any:
        tried.append(host)
        raise http_guard.httpcore.ConnectError("refused")

    socket.getaddrinfo = answers  # type: ignore[assignment]
    http_guard.httpcore.AnyIOBackend.connect_tcp = connect  # type: ignore[method-assign]
    async with Client() as client:
        for n in range(rounds):
            try:
                await client.get(f"http://{n}.rebind.example/")
            except SourceError:
                continue
            result.check(False, f"rebinding {n} was answered")
    private = [address for address in tried if not is_public(address)]
    result.check(tried, "no connection was tried: the test tests nothing")
    result.check(not private, f"connections to {private[:5]}")
    result.figure(f"{rounds} visits of rebinding names: {len(tried)} connections, {len(private)} to private addresses")


def run(options: argparse.Namespace, folder: Path, result: Result) -> None:
    canaries(folder, result)
    serving(folder, result)
    visits(folder, result, short=options.short)
    asyncio.run(rebinding(result, options.rebindings))


if __name__ == "__main__":
    sys.exit(main(__doc__ or "", run, rebindings=(60, 2000)))
