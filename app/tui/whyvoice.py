"""The judge's voice in Why: reads its opinion, asks it for a reason and follows the words as they come."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING

from penchant.app.judging_said import Said, said_of

from .closing import is_there
from .whyjudge import EXPERTS, Asking, opinion_lines, reason_lines
from .whylines import Line

if TYPE_CHECKING:
    from textual.timer import Timer

    from .why import WhyScreen

#: Seconds between looks at an answer on its way.
LOOK = 0.25


class Voice:
    """Belongs to one screen. The question is a row of the archive: whoever takes it back deletes it."""

    def __init__(self, screen: WhyScreen, item_id: int) -> None:
        self._screen, self._item_id = screen, item_id
        self._said = Said()
        self._trust: dict[str, float] = {}
        self._asking: Asking | None = None
        self._timer: Timer | None = None

    async def look(self) -> None:
        """Read what the judge said, and how far it is believed."""
        app = self._screen.app
        self._said = await app.bridge.reader.do(lambda store: said_of(store, self._item_id))
        if not self._said.silent:
            self._trust = await app.lessons.trust(tuple(EXPERTS))
            self._screen.show_again()

    def opinion(self, width: int) -> list[Line]:
        return opinion_lines(self._said, self._trust, width, time.time())

    def reason(self, width: int) -> list[Line]:
        return reason_lines(self._asking, width, time.time())

    async def ask(self) -> None:
        """Ask for a reason, or say why nobody would answer."""
        status = self._said.status
        if status is None:
            self._screen.tell("No language model is at work: `penchant judge` says what would help")
            return
        if self._asking is not None and not self._asking.over and not self._asking.gave_up(time.time()):
            return
        name, now = uuid.uuid4().hex, time.time()
        self._asking = Asking(name, now)
        self._screen.show_again()
        await self._screen.app.bridge.clerk.do(lambda store: store.answers.ask(name, self._item_id, "reason", now))
        if self._timer is None and is_there(self._screen):
            self._timer = self._screen.set_interval(LOOK, self._follow)

    def take_back(self) -> bool:
        """Forget a question that is on its way; False where there is none."""
        asking = self._asking
        if asking is None or asking.over or asking.gave_up(time.time()):
            return False
        self._asking = None
        self._screen.app.spawn(self._delete(asking.name))
        return True

    async def _delete(self, name: str) -> None:
        await self._screen.app.bridge.clerk.do(lambda store: store.answers.take_back(name))

    def _follow(self) -> None:
        if self._asking is not None and not self._asking.over:
            self._screen.app.spawn(self._read(self._asking.name))

    async def _read(self, name: str) -> None:
        found = await self._screen.app.bridge.reader.do(lambda store: store.answers.get(name))
        asking = self._asking
        if asking is None or asking.name != name or asking.over:
            return
        if found != asking.answer:
            asking = replace(asking, answer=found, heard_at=time.time())
        self._asking = asking
        self._screen.show_again()
