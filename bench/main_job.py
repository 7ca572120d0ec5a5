"""The main job on real input: recorded feeds and a timeline, twenty keypresses, a changed order that lasts.

    python bench/main_job.py [--show]

A new home directory; feeds and a Mastodon server served from the recordings over HTTP on loopback; sign-in,
reading, liking and skipping in a real terminal (tmux). Exits 1 when the keypresses did not visibly change the
order or a restart lost it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from serve_recordings import make_server
from terminal import Terminal

FEEDS = ["TechCrunch.xml", "AmazonWebServicesBlog.xml", "TenderLovemaking.xml", "SamRuby.xml"]
FEEDS += ["RSSWithComments.xml", "google_alerts_atom.xml", "youtube_atom.xml", "json_feed.json"]
#: What this reader likes: anything of these sources. Everything else is skipped.
LIKED_SOURCES = ("Tender Lovemaking", "Sam Ruby", "inessential")
KEYPRESSES = 20
#: The second line of a card: marks, then the source and perhaps the author, then the age.
CARD = re.compile(r"^[▌ ] [^\w\n]{0,3} +(\S[^·\n]*?) · (?:[^·\n]+ · )?\d+[mhdwy]", re.MULTILINE)
PENCHANT = str(Path(sys.executable).with_name("penchant"))


def run(home: Path, *arguments: str) -> str:
    env = {**os.environ, "PENCHANT_HOME": str(home)}
    done = subprocess.run([PENCHANT, *arguments], env=env, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise SystemExit(f"penchant {' '.join(arguments)} failed: {done.stderr}")
    return done.stdout


def sign_in(home: Path, base: str) -> None:
    command = [PENCHANT, "add", f"mastodon:{base}"]
    with Terminal(command, {"PENCHANT_HOME": str(home), "BROWSER": "true"}) as terminal:
        terminal.wait("Code")
        terminal.send("any-code", "Enter")
        terminal.wait("penchant sync")


def worker_ended(home: Path) -> None:
    """Quitting is instant; the worker publishes what was taught and ends a moment later."""
    lock, deadline = home / "state" / "worker.lock", time.monotonic() + 10
    while lock.exists() and lock.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)


def order(home: Path) -> list[dict]:
    lines = run(home, "list", "--view", "for-you", "--limit", "200", "--json").splitlines()
    return [json.loads(line) for line in lines]


def mean_rank(rows: list[dict]) -> float:
    """Where the liked sources stand on average: 0 on top, 1 at the bottom, 0.5 by chance."""
    last = max(1, len(rows) - 1)
    places = [n / last for n, row in enumerate(rows) if row["source"].startswith(LIKED_SOURCES)]
    return sum(places) / len(places)


def selection(screen: str) -> str:
    """The selected card's text without its probability and marks, which a keypress may change."""
    lines = [line[6:] for line in screen.splitlines() if line.startswith("▌")]
    return " ".join(lines)


def read(home: Path, show: bool) -> str:
    """Twenty keypresses in the terminal; the screen after the last one."""
    env = {"PENCHANT_HOME": str(home), "TERM": "xterm-256color"}
    with Terminal([PENCHANT], env, columns=110, rows=40) as terminal:
        terminal.wait("For you")
        terminal.wait(lambda screen: len(CARD.findall(screen)) > 5)
        for _ in range(KEYPRESSES):
            selected = selection(terminal.wait(lambda screen: bool(selection(screen))))
            liked = any(name in selected for name in LIKED_SOURCES)
            terminal.send("l" if liked else "x")
            terminal.wait("Liked: " if liked else "Skipped: ", 10)
            if selection(terminal.text()) == selected:
                terminal.send("j")
            terminal.wait(lambda screen, old=selected: selection(screen)[:60] != old[:60], 10)
        screen = terminal.text()
        if show:
            print(screen)
        terminal.send("q")
        terminal.wait(lambda now: "For you" not in now)
    worker_ended(home)
    return screen


def first_screen(home: Path) -> float:
    """Share of the liked sources among the cards that a fresh start shows first."""
    with Terminal([PENCHANT], {"PENCHANT_HOME": str(home)}, columns=110, rows=40) as terminal:
        screen = terminal.wait(lambda screen: len(CARD.findall(screen)) > 5)
        terminal.send("q")
        terminal.wait(lambda now: "For you" not in now)
    worker_ended(home)
    sources = CARD.findall(screen)
    return sum(source.startswith(LIKED_SOURCES) for source in sources) / len(sources)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the screens")
    options = parser.parse_args()
    shared = Path(os.environ.get("PENCHANT_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    if not (shared / "recordings").is_dir():
        raise SystemExit(f"no recordings at {shared}: set PENCHANT_SHARED")
    server = make_server(shared / "recordings")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_address[1]}"
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        for feed in FEEDS:
            run(home, "add", f"{base}/rss/feedjira/{feed}")
        sign_in(home, base)
        print(run(home, "sync"))
        before, share_before = order(home), first_screen(home)
        read(home, options.show)
        after, share_after = order(home), first_screen(home)
    print(f"items {len(before)} -> unseen {len(after)}")
    print(f"mean place of liked sources, 0 top, 1 bottom: {mean_rank(before):.2f} -> {mean_rank(after):.2f}")
    print(f"share of the first screen, before and after a restart: {share_before:.0%} -> {share_after:.0%}")
    better = mean_rank(after) < mean_rank(before) - 0.05 and share_after > share_before
    print("the order changed for the better and survived the restart:", "yes" if better else "NO")
    return 0 if better else 1


if __name__ == "__main__":
    raise SystemExit(main())
