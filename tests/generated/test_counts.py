"""What a model wrote counts nowhere as something read, however often it was liked, saved, opened or collected."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from penchant.app import evaluation_data, export, interests, judging_look, standing, tuning
from penchant.app.digest.making import read
from penchant.app.digest.period import complete, period, today
from penchant.app.eventlog.merging import merge
from penchant.app.eventlog.writing import lines
from penchant.app.memory.asking import Want
from penchant.app.serve.library import Library, Wanted
from penchant.app.store import Store, exposure, gate_labels, gate_protect, memory
from penchant.app.store.collections import collect
from penchant.app.store.drafts import Draft
from penchant.app.store.public_views import COLUMNS, select
from penchant.app.types import Event, View

from .conftest import derive

NOW = time.time() + 60.0
WORDS = "The old harbour zeppelin is what a model wrote about the engine and the glacier, near enough to all of them."


def _history(store: Store) -> Any:
    return memory.history(store, Want())


def _search(store: Store, text: str) -> Any:
    return [hit.item_id for hit in store.search(text, now=NOW).hits]


def _views(store: Store) -> Any:
    return {name: sorted(map(repr, store.db.rows(select(name)))) for name in COLUMNS}


def _served(store: Store) -> Any:
    library = Library(store.path, 50)
    try:
        lists = [Wanted(view) for view in View if view not in (View.FOLLOWING, View.SEARCH)]
        pages = [library.page(each) for each in [*lists, Wanted(View.SEARCH, query="zeppelin")]]
        return [(page.title, [entry.title for entry in page.entries]) for page in pages]
    finally:
        library.close()


def _judge(store: Store) -> Any:
    looker = judging_look.Looker()
    return [label.item_id for label in looker.decisions(store)]


CENSUS: dict[str, Callable[[Store], Any]] = {
    "lists": lambda s: {view: s.items.ids(view, limit=500, now=NOW) for view in View},
    "counts": lambda s: s.items.counts(),
    "of a source": lambda s: s.items.ids(View.LIKED, subscription_id=1),
    "candidates of the ranking": lambda s: s.items.candidates(500, NOW),
    "words": lambda s: _search(s, "zeppelin"),
    "the liked": lambda s: _search(s, "is:liked"),
    "the unseen": lambda s: _search(s, "is:unseen"),
    "words and marks": lambda s: _search(s, "harbour -is:skipped"),
    "facets": lambda s: s.search.facets("is:seen"),
    "sql": _views,
    "served": _served,
    "everything, as JSON lines": lambda s: list(export.jsonl(s)),
    "the log of events": lambda s: list(lines(s, "here")),
    "history": _history,
    "history of a word": lambda s: memory.history(s, Want(words="zeppelin")),
    "numbers": lambda s: memory.numbers(s, NOW, 4),
    "exposure": lambda s: exposure.exposure(s, NOW, 4),
    "digest": lambda s: [read(s, each, now=NOW) for each in (period("day", today(NOW)), *complete("day", NOW, 2))],
    "gate: evidence": lambda s: gate_labels.evidence(s.db),
    "gate: labels": lambda s: gate_labels.count(s.db, NOW),
    "gate: likes": lambda s: gate_labels.likes_since(s.db, 0.0),
    "gate: protected": lambda s: gate_protect.protected(s.db),
    "gate: bodies": lambda s: gate_protect.bodies(s.db),
    "gate: looked at": lambda s: (gate_protect.old(s.db, NOW), gate_protect.newest(s.db, 500)),
    "interests": lambda s: (s.interests.positives(), interests._liked(s)),
    "judge": _judge,
    "tuning": lambda s: [event.id for event in tuning._past(s)[0].events],
    "evaluation": lambda s: [label.item_id for label in evaluation_data.from_store(s)[1].labels],
    "sources": lambda s: (standing.standing(s, NOW).sources, s.subscriptions.verdicts()),
    "collections": lambda s: [(each.name, each.size) for each in s.collections.all()],
    "people": lambda s: s.db.rows("SELECT id, people FROM items WHERE people > 0 ORDER BY id"),
}


def draft(store: Store, text: str = WORDS, kind: str = "feed") -> int:
    return store.drafts.as_item(store.drafts.add(Draft(kind, text, arm="vector", model="small", made_at=time.time())))


def judged(store: Store) -> None:
    """Drafts with everything done to them that can be done to an item."""
    for n in range(3):
        item_id = draft(store, f"{WORDS} {n}")
        kinds = ("impression", "open", "dwell", "like", "save", "later")
        store.events.append([Event(kind, item_id, {"seconds": 60.0, "dwell": 3.0}, view="for-you") for kind in kinds])  # type: ignore[arg-type]
        store.events.append([collect("kept", item_id, True), collect("own", item_id, True)])
    store.events.append([Event("skip", draft(store, f"{WORDS} skipped"))])
    derive(store)


@pytest.mark.parametrize("name", CENSUS)
def test_a_liked_draft_changes_nothing_that_is_counted(filled: Store, name: str) -> None:
    filled.events.append([collect("kept", filled.items.ids(View.LIKED)[0], True)])
    before = CENSUS[name](filled)
    judged(filled)
    assert CENSUS[name](filled) == before
    assert len(filled.drafts.item_ids()) == 4


def test_only_is_draft_finds_it(filled: Store) -> None:
    judged(filled)
    assert len(_search(filled, "is:draft")) == 4
    assert len(_search(filled, "zeppelin is:draft")) == 4
    assert len(_search(filled, "is:draft is:liked")) == 3
    assert _search(filled, "zeppelin -is:draft") == []


def test_the_gate_protects_as_many_real_items_of_no_source(filled: Store) -> None:
    with filled.db.write():
        filled.db.run("UPDATE items SET subscription_id = NULL")
    for n in range(20):
        draft(filled, f"{WORDS} {n}")
    newest = filled.items.ids(View.NEWEST, limit=gate_protect.NEWEST)
    assert set(newest) <= gate_protect.protected(filled.db)


def test_another_machine_hears_nothing_of_it(filled: Store, tmp_path: Any) -> None:
    judged(filled)
    log = list(lines(filled, "here"))
    assert not any("draft" in line or "zeppelin" in line for line in log)
    with Store.open(tmp_path / "other.db", role="cli") as other:
        found = merge(other, log)
        assert found.nameless == 0 and found.events == 18
        assert other.items.count(View.LIKED) == 8


def test_an_undone_like_of_a_draft_goes_nowhere_either(filled: Store) -> None:
    before = list(lines(filled, "here")), list(export.jsonl(filled))
    like = Event("like", draft(filled))
    filled.events.append([like, Event("undo", like.item_id, undoes=like.id)])
    assert (list(lines(filled, "here")), list(export.jsonl(filled))) == before


def test_what_was_done_with_a_draft_before_it_was_an_item_goes_nowhere_either(filled: Store) -> None:
    before = list(lines(filled, "here")), list(export.jsonl(filled))
    filled.events.append([Event("draft", None, {"draft": "d1", "act": "posted", "url": "https://x.example/mine"})])
    assert (list(lines(filled, "here")), list(export.jsonl(filled))) == before


def test_the_head_learns_from_it_all_the_same(filled: Store) -> None:
    from penchant.app.ranking import RankSession

    session = RankSession(filled.path)
    session.load()
    item_id = draft(filled)
    derive(filled)
    try:
        session.refresh()
        before = len(session.learned[0].y)
        assert session.learn(Event("like", item_id)) and len(session.learned[0].y) == before + 1
        assert item_id not in session.order().ids
    finally:
        session.close()
