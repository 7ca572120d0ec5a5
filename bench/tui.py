"""The screen's costs beside an empty Textual app and newsboat, in one run on one machine.

    python bench/tui.py [--items 100000] [--rounds 5] [--keys 150]

CPU seconds (user and system, all threads), not wall time: the machine may be
busy. Exits with 1 when a ratio is over its limit.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import select
import shutil
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable
from pathlib import Path

CHILD = Path(__file__).with_name("tui_child.py")
#: name -> (limit, aim)
LIMITS = {"first paint": (1.5, 1.3), "key": (2.0, 2.0), "memory MiB": (120.0, 100.0)}


class Terminal:
    """A child in a pty of 80 by 24."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        self.pid, self.fd = os.forkpty()
        if self.pid == 0:
            fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            # As installed: with compiled modules, which a development shell may forbid.
            os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
            os.environ.update(env)
            os.execvp(command[0], command)

    def read(self, seconds: float, until: Callable[[bytes], bool] = lambda _: False) -> bytes:
        """What it writes within some seconds, or until a condition on all of it holds."""
        seen = b""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            ready, _, _ = select.select([self.fd], [], [], max(0.0, min(0.05, end - time.monotonic())))
            if ready:
                try:
                    chunk = os.read(self.fd, 65536)
                except OSError:
                    break
                if not chunk:
                    break
                seen += chunk
            if until(seen):
                break
        return seen

    def send(self, keys: str) -> None:
        os.write(self.fd, keys.encode())

    def cpu(self) -> float:
        """CPU seconds of all its threads so far, also of those that ended (in ticks of 10 ms)."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def screen_cpu(self) -> float:
        """CPU seconds of the thread that reads keys' meaning and paints, by the scheduler's own count."""
        return int(Path(f"/proc/{self.pid}/task/{self.pid}/schedstat").read_text().split()[0]) / 1e9

    def memory(self) -> float:
        """Resident MiB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def end(self, keys: str = "q", seconds: float = 10.0) -> float:
        """Quit, by force if need be; returns the CPU seconds of the whole life."""
        with contextlib.suppress(OSError):
            self.send(keys)
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            pid, _, usage = os.wait4(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return usage.ru_utime + usage.ru_stime
            self.read(0.05)
        os.kill(self.pid, signal.SIGKILL)
        _, _, usage = os.wait4(self.pid, 0)
        os.close(self.fd)
        return usage.ru_utime + usage.ru_stime


def archive(home: Path, count: int) -> None:
    """Fill an archive, once: kept for the next run."""
    if (home / "ready").exists():
        return
    shutil.rmtree(home, ignore_errors=True)
    from penchant.adapters.base import Author, Item, Page
    from penchant.app.paths import Paths
    from penchant.app.store import Store

    paths = Paths.under(home).ensure()
    now = time.time()
    with Store.open(paths.archive, role="worker") as store:
        number = store.subscriptions.add("rss", "https://example.org/feed", "Example", {"address": "x"})
        for start in range(0, count, 2000):
            items = tuple(
                Item(
                    f"item-{n}",
                    f"https://example.org/{n}",
                    f"Item number {n}: something happened in town {n % 977} on day {n // 977}",
                    f"Text {n} w{n * 7919 % 99991} w{n * 104729 % 99991} " * 8,
                    Author(f"author:{n % 499}", f"Author {n % 499}"),
                    now - 30.0 * n,
                    points=n % 500,
                    comments=n % 90,
                )
                for n in range(start, min(start + 2000, count))
            )
            store.items.put_page(number, Page(items, {}), now)
            print(f"\rbuilding the archive: {start + len(items):,} of {count:,}", end="", file=sys.stderr)
        store.subscriptions.succeeded(number, next_due=now + 1e9, interval=86400.0)
        ids = store.items.ids("newest", limit=count)
        store.scores.publish(
            [(i, (i % 100) / 50 - 1, (i % 100) / 100, "[]") for i in ids],
            sorted(ids, key=lambda i: -(i % 100)),
            1,
        )
    print(file=sys.stderr)
    # No worker: the measurement is of the screen alone.
    paths.config_file.write_text("[worker]\nenabled = false\n")
    (home / "ready").touch()


def newsboat(folder: Path, count: int, feeds: int) -> tuple[float, float] | None:
    """CPU seconds of newsboat with a warm cache until its list of feeds, and until a feed's items, are painted."""
    if shutil.which("newsboat") is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    urls, cache = folder / "urls", folder / "cache.db"
    base = ["newsboat", "-u", str(urls), "-c", str(cache), "-C", "/dev/null"]
    if not cache.exists():
        for feed in range(feeds):
            items = "".join(
                f"<item><title>Headline {n}</title><guid>g{n}</guid><link>https://example.org/{n}</link>"
                f"<description>{'Text of it. ' * 100}</description></item>"
                for n in range(feed, count, feeds)
            )
            (folder / f"{feed}.xml").write_text(
                f"<rss version='2.0'><channel><title>Feed {feed}</title>{items}</channel></rss>"
            )
        urls.write_text("".join(f"file://{folder / f'{feed}.xml'}\n" for feed in range(feeds)))
        Terminal([*base, "-x", "reload"], {}).end("", 120.0)
    terminal = Terminal(base, {"TERM": "xterm-256color"})
    terminal.read(20.0, lambda seen: b"Feed 1" in seen)
    terminal.read(0.3)
    listed = terminal.cpu()
    terminal.send("\r")
    if b"Headline" not in terminal.read(20.0, lambda seen: b"Headline" in seen):
        raise RuntimeError("newsboat showed no items")
    terminal.read(0.3)
    opened = terminal.cpu()
    terminal.end("qq")
    return listed, opened


def paint(kind: str, env: dict[str, str], note: Path) -> float:
    note.unlink(missing_ok=True)
    terminal = Terminal([sys.executable, str(CHILD), kind, "paint"], env)
    terminal.read(30.0, lambda _: note.exists() and note.read_text() != "")
    terminal.end()
    return float(note.read_text())


def keys(kind: str, env: dict[str, str], note: Path, count: int) -> tuple[float, float, list[float]]:
    """CPU seconds a key, resident MiB, and milliseconds from key to first byte of the changed screen."""
    note.unlink(missing_ok=True)
    terminal = Terminal([sys.executable, str(CHILD), kind, "stay"], env)
    terminal.read(30.0, lambda _: note.exists() and note.read_text() != "")
    # The ranking loads behind the first paint: wait until it rests.
    idle = 1.0
    for _ in range(30):
        used = terminal.cpu()
        terminal.read(2.0)
        idle = (terminal.cpu() - used) / 2.0
        if idle < 0.04:
            break
    before, began, waits = terminal.cpu(), time.monotonic(), []
    for _ in range(count):
        pressed = time.monotonic()
        terminal.send("j")
        if terminal.read(0.05, lambda seen: len(seen) > 0):
            waits.append((time.monotonic() - pressed) * 1000)
        terminal.read(max(0.0, pressed + 0.05 - time.monotonic()))
    terminal.read(1.0)
    used = terminal.cpu() - before - idle * (time.monotonic() - began)
    memory = terminal.memory()
    terminal.end()
    return used / count, memory, waits


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keys", type=int, default=150)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "penchant-bench-tui")
    options = parser.parse_args()
    home = options.folder / f"home-{options.items}"
    archive(home, options.items)
    note = options.folder / "note"
    env = {
        "PENCHANT_HOME": str(home),
        "PENCHANT_BENCH": str(note),
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
    }
    # Once unmeasured, for the page cache and the compiled modules; then in turns, so that a busy moment hits both.
    paint("empty", env, note), paint("penchant", env, note)
    rounds = [(paint("empty", env, note), paint("penchant", env, note)) for _ in range(options.rounds)]
    floor, ours = (statistics.median(times) for times in zip(*rounds, strict=True))
    print(f"first paint      empty {floor:.3f} s   penchant {ours:.3f} s with {options.items:,} items")
    boat = newsboat(options.folder / "newsboat-100", 10_000, 100)
    if boat is not None:
        print(f"                 newsboat {boat[0]:.2f} s to its 100 feeds (10,000 items), {boat[1]:.2f} s to a list")
    key_floor, _, _ = keys("empty", env, note, options.keys)
    key_ours, memory, waits = keys("penchant", env, note, options.keys)
    print(f"key              empty {key_floor * 1e3:.2f} ms   penchant {key_ours * 1e3:.2f} ms (j)")
    waits.sort()
    p95 = waits[int(len(waits) * 0.95)] if waits else 0.0
    print(f"key to screen    p50 {statistics.median(waits):.1f} ms   p95 {p95:.1f} ms (wall time)")
    figures = {"first paint": ours / floor, "key": key_ours / key_floor, "memory MiB": memory}
    bad = False
    for name, value in figures.items():
        limit, aim = LIMITS[name]
        verdict = "over the limit" if value > limit else "ok" if value <= aim else "ok, above the aim"
        bad = bad or value > limit
        print(f"{name:16} {value:6.2f}   limit {limit:g}, aim {aim:g}: {verdict}")
    return int(bad)


if __name__ == "__main__":
    sys.exit(main())
