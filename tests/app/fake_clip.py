"""A child that behaves as `clip_child` on the pipe: `fake_clip.py MODEL THREADS PARENT`. Logs what it is asked."""

import hashlib
import json
import os
import resource
import struct
import sys
import time
from pathlib import Path

from penchant.app.embed.child import READY, VECTORS, read, write

DIM = 8


def vector(data):
    if b"NAN" in data:
        return struct.pack(f"<{DIM}f", *[float("nan")] * DIM)
    numbers = [byte - 127.5 for byte in hashlib.sha256(data).digest()[:DIM]]
    length = sum(number * number for number in numbers) ** 0.5
    return struct.pack(f"<{DIM}f", *(number / length for number in numbers))


def main():
    name = Path(sys.argv[1]).stem
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(1, "wb")
    with open(os.environ["FAKE_MODEL_LOG"], "a") as log:
        log.write(json.dumps(["start", name]) + "\n")
    write(answers, READY + json.dumps({"name": f"clip:{name}:1", "dim": DIM}).encode())
    while (frame := read(sys.stdin.buffer)) is not None:
        [(kind, rows)] = json.loads(frame).items()
        data = [Path(row).read_bytes() if kind == "picture" else row.encode() for row in rows]
        if any(b"ABORT" in each for each in data):
            os.abort()
        time.sleep(0.01 * sum(b"SLOW" in each for each in data))
        with open(os.environ["FAKE_MODEL_LOG"], "a") as log:
            log.write("".join(json.dumps([kind, each.decode(errors="replace")]) + "\n" for each in data))
        write(answers, VECTORS + b"".join(map(vector, data)))


main()
