"""An adapter (LoRA) that the reader brings: small matrices that are added to a model's own."""

from __future__ import annotations

import ctypes
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.embed.gguf_format import Header, read_header
from penchant.app.errors import PenchantError

from .library import library

if TYPE_CHECKING:
    from .llama import Judge

#: Bytes of an adapter at most; they are a few percent of a model.
MOST = 1 << 30
_OTHER = "llama.cpp's convert_lora_to_gguf.py makes one of a LoRA that was trained for the very model that judges."


class Adapter:
    """The adapter that one judge uses, if any."""

    def __init__(self, judge: Judge) -> None:
        self.judge = judge
        self._pointer: Any = None

    def use(self, path: Path | None, strength: float = 1.0) -> bytes:
        """Use a file from now on, None: none any more; returns a digest of it. Raises `PenchantError` in words."""
        llama = library()
        if self._pointer is not None:
            llama.llama_set_adapters_lora(self.judge.context, None, 0, None)
            llama.llama_adapter_lora_free(self._pointer)
            self._pointer = None
        if path is None:
            return b""
        check(path, self.architecture())
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        pointer = llama.llama_adapter_lora_init(self.judge.model.pointer, os.fsencode(path))
        if not pointer:
            raise PenchantError(f"llama.cpp cannot put the adapter {path} into this model", hint=_OTHER)
        adapters = (llama.llama_adapter_lora_p_ctypes * 1)(ctypes.cast(pointer, llama.llama_adapter_lora_p_ctypes))
        if llama.llama_set_adapters_lora(self.judge.context, adapters, 1, (ctypes.c_float * 1)(strength)):
            llama.llama_adapter_lora_free(pointer)
            raise PenchantError(f"llama.cpp cannot use the adapter {path}", hint=_OTHER)
        self._pointer = pointer
        return digest

    def architecture(self) -> str:
        """What kind of model is loaded, such as "llama"."""
        room = ctypes.create_string_buffer(128)
        count = library().llama_model_meta_val_str(self.judge.model.pointer, b"general.architecture", room, len(room))
        return room.value.decode("utf-8", "replace") if count > 0 else ""


def check(path: Path, architecture: str) -> Header:
    """The header of a LoRA file for this kind of model. Raises `PenchantError` in words."""
    if not path.is_file():
        raise PenchantError(f"there is no adapter file at {path}", hint="Correct its path, or put the file there.")
    if path.stat().st_size > MOST:
        raise PenchantError(f"{path} is larger than any adapter ({MOST >> 20} MB)", hint=_OTHER)
    header = read_header(path)
    if header.values.get("general.type") != "adapter":
        raise PenchantError(f"{path} is a model, no adapter", hint=_OTHER)
    kind = header.values.get("adapter.type")
    if kind != "lora":
        raise PenchantError(f"{path} is an adapter of the kind {kind!s:.40}, and llama.cpp takes LoRA", hint=_OTHER)
    if header.architecture != architecture:
        raise PenchantError(
            f"{path} was made for models of the kind {header.architecture!s:.40}, and this is {architecture}",
            hint=_OTHER,
        )
    if {name[-7:] for name in header.shapes} != {".lora_a", ".lora_b"}:
        raise PenchantError(f"{path} holds no LoRA matrices", hint=_OTHER)
    return header
