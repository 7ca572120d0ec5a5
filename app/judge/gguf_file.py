"""Is this a language model that can judge, and what is it called? Looked at before llama.cpp sees the file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.embed.gguf import ENCODERS
from penchant.app.embed.gguf_format import Header, read_header
from penchant.app.errors import PenchantError
from penchant.app.models.files import write_whole

if TYPE_CHECKING:
    from .llama import Judge

TOKENS = "tokenizer.ggml.tokens"
#: Part of every name: another number when the same weights come to give other opinions.
RECIPE = b"judge 1"
#: Beside the models: digests of large files by path, size and time, since hashing gigabytes takes seconds.
DIGESTS, LARGE = "digests.json", 64 << 20
_OTHER = "Any chat or base model in GGUF form will do; `penchant models list` names some."
_DAMAGED = "The file is damaged, or made for a newer llama.cpp: get it again and compare its checksum."
#: Numbers that size memory, with the most that is plausible; heads may be a list.
_SIZES = (
    ("embedding_length", 65_536), ("context_length", 1 << 24), ("block_count", 1_024),
)  # fmt: skip
_SHARES = ("attention.head_count", "attention.head_count_kv")


def check_file(path: Path) -> Header:
    """The header of a file that can judge texts. Raises `PenchantError` in words."""
    if not path.is_file():
        raise PenchantError(
            f"there is no model file at {path}", hint="Correct `judge` in [models], or put the file there."
        )
    header = read_header(path)
    name = header.architecture
    if name == "clip":
        raise PenchantError(
            f"{path} is the vision part of a model (mmproj)",
            hint="Name it as `eyes`, and its language model as `judge`.",
        )
    if name in ENCODERS or header.of_architecture("pooling_type"):
        raise PenchantError(f"{path} is a model for vectors ({name}), which cannot judge", hint=_OTHER)
    if int(header.values.get("split.count") or 0) > 1:
        raise PenchantError(
            f"{path} is one part of several", hint="Join them with `llama-gguf-split --merge`, or take a single file."
        )
    for key, most in _SIZES:
        value = header.of_architecture(key)
        if not isinstance(value, int) or not 1 <= value <= most:
            raise PenchantError(f"the model file {path} cannot be used: its {key} is {value}", hint=_DAMAGED)
    for key in _SHARES:
        value = header.of_architecture(key)
        if value is not None and (not isinstance(value, int) or not 1 <= value <= 4_096):
            raise PenchantError(f"the model file {path} cannot be used: its {key} is {value}", hint=_DAMAGED)
    if not header.lengths.get(TOKENS):
        raise PenchantError(f"the model file {path} cannot be used: it has no vocabulary", hint=_OTHER)
    return header


def model_name(path: Path, header: Header, folder: Path | None = None) -> str:
    """ "gguf:", the model's own name and a digest of the whole file. `folder` remembers digests of large files."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", str(header.values.get("general.name") or path.stem))[:40]
    return f"gguf:{name.strip('-') or 'model'}:{_digest(path, folder)}"


def remembered(header: Header, tokens: int) -> int:
    """Bytes that a model remembers of so many tokens, at most: 16-bit keys and values of every layer."""
    width, layers = (int(header.of_architecture(key) or 0) for key in ("embedding_length", "block_count"))
    return 4 * width * layers * tokens


def layout(header: Header, judge: Judge) -> str:
    """What a memory depends on beside weights: the size of calls, and whether positions are stretched."""
    trained = header.of_architecture("rope.scaling.original_context_length")
    stretched = isinstance(trained, int) and judge.context_tokens + judge.spare > trained
    return f"1 {judge.batch_tokens} {'stretched' if stretched else 'plain'}"


def _digest(path: Path, folder: Path | None) -> str:
    facts = path.stat()
    mark = f"{path.resolve()}\n{facts.st_size}\n{facts.st_mtime_ns}\n{RECIPE.decode()}"
    known = _known(folder / DIGESTS) if folder is not None and facts.st_size > LARGE else {}
    if mark not in known:
        with path.open("rb") as file:
            made = hashlib.file_digest(file, lambda: hashlib.blake2b(key=RECIPE, digest_size=6)).hexdigest()
        if folder is None or facts.st_size <= LARGE:
            return made
        known = {**{each: known[each] for each in list(known)[-20:]}, mark: made}
        with contextlib.suppress(PenchantError):  # it is hashed again next time
            write_whole(folder / DIGESTS, json.dumps(known, indent=1))
    return known[mark]


def _known(path: Path) -> dict[str, str]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else {}
