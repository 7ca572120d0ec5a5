"""Whether a model file is what it says: its kind, its role, its checksum. Files come from strangers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from penchant.app.embed.gguf import ENCODERS
from penchant.app.embed.gguf_format import read_header as read_gguf
from penchant.app.errors import PenchantError

from .safetensors_format import read_header as read_safetensors

#: Formats that run whatever their author wrote into them while they are opened.
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")
CHUNK = 1 << 20
_POOLED = (1, 2, 3)  # mean, first token, last token
Progress = Callable[[int], None]


def refuse_pickle(name: str) -> None:
    """Raises `PenchantError` for a file that torch would unpickle."""
    if name.lower().endswith(PICKLES):
        raise PenchantError(
            f"{name} is in PyTorch's own format, which can carry a program; penchant does not load it",
            hint="Take the .safetensors file of the same model; most repositories have both.",
        )


def check(path: Path, name: str = "") -> str:
    """The role of a model file, or of a folder of open_clip: "sentence", "picture", "judge" or "eyes".

    `name`: what the file will be called, where it is not yet. Raises `PenchantError` for what is damaged or no model.
    """
    if path.is_dir():
        return _folder(path)
    name = name or path.name
    refuse_pickle(name)
    if name.endswith(".json"):
        _config(path)
        return "picture"
    if name.endswith(".safetensors"):
        read_safetensors(path)
        return "picture"
    header = read_gguf(path)
    if header.architecture == "clip":
        return "eyes"
    if header.architecture in ENCODERS or header.of_architecture("pooling_type") in _POOLED:
        return "sentence"
    return "judge"


def _folder(path: Path) -> str:
    weights, config = path / "open_clip_model.safetensors", path / "open_clip_config.json"
    if not config.is_file():
        raise PenchantError(
            f"there is no {config.name} in {path}", hint="It says how the model is built: pull it again."
        )
    _config(config)
    read_safetensors(weights)
    return "picture"


def _config(path: Path) -> None:
    try:
        if path.stat().st_size > CHUNK or not isinstance(json.loads(path.read_bytes()), dict):
            raise ValueError
    except OSError as error:
        raise PenchantError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError):
        raise PenchantError(f"{path} is no JSON table", hint="The file is damaged: pull the model again.") from None


def digest(path: Path, progress: Progress | None = None) -> str:
    """SHA-256 of a file, in hexadecimal. Raises `PenchantError`."""
    made = hashlib.sha256()
    try:
        with path.open("rb", buffering=0) as file:
            while chunk := file.read(CHUNK):
                made.update(chunk)
                if progress is not None:
                    progress(len(chunk))
    except OSError as error:
        raise PenchantError(f"{path} cannot be read: {error.strerror}") from error
    return made.hexdigest()
