"""An archive of a source whose texts are short, with a few decisions in it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from penchant.adapters.base import Author, Item, Page
from penchant.app.derive import Deriver
from penchant.app.store import Store
from penchant.app.types import Event

PLACES = "harbour engine glacier bread violin garden signal orchard lantern compiler river kettle".split()  # noqa: SIM905
DAY = 86_400.0


def derive(store: Store) -> None:
    """Vectors and word statistics of everything that lacks them."""
    deriver = Deriver(store)
    while deriver.step():
        pass


def line(n: int) -> str:
    """A short text that no other number has."""
    a, b, c = (PLACES[(n * k + k) % len(PLACES)] for k in (1, 5, 7))
    return f"The old {a} number {n} was found beside the {b}, and nobody in town had heard of its {c} before that week."


def put(store: Store, count: int, first: int = 0, **more: object) -> list[int]:
    """Items of one source, the newest last; their ids."""
    known = store.subscriptions.all(counted=False)
    number = known[0].id if known else store.subscriptions.add("rss", "https://x.example/feed", "The source")
    now = time.time()
    items = tuple(
        Item(
            f"n{n}", f"https://x.example/{n}", f"Title {n}", line(n), Author(f"k{n % 5}", f"Ada {n % 5}"),
            now - DAY + n, points=n, comments=2, **more,  # type: ignore[arg-type]
        )
        for n in range(first, first + count)
    )  # fmt: skip
    return list(store.items.put_page(number, Page(items, {}), now).item_ids)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as found:
        yield found


@pytest.fixture
def filled(store: Store) -> Store:
    """Forty items; eight are liked, eight skipped, one saved, one opened."""
    ids = put(store, 40)
    kinds = ["like"] * 8 + ["skip"] * 8 + ["save", "open"]
    store.events.append([Event(kind, ids[n]) for n, kind in enumerate(kinds)])  # type: ignore[arg-type]
    derive(store)
    return store
