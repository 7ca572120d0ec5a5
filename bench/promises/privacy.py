"""Promise 11: no request leaves but to what is followed and its pictures.

    python bench/promises/privacy.py [--short] [--seconds 60]

Runs the whole program (commands, worker, the feed in a terminal) in a network namespace of its own, where every name
resolves and every address is this machine. Each name asked for and each packet that begins something is noted below
the program, so that no library passes unseen. Red where any is not on the list: the resolver, the feed that was added,
the host of its pictures. Needs root, or user namespaces; ends with exit code 3 where neither is allowed.
"""

from __future__ import annotations

import argparse
import fcntl
import importlib.util
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

from common import Result, main
from net_sink import Sink, address_of, enter, picture

FEED, MEDIA = "news.example", "pictures.example"
#: Without models a visit of every command takes seconds.
BARE = '[models]\nsentence = ""\npicture = ""\njudge = ""\ntext_in_pictures = false\n'
COMMANDS = (
    ("add", "sample"), ("add", f"http://{FEED}/feed"), ("sync", "--quiet"), ("list",), ("search", "garden"),
    ("like", "1"), ("why", "1"), ("worker", "--once"), ("privacy",), ("report", "--show"), ("doctor",),
    ("models", "list"), ("digest",), ("sources",), ("config", "check"), ("adapters",),
    ("forget", "--item", "1", "--yes"),
)  # fmt: skip
FEW = (("add", f"http://{FEED}/feed"), ("sync", "--quiet"), ("list",), ("report", "--show"), ("models", "list"))


def run(options: argparse.Namespace, folder: Path, result: Result) -> None:
    """Run all of it, then compare what was asked for with what may be."""
    items = "".join(
        f"<item><guid>{n}</guid><title>Item {n}</title><link>http://{FEED}/{n}</link><description>Garden {n} of the"
        f' text</description><enclosure url="http://{MEDIA}/{n}.png" type="image/png" length="1"/></item>'
        for n in range(8)
    )
    feed = f'<rss version="2.0"><channel><title>News</title><link>http://{FEED}/</link>{items}</channel></rss>'
    shot = picture(folder)
    pages = {(FEED, "/feed"): ("application/rss+xml", feed.encode())}
    pages |= {(MEDIA, f"/{n}.png"): ("image/png", shot) for n in range(8)}
    sink = Sink(pages)
    home = folder / "home"
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text(BARE if options.short else "")
    environment = {
        **os.environ, "PENCHANT_HOME": str(home), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "TERM": "xterm-256color", "COLUMNS": "120",
    }  # fmt: skip
    reading = _ocr(environment)
    for words in FEW if options.short else COMMANDS:
        command = [sys.executable, "-m", "penchant.app.cli", *words]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=540)
        result.check(done.returncode in (0, 1), f"penchant {' '.join(words)}: {done.stderr[-300:]}")
    shown = _screen(environment, options.seconds)
    result.check(shown > 2_000, f"the feed drew only {shown} bytes")
    if reading is not None:
        result.check(reading.wait(120) == 0, "the reader of text in pictures failed")
    time.sleep(0.3)
    _judge(sink, result, options.short)


def _ocr(environment: dict[str, str]) -> subprocess.Popen[bytes] | None:
    """The library that reads text in pictures, for as long as it would take to report something; None without it."""
    if importlib.util.find_spec("rapidocr_onnxruntime") is None:
        return None
    code = "import time; from penchant.app.pictures.ocr import _engine; _engine(); time.sleep(6)"
    return subprocess.Popen([sys.executable, "-c", code], env=environment)


def _screen(environment: dict[str, str], seconds: int) -> int:
    """The feed in a terminal, with a key now and then; the bytes that it drew."""
    pid, terminal = pty.fork()
    if pid == 0:
        command = [sys.executable, "-m", "penchant.app.cli", "--images", "block"]
        os.execvpe(sys.executable, command, environment)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    ends, keys, drawn = time.monotonic() + seconds, iter("jjl\rw\x1bjjs/garden\r\x1b" * 50), 0
    asked = time.monotonic() + 4
    while time.monotonic() < ends:
        if select.select([terminal], [], [], 0.2)[0]:
            try:
                drawn += len(os.read(terminal, 65_536))
            except OSError:
                break
        elif time.monotonic() > asked:
            os.write(terminal, next(keys, "j").encode())
    os.kill(pid, 15)
    ended = time.monotonic() + 20
    while time.monotonic() < ended and os.waitpid(pid, os.WNOHANG)[0] == 0:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                os.read(terminal, 65_536)
            except OSError:
                time.sleep(0.1)
    os.close(terminal)
    return drawn


def _judge(sink: Sink, result: Result, short: bool) -> None:
    allowed = {("udp", "127.0.0.1", 53)} | {("tcp", address_of(name), 80) for name in (FEED, MEDIA)}
    named = {address_of(name): name for name in sink.names}
    for protocol, address, port in sorted(sink.begun):
        name = named.get(address, "the resolver" if port == 53 else "")
        count = sum(each.startswith(name) for each in sink.requests)
        print(f"  {protocol} {address}:{port}  {name}  {count or ''}")
        result.check((protocol, address, port) in allowed, f"{protocol} to {address}:{port} {name}")
    for name in sorted(sink.names - {FEED, MEDIA}):
        result.check(False, f"the name {name} was asked for")
    result.check(("tcp", address_of(FEED), 80) in sink.begun, "the feed was never asked")
    result.check(any(each.startswith(MEDIA) for each in sink.requests), "no picture was asked for")
    result.figure(
        f"{len(sink.requests)} requests to {len(sink.begun)} places, {len(sink.names)} names asked for"
        f"{' (without models)' if short else ''}"
    )


if __name__ == "__main__":
    enter()
    sys.exit(main(__doc__, run, seconds=(9, 60)))
