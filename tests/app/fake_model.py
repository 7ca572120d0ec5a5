"""A child that behaves as the real one on the pipe, and dies where a text says so: `fake_model.py NAME ... PARENT`."""

import hashlib
import json
import os
import resource
import struct
import sys
import time

from penchant.app.embed.child import FAILED, READY, VECTORS, read, write

DIM = 8


def vector(text):
    if "NAN" in text:
        return struct.pack(f"<{DIM}f", *[float("nan")] * DIM)
    numbers = [byte - 127.5 for byte in hashlib.sha256(text.encode()).digest()[:DIM]]
    length = sum(number * number for number in numbers) ** 0.5
    return struct.pack(f"<{DIM}f", *(number / length for number in numbers))


def main():
    name = sys.argv[1].rsplit("/", 1)[-1]
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(1, "wb")
    if "abort" in name:
        os.abort()
    if "refuse" in name:
        write(answers, FAILED + json.dumps({"what": "the file is bad", "hint": "get another"}).encode())
        return
    write(answers, READY + json.dumps({"name": f"gguf:{name}:1", "dim": DIM}).encode())
    while (frame := read(sys.stdin.buffer)) is not None:
        texts = json.loads(frame)
        if any("ABORT" in text for text in texts):
            os.abort()
        if any("HANG" in text for text in texts):
            time.sleep(1000)
        if any("SLOW" in text for text in texts):
            time.sleep(0.02 * len(texts))
        with open(os.environ["FAKE_MODEL_LOG"], "a") as log:
            log.write("".join(json.dumps([name, text]) + "\n" for text in texts))
        write(answers, VECTORS + b"".join(map(vector, texts)))


main()
