"""What each layer makes of texts, and what each text is made of: for carriers that are a mean over a reader's texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .tap import of_layer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .llama import Judge
    from .virtual import Virtual


def states(judge: Judge, texts: Sequence[str], layers: Sequence[int]) -> NDArray[np.float32]:
    """The mean state of each text's tokens behind some layers (from 0; none named: all) [n, layers, width].

    Read as `Judge.hidden` reads them: as a line of a list without a history. NaN for an empty text.
    """
    import numpy as np

    wanted = [layer for layer in layers if 0 <= layer < judge.model.layers] or list(range(judge.model.layers))
    rows = [judge.model.onward(f" {text}\n", judge.longest) if text else [] for text in texts]
    found = np.full((len(rows), len(wanted), judge.model.width), np.nan, np.float32)
    plain = judge.plain()
    with judge.tap.open(*map(of_layer, wanted)):
        for group in judge.groups(plain, rows, last_only=False):
            for place, layer in enumerate(wanted):
                told = judge.tap.rows(of_layer(layer))
                for row, start in group:
                    found[row, place] = told[start : start + len(rows[row])].mean(axis=0, dtype=np.float64)
    return found


def embeddings(judge: Judge, virtual: Virtual, texts: Sequence[str], parts: int) -> NDArray[np.float32]:
    """The embeddings of each text's tokens, as virtual tokens are given: the mean of each of `parts` equal parts of it.

    [n, parts, width]; a text of fewer tokens repeats them. NaN for an empty text. Raises `PenchantError`.
    """
    import numpy as np

    virtual.check()
    found = np.full((len(texts), parts, virtual.width), np.nan, np.float32)
    for row, text in enumerate(texts):
        ids = judge.model.onward(text, judge.longest)
        if not ids:
            continue
        given = virtual.of(ids)
        cuts = np.linspace(0, len(ids), parts + 1)
        for part in range(parts):
            begin = min(int(cuts[part]), len(ids) - 1)
            found[row, part] = given[begin : max(begin + 1, int(cuts[part + 1]))].mean(axis=0)
    return found
