"""One model in a GGUF file, loaded by llama.cpp's own C functions: its vocabulary, its tokens, its chat template.

llama.cpp ends its process on what it does not expect, so this runs in a child process only (`child`, `runner`).
"""

from __future__ import annotations

import ctypes
import functools
import os
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from penchant.app.errors import PenchantError

DAMAGED = "The file is damaged, or this version of llama.cpp does not know the model: get either again."
#: Stands for a text while a chat template is rendered: a private character that no template uses.
_SLOT = "\ue0ff"


@functools.cache
def library() -> ModuleType:
    """llama_cpp, silent, and ready to abort without starting a debugger."""
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import llama_cpp

    _silence.append(llama_cpp.llama_log_callback(lambda level, text, data: None))
    llama_cpp.llama_log_set(_silence[0], ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    return llama_cpp


_silence: list[Any] = []  # the library keeps the pointer: so must we


class Model:
    """The weights and the vocabulary. `pointer` and `vocab` are llama.cpp's own, for its other functions."""

    def __init__(self, path: Path) -> None:
        llama = library()
        settings = llama.llama_model_default_params()
        settings.n_gpu_layers = 0
        self.path = path
        self.pointer = llama.llama_model_load_from_file(os.fsencode(path), settings)
        if not self.pointer:
            raise PenchantError(f"llama.cpp cannot load {path}", hint=DAMAGED)
        self.vocab = llama.llama_model_get_vocab(self.pointer)
        self.words = int(llama.llama_vocab_n_tokens(self.vocab))
        self.width = int(llama.llama_model_n_embd(self.pointer))
        self.layers = int(llama.llama_model_n_layer(self.pointer))
        self.trained = int(llama.llama_model_n_ctx_train(self.pointer))
        self.parameters = int(llama.llama_model_n_params(self.pointer))
        self._template = llama.llama_model_chat_template(self.pointer, None)
        self._newline = self.tokens("\n")

    def tokens(self, text: str, *, special: bool = False, start: bool = False) -> list[int]:
        """The ids of a text. `special`: control tokens written in it count as such (never for foreign text).

        `start`: with what the model expects before a document, such as its BOS token.
        """
        llama = library()
        data = text.encode("utf-8", "replace")
        room = len(data) + 8
        while True:
            ids = (llama.llama_token * room)()
            count = llama.llama_tokenize(self.vocab, data, len(data), ids, room, start, special)
            if count >= 0:
                return list(ids[:count])
            room = -count

    def onward(self, text: str, most: int) -> list[int]:
        """The ids of a text that goes on inside a document, `most` of them; some models begin one with a space."""
        ids = self.tokens("\n" + text)
        start = len(self._newline)
        return (ids[start:] if ids[:start] == self._newline else self.tokens(text))[:most]

    def before(self) -> list[int]:
        """What the model expects before any document: its BOS token or nothing."""
        return self.tokens("", start=True)

    def opening(self) -> list[int]:
        """What stands before a document that has no history: at least one token."""
        begin = library().llama_vocab_bos(self.vocab)
        return self.before() or ([begin] if begin >= 0 else self._newline)

    def piece(self, token: int) -> bytes:
        """The bytes of a token; control tokens have none."""
        llama = library()
        room = ctypes.create_string_buffer(256)
        count = llama.llama_token_to_piece(self.vocab, token, room, len(room), 0, False)
        return room.raw[:count] if count > 0 else b""

    def ends(self, token: int) -> bool:
        """Whether the model says with this token that it has finished."""
        return bool(library().llama_vocab_is_eog(self.vocab, token))

    @functools.cached_property
    def chat(self) -> bool:
        """Whether the file brings a chat template that llama.cpp knows."""
        return self._template is not None and bool(self._rendered("a", _SLOT))

    def around(self, system: str, turns: Sequence[tuple[str, str]] = ()) -> tuple[list[int], list[int]]:
        """The tokens before and after what the user says in a chat, up to where the answer begins.

        Only the template's own control tokens count: what the user says is tokenised without them, so that no text
        can end its own turn. A model without a template gets plain text. `turns`: (what was said, what was answered).
        """
        if turns:
            return self._around(system, turns)
        text = self._rendered(system, _SLOT) if self.chat else f"{system}\n\n{_SLOT}\nAnswer:"
        before, found, after = text.partition(_SLOT)
        if not found:
            before, after = f"{system}\n\n", "\nAnswer:"
        start = self.tokens(before, special=True, start=True)
        return start or self.opening(), self.tokens(after, special=True)

    def _around(self, system: str, turns: Sequence[tuple[str, str]]) -> tuple[list[int], list[int]]:
        """`around`, with everything that was said in slots of its own: no earlier turn can end itself either."""
        said = [text for turn in turns for text in turn]
        roles = [role for _ in turns for role in (b"user", b"assistant")]
        slots = [(role, _SLOT.encode()) for role in (*roles, b"user")]
        pairs = [(b"system", system.encode()), *slots]
        joined = [(b"user", f"{system}\n\n{_SLOT}".encode()), *slots[1:]]
        parts = (self._applied(pairs) or self._applied(joined) if self.chat else "").split(_SLOT)
        if len(parts) != len(slots) + 1:
            parts = [f"{system}\n\n", *["\nAnswer: ", "\n\n"] * len(turns), "\nAnswer:"]
        ids = self.tokens(parts[0], special=True, start=True) or self.opening()
        for text, part in zip(said, parts[1:-1], strict=True):
            ids += [*self.tokens(text), *self.tokens(part, special=True)]
        return ids, self.tokens(parts[-1], special=True)

    def _applied(self, turns: Sequence[tuple[bytes, bytes]]) -> str:
        """The template over (role, content) pairs; "" where it does not take them."""
        llama = library()
        chat = (llama.llama_chat_message * len(turns))(*[llama.llama_chat_message(*turn) for turn in turns])
        room = ctypes.create_string_buffer(4 * sum(len(said) for _, said in turns) + 4_096)
        count = llama.llama_chat_apply_template(self._template, chat, len(turns), True, room, len(room))
        return room.raw[:count].decode("utf-8", "replace") if 0 < count <= len(room) else ""

    def _rendered(self, system: str, user: str) -> str:
        """The chat as text; "" where the template is not known, without `system` where it refuses one."""
        pairs = [(b"system", system.encode()), (b"user", user.encode())]
        for turns in (pairs, [(b"user", f"{system}\n\n{user}".encode())]):
            if user in (text := self._applied(turns)):
                return text
        return ""
