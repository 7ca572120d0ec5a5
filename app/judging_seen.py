"""The part of the judge's lane that looks at pictures: opinions of posts with theirs, and descriptions.

Works with a runner that has eyes (`judge.runner_eyes`); with any other it stays closed and costs nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial
from itertools import chain, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import PenchantError
from .judge import history as dealing
from .judging_plan import worth
from .judging_sights import Sightseer
from .pictures.files import PictureFiles
from .store import judging as asked

if TYPE_CHECKING:
    from .judge.history import Fold
    from .judge.runner import Runner
    from .judge.runner_eyes import Post, SeeingRunner
    from .judging_opinion import Deal
    from .paths import Paths
    from .store import Store
    from .sync import Call

log = logging.getLogger(__name__)

#: Maker of descriptions, before the name of the vision part.
MODEL = "model:"
#: Unseen items among which pictures are chosen, and how many of them are looked at for missing descriptions.
CANDIDATES, LOOKED_AT = 600, 200
#: Batches of opinions between two turns of describing, while both have something to do.
TURNS = 4


class Seeing:
    """`note` and `hint` say in words why there are no eyes although some were chosen."""

    def __init__(self, paths: Paths, call: Call) -> None:
        self._files, self._call = PictureFiles(paths.cache / "pictures"), call
        self._runner: SeeingRunner | None = None
        self._seer: Sightseer | None = None
        self._waited = 0
        self._dark: set[str] = set()  # pictures not to be looked at again before a restart
        self.note = self.hint = ""

    @property
    def open(self) -> bool:
        return self._seer is not None

    async def begin(self, runner: Runner) -> None:
        """Find out once for each runner whether it sees. Eyes that cannot be used leave it a judge of texts."""
        from .judge.runner_eyes import SeeingRunner

        if runner is self._runner:
            return
        self._seer, self.note, self.hint = None, "", ""
        if not isinstance(runner, SeeingRunner) or not runner.settings.eyes:
            return
        self._runner = runner
        try:
            name = await runner.eyes_name()
        except PenchantError as error:
            log.error("the judge does not see: %s", error)
            self.note, self.hint = f"it does not see: {error}", error.hint
            return
        if name is None:
            self.note, self.hint = "it does not see: the vision part ends the model", "Choose another `eyes`."
        else:
            self._seer = Sightseer(MODEL + name, self._files)

    async def answers(self, dealt: Deal, ids: Sequence[int], lines: Sequence[str]) -> list[float | None]:
        """The logit of yes against no for each item with its picture, after a fold that does not hold it."""
        assert self._runner is not None
        found: list[float | None] = [None] * len(ids)
        for place, fold in enumerate(dealt.folds):
            wanted = [n for n, line in enumerate(lines) if dealing.judges(line, dealt.folds)[:1] == [place]]
            if wanted:
                told = await self._call(partial(self.history, fold, dealt.lines))
                posts = await self._call(partial(self.posts, [(ids[n], lines[n]) for n in wanted]))
                told, posts = await self._lit(told, posts)
                for n, logit in zip(wanted, await self._runner.interleaved(told, posts), strict=True):
                    found[n] = logit
        return found

    async def _lit(self, *rows: Sequence[Post]) -> list[list[Post]]:
        """Posts without the pictures that cannot be looked at: one that ends the model would end it with any post."""
        assert self._runner is not None
        shown = dict.fromkeys(post["picture"]["path"] for row in rows for post in row if post["picture"])
        lit = [path for path in shown if path not in self._dark]
        tokens = await self._runner.see([Path(path) for path in lit], brief=True)
        self._dark |= {path for path, found in zip(lit, tokens, strict=True) if found is None}
        return [
            [
                {**post, "picture": None} if post["picture"] and post["picture"]["path"] in self._dark else post
                for post in row
            ]
            for row in rows
        ]

    async def describe(self, seconds: float, *, busy: bool) -> int:
        """Describe a few pictures, in every TURNS-th call while `busy`; how many were."""
        self._waited += 1
        if self._seer is None or self._runner is None or (busy and self._waited < TURNS):
            return 0
        self._waited = 0
        ids = await self._call(matters)
        return await self._seer.work(self._runner, self._call, ids, seconds)

    def history(self, fold: Fold, lines: Any, store: Store) -> list[Post]:
        """The posts of a fold, liked and skipped ones in turn, the latest last."""
        turns = zip_longest(reversed(fold.likes), reversed(fold.skips))
        order = [item for item in chain.from_iterable(turns) if item is not None][::-1]
        liked = frozenset(fold.likes)
        posts = self.posts([(item, lines[item]) for item in order], store)
        return [{**post, "liked": item in liked} for item, post in zip(order, posts, strict=True)]

    def posts(self, items: Sequence[tuple[int, str]], store: Store) -> list[Post]:
        """Items as the eyes' requests take them: the first picture that has a file, else words for it."""
        hashes = store.pictures.hashes([item for item, _ in items])
        posts: list[Post] = []
        for item, line in items:
            there = [self._files.thumb(each) for each in hashes.get(item, ())]
            path = next((path for path in there if path.is_file()), None)
            posts.append({"picture": {"path": str(path)} if path else None, "caption": line})
        return posts


def matters(store: Store) -> list[int]:
    """Unseen items, those first that may be shown soon or that the ranking is unsure of."""
    rows = asked.standing(store.db, store.items.candidates(CANDIDATES, time.time()))
    rows.sort(key=lambda row: (-worth(row[3], row[4]), -row[2]))
    return [row[0] for row in rows[:LOOKED_AT]]
