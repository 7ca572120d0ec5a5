"""A tiny CLIP that knows coloured shapes: drawn, trained and saved by code, loaded as any checkpoint is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

COLOURS = {"red": (220, 30, 30), "green": (30, 170, 60), "blue": (40, 60, 220), "yellow": (235, 215, 40)}
SHAPES = ("square", "circle", "triangle")
CAPTIONS = tuple(f"a {colour} {shape}" for colour in COLOURS for shape in SHAPES)
CONFIG = {
    "model_cfg": {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
        "text_cfg": {"context_length": 16, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
    },
    "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5]},
}


def draw(caption: str, random: np.random.Generator, size: int = 32) -> Image.Image:
    """One picture of what the caption says, somewhere on a greyish ground."""
    _, colour, shape = caption.split()
    ground = int(random.integers(150, 256))
    picture = Image.new("RGB", (size, size), (ground, ground, int(random.integers(150, 256))))
    half = int(random.integers(size // 4, 2 * size // 5))
    x, y = (int(random.integers(half + 1, size - half - 1)) for _ in "xy")
    tone = tuple(int(np.clip(part + random.integers(-25, 26), 0, 255)) for part in COLOURS[colour])
    pen, box = ImageDraw.Draw(picture), (x - half, y - half, x + half, y + half)
    if shape == "square":
        pen.rectangle(box, fill=tone)
    elif shape == "circle":
        pen.ellipse(box, fill=tone)
    else:
        pen.polygon([(x, y - half), (x - half, y + half), (x + half, y + half)], fill=tone)
    return picture


def train(folder: Path, steps: int = 250) -> Path:
    """Write open_clip_model.safetensors and open_clip_config.json into `folder`; a few seconds of one core."""
    import open_clip
    import torch
    from safetensors.torch import save_file
    from torch.nn import functional

    torch.manual_seed(0)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    model = open_clip.CLIP(**json.loads(json.dumps(CONFIG["model_cfg"])))
    tokens = open_clip.SimpleTokenizer(context_length=16)(list(CAPTIONS))
    model.token_embedding.weight.requires_grad_(False).mul_(10.0)  # most of the work otherwise
    learner = torch.optim.AdamW([part for part in model.parameters() if part.requires_grad], lr=2e-3, weight_decay=0.01)
    pace = torch.optim.lr_scheduler.OneCycleLR(learner, 2e-3, total_steps=steps, pct_start=0.1)
    target = torch.arange(len(CAPTIONS)).repeat(4)
    for _ in range(steps):
        drawn = np.stack([np.asarray(draw(caption, random), np.float32) for caption in CAPTIONS * 4])
        pixels = torch.from_numpy((drawn / 255.0 - 0.5) / 0.5).permute(0, 3, 1, 2)
        seen = functional.normalize(model.encode_image(pixels), dim=-1)
        read = functional.normalize(model.encode_text(tokens), dim=-1)
        loss = functional.cross_entropy(20.0 * seen @ read.T, target)
        learner.zero_grad()
        loss.backward()
        learner.step()
        pace.step()
    torch.set_num_threads(threads)
    folder.mkdir(parents=True, exist_ok=True)
    weights = {key: value.contiguous() for key, value in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    (folder / "open_clip_config.json").write_text(json.dumps(CONFIG))
    return folder
