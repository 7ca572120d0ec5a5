"""The reward service: what this reader would think of texts and pictures, and what a model says to questions of them.

Nothing is written anywhere: the archive is read, and what is scored is forgotten with the answer.
"""

from __future__ import annotations

import asyncio
import json
import logging
import math
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError, StoreError
from penchant.app.judging_plan import History
from penchant.app.judging_status import CENTRES, COPY, HISTORY
from penchant.app.sql.background import Background

from .score_ask import Document, Refused, Wanted
from .score_models import Models

if TYPE_CHECKING:
    from penchant.app.config import Config
    from penchant.app.judging_opinion import Deal
    from penchant.app.paths import Paths

    from .score_models import Opinions, Rows
    from .score_taste import Read, Taste, Verdict

log = logging.getLogger(__name__)

#: Seconds of a request's time that are left for the ranking itself.
LAST = 0.05


@dataclass(frozen=True, slots=True)
class Scored:
    """`answers`: [documents][questions], None where a document ended the model. `head` is the published head's version,
    `labels` how many decisions the ranking has learned; `near`: cosines to a query, where one was given."""

    verdicts: Sequence[Verdict]
    answers: Sequence[Sequence[float | None]] = ()
    notes: tuple[str, ...] = ()
    head: int | None = None
    labels: int = 0
    seconds: float = 0.0
    near: Sequence[float] = field(default_factory=tuple)


class Scorer:
    """Safe to ask from several threads; the ranking answers one at a time. Close it."""

    def __init__(self, archive: Path, config: Config, paths: Paths) -> None:
        self._archive, self._config, self._paths = archive, config, paths
        self._lock = threading.Lock()
        self._background = Background()
        self._taste: Taste | None = None
        self._models: Models | None = None

    def score(self, wanted: Wanted, query: str = "") -> Scored:
        """Raises `Refused` for what cannot be done or takes too long, `StoreError`."""
        started = time.monotonic()
        until = started + wanted.seconds
        spaces, dealt, centres, words = self._prepared(wanted, until)
        notes: list[str] = []
        read, answers, near = self._read(wanted, query, spaces, dealt, centres, words, notes, until)
        with self._taken(until) as taste:
            verdicts = taste.verdicts(wanted.documents, read, reasons=wanted.reasons)
            head, labels = taste.head_version, len(taste.labels)
        if not labels:
            notes.append("nothing has been liked or skipped yet: every number is even odds")
        took = round(time.monotonic() - started, 4)
        return Scored(verdicts, answers, tuple(dict.fromkeys(notes)), head, labels, took, near)

    def _prepared(
        self, wanted: Wanted, until: float
    ) -> tuple[dict[str, str], Deal | None, list[float] | None, dict[int, str]]:
        """What the ranking reads now; the judge's history where it is asked; the texts that questions are about."""
        with self._taken(until) as taste:
            words = {place: each.words for place, each in enumerate(wanted.documents)}
            named = {place: each.item for place, each in enumerate(wanted.documents) if each.item}
            items = {place: taste.resolved(name, place) for place, name in named.items()}
            if items and wanted.questions:
                texts = taste.store.items.texts(list(items.values()))
                words |= {
                    place: ". ".join(part for part in texts[item][:2] if part) for place, item in items.items()
                }
            dealt, centres = self._history(taste) if wanted.judge else (None, None)
            return taste.spaces(), dealt, centres, words

    def _history(self, taste: Taste) -> tuple[Deal | None, list[float] | None]:
        from penchant.app.judging_opinion import deal

        history = History.from_json(taste.store.control.setting(HISTORY))
        if history is None:
            return None, None
        dealt = deal(history, self._config.judge.history_tokens, taste.store)
        try:
            model, version, found = json.loads(taste.store.control.setting(CENTRES) or "[]")
            known = version == history.version and str(taste.spaces().get("judge", "")) == model
            return dealt, [float(each) for each in found] if known else None
        except (ValueError, TypeError):
            return dealt, None

    def _read(
        self, wanted: Wanted, query: str, spaces: dict[str, str], dealt: Deal | None, centres: list[float] | None,
        words: dict[int, str], notes: list[str], until: float,
    ) -> tuple[Read, list[list[float | None]], list[float]]:  # fmt: skip
        """The models' part, within the time."""
        from .score_taste import Read

        models = self._models
        assert models is not None

        async def work() -> tuple[Read, list[list[float | None]], list[float]]:
            async with models.at_work():
                files = await models.pictures(wanted.documents)
                vectors = await models.vectors(wanted.documents, spaces, files, notes)
                opinions: dict[str, Opinions] = {}
                if wanted.judge:
                    states, opinions = await models.opinions(wanted.documents, dealt, centres, spaces, notes)
                    vectors |= states
                answers = []
                if wanted.questions:
                    answers = await models.judge.yes(wanted.documents, files, wanted.questions, words)
                near = await _near(models, query, wanted.documents, spaces, vectors, notes) if query else []
                return Read(vectors, opinions), answers, near

        try:
            return self._background.do(asyncio.wait_for(work(), max(LAST, until - time.monotonic() - LAST)))
        except TimeoutError:
            raise _late(wanted.seconds) from None

    @contextmanager
    def _taken(self, until: float) -> Iterator[Taste]:
        """The session, for one thread; `Refused` where it does not come free in time."""
        if not self._lock.acquire(timeout=max(LAST, until - time.monotonic())):
            raise Refused(503, "the ranking is busy with other requests", "Ask again in a while, or for fewer at once.")
        try:
            yield self._opened()
        except StoreError:
            if self._taste is not None:  # a connection that failed is not used again
                self._taste.close()
                self._taste = None
            raise
        finally:
            self._lock.release()

    def _opened(self) -> Taste:
        if self._taste is None:
            from .score_taste import Taste

            taste = Taste(self._archive)
            taste.load()
            self._taste = taste
        else:
            self._taste.refresh()
        if self._models is None:
            copy = self._taste.store.control.setting(COPY)
            self._models = Models(self._config, self._paths, copy if isinstance(copy, int) else 0)
            self._background.do(asyncio.sleep(0))  # one loop, whoever asks first
        return self._taste

    def close(self) -> None:
        """End the children and the session."""
        models, self._models = self._models, None
        if models is not None:
            self._background.do(models.close())
        self._background.close()
        with self._lock:
            taste, self._taste = self._taste, None
            if taste is not None:
                taste.close()


async def _near(
    models: Models, query: str, documents: Sequence[Document], spaces: Mapping[str, str], vectors: Mapping[str, Rows],
    notes: list[str],
) -> list[float]:  # fmt: skip
    """Cosines of documents to a query in the best space of texts; 0 where there is no vector."""
    import numpy as np

    asked = await models.vectors([Document(text=query)], spaces, {}, notes)
    space = next((spaces[e] for e in ("sentence", "static") if e in spaces and asked.get(spaces[e], [None])[0]), "")
    if not space:
        return [0.0] * len(documents)
    [first] = asked[space]
    one = np.frombuffer(first or b"", "<f4")
    out = []
    for row in vectors.get(space, [None] * len(documents)):
        cosine = 0.0 if row is None else float(np.dot(one, np.frombuffer(row, "<f4")))
        out.append(cosine if math.isfinite(cosine) else 0.0)
    return out


def _late(seconds: float) -> Refused:
    return Refused(
        504, f"it took longer than {seconds:g} seconds",
        'Send fewer at once, or ask for more time: {"seconds": 300}. A model that has to be loaded takes some first.',
    )  # fmt: skip


def failed(error: PenchantError) -> Refused:
    """A failure in words as an answer."""
    return Refused(503, str(error), error.hint)
