"""A child that behaves as the real judge's on the pipe, and dies where a text says so."""

import json
import os
import resource
import struct
import sys
import time

from penchant.app.embed.child import read, write
from penchant.app.judge.child import FAILED, READY, VALUES, WRITTEN


def main():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    name, answers = sys.argv[1], os.fdopen(1, "wb")
    if "abort" in name:
        os.abort()
    if "refuse" in name:
        write(answers, FAILED + json.dumps({"what": "the file is bad", "hint": "get another"}).encode())
        return
    facts = {
        "name": name,
        "width": 2,
        "layers": 2,
        "parameters": 7,
        "chat": True,
        "context": 64,
        "file": name, "weights": "F16",
        "cpu": 0.5,
    }
    write(answers, READY + json.dumps(facts).encode())
    while (frame := read(sys.stdin.buffer)) is not None:
        request, cpu = json.loads(frame), struct.pack("<d", 1.5)
        texts = request.get("texts", [])
        if any("ABORT" in text for text in texts) or "ABORT" in request.get("user", ""):
            os.abort()
        if any("HANG" in text for text in texts):
            time.sleep(1000)
        if request["do"] == "write":
            for number in range(3):
                write(answers, WRITTEN + f"word{number} ".encode())
            if "LONG" in request["user"] and json.loads(read(sys.stdin.buffer))["do"] != "stop":
                os.abort()
            write(answers, VALUES + cpu)
            continue
        width = 4 if request["do"] == "hidden" else 1
        numbers = [float("nan") if text == "" else float(len(text)) for text in texts for _ in range(width)]
        write(answers, VALUES + cpu + struct.pack(f"<{len(numbers)}d", *numbers))


main()
