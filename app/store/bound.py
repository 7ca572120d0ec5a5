"""Lists of ids as one bound value: no text in between, no limit on their number."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any

import apsw

#: Items `h` that have their text: nothing can be derived from one whose body the gate dropped.
WHOLE = "NOT EXISTS (SELECT 1 FROM dropped d WHERE d.item_id = h.id)"
#: What apsw.carray makes (a function in its type stubs).
Bound = Any


def bound(ids: Iterable[int]) -> Bound:
    """Integers for ``carray(?)``, a table of one column `value`. None at all become -1, which is no id."""
    return apsw.carray(array("q", [int(number) for number in ids] or [-1]))  # an empty array is refused


def items_of(item_ids: Iterable[int] | None) -> tuple[str, tuple[Bound, ...]]:
    """What to put after FROM for all items (None) or some, under the alias `h`, and its parameters."""
    if item_ids is None:
        return "items h", ()
    return "carray(?) c CROSS JOIN items h ON h.id = c.value", (bound(sorted(set(item_ids))),)
