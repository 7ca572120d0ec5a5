"""What the published head says of texts that are no items: the probability that the reader likes each.

Reads the head that the worker published, with the archive's statistics; a text counts as a new post of nobody, so what
the head knows of sources, authors and points has no say, its words and its meaning have.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from penchant.app import embed
from penchant.app.rank.batch import Batch, build_batch
from penchant.app.rank.features import encode_many
from penchant.app.rank.labels import LabelBook
from penchant.app.rank.snapshot import SnapshotError, restore
from penchant.app.rank.types import RankItem
from penchant.app.ranking_rows import RowReader
from penchant.app.ranking_wishes import Wishes

if TYPE_CHECKING:
    from penchant.app.rank.model import Model
    from penchant.app.rank.stats import ArchiveStats
    from penchant.app.store import Store

#: Labels, and exported acts, below which the head has nothing to go by.
FEWEST = 4
#: The space of sentence vectors among those of the statistics.
SENTENCE = "sentence"


@dataclass(frozen=True, slots=True)
class Taster:
    """A head to ask; belongs to nobody: pure once it is loaded. `labels` says from how many decisions it learned."""

    model: Model
    stats: ArchiveStats
    labels: int

    def probabilities(self, texts: Sequence[str], meanings: np.ndarray | None = None, space: str = "") -> list[float]:
        """0 to 1 for each text; `meanings` are their vectors in the sentence space of that name, None where there are
        none, and unknown to a head that reads another.
        """
        if not texts:
            return []
        given = {} if meanings is None or space != self._space() else {SENTENCE: meanings}
        scores = self.model.score(rows_of(texts, self.stats, given), now=time.time())
        return [float(each) for each in scores.probability]

    def _space(self) -> str:
        return self.stats.spaces[SENTENCE].name if SENTENCE in self.stats.spaces else ""


def rows_of(texts: Sequence[str], stats: ArchiveStats, given: Mapping[str, np.ndarray]) -> Batch:
    """Texts as rows of the ranking, with the bundled vectors and those given; other models' vectors and opinions are
    unknown.
    """
    now = time.time()
    items = [RankItem(-1 - n, b"", text_len=len(text), published=now, first_seen=now) for n, text in enumerate(texts)]
    vectors = {name: np.zeros((len(texts), len(space.centre)), np.float32) for name, space in stats.spaces.items()}
    vectors |= {"static": embed.load().embed_batch(list(texts)), **given}
    unknown = {name: np.full(len(texts), np.nan) for name in stats.scales}
    return build_batch(items, encode_many([("", text, ()) for text in texts]), vectors, stats, unknown)


def load(store: Store) -> Taster | None:
    """The newest published head, with what was told and imported; None where there is nothing to go by."""
    head = store.scores.head()
    if head is None or not head.blob:
        return None
    try:
        found = restore(head.blob)
    except SnapshotError:
        return None
    wishes, book = Wishes(), LabelBook()
    for event in store.events.of_kind("topics", "picks", "dial"):
        wishes.take(event)
    for event in store.events.of_kind("like", "save"):
        if event.value.get("exported"):
            book.add(event)
    model = found.model
    if model.learned + len(book.exported) < FEWEST:
        return None
    rows = RowReader(store, found.stats)
    model.prior = wishes.prior(rows, rows.blank().take([]), book.exported, model.recipe.label.exported)
    return Taster(model, found.stats, model.learned + len(book.exported))
