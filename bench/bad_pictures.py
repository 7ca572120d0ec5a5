"""Pictures made to harm, over HTTP into the decoding child: what is said, what it costs, who is alive afterwards.

    python bench/bad_pictures.py

Prints for each the state, wall seconds, the child's CPU seconds and peak memory (Linux), and the note. Ends with 1
when a bound was broken: a note missing, a child beyond its limits, or a good picture that does not come afterwards.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "pictures"))

from made_bad import BAD, bomb, many_frames, scans
from PIL import Image

from penchant.adapters.contract_server import Server, running
from penchant.adapters.http import Client
from penchant.app.pictures.decoding import LIMITS, decoder
from penchant.app.pictures.fetch import Done, Fetching
from penchant.app.pictures.files import PictureFiles
from penchant.app.store import Store
from penchant.app.store.pictures_rows import Failed, Kept, Wanted
from penchant.app.sync import inline

#: Largest answer (bytes).
MOST = 16 << 20


def photo(width: int, height: int, kind: str = "JPEG", **more: object) -> bytes:
    out = BytesIO()
    Image.effect_noise((width // 8, height // 8), 80).resize((width, height)).convert("RGB").save(out, kind, **more)
    return out.getvalue()


def routes(server: Server) -> dict[str, str]:
    """Name -> address; what should come begins with "good"."""
    whole = photo(1600, 1200)
    made = {name: data for name, (data, _) in BAD.items()} | {
        "cut.jpg": whole[: len(whole) // 2], "scans.jpg": scans(6_000, 6_000, 3_000),
        "good 40 MP of one colour.png": bomb(8_000, 5_000), "good 10,000 frames.gif": many_frames(10_000),
        "good 40 MP.jpg": photo(8_000, 5_000), "good 40 MP progressive.jpg": photo(8_000, 5_000, progressive=True),
        "good 40 MP.webp": photo(8_000, 5_000, "WEBP"), "good photo.jpg": whole,
    }  # fmt: skip
    found = {name: server.route(f"/{number}", data) for number, (name, data) in enumerate(made.items())}
    found["endless.jpg"] = server.route("/endless", whole, endless=True)
    found["1 GB.jpg"] = server.route("/gigabyte", whole, endless=True, headers={"Content-Type": "image/jpeg"})
    found["good after all.jpg"] = server.route("/after", photo(1200, 1600))
    return found


def child_costs(pid: int) -> tuple[float, float]:
    """CPU seconds so far and peak MB since the last look; nothing where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        peak = int(status["VmHWM"].split()[0]) / 1024
        Path(f"/proc/{pid}/clear_refs").write_text("5")
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), peak
    except (OSError, KeyError):
        return 0.0, 0.0


async def measure(folder: Path) -> int:
    broken = 0
    print(f"{'picture':30} {'state':8} {'wall s':>7} {'CPU s':>6} {'MB':>5}  note")
    with running() as server, Store.open(folder / "archive.db", role="cli") as store:
        async with Client(allow_private=True) as client, decoder() as child:
            fetching = Fetching(client, child, PictureFiles(folder / "pictures"), inline(store), MOST)
            for number, (name, url) in enumerate(routes(server).items()):
                process, restarts = child._child, child.restarts
                before = child_costs(process.pid)[0] if process else 0.0
                start = time.monotonic()
                done = await fetching.fetch(Wanted(number, url, "wanted", None, "", "", 0.0, 0.0, 0))
                wall = time.monotonic() - start
                after, peak = child_costs(child._child.pid) if child._child else (0.0, 0.0)
                cpu = after - before if child.restarts == restarts and child._child is process else after
                state, note = _said(done, child.restarts > restarts)
                wrong = (state == "there") is not name.startswith("good") or peak > LIMITS.megabytes
                broken += wrong
                mark = "   <- BROKEN" if wrong else ""
                print(f"{name:30} {state:8} {wall:7.2f} {cpu:6.2f} {peak:5.0f}  {note}{mark}")
    bounds = f"{LIMITS.cpu_seconds:g} s of CPU, {LIMITS.megabytes} MB beyond the interpreter"
    print(f"limits: {bounds}, {MOST >> 20} MiB of answer")
    return 1 if broken else 0


def _said(done: Done, ended: bool) -> tuple[str, str]:
    if isinstance(done.outcome, Kept):
        return "there", f"{done.outcome.width} x {done.outcome.height}"
    assert isinstance(done.outcome, Failed)
    state = "refused" if done.outcome.retry_at is None else "failed"
    return state, done.outcome.note + (" [the child was ended]" if ended else "")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        sys.exit(asyncio.run(measure(Path(scratch))))
