"""What the judge finds in the archive: decisions, what to judge, texts; in the store's thread."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .following import Following
from .judge.history import FOLDS, MOST, pseudo_skips
from .judging_plan import FEWEST, MOST_DECIDED, History, Item, Known, covered, due, enough, history_of, moved
from .judging_status import HISTORY
from .rank.labels import WHOLE, LabelBook
from .store import judging as asked
from .store import spaces
from .store.opinions import HIDDEN_PREFIX
from .types import View

if TYPE_CHECKING:
    from .rank.types import Label
    from .store import Store

#: Unseen items that may be judged; likes, and as many skips, that a history holds, the latest.
CANDIDATES, POOL = 600, FOLDS * MOST
#: Labels of this weight and more are decisions.
DECISIVE = 0.5
#: Events read at a time, and characters of an item that are handed on.
CHARACTERS = 2_000


@dataclass(frozen=True, slots=True)
class Outlook:
    """`due` are the items that wait for an opinion, what matters most first; `judged` texts have one.

    `history` is None while there are too few decisions: `likes` and `skips` say how many there are.
    """

    likes: int = 0
    skips: int = 0
    history: History | None = None
    due: list[Item] = field(default_factory=list)
    judged: int = 0
    #: Whether the ranking may hear these opinions, and read the hidden states.
    heard: bool = False
    hidden: bool = False


class Looker:
    """Follows the events and answers what is to be judged. Belongs to one store's thread."""

    def __init__(self) -> None:
        self._book = LabelBook()
        self._events = Following()
        self._history: History | None = None
        #: Kinds of opinion that are wanted of each item.
        self.kinds: tuple[str, ...] = ("likelihood",)

    def look(self, store: Store, model: str, now: float, aside: frozenset[bytes]) -> Outlook:
        """What waits for `model` (its name; "" while it was never loaded: then nothing is known of it)."""
        decided = self.decisions(store)
        likes, skips = self._sides(decided)
        history = self._renewed(store, likes, skips)
        if history is None:
            return Outlook(len(likes), len(skips))
        unseen = [Item(*row) for row in asked.standing(store.db, store.items.candidates(CANDIDATES, now))]
        at = {label.item_id: label.at for label in decided[:MOST_DECIDED]}
        rows = asked.standing(store.db, at)
        ended = [Item(item_id, text, at[item_id]) for item_id, text, *_ in rows]
        ids = [item.item_id for item in (*unseen, *ended)]
        known = _known(store, model, self.kinds, ids)
        lacking = asked.without_vector(store.db, HIDDEN_PREFIX + model, ids)
        vectors = {item.text for item in (*unseen, *ended)} - lacking
        return Outlook(
            len(likes),
            len(skips),
            history,
            due(unseen, ended, known, history.version, aside),
            store.opinions.count(model, "likelihood"),
            covered(unseen, ended, known.keys() | aside),
            covered(unseen, ended, vectors | aside),
        )

    def moment(self, store: Store) -> tuple[int, int, int]:
        """The same as before: then looking again would find the same."""
        return store.events.last_seq(), spaces.epoch(store.db), store.scores.generation()

    def decisions(self, store: Store) -> list[Label]:
        """What the reader decided, the latest first."""
        self._follow(store)
        return self._decided()

    def _follow(self, store: Store) -> None:
        self._take_in(store)
        if self._events.merged:
            self._events, self._book = Following(), LabelBook()
            self._take_in(store)

    def _take_in(self, store: Store) -> None:
        drafts = store.drafts.by_models()
        for event in self._events.read(store):
            # most of all events are impressions, and never a decision; what a model wrote is no past of the reader's
            if event.kind != "impression" and event.item_id not in drafts:
                self._book.add(event)

    def _decided(self) -> list[Label]:
        """Labels that are decisions, the latest first."""
        return [label for label in reversed(self._book.labels) if label.weight >= DECISIVE and label.whole]

    def _sides(self, decided: Sequence[Label]) -> tuple[list[int], list[int]]:
        """(liked, skipped) items, the latest first; likes of an export stand behind all others."""
        likes = [label.item_id for label in decided if label.y]
        known = {label.item_id for label in decided}
        exported = [item for item, quarters in self._book.exported.items() if quarters >= WHOLE and item not in known]
        return likes + exported[::-1], [label.item_id for label in decided if not label.y]

    def _renewed(self, store: Store, likes: list[int], skips: list[int]) -> History | None:
        """The history to judge with: the one remembered until the decisions have moved on. None: too few."""
        if len(likes) < FEWEST:
            return None
        there = store.items.hashes(likes[: 2 * POOL] + skips[: 2 * POOL])
        likes, skips = ([item for item in side if item in there][:POOL] for side in (likes, skips))
        assumed = len(skips) < FEWEST
        if self._history is None:
            self._history = History.from_json(store.control.setting(HISTORY))
        if self._history is not None and not moved(self._history, likes, skips, assumed):
            return self._history
        if assumed:
            known = {*self._book.exported, *(label.item_id for label in self._book.labels), *likes}
            pool = store.items.ids(View.NEWEST, limit=CANDIDATES)
            skips = skips + pseudo_skips(pool, known, len(likes) - len(skips))
            there |= store.items.hashes(skips)
        if not enough(len(likes), len(skips)):
            return None
        self._history = history_of(likes, skips, assumed, there)
        store.control.remember(HISTORY, self._history.to_json())
        return self._history


def _known(store: Store, model: str, kinds: Iterable[str], ids: list[int]) -> dict[bytes, Known]:
    """The oldest opinion of each text that has one of every kind."""
    found = [asked.formed(store.db, model, kind, ids) for kind in kinds]
    texts = set.intersection(*map(set, found)) if found else set()
    return {text: Known(*min((each[text] for each in found), key=lambda opinion: opinion[1])) for text in texts}


def beginnings(store: Store, item_ids: Iterable[int]) -> dict[int, str]:
    """Item -> what the judge reads of it: title, text, and what is known of its pictures."""
    shadows = getattr(store, "descriptions", None)
    found = {}
    for item_id, _, title, text in spaces.beginnings(store.db, item_ids, CHARACTERS):
        shadow = shadows.shadow(item_id) if shadows is not None else ""
        found[item_id] = ". ".join(part for part in (title, text, shadow) if part)
    return found
