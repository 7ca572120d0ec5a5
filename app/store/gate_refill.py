"""A dropped item that arrives anew: somebody else brought it, so its body comes back."""

from __future__ import annotations

from collections.abc import Sequence

from .bound import bound
from .connection import Database
from .gate import Gate
from .joins import Joins
from .plan import Step
from .rows import UPDATE_ITEM


def came_again(db: Database, joins: Joins, steps: Sequence[Step], now: float) -> None:
    """Restore the dropped items among these arrivals, inside the transaction that stores them.

    The copy that was there already changes nothing: it is no arrival. The attic goes first; the
    arriving text is taken where it is the item's own.
    """
    ids = {step.item_id for step in steps if step.what != "new" and step.arrives}
    if not ids:
        return
    dropped = "SELECT item_id FROM dropped WHERE item_id IN (SELECT value FROM carray(?))"
    gone = {row[0] for row in db.rows(dropped, (bound(ids),))}
    gate = Gate(db)
    for step in steps:
        if step.item_id not in gone or not step.arrives:
            continue
        if gate.restore(step.item_id, now, "it came again"):
            gone.discard(step.item_id)
        elif step.body:
            db.run(UPDATE_ITEM, (*step.item.body, step.item_id))
            joins.store_fingerprints([(step.item_id, step.item.text)])
            gone.discard(step.item_id)
