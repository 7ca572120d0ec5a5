"""(i) A LoRA adapter that the reader brings: trained elsewhere, put into the model as it is."""

from __future__ import annotations

from pathlib import Path

from penchant.app.voice import words
from penchant.app.voice.values import LORA, Carried, Reader, Taste, Voice

from .base import CannotCarry, Tools, inside


class Lora:
    """The file of `lora` in [voice]; the dial is its strength."""

    name = "lora"
    needs = frozenset({LORA})

    def __init__(self, tools: Tools) -> None:
        self._file = tools.lora

    async def taste(self, reader: Reader, voice: Voice) -> Taste:
        """The adapter against none. Raises `CannotCarry` without a file; whether it fits is for the model to say."""
        inside(voice, self.needs, self.name)
        if not self._file:
            raise CannotCarry(
                "no adapter is named",
                hint='`lora = "FILE.gguf"` in [voice] names one; `penchant voice export` writes what to train it with.',
            )
        path = Path(self._file).expanduser()
        if not path.is_file():
            raise CannotCarry(f"there is no adapter file at {path}", hint="Correct `lora` in [voice], or put it there.")
        toward = Carried(history=words.PLAIN, lora=path, strength=reader.dial)
        return Taste(toward, Carried(history=words.PLAIN), 0)
