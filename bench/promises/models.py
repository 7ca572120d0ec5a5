"""Promise 10: model files of strangers are refused or contained; nothing in them runs.

    python bench/promises/models.py [--short] [--files 400] [--loads 12]

Small sound files of every kind (GGUF of a text model and of an embedding model, mmproj, open_clip's weights and
configuration, evaluated histories) are damaged in many ways. Red where a check raises anything but a failure in words,
or a child process that loads what passed the check takes this process with it; where a
damaged history is believed; where a file that carries a program leaves its mark; where a hub's lie is installed.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import http.server
import importlib.util
import io
import json
import os
import pickle
import struct
import sys
import threading
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from common import Result, main

from penchant.app.embed.gguf_format import write
from penchant.app.errors import PenchantError
from penchant.app.judge import statefile
from penchant.app.models.check import check

#: Numbers that lengths and offsets are replaced by.
SIZES = (0, 1, 2**31, 2**32 - 1, 2**62, 2**64 - 1)
TESTS = Path(__file__).resolve().parents[2] / "tests"


def run(options: argparse.Namespace, folder: Path, result: Result) -> None:
    """All parts, each in a folder of its own."""
    rng = np.random.default_rng(options.seed)
    passed = _damaged(options.files, folder, rng, result)
    _loaded(passed, options.loads, result)
    _states(options.files, folder, rng, result)
    _pickles(folder, result)
    asyncio.run(_lying_hub(folder, result))


class Payload:
    """A pickle that makes a file where it is opened."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return os.mkdir, (str(self.mark),)


def _sound(folder: Path) -> dict[str, bytes]:
    """Name -> a sound file of that kind."""
    numbers = np.arange(256, dtype=np.float32).reshape(1, 256)
    files = {}
    for name, facts in (
        ("text.gguf", {"general.architecture": "llama"}),
        ("mmproj.gguf", {"general.architecture": "clip", "clip.has_vision_encoder": True}),
    ):
        out = io.BytesIO()
        write(out, {**facts, "general.name": "tiny"}, [("token_embd.weight", numbers)])
        files[name] = out.getvalue()
    made = _tests("app/gguf_made.py").write(folder / "embedding.gguf")
    files["embedding.gguf"] = made.read_bytes()
    head = json.dumps({"x": {"dtype": "F32", "shape": [64], "data_offsets": [0, 256]}}).encode()
    files["weights.safetensors"] = struct.pack("<Q", len(head)) + head + bytes(256)
    return files


def _tests(name: str) -> Any:
    """A maker of small models that the tests have."""
    spec = importlib.util.spec_from_file_location(Path(name).stem, TESTS / name)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _mutated(data: bytes, rng: np.random.Generator) -> bytes:
    """One to eight bytes or numbers changed, mostly near the beginning; or cut; or grown; or a part twice."""
    changed = bytearray(data)
    way = int(rng.integers(6))
    reach = min(len(data), 4_096 if rng.integers(4) else len(data))
    if way == 0:
        return bytes(changed[: int(rng.integers(len(data)))])
    if way == 1:
        at = int(rng.integers(reach))
        return bytes(changed[:at] + changed[max(0, at - 64) : at] + changed[at:])
    if way == 2:
        at = int(rng.integers(max(1, reach - 8)))
        changed[at : at + 8] = struct.pack("<Q", SIZES[int(rng.integers(len(SIZES)))])
    else:
        for _ in range(int(rng.integers(1, 9))):
            changed[int(rng.integers(reach))] = int(rng.integers(256))
    return bytes(changed)


def _damaged(count: int, folder: Path, rng: np.random.Generator, result: Result) -> list[Path]:
    """Every damaged file through the check; those that passed it."""
    passed, outcomes = [], Counter[str]()
    kinds = sorted(_sound(folder).items())
    for n in range(count):
        name, data = kinds[n % len(kinds)]
        path = folder / f"{n}-{name}"
        path.write_bytes(_mutated(data, rng))
        try:
            check(path)
        except PenchantError:
            outcomes["refused in words"] += 1
            path.unlink()
        except BaseException as error:
            result.check(False, f"{name}: {type(error).__name__}: {error}")
        else:
            outcomes["passed the check"] += 1
            passed.append(path)
    result.figure(f"{count} damaged files: " + ", ".join(f"{n} {what}" for what, n in sorted(outcomes.items())))
    return passed


def _loaded(passed: list[Path], most: int, result: Result) -> None:
    """What passed is loaded where models are loaded: in a child."""
    from penchant.app.embed.runner import Runner

    if importlib.util.find_spec("llama_cpp") is None:
        result.figure("  no llama.cpp here: nothing was loaded")
        return

    async def load(path: Path) -> str:
        async with Runner(str(path)) as runner:
            try:
                await runner.ready()
                await runner.embed(["a text"])
            except PenchantError:
                return "refused by the child"
            except Exception as error:
                return f"raised {type(error).__name__}"
            return "loaded" if not runner.restarts else "died alone"

    outcomes = Counter(asyncio.run(load(path)) for path in [p for p in passed if p.suffix == ".gguf"][:most])
    result.check(not [each for each in outcomes if each.startswith("raised")], f"loading: {dict(outcomes)}")
    told = ", ".join(f"{n} {what}" for what, n in sorted(outcomes.items()))
    result.figure(f"  loaded in a child: {told or 'none'}; this process goes on")


