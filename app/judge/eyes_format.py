"""Is this file a vision part (mmproj) for that text model? Looked at before llama.cpp sees it, since it ends its
process on some values that it does not expect (a patch of no pixels divides by zero)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from penchant.app.embed.gguf_format import Header, read_header
from penchant.app.errors import PenchantError

#: Part of every name: another number when the same file comes to give other embeddings.
RECIPE = b"1"
#: Numbers that size memory, with the most that is plausible.
_SIZES = (
    ("image_size", 8_192), ("patch_size", 512), ("embedding_length", 32_768), ("feed_forward_length", 262_144),
    ("block_count", 512), ("attention.head_count", 512),
)  # fmt: skip
#: The tensor, and its axis, that has the width of the text model's embeddings; of other projectors llama.cpp says so.
_LAST = {
    "mlp": ("mm.2.weight", 1),
    "idefics3": ("mm.model.fc.weight", 1),
    "gemma3": ("mm.input_projection.weight", 0),
    "qwen2vl_merger": ("mm.2.bias", 0),
    "qwen2.5vl_merger": ("mm.2.bias", 0),
}
_DAMAGED = "The file is damaged, or made for a newer llama.cpp: get it again and compare its checksum."
_WRONG = "An mmproj file belongs to one language model: take the one that is offered beside it."


@dataclass(frozen=True, slots=True)
class EyesFile:
    """What an mmproj file says of itself. `digest` names its content: 12 hexadecimal digits."""

    name: str
    projector: str
    digest: str


def check_eyes(path: Path, n_embd: int) -> EyesFile:
    """The facts of an mmproj file that fits a text model with embeddings of `n_embd` numbers.

    Raises `PenchantError` in words: no such file, another kind of file, damaged, made for another model.
    """
    if not path.is_file():
        raise PenchantError(
            f"there is no vision part (mmproj) at {path}", hint="Correct `eyes` in [models], or put the file there."
        )
    header = read_header(path, ("clip.vision.image_mean", "clip.vision.image_std"))
    if header.architecture != "clip":
        what = f"a model of the kind {header.architecture!r}" if header.architecture else "no model with a name"
        raise PenchantError(f"{path} holds no vision part (mmproj) but {what}", hint=_WRONG)
    projector = _projector(path, header)
    for key, most in _SIZES:
        value = header.values.get(f"clip.vision.{key}")
        if not isinstance(value, int) or not 1 <= value <= most:
            raise _unusable(path, f"its {key} is {value!r}")
    size, patch = (header.values[f"clip.vision.{key}"] for key in ("image_size", "patch_size"))
    width, heads = (header.values[f"clip.vision.{key}"] for key in ("embedding_length", "attention.head_count"))
    if patch > size or width % heads:
        raise _unusable(path, f"patches of {patch} pixels in {size}, {heads} heads for {width} numbers")
    _colours(path, header)
    name, axis = _LAST.get(projector, ("", 0))
    shape = header.shapes.get(name, ())
    if len(shape) > axis and shape[axis] != n_embd:
        raise PenchantError(
            f"{path} turns pictures into {shape[axis]} numbers; the language model takes {n_embd}", hint=_WRONG
        )
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(key=RECIPE, digest_size=6)).hexdigest()
    return EyesFile(str(header.values.get("general.name") or path.stem)[:60], projector, digest)


def _projector(path: Path, header: Header) -> str:
    if not header.values.get("clip.has_vision_encoder"):
        raise PenchantError(f"{path} has no vision part (it may be for sound)", hint=_WRONG)
    kind = header.values.get("clip.vision.projector_type") or header.values.get("clip.projector_type")
    if not isinstance(kind, str) or not kind:
        raise _unusable(path, "it names no projector")
    if not any(name.startswith("v.") for name in header.shapes):
        raise _unusable(path, "it has no weights for pictures")
    return kind


def _colours(path: Path, header: Header) -> None:
    """Mean and spread of the three colours, which every pixel is divided by."""
    for key in ("image_mean", "image_std"):
        values = header.lists.get(f"clip.vision.{key}", [])
        usable = len(values) == 3 and all(isinstance(v, float) and abs(v) < 1e3 for v in values)
        if not usable or (key == "image_std" and min(values) <= 0):
            raise _unusable(path, f"its {key} is {values!r}")


def _unusable(path: Path, found: str) -> PenchantError:
    return PenchantError(f"the vision part {path} cannot be used: {found}", hint=_DAMAGED)
