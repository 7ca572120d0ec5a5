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


def write_decoder(path: Path, pooling: int = 3) -> Path:
    """A tiny Llama that pools (3: its last token): the shape of embedding models made from chat models."""
    rng = np.random.default_rng(0)
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{n:02X}>" for n in range(256)), "\u2581", *LETTERS[:26]]

    def matrix(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape) * 0.3).astype("float16")

    ones = np.ones(DIM, "float32")
    made = [("token_embd.weight", matrix(len(tokens), DIM)), ("output_norm.weight", ones)]
    for layer in range(LAYERS):
        made += [(f"blk.{layer}.{name}.weight", ones) for name in ("attn_norm", "ffn_norm")]
        made += [
            (f"blk.{layer}.{name}.weight", matrix(DIM, DIM))
            for name in ("attn_q", "attn_k", "attn_v", "attn_output")
        ]
        made += [(f"blk.{layer}.{name}.weight", matrix(INNER, DIM)) for name in ("ffn_gate", "ffn_up")]
        made.append((f"blk.{layer}.ffn_down.weight", matrix(DIM, INNER)))
    facts = {
        "general.architecture": "llama",
        "general.name": "tiny-decoder",
        "llama.block_count": LAYERS,
        "llama.context_length": CONTEXT,
        "llama.embedding_length": DIM,
        "llama.feed_forward_length": INNER,
        "llama.attention.head_count": HEADS,
        "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": DIM // HEADS,
        "llama.pooling_type": pooling,
        "tokenizer.ggml.model": "llama",
        "tokenizer.ggml.tokens": tokens,
        "tokenizer.ggml.scores": [0.0] * len(tokens),
        "tokenizer.ggml.token_type": [2, 3, 3] + [6] * 256 + [1] * 27,
        "tokenizer.ggml.bos_token_id": 1,
        "tokenizer.ggml.eos_token_id": 2,
        "tokenizer.ggml.unknown_token_id": 0,
        "tokenizer.ggml.add_eos_token": True,
    }
    with path.open("wb") as file:
        gguf_format.write(file, facts, made)
    return path