def _states(count: int, folder: Path, rng: np.random.Generator, result: Result) -> None:
    """Evaluated histories and plugs: any changed byte is seen."""
    path = folder / "a.state"
    statefile.save(path, {"key": "k"}, [bytes(range(256)) * 16, b"second"])
    whole, believed = path.read_bytes(), 0
    for _ in range(count):
        data = _mutated(whole, rng)
        path.write_bytes(data)
        try:
            believed += data != whole and statefile.load(path) is not None
        except Exception as error:
            result.check(False, f"a damaged history: {type(error).__name__}: {error}")
    result.check(not believed, f"{believed} damaged histories were believed")
    result.figure(f"{count} damaged histories: {believed} believed")


def _pickles(folder: Path, result: Result) -> None:
    """Files with a program inside, under every name that might be opened, through every way in."""
    from penchant.app.embed.clip_files import config_of, weights_at
    from penchant.app.judge.gguf_file import check_file
    from penchant.app.plugs.files import read as read_plug

    mark = folder / "it-ran"
    data = pickle.dumps(Payload(mark))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("archive/data.pkl", data)
    names = ("a.pt", "a.pth", "a.bin", "a.ckpt", "a.pkl", "a.safetensors", "a.gguf", "a.plug", "a.state", "a.json")
    tried = 0
    for name in names:
        for body in (data, packed.getvalue()):
            path = folder / name
            path.write_bytes(body)
            model = folder / "clip"
            model.mkdir(exist_ok=True)
            for inside in ("open_clip_model.safetensors", "open_clip_pytorch_model.bin", "open_clip_config.json"):
                (model / inside).write_bytes(body)
            for open_it in (check, check_file, read_plug, statefile.load, weights_at, config_of):
                for place in (path, model):
                    tried += 1
                    try:
                        open_it(place)
                    except (PenchantError, OSError):
                        pass
                    except Exception as error:
                        name_of = getattr(open_it, "__name__", "")
                        result.check(False, f"{name_of} of {place.name}: {type(error).__name__}: {error}")
    _child_of_pictures(folder, data, result)
    ran = mark.exists()
    result.check(not ran, "a file's program ran")
    if not ran:
        pickle.loads(data)
    result.check(mark.exists(), "the payload does nothing: nothing was measured")
    result.figure(f"{tried} times a file with a program was opened: it ran {int(ran)} times")


def _child_of_pictures(folder: Path, data: bytes, result: Result) -> None:
    """The process with torch is given one as its model."""
    from penchant.app.embed.clip_runner import ClipRunner

    if importlib.util.find_spec("open_clip") is None or "--short" in sys.argv:
        return
    path = folder / "evil.pt"
    path.write_bytes(data)

    async def load() -> None:
        runner = ClipRunner(str(path))
        try:
            await runner.embed(["a text"], "text")
            result.check(False, "open_clip's child took a pickle for a model")
        except PenchantError as error:
            print(f"  open_clip's child: {error}")
        finally:
            await runner.close()

    asyncio.run(load())


async def _lying_hub(folder: Path, result: Result) -> None:
    """A hub says one checksum and sends other bytes, as large and as sound."""
    from penchant.app.models.pull import plan, pull

    out = io.BytesIO()
    write(out, {"general.architecture": "llama", "general.name": "good"}, [("a.weight", np.ones((1, 256), np.float32))])
    good = out.getvalue()
    lie = good.replace(b"good", b"evil")

    class Hub(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = {"sha256": hashlib.sha256(good).hexdigest(), "size": len(good), "pointerSize": 130}
            entry = {"rfilename": "m.gguf", "size": len(good), "blobId": "0" * 40, "lfs": said}
            facts = {"id": "a/b", "sha": "c0ffee" * 6 + "c0ff", "tags": [], "siblings": [entry], "gated": False}
            body = json.dumps(facts).encode() if self.path.startswith("/api/") else lie
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address, place = f"http://127.0.0.1:{server.server_address[1]}", folder / "models"
    place.mkdir()
    said = ""
    try:
        agreed = await plan("a/b:m.gguf", place, address)
        await pull(agreed, address, lambda *_: None)
    except PenchantError as error:
        said = str(error)
    finally:
        server.shutdown()
    kept = [path.name for path in place.rglob("*.gguf")]
    result.check("checksum" in said and not kept, f"a hub that lies: {said or 'installed'}, {kept}")
    result.figure(f"a hub that sends other bytes than it says: {said}")


if __name__ == "__main__":
    sys.exit(main(__doc__, run, files=(80, 4_000), loads=(1, 12)))
