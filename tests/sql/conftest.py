"""An archive, and a model that counts what it is asked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Author, Item, Page
from penchant.app.pictures.files import PictureFiles
from penchant.app.sql.running import Query
from penchant.app.sql.vectors import meaning_of
from penchant.app.store import Store
from penchant.app.types import Event

NOW = 1_780_000_000.0


class CountingModel:
    """Deterministic answers: a probability by the words and the text, the first words, NULL for texts with ABORT."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.batches: list[int] = []
        self.called = "gguf:Counting:1"
        self.fail: BaseException | None = None

    def name(self, kind: str) -> str:
        return self.called

    def answer(self, kind: str, question: str, subjects: Sequence[str]) -> list[Any]:
        if self.fail is not None:
            raise self.fail
        self.batches.append(len(subjects))
        self.asked += [(kind, question, each) for each in subjects]
        return [None if "ABORT" in each else said(kind, question, each) for each in subjects]

    def close(self) -> None:
        pass


def said(kind: str, question: str, text: str) -> Any:
    if kind != "ask":
        return f"{kind}: {text[:12]}"
    return hashlib.blake2b(f"{question}\n{text}".encode(), digest_size=1).digest()[0] / 255.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as opened:
        yield opened


@pytest.fixture
def model() -> CountingModel:
    return CountingModel()


def fill(store: Store, count: int, *, text: Callable[[int], str] = lambda n: f"The text of number {n}.") -> None:
    """Items 1..count; points are n % 10, every third one is seen, every fifth liked."""
    source = store.subscriptions.add("rss", "https://feed.example/", title="Example")
    items = tuple(
        Item(
            native_id=str(n), url=f"https://feed.example/{n}", title=f"Number {n}", text=text(n), points=n % 10,
            author=Author(key=f"a{n % 4}", name=f"Author {n % 4}"), published=NOW - n, tags=("odd",) if n % 2 else (),
        )
        for n in range(1, count + 1)
    )  # fmt: skip
    store.items.put_page(source, Page(items, {}), NOW)
    store.events.append([Event("like" if n % 5 == 0 else "impression", item_id=n) for n in range(3, count + 1, 3)])


@pytest.fixture
def query(store: Store, model: CountingModel, tmp_path: Path) -> Callable[..., list[tuple[Any, ...]]]:
    """Run SQL; `as_written` leaves the order of conditions alone. Its notes are in `query.notes` afterwards."""

    def run(sql: str, *, rows: int = 10_000, as_written: bool = False, seconds: float = 20.0) -> list[tuple[Any, ...]]:
        files = PictureFiles(tmp_path / "pictures")
        with closing(Query(store, model, files, lambda: meaning_of(store, None), seconds=seconds)) as going:
            plan = going.plan(sql, as_written=as_written)
            found = list(going.run(plan, rows))
            run.notes = going.notes  # type: ignore[attr-defined]
            run.plan = plan  # type: ignore[attr-defined]
        return found

    return run
