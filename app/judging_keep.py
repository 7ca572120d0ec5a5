"""What the judge leaves in the archive: opinions, hidden states, what it spent and cannot take, how it is doing."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .errors import PenchantError
from .judging_look import Outlook
from .judging_plan import Budget, Item
from .judging_status import ASIDE, CENTRES, COPY, KEY, USED, Status, of
from .store.opinions import HIDDEN_PREFIX

if TYPE_CHECKING:
    from .store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Read:
    """What a model made of a batch, in its order: None where it fails; `seconds` of CPU time.

    `answers`: None as a whole where it was not asked for a yes or no.
    """

    ratios: Sequence[float | None]
    answers: Sequence[float | None] | None
    states: Sequence[bytes | None]
    seconds: float


#: With more failing texts than this, and more than one in twenty, the model is to blame.
MOST_ASIDE = 20


class Keeper:
    """Belongs to the store's thread; `allowed` is CPU seconds an hour."""

    def __init__(self, allowed: float) -> None:
        self.allowed = allowed
        self.budget = Budget()
        self.model = ""
        self.aside: dict[bytes, int] = {}
        self._status = Status()

    def begin(self, file: str, name: str, store: Store) -> int:
        """A file was chosen; what it is called is remembered from last time. Returns the bytes a copy may take."""
        self.budget = Budget.from_json(store.control.setting(USED))
        before = of(store)
        known = before if before is not None and before.file == file else Status(file=file)
        self._status = replace(known, name=name)
        self.named(self._status.model, store)
        copy = store.control.setting(COPY)
        return copy if isinstance(copy, int) else 0

    def named(self, model: str, store: Store) -> None:
        """The model says what it is called."""
        self.model = model
        try:
            kept = json.loads(store.control.setting(ASIDE + model) or "{}")
            self.aside = {bytes.fromhex(text): int(item) for text, item in kept.items()}
        except (ValueError, TypeError, AttributeError):
            self.aside = {}

    def spend(self, seconds: float, store: Store) -> None:
        """CPU seconds that were used; on disk at once, so that a restart begins no new hour."""
        self.budget = self.budget.spend(time.time(), seconds)
        store.control.remember(USED, self.budget.to_json())

    def centres(self, version: str, store: Store) -> list[float] | None:
        """The centres of the folds of a history as this model has them; None where they are not known."""
        try:
            model, history, found = json.loads(store.control.setting(CENTRES) or "[]")
            return [float(value) for value in found] if (model, history) == (self.model, version) else None
        except (ValueError, TypeError):
            return None

    def keep_centres(self, version: str, centres: Sequence[float], store: Store) -> None:
        store.control.remember(CENTRES, json.dumps([self.model, version, list(centres)]))

    def keep(self, version: str, batch: Sequence[Item], read: Read, store: Store) -> None:
        """Store what a batch gave; a text that lacks an opinion is set aside. Raises `PenchantError` where most are."""
        # opinions last: what has one is not asked for again
        states = [(item.text, state) for item, state in zip(batch, read.states, strict=True) if state]
        store.vectors.put(HIDDEN_PREFIX + self.model, states)
        said = _known(batch, read.answers or [None] * len(batch))
        store.opinions.put(self.model, "yes", version, said)
        told = _known(batch, read.ratios)
        store.opinions.put(self.model, "likelihood", version, told)
        speed = round(len(told) / read.seconds, 2) if told and read.seconds > 0.0 else self._status.speed
        judged = store.opinions.count(self.model, "likelihood")
        waiting = max(0, self._status.waiting - len(batch))
        self._status = replace(self._status, judged=judged, waiting=waiting, speed=speed)
        whole = told.keys() if read.answers is None else told.keys() & said.keys()
        failed = {item.text: item.item_id for item in batch if item.text not in whole}
        if failed:
            self._set_aside(failed, store)

    def _set_aside(self, failed: Mapping[bytes, int], store: Store) -> None:
        self.aside |= failed
        log.warning("texts set aside", extra={"fields": {"items": sorted(failed.values()), "model": self.model}})
        store.control.remember(
            ASIDE + self.model, json.dumps({text.hex(): item for text, item in self.aside.items()})
        )
        if len(self.aside) > max(MOST_ASIDE, self._status.judged // 20):
            raise PenchantError(
                f"the model failed on {len(self.aside)} texts",
                hint="Its file is damaged, or this version of llama.cpp does not know it: take another one.",
            )

    def seen(self, outlook: Outlook, store: Store) -> bool:
        """What waits now; lets the ranking hear a model that knows enough. True where that is new."""
        version = outlook.history.version if outlook.history else ""
        self._status = replace(self._status, history=version, judged=outlook.judged, waiting=len(outlook.due))
        switched = False
        if self.model and outlook.heard and store.opinions.active() != self.model:
            store.opinions.activate(self.model)
            switched = True
        space = HIDDEN_PREFIX + self.model
        active = store.opinions.hidden()
        if self.model and outlook.hidden and (active is None or active[0] != space):
            store.opinions.activate_hidden(space)
            switched = True
        if switched:
            log.info("the ranking hears the judge", extra={"fields": {"model": self.model}})
            self._drop_others(store)
        return switched

    def _drop_others(self, store: Store) -> None:
        """Models of former days: nobody reads what they left."""
        active = store.opinions.hidden()
        for space in store.vectors.spaces():
            if space.name.startswith(HIDDEN_PREFIX) and active is not None and active[0] != space.name:
                store.vectors.drop(space.name)

    def switch_off(self, store: Store) -> None:
        """The reader wants no judge: the ranking hears none; what was said stays."""
        store.opinions.activate(None)
        store.opinions.activate_hidden(None)
        store.control.forget(KEY)

    def tell(self, store: Store, *, doing: str = "", note: str = "", hint: str = "") -> None:
        """Leave a record of how it stands, where that is new. `doing`: what it waits for."""
        status = replace(
            self._status,
            model=self.model,
            used=round(self.budget.spent(time.time()), 1),
            budget=self.allowed,
            doing=doing,
            note=note,
            hint=hint,
            aside=tuple(sorted(self.aside.values())),
        )
        if store.control.setting(KEY) != status.to_json():
            store.control.remember(KEY, status.to_json())


def _known(batch: Sequence[Item], values: Sequence[float | None]) -> dict[bytes, float]:
    """The values that there are, by text."""
    return {item.text: value for item, value in zip(batch, values, strict=True) if value is not None}
