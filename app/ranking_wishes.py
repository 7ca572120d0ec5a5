"""What the reader told the ranking in so many words: topics, dials, first choices, adopted tunings.

Events like any other: live until undone, the later one counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from .rank.dials import Dials, dials
from .rank.labels import WHOLE
from .rank.picks import fit_picks
from .rank.prior import Prior
from .rank.recipe import Recipe
from .rank.topics import fit_topics
from .ranking_interests import spheres
from .types import Event

if TYPE_CHECKING:
    from .rank.batch import Batch
    from .rank.order import OrderOptions
    from .ranking_rows import RowReader

KINDS = ("topics", "dial", "picks", "tune")
#: Exported likes whose rows make the profile: the newest, which is plenty for a mean.
EXPORTED = 3_000


class Wishes:
    """Live events of `KINDS`, in their order."""

    def __init__(self) -> None:
        self._live: dict[str, Event] = {}
        self._undone: set[str] = set()

    def take(self, event: Event) -> str:
        """Take in one event; returns the kind of wish that changed, "" where none did."""
        if event.kind == "undo":
            self._undone.add(event.undoes or "")
            gone = self._live.pop(event.undoes or "", None)
            return gone.kind if gone else ""
        if event.kind not in KINDS or event.id in self._live or event.id in self._undone:
            return ""
        self._live[event.id] = event
        return event.kind

    def _of(self, kind: str) -> Iterator[Event]:
        return (event for event in self._live.values() if event.kind == kind)

    def topics(self) -> list[str]:
        """Everything typed."""
        return [str(topic) for event in self._of("topics") for topic in event.value.get("topics", ())]

    def dials(self, rows: RowReader | None = None) -> Dials:
        """How the dials stand; with `rows` also what belongs to the interests that are turned."""
        settings = []
        for event in self._of("dial"):
            value = event.value.get("value")
            if isinstance(value, int | float):
                settings.append((str(event.value.get("what", "")), str(event.value.get("key", "")), float(value)))
        found = dials(settings)
        turned = {key for target, key in found.factors if target == "interest"}
        return found if rows is None or not turned else replace(found, spheres=spheres(rows, turned))

    def options(self, usual: OrderOptions, explore: float | None) -> OrderOptions:
        """The order's constants with a share to explore from the configuration, as the dials have them."""
        return self.dials().ordering(usual if explore is None else replace(usual, explore=explore))

    def picks(self) -> tuple[list[int], list[int]]:
        """(chosen, offered and not chosen) item ids of every choice together; of one item the last counts."""
        found: dict[int, bool] = {}
        for event in self._of("picks"):
            chosen = [i for i in event.value.get("chosen", ()) if isinstance(i, int)]
            offered = [i for i in event.value.get("offered", ()) if isinstance(i, int)]
            found |= dict.fromkeys(offered, False) | dict.fromkeys(chosen, True)
        return [i for i, taken in found.items() if taken], [i for i, taken in found.items() if not taken]

    def prior(self, rows: RowReader, held: Batch, exported: Mapping[int, int], weight: float) -> Prior:
        """What is believed before the first label: topics, first choices, `exported` acts (see `LabelBook`).

        Topics find their centres among the items of `held`.
        """
        names = self.topics()
        chosen, offered = self.picks()
        picks = [fit_picks(rows.read(chosen).batch, rows.read(offered).batch)]
        # What says most goes first, of that the newest.
        liked = sorted(sorted(exported, key=lambda item_id: (min(exported[item_id], WHOLE), item_id))[-EXPORTED:])
        if liked:
            batch = rows.read(liked).batch
            shares = np.array([min(exported[int(item_id)], WHOLE) / WHOLE for item_id in batch.item_ids])
            picks.append(fit_picks(batch, held.take([]), weight, shares))
        return Prior(fit_topics(names, held) if names else None, tuple(each for each in picks if each is not None))

    def recipe(self) -> Recipe:
        """The defaults with every adopted tuning, in order."""
        recipe = Recipe()
        for event in self._of("tune"):
            values = event.value.get("values")
            if isinstance(values, dict):
                recipe = recipe.with_values(values)
        return recipe
