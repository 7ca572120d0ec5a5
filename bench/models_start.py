"""Starting penchant with every model of the catalogue installed and chosen, against none, in one run.

    python bench/models_start.py [--items 20000] [--rounds 9]

CPU seconds until the first paint, in turns on one archive. The model files have sound
headers and their real sizes, but no weights (they are sparse). Exits with 1 when a ratio is over its limit.
"""

from __future__ import annotations

import argparse
import io
import json
import statistics
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
from tui import archive, paint

from penchant.app.embed.gguf_format import write
from penchant.app.models import installed
from penchant.app.models.catalogue import MODELS, Model
from penchant.app.models.choice import choose
from penchant.app.models.installed import File, Installed

#: The same within what nine runs of a busy machine tell apart.
LIMIT = 1.05
_HEAD = json.dumps({"x": {"dtype": "F32", "shape": [16], "data_offsets": [0, 64]}}).encode()


def install(folder: Path) -> None:
    """Every model of the catalogue, on the record, the largest of each role chosen."""
    for model in MODELS:
        files = [_put(folder, model, name) for name in model.files]
        roles = ("judge", "eyes")[: len(files)] if model.role == "judge" else (model.role,) * len(files)
        installed.add(folder, Installed(model.name, tuple(files), roles, model.licence))
    choose(folder, **{model.role: model.name for model in MODELS}, eyes="gemma-3-4b")


def _put(folder: Path, model: Model, name: str) -> File:
    place = f"hub/{model.source}/{name}"
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = {"sentence": "bert", "judge": "llama"}.get(model.role, "")
    if name.endswith(".json"):
        path.write_text('{"model_cfg": {}}\n')
    elif name.endswith(".safetensors"):
        path.write_bytes(len(_HEAD).to_bytes(8, "little") + _HEAD + bytes(64))
    else:
        file = io.BytesIO()
        write(file, {"general.architecture": "clip" if "mmproj" in name else kind}, [("x", np.zeros(64, np.float32))])
        path.write_bytes(file.getvalue())
        with path.open("r+b") as sparse:
            sparse.truncate(model.size // len(model.files))
    return File(place, path.stat().st_size, "0" * 64)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "penchant-bench-models")
    options = parser.parse_args()
    home, note = options.folder / f"home-{options.items}", options.folder / "note"
    archive(home, options.items)
    models, aside = home / "data" / "models", home / "models.aside"
    if not models.exists() and not aside.exists():
        install(models)
    elif aside.exists():
        aside.rename(models)
    count = len(installed.read(models))
    size = sum(file["size"] for model in installed.read(models).values() for file in asdict(model)["files"])
    env = {"PENCHANT_HOME": str(home), "PENCHANT_BENCH": str(note), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    paint("penchant", env, note)
    times: dict[str, list[float]] = {"every": [], "none": []}
    for _ in range(options.rounds):
        times["every"].append(paint("penchant", env, note))
        models.rename(aside)
        times["none"].append(paint("penchant", env, note))
        aside.rename(models)
    every, none = (statistics.median(found) for found in times.values())
    print(f"first paint with {count} models ({size / 1e9:.1f} GB) {every:.3f} s, with none {none:.3f} s of CPU")
    ratio = every / none
    print(f"ratio {ratio:.3f}, limit {LIMIT:g}: {'ok' if ratio <= LIMIT else 'over the limit'}")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    sys.exit(main())
