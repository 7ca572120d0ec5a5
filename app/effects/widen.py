"""One step wider: which dial, and to where. Pure; the event is an ordinary dial event, undone like any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from penchant.app.rank.steps import STEPS, turned

#: The dials that widen, as the screens call them.
NAMES = {"diverse": "variety of sources", "explore": "exploration"}


class Step(NamedTuple):
    """The dial ("order", key) from one value to another."""

    key: str
    before: float
    after: float

    @property
    def words(self) -> str:
        """What it does."""
        return f"{NAMES[self.key]} x{self.before:g} -> x{self.after:g}"

    @property
    def value(self) -> dict[str, object]:
        """The value of its "dial" event."""
        return {"what": "order", "key": self.key, "value": self.after}


def widen(dials: Mapping[tuple[str, str], float], unlikely: int, flood: int) -> Step | None:
    """The next step: the dial that stands lower; of equal ones exploration where most of what was not shown was thought
    unlikely, else variety. None where both stand at the end.

    >>> widen({}, 5, 1)
    Step(key='explore', before=1.0, after=1.5)
    >>> widen({("order", "explore"): 1.5}, 5, 1)
    Step(key='diverse', before=1.0, after=1.5)
    >>> widen({("order", "explore"): 4.0, ("order", "diverse"): 4.0}, 5, 1) is None
    True
    """
    first = ("explore", "diverse") if unlikely > flood else ("diverse", "explore")
    values = {key: dials.get(("order", key), 1.0) for key in first}
    key = min(first, key=lambda each: values[each])
    if values[key] >= STEPS[-1]:
        return None
    return Step(key, values[key], turned(values[key], 1))
