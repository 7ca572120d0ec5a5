"""Sentence vectors by an embedding model in a GGUF file, through llama.cpp's own C functions.

llama.cpp ends its process on what it does not expect, so this runs in a child process only (`child`, `runner`).
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from .gguf_format import Header, read_header

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

#: Tokens read of one text: a title and a first paragraph; all-MiniLM-L6-v2 was trained on no more either.
MAX_TOKENS = 256
#: Characters looked at: more than MAX_TOKENS tokens of any usual text.
MAX_CHARS = 4_000
#: Tokens packed into one call. Attention is computed across all of them, so much more is slower again.
PACK = 128
#: Texts in one call at most.
SEQUENCES = 16
#: Part of every space's name: another number when the same weights come to give other vectors.
RECIPE = b"1"
#: Architectures made for vectors; others count where they name a way of pooling.
ENCODERS = (
    "bert", "nomic-bert", "nomic-bert-moe", "neo-bert", "jina-bert-v2", "jina-bert-v3", "modern-bert",
    "eurobert", "gemma-embedding",
)  # fmt: skip
_TOKENS, _KINDS = "tokenizer.ggml.tokens", "tokenizer.ggml.token_type"
_SPECIAL = ("cls", "bos", "seperator", "eos", "unknown")  # "seperator" is how the format writes it
_NONE, _MEAN, _CLS, _LAST, _RANK = range(5)
_PROBE = ("a garden in the rain", "interest rates rise")
_OTHER_MODEL = "Any embedding model in GGUF form will do, such as all-MiniLM, bge, gte or nomic-embed."
_DAMAGED = "The file is damaged, or this version of llama.cpp does not know the model: get either again."


def check_file(path: Path) -> Header:
    """The header of a file that can give sentence vectors. Raises `PenchantError` in words."""
    header = read_header(path, (_TOKENS, _KINDS))
    name, pooling = header.architecture, header.of_architecture("pooling_type")
    if pooling == _RANK:
        raise PenchantError(f"{path} is a model that compares two texts (a reranker)", hint=_OTHER_MODEL)
    if pooling not in (None, _NONE, _MEAN, _CLS, _LAST):
        raise PenchantError(f"the model file {path} cannot be used: pooling {pooling!r}", hint=_DAMAGED)
    if name not in ENCODERS and pooling not in (_MEAN, _CLS, _LAST):
        raise PenchantError(
            f"{path} is no embedding model ({name or 'it names no architecture'})", hint=_OTHER_MODEL
        )
    for key, most in (("embedding_length", 16_384), ("context_length", 1 << 24), ("block_count", 1_024)):
        value = header.of_architecture(key)
        if not isinstance(value, int) or not 1 <= value <= most:
            raise PenchantError(f"the model file {path} cannot be used: its {key} is {value}", hint=_DAMAGED)
    if not header.lists.get(_TOKENS):
        raise PenchantError(f"the model file {path} cannot be used: it has no vocabulary", hint=_OTHER_MODEL)
    return header


def space_name(path: Path, header: Header) -> str:
    """ "gguf:", the model's own name and a hash of the whole file: other weights are another space."""
    with path.open("rb") as file:
        made = hashlib.file_digest(file, lambda: hashlib.blake2b(key=RECIPE, digest_size=6)).hexdigest()
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", str(header.values.get("general.name") or path.stem))[:40]
    return f"gguf:{name.strip('-') or 'model'}:{made}"


