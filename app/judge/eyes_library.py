"""libmtmd, the vision part of llama.cpp: pictures to embeddings, and embeddings into a context.

A picture comes as RGB, alone with its marker: no text of an item ever goes through the library's tokenizer, so that a
text which spells the marker stays text. Whatever the library does not expect may end the process (child only).
"""

from __future__ import annotations

import ctypes
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.adapters.text_clean import clean_line
from penchant.app.errors import PenchantError

from .eyes_sight import Piece, Seen
from .library import Model, library

if TYPE_CHECKING:
    from .eyes_picture import Pixels

#: Without these a picture cannot be kept and fed again.
_NEEDED = (
    "mtmd_encode_chunk", "mtmd_get_output_embd", "mtmd_input_chunk_save", "mtmd_input_chunk_load",
    "mtmd_helper_decode_image_chunk", "mtmd_decode_use_non_causal",
)  # fmt: skip
_NEWER = "0.3.36 can: pip install --upgrade llama-cpp-python. Meanwhile pictures are judged by their descriptions."
_LOAD = "The file is damaged, belongs to another language model, or is unknown to this version of llama.cpp."
_said: deque[str] = deque(maxlen=30)
_sink: Any = None


class Projector:
    """One loaded mmproj file beside its text model. Belongs to one thread.

    `model` must outlive this. `encoded` counts the pieces of pictures that went through the vision model; a picture
    whose tokens look at one another in both directions may have `together` of them at most. Models that make more
    tokens of larger pictures are held to `most`.
    """

    def __init__(self, path: Path, model: Model, *, threads: int = 1, together: int = 512, most: int = 1024) -> None:
        self.together = together
        self.encoded = 0
        self._library = vision_library()
        self._llama = library()
        self._vocab = model.vocab
        self.width = width(model)
        settings = self._library.mtmd_context_params_default()
        settings.use_gpu = settings.warmup = settings.print_timings = False
        settings.n_threads = threads
        if hasattr(settings, "image_max_tokens"):
            settings.image_max_tokens = most
        _said.clear()
        self._context = self._library.mtmd_init_from_file(os.fsencode(path), model.pointer, settings)
        if not self._context:
            said = " ".join(_said).lower()
            if "mismatch between text model" in said:
                why = ": it is made for another language model"
            else:
                why = f" ({reason})" if (reason := last_words()) else ""
            raise PenchantError(f"llama.cpp cannot load the vision part {path}{why}", hint=_LOAD)
        if not self._library.mtmd_support_vision(self._context):
            self.close()
            raise PenchantError(f"{path} has no vision part", hint=_LOAD)

    def close(self) -> None:
        if self._context:
            self._library.mtmd_free(self._context)
            self._context = None

    def look(self, pixels: Pixels, room: int, *, brief: bool = False) -> tuple[tuple[Piece, ...], bool]:
        """The pieces of a picture, in at most `room` tokens: all of it, or the overview of a picture cut in parts.

        `brief`: the overview in any case. The second value is whether it is all of it. Raises `PenchantError` where
        even the overview takes more, or the vision model fails.
        """
        library = self._library
        chunks = library.mtmd_input_chunks_init()
        rgb = (ctypes.c_uint8 * len(pixels.rgb)).from_buffer_copy(pixels.rgb)
        bitmap = library.mtmd_bitmap_init(pixels.width, pixels.height, rgb)
        try:
            marker = library.mtmd_default_marker()
            prompt = library.mtmd_input_text()
            prompt.text, prompt.add_special, prompt.parse_special = marker, False, True
            if hasattr(prompt, "text_len"):
                prompt.text_len = len(marker)
            bitmaps = (library.mtmd_bitmap_p_ctypes * 1)(bitmap)
            code = library.mtmd_tokenize(self._context, chunks, ctypes.byref(prompt), bitmaps, 1)
            if code:
                raise self._failed(code)
            found = [library.mtmd_input_chunks_get(chunks, n) for n in range(library.mtmd_input_chunks_size(chunks))]
            kept = self._fitting(found, room, brief)
            return tuple(self._piece(chunk) for chunk in kept), len(kept) == len(found)
        finally:
            library.mtmd_bitmap_free(bitmap)
            library.mtmd_input_chunks_free(chunks)

    def feed(self, context: Any, seen: Seen, past: int, n_batch: int) -> int:
        """Append a piece to sequence 0 of a context after `past` positions; the position after it."""
        library = self._library
        chunk = library.mtmd_input_chunk_load(seen.chunk, len(seen.chunk))
        if not chunk:
            raise PenchantError("a kept picture cannot be read back", hint="It is looked at again next time.")
        try:
            import numpy as np

            numbers = np.ascontiguousarray(seen.embd, np.float32)
            pointer = numbers.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
            after = self._llama.llama_pos(past)
            no_callback = library.mtmd_helper_post_decode_callback()
            code = library.mtmd_helper_decode_image_chunk(
                self._context, context, chunk, pointer, past, 0, n_batch, ctypes.byref(after), no_callback, None
            )
            if code:
                raise self._failed(code)
            return int(after.value)
        finally:
            library.mtmd_input_chunk_free(chunk)

    def _fitting(self, chunks: Sequence[Any], room: int, brief: bool) -> list[Any]:
        counts = [int(self._library.mtmd_input_chunk_get_n_tokens(chunk)) for chunk in chunks]
        texts = [None if self._is_picture(chunk) else self._text(chunk) for chunk in chunks]
        kept = fitting(counts, texts, room, brief=brief)
        for number in kept:
            whole = texts[number] is None and self._library.mtmd_decode_use_non_causal(self._context, chunks[number])
            if whole and counts[number] > self.together:
                kept = []
        if not kept:
            raise PenchantError(
                f"a picture takes {sum(counts):,} tokens here, {room:,} have room",
                hint="This vision model needs more room than the judge has; a smaller one will do.",
            )
        return [chunks[number] for number in kept]

    def _piece(self, chunk: Any) -> Piece:
        import numpy as np

        library = self._library
        if not self._is_picture(chunk):
            return self._tokens(chunk)
        code = library.mtmd_encode_chunk(self._context, chunk)
        if code:
            raise self._failed(code)
        self.encoded += 1
        tokens = int(library.mtmd_input_chunk_get_n_tokens(chunk))
        found = library.mtmd_get_output_embd(self._context)
        embd = np.ctypeslib.as_array(found, (tokens, self.width)).copy()
        if not np.isfinite(embd).all():
            raise PenchantError("the vision part answers nonsense", hint=_LOAD)
        length = ctypes.c_size_t()
        library.mtmd_input_chunk_save(chunk, None, 0, ctypes.byref(length))
        kept = (ctypes.c_char * length.value)()
        if library.mtmd_input_chunk_save(chunk, kept, length.value, ctypes.byref(length)):
            raise PenchantError("libmtmd cannot keep a picture", hint=_NEWER)
        positions = int(library.mtmd_input_chunk_get_n_pos(chunk))
        return Seen(bytes(kept), embd, positions, bool(library.mtmd_decode_use_non_causal(self._context, chunk)))

    def _is_picture(self, chunk: Any) -> bool:
        return bool(self._library.mtmd_input_chunk_get_type(chunk) == self._library.MTMD_INPUT_CHUNK_TYPE_IMAGE)

    def _tokens(self, chunk: Any) -> tuple[int, ...]:
        count = ctypes.c_size_t()
        ids = self._library.mtmd_input_chunk_get_tokens_text(chunk, ctypes.byref(count))
        return tuple(ids[: count.value]) if ids else ()

    def _text(self, chunk: Any) -> str:
        """The marks around a picture, as text."""
        words, room = [], ctypes.create_string_buffer(256)
        for token in self._tokens(chunk):
            length = self._llama.llama_token_to_piece(self._vocab, token, room, len(room), 0, True)
            words.append(room.raw[: max(0, length)].decode("utf-8", "replace"))
        return "".join(words)

    def _failed(self, code: int) -> PenchantError:
        return PenchantError(f"the vision part fails with the code {code} {last_words()}".strip(), hint=_LOAD)


