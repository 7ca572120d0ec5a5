"""Pictures in real terminals, to be looked at: kitty (its own protocol) and xterm (half blocks) on a virtual display.

    python bench/screenshots.py [--folder FOLDER] [--only kitty|xterm]

Needs Xvfb, kitty, xterm, xdotool and ImageMagick's `import`. The pictures are the sample feed's, drawn by code; no
network. Says where the screenshots are, and names what is missing.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from picture_archive import build

TOOLS = ("Xvfb", "kitty", "xterm", "xdotool", "import")
SIZE = (1100, 860)
#: Seconds until a terminal and the feed in it stand, on a loaded machine.
START = 12.0
#: (name, keys pressed before it); "+" holds shift.
SHOTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("1-feed", ("2",)),
    ("2-scrolled", ("j",) * 14),
    ("3-dialog", ("shift+slash",)),
    ("4-back", ("Escape",)),
    ("5-article", ("Return",)),
    ("6-article-scrolled", ("j",) * 3),
    ("7-column-off", ("q", "shift+i")),
    ("8-column-on", ("shift+i",)),
    ("9-search", ("slash",)),
    ("10-after-exit", ("Escape", "Escape", "q")),
)


@contextlib.contextmanager
def display() -> Iterator[dict[str, str]]:
    """An X server of our own; yields the environment for its programs."""
    number = next(n for n in range(90, 200) if not Path(f"/tmp/.X{n}-lock").exists())
    server = subprocess.Popen(
        ["Xvfb", f":{number}", "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24"], stderr=subprocess.DEVNULL
    )
    try:
        time.sleep(1.5)
        keep = {k: v for k, v in os.environ.items() if k not in ("TMUX", "STY", "WAYLAND_DISPLAY")}
        yield {**keep, "DISPLAY": f":{number}", "LIBGL_ALWAYS_SOFTWARE": "1"}
    finally:
        server.terminate()
        server.wait()


def terminal(kind: str, command: list[str]) -> list[str]:
    if kind == "kitty":
        options = ("remember_window_size=no", f"initial_window_width={SIZE[0]}", f"initial_window_height={SIZE[1]}")
        return ["kitty", "--config", "NONE", *(part for o in options for part in ("-o", o)), *command]
    looks = ("-fa", "DejaVu Sans Mono", "-fs", "11", "-tn", "xterm-256color", "-geometry", "120x44+0+0")
    return ["xterm", *looks, "-e", *command]


def shoot(kind: str, folder: Path, home: Path, env: dict[str, str]) -> None:
    """Every screenshot in one terminal; a shell comes back after the feed."""
    # xterm takes the variable away from its children.
    script = f"COLORTERM=truecolor {sys.executable} -m penchant.app.cli; echo; echo 'the feed has ended'; sleep 30"
    env = {**env, "PENCHANT_HOME": str(home)}
    window = subprocess.Popen(terminal(kind, ["sh", "-c", script]), env=env, stderr=subprocess.DEVNULL)
    try:
        time.sleep(START)
        for name, keys in SHOTS:
            for key in keys:
                subprocess.run(["xdotool", "key", key], env=env, check=True)
                time.sleep(0.25)
            time.sleep(2.0)
            path = folder / f"{kind}-{name}.png"
            subprocess.run(["import", "-window", "root", str(path)], env=env, check=True)
            print(path)
    finally:
        window.terminate()
        window.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "penchant-screenshots")
    parser.add_argument("--only", choices=("kitty", "xterm"))
    options = parser.parse_args()
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        print(f"needs {', '.join(missing)}", file=sys.stderr)
        return 2
    options.folder.mkdir(parents=True, exist_ok=True)
    home = options.folder / "home"
    if not home.exists():
        build(home, 300)
    for kind in (options.only,) if options.only else ("kitty", "xterm"):
        with display() as env:
            shoot(kind, options.folder, home, env)
    return 0


if __name__ == "__main__":
    sys.exit(main())