class LlamaEmbedder:
    """One loaded model, an embedder of `base.Embedder`. Belongs to one thread.

    Several texts go through the model at once, and sums of rounded halves come in another order in other company:
    a number of a vector moves by up to 2e-4 (all-MiniLM, F16), the cosine by less than 1e-6. Exact repetition
    would need fixed, padded places, which cost all that packing gains (bench/sentence.py).
    """

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        header = check_file(path)
        self.name = space_name(path, header)
        self.threads = threads
        os.environ.setdefault("GGML_NO_BACKTRACE", "1")  # otherwise it starts a debugger before it aborts
        import llama_cpp

        self._llama = llama_cpp
        # the library keeps the pointer: so must we
        self._silence = llama_cpp.llama_log_callback(lambda level, text, data: None)
        llama_cpp.llama_log_set(self._silence, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self._load(path, header)
        self.dim = int(llama_cpp.llama_model_n_embd_out(self._model))
        self._probe(path)

    def embed_batch(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [len(texts), dim]; a row of NaN where the model gives no direction."""
        import numpy as np

        self._give_way()
        vectors = np.empty((len(texts), self.dim), np.float32)
        tokens = [self._tokens(text) for text in texts]
        for rows in packed([len(ids) for ids in tokens]):
            self._decode([tokens[row] for row in rows])
            for number, row in enumerate(rows):
                found = self._llama.llama_get_embeddings_seq(self._context, number)
                vectors[row] = np.ctypeslib.as_array(found, (self.dim,)) if found else np.nan
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        unit[~np.isfinite(unit).all(axis=1)] = np.nan
        return unit

    def _load(self, path: Path, header: Header) -> None:
        llama = self._llama
        model = llama.llama_model_default_params()
        model.n_gpu_layers = 0
        self._model = llama.llama_model_load_from_file(os.fsencode(path), model)
        if not self._model:
            raise PenchantError(f"llama.cpp cannot load {path}", hint=_DAMAGED)
        self._vocab = llama.llama_model_get_vocab(self._model)
        self._around: tuple[int, ...] = ()
        self._wordpiece = self._own_tokenizer(header)
        self._longest = min(MAX_TOKENS, int(header.of_architecture("context_length")))
        settings = llama.llama_context_default_params()
        # A text must fit one computing batch: attention looks both ways.
        settings.n_ctx = settings.n_batch = settings.n_ubatch = max(self._longest, PACK)
        settings.n_seq_max = SEQUENCES
        settings.n_threads = settings.n_threads_batch = self.threads
        settings.embeddings = True
        settings.kv_unified = True
        settings.pooling_type = header.of_architecture("pooling_type") or _MEAN
        settings.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_ENABLED
        settings.no_perf = True
        self._context = llama.llama_init_from_model(self._model, settings)
        if not self._context:
            raise PenchantError(f"llama.cpp has no room for the model {path}", hint="A smaller one will do.")
        self._batch = llama.llama_batch_init(settings.n_batch, 0, 1)

    def _own_tokenizer(self, header: Header) -> Tokenizer | None:
        """For BERT's WordPiece, with the tokens before and after each text in `_around`; None for all others."""
        if header.values.get("tokenizer.ggml.model") != "bert":
            return None
        from .wordpiece import tokenizer

        tokens = header.lists[_TOKENS]
        number = {key: header.values.get(f"tokenizer.ggml.{key}_token_id") for key in _SPECIAL}
        first = number["cls"] if number["cls"] is not None else number["bos"]
        last = number["seperator"] if number["seperator"] is not None else number["eos"]
        around = [each for each in (first, last) if isinstance(each, int) and 0 <= each < len(tokens)]
        if len(around) < 2:
            return None
        self._around = tuple(around)
        return tokenizer(tokens, header.lists.get(_KINDS, []), int(number["unknown"] or 0))

    def _probe(self, path: Path) -> None:
        """Damaged weights mostly load, and answer nothing or the same to everything."""
        import numpy as np

        one, other = self.embed_batch(_PROBE)
        if not abs(float(np.dot(one, other))) < 0.9999:  # also true of NaN
            raise PenchantError(f"the model in {path} answers nonsense", hint=_DAMAGED)

    def _give_way(self) -> None:
        """One thread while others want the processors: two that wait for each other are slower than one."""
        busy = hasattr(os, "getloadavg") and os.getloadavg()[0] > self.threads
        now = 1 if busy else self.threads
        self._llama.llama_set_n_threads(self._context, now, now)

    def _tokens(self, text: str) -> list[int]:
        """The ids of a text, special ones included; a text too long loses its end, not the closing one."""
        data = text[:MAX_CHARS].encode("utf-8", "replace")
        if self._wordpiece is not None:
            pieces = self._wordpiece.encode(data.decode(), add_special_tokens=False).ids
            return [self._around[0], *pieces[: self._longest - 2], self._around[1]]
        room = len(data) + 8
        while True:
            ids = (self._llama.llama_token * room)()
            count = self._llama.llama_tokenize(self._vocab, data, len(data), ids, room, True, False)
            if count >= 0:
                break
            room = -count
        if count > self._longest:
            return [*ids[: self._longest - 1], ids[count - 1]]
        return list(ids[:count]) or [max(0, self._llama.llama_vocab_bos(self._vocab))]

    def _decode(self, rows: Sequence[Sequence[int]]) -> None:
        batch, place = self._batch, 0
        for number, ids in enumerate(rows):
            for position, token in enumerate(ids):
                batch.token[place] = token
                batch.pos[place] = position
                batch.n_seq_id[place] = 1
                batch.seq_id[place][0] = number
                batch.logits[place] = True
                place += 1
        batch.n_tokens = place
        memory = self._llama.llama_get_memory(self._context)
        if memory:
            self._llama.llama_memory_clear(memory, True)
        code = self._llama.llama_decode(self._context, batch)
        if code:
            raise PenchantError(f"llama.cpp answers with the code {code}", hint=_DAMAGED)


def packed(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Rows that go into one call, like lengths together: up to PACK tokens and SEQUENCES texts, a longer one alone."""
    group: list[int] = []
    used = 0
    for row in sorted(range(len(lengths)), key=lengths.__getitem__):
        if group and (used + lengths[row] > PACK or len(group) == SEQUENCES):
            yield group
            group, used = [], 0
        group.append(row)
        used += lengths[row]
    if group:
        yield group
