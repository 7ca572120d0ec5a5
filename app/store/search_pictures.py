"""The part of a search that goes by vectors of pictures: what they show, and items like one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from .condition import Condition
from .spaces import active_picture_spaces, active_sentence_space

if TYPE_CHECKING:
    import numpy as np

    from . import Store
    from .query import Query

#: Turns words into a vector of the active model of pictures. Raises `PenchantError` where it cannot.
See = Callable[[str], "np.ndarray"]
#: Cosine below which two texts have nothing to do with one another (see `search.FLOOR`).
ALIKE = 0.3
#: Pictures on different subjects have cosines up to 0.6 and more in the space of a CLIP model.
SAME_SUBJECT = 0.6
_NOT_YET = "no picture has been read by a model yet (`penchant models`): searched as words"
_NO_MODEL = "without the model of pictures: searched as words"


def looked(store: Store, query: Query, see: See | None, notes: list[str]) -> tuple[Query, np.ndarray | None]:
    """The query as it can be answered, and the vector of what pictures are to show.

    Where pictures cannot be looked at, that is sought in words, and the notes say why.
    """
    if not query.look:
        return query, None
    if "picture" not in active_picture_spaces(store.db):
        notes.append(_NOT_YET)
    elif see is None:
        notes.append(_NO_MODEL)
    else:
        try:
            return query, see(query.look)
        except PenchantError as error:
            notes.append(f"{error}: searched as words")
    return query.in_words(), None


def seen(store: Store, vector: np.ndarray | None, where: Condition, wanted: int) -> list[int]:
    """Items by how near their pictures are to a vector, best first."""
    space = active_picture_spaces(store.db).get("picture")
    if space is None or vector is None or vector.size != space[1]:
        return []
    return [item for item, _ in store.vectors.nearest(space[0], vector, wanted, where=where)]


def alike(store: Store, item_id: int, where: Condition, wanted: int) -> tuple[list[int], list[int]]:
    """Items like one: by its pictures, and by its text. It needs no model, only the vectors that are stored."""
    from penchant.app import embed

    where = Condition("i.id <> ?", (item_id,)) & where
    pictures = active_picture_spaces(store.db).get("picture")
    texts = active_sentence_space(store.db) or (embed.space(), 0)
    found: list[list[int]] = []
    for name, floor in ((pictures[0] if pictures else "", SAME_SUBJECT), (texts[0], ALIKE)):
        row, there = store.vectors.get_matrix(name, [item_id])
        near = store.vectors.nearest(name, row[0], wanted, where=where) if there.any() else []
        found.append([item for item, cosine in near if cosine >= floor])
    return found[0], found[1]
