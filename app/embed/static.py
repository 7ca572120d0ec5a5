"""Static word vectors: a text is the normalised mean of its tokens' vectors.

The weights are those that the wordllama wheel carries (l2_supercat, 32,000
tokens x 256). They are read from the wheel's own folder without importing
wordllama, which takes three times the CPU (0.36 s against 0.12 s), brings
`requests` along and sets up logging on stderr; the vectors are the same.
Nothing here can download anything.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from tokenizers import Tokenizer

    from .pieces import Pieces

#: Characters read of one text: a title and its first paragraphs. Tokenizing is nine tenths of the cost.
MAX_CHARS = 600
#: Texts tokenized at once: bounds memory.
BATCH = 256
#: From so many texts on, remembering words pays (it checks the vocabulary first: 35 ms).
MANY = 64

_WEIGHTS = "weights/l2_supercat_256.safetensors"
_TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"


class StaticEmbedder:
    """wordllama's bundled 256-d vectors. Safe to share between threads; 10,000 titles a CPU-second."""

    name = "wordllama-l2-supercat-256"
    dim = 256

    def __init__(self) -> None:
        folder = _bundled_folder()
        self._pieces: Pieces | None = None
        try:
            self._rows, self._tokenizer = _read(folder)
        except Exception as error:  # safetensors and tokenizers raise kinds of their own
            raise PenchantError(
                f"the bundled word vectors cannot be read: {error}",
                hint="The installation is incomplete: install penchant's dependency wordllama again.",
            ) from error

    def embed_batch(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [len(texts), 256]; a text without any token gets the unknown token's."""
        import numpy as np

        vectors = np.empty((len(texts), self.dim), dtype=np.float32)
        last = len(self._rows) - 1
        for start in range(0, len(texts), BATCH):
            batch = [_readable(text) for text in texts[start : start + BATCH]]
            for row, ids in enumerate(self._ids(batch), start):
                # one text at a time: the sum never depends on what stands beside it
                tokens = np.minimum(np.asarray(ids or [0], dtype=np.intp), last)
                vectors[row] = self._rows.take(tokens, axis=0).sum(axis=0)
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
        return vectors / np.maximum(norms, np.float32(1e-12))

    def _ids(self, texts: list[str]) -> list[list[int]]:
        if self._pieces is None and len(texts) >= MANY:
            from .pieces import Pieces

            self._pieces = Pieces(self._tokenizer)
        if self._pieces is not None:
            return self._pieces.ids(texts)
        return [entry.ids for entry in self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


def _readable(text: str) -> str:
    """The beginning of a text, without lone surrogates (the tokenizer refuses them).

    And without outer blanks, which say nothing: one cut in six ends at one, and `Pieces` would have to give
    that text to the tokenizer, at ten times the cost.
    """
    text = text[:MAX_CHARS].strip(" ")
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _bundled_folder() -> Path:
    spec = importlib.util.find_spec("wordllama")
    if spec is None or not spec.submodule_search_locations:
        raise PenchantError(
            "the bundled word vectors are missing",
            hint="The installation is incomplete: install penchant's dependency wordllama.",
        )
    return Path(spec.submodule_search_locations[0])


def _read(folder: Path) -> tuple[NDArray[np.float32], Tokenizer]:
    import numpy as np
    from safetensors import safe_open
    from tokenizers import Tokenizer

    with safe_open(str(folder / _WEIGHTS), framework="numpy") as tensors:
        # float32 takes 32 MB instead of 16 and pools five times faster
        rows = tensors.get_tensor("embedding.weight").astype(np.float32)
    tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return rows, tokenizer
