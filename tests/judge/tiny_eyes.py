"""A tiny Llama and a tiny vision part for it, random weights in real GGUF files: both load in milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from penchant.app.embed import gguf_format

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.,:;?!'-()<>|_[]"
CONTROL = ["<unk>", "<s>", "</s>", "<|im_start|>", "<|im_end|>"]
WORDS = ["\n\n", "\n", "<fake_token_around_image>", "<global-img>", "<row_1_col_1>", "yes", "no", "Yes", "No"]
TOKENS = [*CONTROL, *WORDS, *(f"<0x{n:02X}>" for n in range(256)), "\u2581", *LETTERS]
WIDTH, INNER, HEADS, LAYERS, CONTEXT = 64, 96, 4, 2, 4096
CHATML = "{% for m in messages %}{{'<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n'}}{% endfor %}"


def write_text(
    path: Path,
    *,
    width: int = WIDTH,
    chat: bool = False,
    seed: int = 0,
    writer: Callable[..., None] = gguf_format.write,
) -> Path:
    """A text model; `chat` gives it a chat template (ChatML)."""
    rng = np.random.default_rng(seed)

    def matrix(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) * 0.15).astype("float16")

    ones = np.ones(width, "float32")
    made = [("token_embd.weight", matrix(len(TOKENS), width)), ("output_norm.weight", ones)]
    made.append(("output.weight", matrix(len(TOKENS), width)))
    for layer in range(LAYERS):
        made += [(f"blk.{layer}.{name}.weight", ones) for name in ("attn_norm", "ffn_norm")]
        made += [
            (f"blk.{layer}.{name}.weight", matrix(width, width))
            for name in ("attn_q", "attn_k", "attn_v", "attn_output")
        ]
        made += [(f"blk.{layer}.{name}.weight", matrix(INNER, width)) for name in ("ffn_gate", "ffn_up")]
        made.append((f"blk.{layer}.ffn_down.weight", matrix(width, INNER)))
    facts: dict[str, Any] = {
        "general.architecture": "llama",
        "general.name": "tiny-text",
        "llama.block_count": LAYERS,
        "llama.context_length": CONTEXT,
        "llama.embedding_length": width,
        "llama.feed_forward_length": INNER,
        "llama.attention.head_count": HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": width // HEADS,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": TOKENS,
        "tokenizer.ggml.scores": [0.0] * len(TOKENS),
        "tokenizer.ggml.token_type": [2, 3, 3, 3, 3] + [4] * len(WORDS) + [6] * 256 + [1] * (1 + len(LETTERS)),
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 4 if chat else 2,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.ggml.add_bos_token": True,
        "tokenizer.ggml.add_space_prefix": False,
    }
    if chat:
        facts["tokenizer.chat_template"] = CHATML
    with path.open("wb") as file:
        writer(file, facts, made)
    return path


def write_eyes(
    path: Path,
    *,
    width: int = WIDTH,
    inner: int = 32,
    layers: int = 2,
    image: int = 32,
    patch: int = 8,
    seed: int = 1,
    changes: dict[str, Any] | None = None,
    drop: str = "",
    writer: Callable[..., None] = gguf_format.write,
) -> Path:
    """A vision part with the `mlp` projector for a text model of that width.

    `changes` replace entries (None removes one); tensors whose name begins with `drop` are left out.
    """
    rng = np.random.default_rng(seed)

    def matrix(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype("float32")

    def flat(value: float) -> np.ndarray:
        return np.full(inner, value, "float32")

    made = [
        ("v.patch_embd.weight", matrix(inner, 3, patch, patch)),
        ("v.class_embd", matrix(inner)),
        ("v.position_embd.weight", matrix((image // patch) ** 2 + 1, inner)),
        ("v.pre_ln.weight", flat(1)),
        ("v.pre_ln.bias", flat(0)),
    ]
    for layer in range(layers):
        name = f"v.blk.{layer}"
        for part in ("attn_q", "attn_k", "attn_v", "attn_out"):
            made += [(f"{name}.{part}.weight", matrix(inner, inner)), (f"{name}.{part}.bias", flat(0))]
        for part in ("ln1", "ln2"):
            made += [(f"{name}.{part}.weight", flat(1)), (f"{name}.{part}.bias", flat(0))]
        made += [(f"{name}.ffn_down.weight", matrix(inner, 2 * inner)), (f"{name}.ffn_down.bias", flat(0))]
        made += [(f"{name}.ffn_up.weight", matrix(2 * inner, inner)), (f"{name}.ffn_up.bias", matrix(2 * inner))]
    made += [("mm.0.weight", matrix(inner, inner)), ("mm.0.bias", flat(0))]
    made += [("mm.2.weight", matrix(width, inner)), ("mm.2.bias", np.zeros(width, "float32"))]
    facts: dict[str, Any] = {
        "general.architecture": "clip",
        "general.name": "tiny-eyes",
        "clip.has_vision_encoder": True,
        "clip.projector_type": "mlp",
        "clip.use_gelu": True,
        "clip.vision.image_size": image,
        "clip.vision.patch_size": patch,
        "clip.vision.embedding_length": inner,
        "clip.vision.feed_forward_length": 2 * inner,
        "clip.vision.block_count": layers,
        "clip.vision.projection_dim": width,
        "clip.vision.attention.head_count": 4,
        "clip.vision.attention.layer_norm_epsilon": 1e-5,
        "clip.vision.image_mean": [0.5, 0.5, 0.5],
        "clip.vision.image_std": [0.25, 0.25, 0.25],
        **(changes or {}),
    }
    with path.open("wb") as file:
        kept = {key: value for key, value in facts.items() if value is not None}
        writer(file, kept, [each for each in made if not drop or not each[0].startswith(drop)])
    return path


def picture(seed: int = 0, *, width: int = 48, height: int = 40) -> np.ndarray:
    """RGB [height, width, 3]: blocks of random colours."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (-(-height // 8), -(-width // 8), 3), dtype=np.uint8)
    return np.ascontiguousarray(blocks.repeat(8, axis=0).repeat(8, axis=1)[:height, :width])
