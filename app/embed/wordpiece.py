"""The WordPiece tokens of a BERT model, from the vocabulary inside its GGUF file.

llama.cpp has a WordPiece of its own, which differs from the models' (long words, Hangul, vowel signs of Indian
scripts): cosines to the original's vectors fall to 0.2 there. The tokenizers library has the original's rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

#: Kinds of tokens, as llama.cpp numbers them: these are not text.
UNKNOWN, CONTROL = 2, 3
#: What stands before a token that begins a word (the "phantom blank").
BLANK = "\u2581"


def tokenizer(tokens: Sequence[str], kinds: Sequence[int], unknown: int) -> Tokenizer:
    """Lower-cased WordPiece without special tokens. Raises `PenchantError` for a vocabulary that has no sense."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    if len(kinds) != len(tokens) or not 0 <= unknown < len(tokens):
        raise PenchantError(
            "the model's vocabulary makes no sense", hint="The file is damaged: get it again."
        )
    ids: dict[str, int] = {}
    for number, (token, kind) in enumerate(zip(tokens, kinds, strict=True)):
        ids.setdefault(_written(token, kind), number)
    made = Tokenizer(models.WordPiece(ids, unk_token=_written(tokens[unknown], kinds[unknown])))  # type: ignore[call-arg]
    made.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    return made


def _written(token: str, kind: int) -> str:
    """The token as BERT writes it: llama.cpp marks the beginnings of words, BERT their continuations."""
    if kind in (UNKNOWN, CONTROL):
        return token
    return token.removeprefix(BLANK) if token.startswith(BLANK) else "##" + token
