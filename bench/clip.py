"""Picture vectors: as the worker makes them, and by plain open_clip one picture at a time.

    python bench/clip.py [--model FOLDER] [--architecture ViT-B-32] [--pictures 32] [--repeat 2]

Pictures and texts (titles, and texts that fill the model's 77 tokens) a CPU-second on one thread, the ratio to plain
open_clip (no batches, no help of the JPEG decoder), how far the vectors of the two are from one another, and the memory
of the worker's child. Without --model: the architecture with random weights, which cost what trained ones cost.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1", OMP_WAIT_POLICY="passive", HF_HUB_OFFLINE="1")

import numpy as np
import open_clip
import torch
from PIL import Image
from safetensors.torch import save_file

from penchant.app.embed import clip
from penchant.app.embed.clip import ClipEmbedder
from penchant.app.embed.clip_runner import LIMITS, PROGRAM
from penchant.app.embed.runner import Runner

Embed = Callable[[Sequence[str]], np.ndarray]


def random_model(architecture: str, folder: Path) -> Path:
    """A checkpoint of that architecture with the weights it begins its training with."""
    model = open_clip.create_model(architecture, pretrained=None)
    weights = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": open_clip.get_model_config(architecture)}))
    return folder


def photographs(count: int, folder: Path) -> list[str]:
    """JPEG files of 1280 x 960 pixels with large shapes and fine grain."""
    random, paths = np.random.default_rng(0), []
    for number in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), np.uint8))
        coarse = coarse.resize((1280, 960), Image.Resampling.BICUBIC)
        grain = random.normal(0, 6, (960, 1280, 1))
        pixels = np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8)
        path = folder / f"{number}.jpg"
        Image.fromarray(pixels).save(path, quality=88)
        paths.append(str(path))
    return paths


def plain(folder: Path) -> tuple[Embed, Embed]:
    """open_clip as its own documentation uses it: one picture, or one text, at a time."""
    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    model.eval()
    tokenize = open_clip.get_tokenizer(f"local-dir:{folder}")

    def unit(rows: list[torch.Tensor]) -> np.ndarray:
        found = torch.cat(rows).numpy()
        return found / np.linalg.norm(found, axis=1, keepdims=True)

    def pictures(paths: Sequence[str]) -> np.ndarray:
        with torch.no_grad():
            return unit([model.encode_image(transform(Image.open(path)).unsqueeze(0)) for path in paths])

    def texts(texts: Sequence[str]) -> np.ndarray:
        with torch.no_grad():
            return unit([model.encode_text(tokenize([text])) for text in texts])

    return pictures, texts


def speed(embed: Embed, rows: list[str], repeat: int) -> tuple[float, np.ndarray]:
    """Rows a CPU-second, the best of `repeat`, and the vectors."""
    embed(rows[:2])
    best = 0.0
    for _ in range(repeat):
        started = time.process_time()
        vectors = embed(rows)
        best = max(best, len(rows) / (time.process_time() - started))
    return best, vectors


async def child(folder: Path, paths: Sequence[str]) -> tuple[float, float]:
    """MiB that the child takes after it read pictures, and at most before (Linux; 0 elsewhere)."""
    runner = Runner(str(folder), limits=LIMITS, program=PROGRAM)
    async with runner:
        await runner.embed(paths[:8], "picture")
        status = Path(f"/proc/{runner._child.pid}/status") if runner._child else None
        lines = status.read_text().splitlines() if status and status.exists() else []
    taken = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in lines if line.startswith("Vm")}
    return taken.get("VmRSS", 0.0), taken.get("VmHWM", 0.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--architecture", default="ViT-B-32")
    parser.add_argument("--pictures", type=int, default=32)
    logging.disable()  # open_clip warns of random weights
    parser.add_argument("--repeat", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(1)
    clip.limit_memory = lambda room: None  # two models and their peers share this process
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.model or random_model(args.architecture, Path(temporary))
        paths = photographs(args.pictures, Path(temporary))
        titles = [f"a photograph of thing number {n}, seen from far away in the evening" for n in range(args.pictures)]
        texts = [". ".join([title] * 6) for title in titles]
        started = time.process_time()
        own = ClipEmbedder(folder)
        loaded = time.process_time() - started
        print(f"{own.name}: {own.dim} numbers, loaded in {loaded:.1f} CPU-seconds")
        now, most = asyncio.run(child(folder, paths))
        print(f"  the child that the worker runs it in: {now:.0f} MiB, {most:.0f} at its largest")
        theirs = plain(folder)
        for kind, rows, mine, other in (
            ("pictures", paths, own.pictures, theirs[0]), ("titles", titles, own.texts, theirs[1]),
            ("texts", texts, own.texts, theirs[1]),
        ):  # fmt: skip
            fast, ours = speed(mine, rows, args.repeat)
            slow, peers = speed(other, rows, args.repeat)
            cosine = (ours * peers).sum(axis=1).min()
            print(
                f"{kind}: {fast:.1f} a CPU-second, plain open_clip {slow:.1f}, ratio {fast / slow:.2f},"
                f" lowest cosine {cosine:.5f}"
            )


if __name__ == "__main__":
    main()
