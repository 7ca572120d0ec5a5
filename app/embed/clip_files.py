"""The files of a CLIP model: where its weights are, what its configuration says, and whether that can be believed.

Pure but for reading small files: torch is not needed to refuse a model.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from penchant.app.errors import PenchantError

#: The configuration beside the weights, as hub repositories have it.
CONFIG = "open_clip_config.json"
#: What may hold weights; the first have no code in them, of the others only plain tensors are read.
SAFE, PLAIN = ".safetensors", (".pt", ".pth", ".bin")
_PREFERRED = ("open_clip_model.safetensors", "model.safetensors", "open_clip_pytorch_model.bin")
#: Bytes of a configuration.
MAX_CONFIG = 1 << 20
#: Part of every space's name: another number when the same weights come to give other vectors.
RECIPE = b"1"
#: The largest sense that numbers of a configuration make, by their names.
_LIMITS = {
    "embed_dim": 16_384, "image_size": 2_048, "width": 16_384, "layers": 256, "heads": 256, "patch_size": 256,
    "vocab_size": 2_000_000, "context_length": 4_096, "head_width": 1_024,
}  # fmt: skip
_TIMM = re.compile(r"[A-Za-z0-9_.]{1,100}")
_HINT = f"Pull a model with `penchant models pull`, or name a folder with open_clip_model.safetensors and {CONFIG}."


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Weights and what they are weights of. `model` and `preprocess` are open_clip's own tables."""

    name: str
    weights: Path
    model: dict[str, Any]
    preprocess: dict[str, Any] = field(default_factory=dict)

    @property
    def space(self) -> str:
        """ "clip:", the name and a hash of weights and configuration: other weights are other spaces."""
        with self.weights.open("rb") as file:
            made = hashlib.file_digest(file, lambda: hashlib.blake2b(key=RECIPE, digest_size=6))
        made.update(json.dumps([self.model, self.preprocess], sort_keys=True).encode())
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", self.name)[:40].strip("-")
        return f"clip:{name or 'model'}:{made.hexdigest()}"


def weights_at(path: Path) -> Path:
    """The file of weights: `path` itself, or the one in that folder. Raises `PenchantError`."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in (SAFE, *PLAIN) and file.is_file())
        safe = [file for file in files if file.suffix == SAFE]
        named = [file for wish in _PREFERRED for file in files if file.name == wish]
        found = named or (safe or files if len(safe or files) == 1 else [])
        if not found:
            raise PenchantError(f"{path} holds {'several models' if files else 'no model'} of pictures", hint=_HINT)
        return found[0]
    if not path.is_file():
        raise PenchantError(f"there is no picture model at {path}", hint=_HINT)
    if path.suffix not in (SAFE, *PLAIN):
        raise PenchantError(f"{path} is no checkpoint of a picture model", hint=_HINT)
    return path


def config_of(weights: Path) -> dict[str, Any] | None:
    """What stands beside the weights as open_clip_config.json or under their own name; None where nothing does."""
    for path in (weights.with_name(CONFIG), weights.with_suffix(".json")):
        if not path.is_file():
            continue
        try:
            if path.stat().st_size > MAX_CONFIG:
                raise ValueError("it is too large")
            raw = json.loads(path.read_bytes())
            if not isinstance(raw, dict) or not isinstance(raw.get("model_cfg"), dict):
                raise ValueError('it has no table "model_cfg"')
            return raw
        except (OSError, ValueError, RecursionError) as error:
            raise PenchantError(f"the configuration {path} cannot be read: {error}", hint=_HINT) from error
    return None


def named(weights: Path, architectures: Iterable[str]) -> tuple[str, str] | None:
    """(architecture, what follows it) of the file's name or its folder's: the longest that either begins with."""
    best: tuple[str, str] | None = None
    for label in (weights.stem, weights.parent.name):
        for name in architectures:
            if label.lower().startswith(name.lower()) and (best is None or len(name) > len(best[0])):
                best = name, label[len(name) :].strip("-_. ")
        if best is not None:
            return best
    return None


def checked(model: Mapping[str, Any], weights: Path) -> dict[str, Any]:
    """The table of a model, without what would fetch anything. Raises `PenchantError` for what has no sense."""
    found = {key: dict(value) if isinstance(value, dict) else value for key, value in model.items()}
    for part in ("vision_cfg", "text_cfg"):
        if not isinstance(found.get(part), dict):
            raise _wrong(weights, f"it has no {part}")
    vision, text = found["vision_cfg"], found["text_cfg"]
    for table in (found, vision, text):
        for key, most in _LIMITS.items():
            for value in _numbers(table.get(key)):
                if not isinstance(value, int) or not 1 <= value <= most:
                    raise _wrong(weights, f"{key} is {value!r}")
    if text.get("hf_model_name") or text.get("hf_tokenizer_name") or "multimodal_cfg" in found:
        raise PenchantError(
            f"the picture model {weights} reads text by parts that penchant does not run",
            hint="Take a CLIP with its own tokenizer: ViT-B-32, ViT-B-16, ViT-L-14, MobileCLIP and their like.",
        )
    if (timm := vision.get("timm_model_name")) is not None:
        if not isinstance(timm, str) or not _TIMM.fullmatch(timm):
            raise _wrong(weights, f"timm_model_name is {timm!r}")
        vision["timm_model_pretrained"] = False
    return found


def _numbers(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _wrong(weights: Path, what: str) -> PenchantError:
    return PenchantError(f"the configuration of {weights} makes no sense: {what}", hint=_HINT)
