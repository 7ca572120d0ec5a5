"""One draft for the feed: what it is about, by which arm, written or drawn. A `Maker` keeps the model in between."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.adapters.text import clean_line

from . import generating_draw as drawing
from . import generating_images as images
from .errors import PenchantError, StoreError
from .generating import IMAGE, Arm, Settings
from .generating_blind import LONGEST
from .generating_keep import offer
from .store import generated
from .store.drafts import Draft
from .types import View
from .voice.values import Carried
from .writing.desk import Desk
from .writing.values import Wish

if TYPE_CHECKING:
    from penchant.adapters.base import Media

    from .config import Config
    from .paths import Paths
    from .store import Store
    from .sync import Call

#: The newest items that say what there is to write about; texts of drafts that are not to be written again.
SUBJECTS, AVOID = 300, 24
#: Seconds for which an arm that could not write is not asked.
REST = 300.0
NO_COMPANION = "no real item is there to stand beside it in the blind test"


class NothingMade(PenchantError):
    """No draft came of it, and why."""

    hint = "It is tried again; `penchant arms` says how it stands."


class Maker:
    """An async context manager: makes one draft after another and keeps the model in between."""

    def __init__(self, config: Config, paths: Paths, call: Call, draw: random.Random | None = None) -> None:
        self._config, self._call = config, call
        self._desk = Desk(config, paths, call)
        self._draw = draw or random.Random()
        #: Arm -> (until when it rests, why): what cannot write now must not keep the others from it.
        self.resting: dict[str, tuple[float, str]] = {}

    async def __aenter__(self) -> Maker:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the model back; the next draft loads it again."""
        await self._desk.close()

    async def make(self, wanted: Settings) -> str:
        """One draft of the arm that has fewest, ready to be shown; the arm's name. Raises `PenchantError` in words.

        An arm that cannot write rests for a while, and the next one is asked.
        """
        counts = await self._call(lambda store: generated.made(store.db, wanted))
        now = time.monotonic()
        self.resting = {name: rest for name, rest in self.resting.items() if rest[0] > now}
        while True:
            arm = turn(wanted, counts, self._draw, self.resting)
            try:
                return await self._of(arm, wanted)
            except (NothingMade, StoreError):
                raise
            except PenchantError as error:
                self.resting[arm.name] = (now + REST, str(error))
                if all(other.name in self.resting for other in _able(wanted)):
                    raise

    async def _of(self, arm: Arm, wanted: Settings) -> str:
        if arm.carrier == IMAGE:
            draft, media = await self._drawn()
        else:
            draft, media = await self._written(arm), ()
        if not await self._call(partial(_offer, draft, wanted, self._draw, media)):
            raise NothingMade(NO_COMPANION, hint="A blind test needs unseen items: r fetches your sources.")
        return arm.name

    async def _written(self, arm: Arm) -> Draft:
        subject, avoid = await self._call(partial(_subject, self._draw))
        seed = self._draw.randrange(1 << 30)
        wish = Wish("post", None, subject, (), arm.carrier, arm.model, 1, LONGEST, seed, avoid)
        last = None
        async with contextlib.aclosing(self._desk.write(wish)) as steps:
            async for step in steps:
                last = step
        if last is None or not last.offered:
            raise NothingMade("the model wrote nothing that could be shown")
        found = last.offered[0]
        return Draft("feed", found.text, None, subject, arm.name, last.by, facts=found.facts(), made_at=time.time())

    async def _drawn(self) -> tuple[Draft, tuple[Media, ...]]:
        began, seed = time.monotonic(), self._draw.randrange(1 << 31)
        known = await self._call(images.taste)
        voice = None
        with contextlib.suppress(PenchantError):  # without a model the words are strung together
            voice = await self._desk.voice()
        idea = await images.worded(known, self._draw, voice, Carried())
        if idea is None:
            raise NothingMade("nothing is known of your taste yet", hint="Like some items, and pictures come.")
        data = await drawing.draw(idea.prompt, seed, self._config.generated)
        archive: Path = await self._call(lambda store: store.path)
        media = drawing.keep(archive, data, idea.prompt)
        facts = {"seconds": round(time.monotonic() - began, 2), "seed": seed}
        return Draft("image", idea.prompt, None, "", IMAGE, idea.by, facts=facts, made_at=time.time()), (media,)


def turn(wanted: Settings, counts: dict[str, int], draw: random.Random, resting: Collection[str] = ()) -> Arm:
    """The arm that has fewest drafts; one of them by lot where several have as few. Those that rest come last."""
    arms = [arm for arm in _able(wanted) if arm.name not in resting] or _able(wanted)
    least = min(counts.get(arm.name, 0) for arm in arms)
    return draw.choice([arm for arm in arms if counts.get(arm.name, 0) == least])


def _able(wanted: Settings) -> Sequence[Arm]:
    return wanted.writing if wanted.test else wanted.arms


def _subject(draw: random.Random, store: Store) -> tuple[str, tuple[str, ...]]:
    """What the next draft is about, the same for every arm: a title of the feed, liked or not; and what was written.

    Subjects that the reader chose would make every arm look as if it knew them.
    """
    titles = [clean_line(card.title, 100) for card in store.items.cards(store.items.ids(View.NEWEST, limit=SUBJECTS))]
    known = [title for title in titles if len(title) >= 8]
    before = [draft.text for draft in store.drafts.list("feed", limit=AVOID)]
    return draw.choice(known) if known else "", tuple(before)


def _offer(draft: Draft, wanted: Settings, draw: random.Random, media: tuple[Media, ...], store: Store) -> bool:
    now = generated.read(store.db)
    if now.test != wanted.test:  # a test began or ended while this was written
        wanted = now
        if wanted.test and draft.kind == IMAGE:
            return True
    return offer(store, draft, wanted, draw, media)
