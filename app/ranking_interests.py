"""The reach of the interests whose dials are turned, in the space of the ranking's statistics."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from .rank.interests import Sphere, sphere

if TYPE_CHECKING:
    from .ranking_rows import RowReader

#: Members that say where an interest lies: the nearest to its centre.
MEMBERS = 32


def spheres(rows: RowReader, keys: Collection[str]) -> tuple[Sphere, ...]:
    """Those of `keys` that are clusters of the archive now.

    Their centres are means of members' rows rather than stored vectors: statistics and models change, members do not.
    """
    found = []
    for each in rows.store.interests.all():
        if each.key in keys:
            block = rows.read(each.members[:MEMBERS])
            made = sphere(each.key, each.title, block.batch.meaning)
            if made is not None:
                found.append(made)
    return tuple(found)