def fitting(counts: Sequence[int], texts: Sequence[str | None], room: int, *, brief: bool = False) -> list[int]:
    """Which chunks of a picture to take: all where they fit, else (or if `brief`) the overview with the marks beside
    it, else none.

    `counts` are their tokens; `texts` the marks, None for embeddings. Some models cut a picture in parts and add the
    whole of it, small: first of all, or last behind a mark that says "global".
    """
    pictures = [number for number, text in enumerate(texts) if text is None]
    if sum(counts) <= room and not (brief and len(pictures) > 1):
        return list(range(len(counts)))
    if len(pictures) < 2:
        return []
    last = pictures[-1]
    overview = last if "global" in (texts[last - 1] or "") else pictures[0]
    kept = [n for n in (overview - 1, overview, overview + 1) if 0 <= n < len(counts)]
    kept = [n for n in kept if n == overview or texts[n] is not None]
    return kept if sum(counts[n] for n in kept) <= room else []


def vision_library() -> Any:
    """llama_cpp.mtmd_cpp, silenced. Raises `PenchantError` where it is missing or too old."""
    global _sink
    try:
        from llama_cpp import mtmd_cpp
    except Exception as error:  # a wheel for another processor raises what it likes
        raise PenchantError(f"libmtmd cannot be loaded: {type(error).__name__}: {error}", hint=_NEWER) from error
    missing = [name for name in _NEEDED if not hasattr(mtmd_cpp, name)]
    if missing:
        raise PenchantError(f"this llama-cpp-python cannot keep pictures ({missing[0]} is missing)", hint=_NEWER)
    if _sink is None:  # the libraries keep the pointer: so must we
        _sink = mtmd_cpp.llama_cpp.llama_log_callback(_listen)
        mtmd_cpp.mtmd_log_set(_sink, None)
        mtmd_cpp.mtmd_helper_log_set(_sink, None)
    return mtmd_cpp


def width(model: Model) -> int:
    """Numbers of one embedding that the text model takes."""
    return int(library().llama_model_n_embd_inp(model.pointer))


def last_words() -> str:
    """The last complaint of the library, in one line."""
    for line in reversed(_said):
        if any(word in line.lower() for word in ("error", "fail", "mismatch", "unable", "not supported", "unknown")):
            return clean_line(line, 160)
    return ""


def _listen(level: int, text: bytes | None, data: Any) -> None:
    _said.append((text or b"").decode("utf-8", "replace"))
