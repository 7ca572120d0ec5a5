"""A tiny BERT with random weights as a real GGUF file, for the tests: loads in milliseconds, 60 KB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from penchant.app.embed import gguf_format

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
KINDS = [3, 2, 3, 3, 3]
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,-:/!?"
DIM, INNER, HEADS, LAYERS, CONTEXT = 32, 64, 4, 2, 64


def entries() -> dict[str, Any]:
    tokens = WORDS + ["\u2581" + letter for letter in LETTERS] + list(LETTERS)
    return {
        "general.architecture": "bert",
        "general.name": "tiny",
        "bert.block_count": LAYERS,
        "bert.context_length": CONTEXT,
        "bert.embedding_length": DIM,
        "bert.feed_forward_length": INNER,
        "bert.attention.head_count": HEADS,
        "bert.attention.layer_norm_epsilon": 1e-12,
        "bert.attention.causal": False,
        "bert.pooling_type": 1,
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.token_type_count": 2,
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.token_type": KINDS + [1] * (len(tokens) - len(KINDS)),
        "tokenizer.ggml.bos_token_id": 2,
        "tokenizer.ggml.cls_token_id": 2,
        "tokenizer.ggml.eos_token_id": 3,
        "tokenizer.ggml.seperator_token_id": 3,
        "tokenizer.ggml.unknown_token_id": 1,
        "tokenizer.ggml.padding_token_id": 0,
        "tokenizer.ggml.mask_token_id": 4,
    }


def tensors(seed: int = 0) -> list[tuple[str, np.ndarray]]:
    rng = np.random.default_rng(seed)

    def matrix(*shape: int, kind: str = "float16") -> np.ndarray:
        return (rng.standard_normal(shape) * 0.3).astype(kind)

    made = [
        ("token_embd.weight", matrix(len(WORDS) + 2 * len(LETTERS), DIM)),
        ("position_embd.weight", matrix(CONTEXT, DIM, kind="float32")),
        ("token_types.weight", matrix(2, DIM, kind="float32")),
        ("token_embd_norm.weight", np.ones(DIM, "float32")),
        ("token_embd_norm.bias", np.zeros(DIM, "float32")),
    ]
    for layer in range(LAYERS):
        for name, rows, columns in (
            ("attn_q", DIM, DIM), ("attn_k", DIM, DIM), ("attn_v", DIM, DIM), ("attn_output", DIM, DIM),
            ("ffn_up", INNER, DIM), ("ffn_down", DIM, INNER),
        ):  # fmt: skip
            made.append((f"blk.{layer}.{name}.weight", matrix(rows, columns)))
            made.append((f"blk.{layer}.{name}.bias", matrix(rows, kind="float32")))
        for name in ("attn_output_norm", "layer_output_norm"):
            made.append((f"blk.{layer}.{name}.weight", np.ones(DIM, "float32")))
            made.append((f"blk.{layer}.{name}.bias", np.zeros(DIM, "float32")))
    return made


def write(path: Path, seed: int = 0, **changes: Any) -> Path:
    """A model file; `changes` replace entries, with "__" for a dot (None removes one)."""
    facts = entries()
    for key, value in changes.items():
        facts[key.replace("__", ".")] = value
    with path.open("wb") as file:
        gguf_format.write(file, {k: v for k, v in facts.items() if v is not None}, tensors(seed))
    return path
