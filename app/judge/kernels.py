"""How fast this processor computes with weights in each format: a tiny model, some tenths of a second each."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from penchant.app.embed.gguf_format import write

from .llama import Judge

#: CPU seconds for each format, after one call that does not count.
SECONDS = 0.25
WIDTH, INNER, LAYERS, HEADS = 512, 1536, 2, 8


class Speeds(Protocol):
    """Format (its number in tensors) -> tokens a CPU-second."""

    def __call__(self, kinds: list[int], /) -> dict[int, float]: ...


def measure(kinds: Mapping[int, int], folder: Path, convert: Callable[..., None]) -> dict[int, float]:
    """Tokens a CPU-second for formats (number in tensors -> kind of file), with models made in `folder`."""
    base = folder / "base.gguf"
    tiny(base)
    found = {}
    for kind, kind_of_file in kinds.items():
        path = folder / f"{kind}.gguf"
        convert(base, path, kind_of_file, pure=True)
        found[kind] = _speed(Judge(path, context_tokens=64))
        path.unlink()
    return found


def _speed(judge: Judge) -> float:
    tokens = [(1, at, 0, False) for at in range(judge.batch_tokens)]
    judge.decode(tokens)
    started, count = time.process_time(), 0
    while (used := time.process_time() - started) < SECONDS:
        judge.forget()
        judge.decode(tokens)
        count += len(tokens)
    return count / used


def tiny(path: Path) -> None:
    """A Llama of two layers whose matrices are as wide as small models have them, in F16."""
    import numpy as np

    rng = np.random.default_rng(0)

    def matrix(*shape: int) -> np.ndarray:
        return (rng.standard_normal(shape, np.float32) * 0.05).astype(np.float16)

    words = ["<unk>", "<s>", "</s>", *(f"<0x{n:02X}>" for n in range(256))]
    ones = np.ones(WIDTH, np.float32)
    tensors = [("token_embd.weight", matrix(len(words), WIDTH)), ("output_norm.weight", ones)]
    for layer in range(LAYERS):
        shapes = {
            "attn_q": (WIDTH, WIDTH), "attn_k": (WIDTH, WIDTH), "attn_v": (WIDTH, WIDTH), "attn_output": (WIDTH, WIDTH),
            "ffn_gate": (INNER, WIDTH), "ffn_up": (INNER, WIDTH), "ffn_down": (WIDTH, INNER),
        }  # fmt: skip
        tensors += [(f"blk.{layer}.{name}.weight", matrix(*shape)) for name, shape in shapes.items()]
        tensors += [(f"blk.{layer}.{name}.weight", ones) for name in ("attn_norm", "ffn_norm")]
    facts = {
        "general.architecture": "llama", "general.name": "tiny", "llama.block_count": LAYERS,
        "llama.context_length": 2048, "llama.embedding_length": WIDTH, "llama.feed_forward_length": INNER,
        "llama.attention.head_count": HEADS, "llama.attention.layer_norm_rms_epsilon": 1e-5,
        "llama.rope.dimension_count": WIDTH // HEADS, "tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": words,
        "tokenizer.ggml.scores": [0.0] * len(words), "tokenizer.ggml.token_type": [2, 3, 3] + [6] * 256,
        "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 2,
    }  # fmt: skip
    with path.open("wb") as file:
        write(file, facts, tensors)
