"""Vision parts that do as larger ones do: cut pictures in parts, look both ways, number rows and columns.

Each is a tiny random file of the projector that such models have, made by changing what tiny_eyes writes.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from penchant.app.embed import gguf_format

Tensors = dict[str, np.ndarray]
INNER, PATCHES = 32, 16


def write(tiny: ModuleType, folder: Path, kind: str) -> tuple[Path, Path]:
    """A text model and a vision part with the projector `kind`."""
    text, eyes = folder / f"{kind}-text.gguf", folder / f"{kind}-eyes.gguf"

    def changed(file: Any, facts: dict[str, Any], tensors: list[tuple[str, np.ndarray]]) -> None:
        weights = dict(tensors)
        if facts["general.architecture"] == "clip":
            facts["clip.projector_type"] = kind
            _KINDS[kind](facts, weights, tiny.WIDTH)
        elif kind == "qwen2vl_merger":
            facts = {key.replace("llama.", "qwen2vl.", 1): value for key, value in facts.items()}
            facts |= {"general.architecture": "qwen2vl", "qwen2vl.rope.dimension_sections": [2, 3, 3, 0]}
            for layer in range(tiny.LAYERS):
                weights |= {f"blk.{layer}.attn_{part}.bias": _some(tiny.WIDTH) for part in "qkv"}
        gguf_format.write(file, facts, list(weights.items()))

    tiny.write_text(text, writer=changed)
    tiny.write_eyes(eyes, writer=changed)
    return text, eyes


def _some(*shape: int) -> np.ndarray:
    rng = np.random.default_rng(shape)  # the same file each time
    return (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype("float32")


def _without_class(weights: Tensors) -> None:
    for name in [*(name for name in weights if name.startswith("mm.")), "v.class_embd"]:
        del weights[name]
    del weights["v.pre_ln.weight"], weights["v.pre_ln.bias"]
    weights["v.position_embd.weight"] = _some(PATCHES, INNER)
    weights["v.post_ln.weight"] = np.ones(INNER, "float32")
    weights["v.post_ln.bias"] = np.zeros(INNER, "float32")


def _in_parts(facts: dict[str, Any], weights: Tensors, width: int) -> None:
    _without_class(weights)
    facts |= {"clip.vision.projector.scale_factor": 2, "clip.vision.preproc_image_size": 96}
    weights["mm.model.fc.weight"] = _some(width, INNER * 4)


def _both_ways(facts: dict[str, Any], weights: Tensors, width: int) -> None:
    _without_class(weights)
    weights["mm.input_projection.weight"] = _some(INNER, width)
    weights["mm.soft_emb_norm.weight"] = np.ones(INNER, "float32")


def _rows_and_columns(facts: dict[str, Any], weights: Tensors, width: int) -> None:
    _without_class(weights)
    del weights["v.position_embd.weight"]
    weights["v.patch_embd.weight.1"] = _some(*weights["v.patch_embd.weight"].shape)
    weights |= {"mm.0.weight": _some(INNER * 4, INNER * 4), "mm.0.bias": _some(INNER * 4)}
    weights |= {"mm.2.weight": _some(width, INNER * 4), "mm.2.bias": _some(width)}


_KINDS = {"idefics3": _in_parts, "gemma3": _both_ways, "qwen2vl_merger": _rows_and_columns}
