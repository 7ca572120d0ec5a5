"""Zero-shot tags: which words of a vocabulary a picture looks like, by CLIP (LENS, Berrios et al. 2023, section 3.1).

The vocabulary is a text file, one word or phrase a line, that the reader may edit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

#: What CLIP was trained on: Radford et al. 2021, section 3.1.4.
PROMPT = "a photo of {}."
#: Softmax temperature of CLIP's own training (its learned logit scale ends at 100).
SCALE = 100.0
#: Tags a picture gets at most, the share of the softmax that each needs, and by how much that must be above chance.
MOST, LEAST, ABOVE_CHANCE = 5, 0.06, 1.25
#: Lines of a vocabulary that are read, and characters of each.
MOST_WORDS, LONGEST = 5_000, 60


def vocabulary(path: Path) -> tuple[str, ...]:
    """The reader's vocabulary, or the bundled one where there is no such file. Lines that begin with # are notes."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        text = (resources.files(__package__) / "vocabulary.txt").read_text(encoding="utf-8")
    words = (" ".join(line.split())[:LONGEST] for line in text.splitlines() if not line.lstrip().startswith("#"))
    return tuple(dict.fromkeys(word for word in words if word))[:MOST_WORDS]


def edition(model: str, words: Sequence[str]) -> str:
    """Names a model with a vocabulary: tags of another edition are made anew."""
    return hashlib.blake2b("\n".join([model, PROMPT, *words]).encode(), digest_size=8).hexdigest()


def tags_of(pictures: np.ndarray, tags: np.ndarray, words: Sequence[str]) -> list[str]:
    """For unit vectors float32[n, d] of pictures and float32[t, d] of the words' prompts: each picture's tags, the
    likeliest first, joined by commas; "" where nothing stands out.
    """
    import numpy as np

    logits = SCALE * (pictures.astype(np.float64) @ tags.T.astype(np.float64))
    share = np.exp(logits - logits.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    least = max(LEAST, ABOVE_CHANCE / len(words))
    found = []
    for row in share:
        best = np.argsort(-row, kind="stable")[:MOST]
        found.append(", ".join(words[at] for at in best if row[at] >= least))
    return found
