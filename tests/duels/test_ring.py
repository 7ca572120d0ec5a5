"""Which two are compared next: none twice, nothing that is hidden, the side by lot, those whose answer tells most."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from penchant.adapters.base import Author, Item, Page
from penchant.app.derive import Deriver
from penchant.app.duels import packs, ring
from penchant.app.duels.packs import Joke
from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.types import Event

POSTS = 12


def post(n: int, **more: object) -> Item:
    about = "owls hunt at night under snow" if n % 2 else "trams climb the hills of the town"
    return Item(f"n{n}", "", "", f"Post {n}: {about}.", Author("a:ada", "Ada"), 1e9 + n, **more)  # type: ignore[arg-type]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[RankSession]:
    """Twelve posts that nobody saw, twelve more of which those on owls were liked; one warned of, one sensitive."""
    with Store.open(tmp_path / "archive.db", role="cli") as store:
        source = store.subscriptions.add("rss", "https://x.example/feed", "Feed")
        hidden = [post(100, content_warning="spiders"), post(101, sensitive=True)]
        items = (*(post(n) for n in range(2 * POSTS)), *hidden)
        ids = store.items.put_page(source, Page(items, {}), 1.1e9).item_ids
        events = [Event("like" if n % 2 else "skip", ids[n], at=2e9 + n) for n in range(POSTS)]
        store.events.append([*events, *(Event("impression", ids[n], at=2e9) for n in range(POSTS))])
        packs.put(store, "some", [Joke(f"joke number {n} on an owl and a tram") for n in range(4)])
        deriver = Deriver(store)
        while deriver.step():
            pass
    found = RankSession(tmp_path / "archive.db")
    found.load()
    yield found
    found.close()


def asked_for(pair: ring.Pair) -> tuple[int, int]:
    first, second = sorted((pair.first, pair.second))
    return first, second


def test_no_pair_comes_twice_and_all_come(session: RankSession) -> None:
    asked: list[tuple[int, int]] = []
    while len(asked) < 9 and (pair := ring.pick(session, "jokes", asked, 3)) is not None:
        asked.append(asked_for(pair))
    assert len(asked) == len(set(asked)) == 6 and len({each for two in asked for each in two}) == 4


def test_what_was_compared_least_comes_first(session: RankSession) -> None:
    (group,) = ring.pool(session, "jokes")
    pair = ring.pick(session, "jokes", [(group[0], group[1])], 3)
    # four jokes are all drawn, so it is the groups that show it: captions of two pictures
    with Store.open(session.store.path, role="cli") as store:
        packs.put(store, "captions", [Joke(f"caption {n} of a {of}", of) for of in ("cat", "dog") for n in range(3)])
    cats, _ = ring.pool(session, "captions")
    assert pair is not None
    met = list(itertools.combinations(sorted(cats), 2))[:2]
    for seed in range(6):
        found = ring.pick(session, "captions", met, seed)
        assert found is not None and not {found.first, found.second} & {*cats}


def test_the_chance_is_that_of_the_first_whichever_side_it_stands_on(session: RankSession) -> None:
    sides, sure = set(), 0.0
    for seed in range(30):
        pair = ring.pick(session, "posts", (), seed)
        assert pair is not None
        block = session.rows(sorted((pair.first, pair.second)))
        place = {item: n for n, item in enumerate(block.columns.ids.tolist())}
        logit, variance = ring.compared(session.learned[0], block.batch, [(place[pair.first], place[pair.second])])
        assert pair.chance == pytest.approx(float(ring.chance(logit, variance)[0]), rel=1e-9)
        sides.add(pair.chance > 0.5)
        sure = max(sure, abs(pair.chance - 0.5))
        assert [session.store.items.texts([each])[each][1] for each in (pair.first, pair.second)] == [*pair.texts]
    assert sides == {True, False}, "what is believed does not show in the side"
    assert sure > 1e-4, "or this test would tell nothing"


def test_what_a_reader_is_warned_of_is_not_shown_whole(session: RankSession) -> None:
    (group,) = ring.pool(session, "posts")
    texts = [text for _, text, _ in session.store.items.texts(group).values()]
    assert len(texts) == POSTS and not any("Post 10" in text and int(text[5:8].strip(":")) >= 100 for text in texts)


def test_of_all_pairs_one_of_those_that_tell_most(session: RankSession) -> None:
    (group,) = ring.pool(session, "posts")
    block = session.rows(sorted(group))
    ids = block.columns.ids.tolist()
    pairs = list(itertools.combinations(range(len(ids)), 2))
    worth = ring.worth(*ring.compared(session.learned[0], block.batch, pairs))
    bar = np.sort(worth)[::-1][ring.BEST - 1] - 1e-9
    told = {tuple(sorted((ids[a], ids[b]))): value for (a, b), value in zip(pairs, worth, strict=True)}
    assert len(pairs) <= ring.LOOKED_AT, "all are looked at"
    for seed in range(10):
        pair = ring.pick(session, "posts", (), seed)
        assert pair is not None and told[asked_for(pair)] >= bar


def test_texts_of_a_pack_that_went_are_not_compared(session: RankSession) -> None:
    assert ring.pool(session, "jokes")
    with Store.open(session.store.path, role="cli") as store:
        every = store.subscriptions.all(kinds=("export",))
        (found,) = [each for each in every if each.address.startswith(packs.ADDRESS)]
        store.subscriptions.remove(found.id)
    assert ring.pool(session, "jokes") == [] and ring.pick(session, "jokes", (), 1) is None
