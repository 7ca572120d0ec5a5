"""The back-fill of picture vectors: resumable, switched in when complete, in a real archive with a fake model."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from penchant.adapters.base import Item, Media, Page
from penchant.app import picture_backfill, picture_status
from penchant.app.embed import clip_runner
from penchant.app.embed.runner import Limits
from penchant.app.picture_backfill import PictureBackfill
from penchant.app.pictures.files import PictureFiles
from penchant.app.store import Store, doctor
from penchant.app.store.control import Request
from penchant.app.store.pictures_rows import Kept
from penchant.app.store.spaces import active_picture_spaces
from penchant.app.store_thread import StoreThread

PROGRAM = (str(Path(__file__).with_name("fake_clip.py")),)
M = "clip:m:1"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(clip_runner, "PROGRAM", PROGRAM)
    monkeypatch.setattr(clip_runner, "LIMITS", Limits(start=20.0, batch=5.0, backoff=0.0))
    for name, value in {"BEGIN": 0.0, "LOOK": 0.02, "AGAIN": 0.2, "WHOLE": 0.1, "BATTERY": 0.05}.items():
        monkeypatch.setattr(picture_backfill, name, value)
    monkeypatch.setattr(picture_backfill.power, "on_battery", lambda: False)
    monkeypatch.setenv("FAKE_MODEL_LOG", str(tmp_path / "told"))


class Shelf:
    """An archive, its pictures' files, and a model file that the fake child takes for real."""

    def __init__(self, home: Path, told: Path) -> None:
        self.archive, self.told = home / "data" / "archive.db", told
        self.archive.parent.mkdir()
        self.files = PictureFiles(home / "cache" / "pictures")
        self.model = home / "m.safetensors"
        self.model.write_bytes(b"weights")
        self.count = 0

    def fill(self, *items: tuple[str, ...]) -> list[int]:
        """Items of a title and the addresses of their pictures, each newer than the one before it."""
        with Store.open(self.archive, role="cli") as store:
            source = store.subscriptions.add("rss", "https://feed.example/")
            made = []
            for title, *urls in items:
                self.count += 1
                media = tuple(Media(url, "image") for url in urls)
                at = 1_600_000_000.0 + 60 * self.count
                url = f"https://feed.example/{self.count}"
                made.append(Item(native_id=f"n{self.count}", url=url, title=title, published=at, media=media))
            return store.items.put_page(source, Page(tuple(made), {}), 1_700_000_000.0).item_ids

    def arrive(self, ids: list[int], **pictures: str) -> dict[str, bytes]:
        """The pictures of items come, by the last part of their address: what the files say."""
        hashes = {}
        with Store.open(self.archive, role="cli") as store:
            for wanted in store.pictures.ask(ids, 1_700_000_100.0):
                name = wanted.url.rsplit("/", 1)[-1]
                if (text := pictures.get(name)) is not None:
                    hashes[name] = hash = hashlib.blake2b(text.encode(), digest_size=16).digest()
                    self.files.put(hash, text.encode(), text.encode())
                    kept = Kept(wanted.id, hash, "jpeg", 9, 9, 1, 9, b"\0" * 36, 5, "", "")
                    store.pictures.put([kept], 1_700_000_200.0)
        return hashes

    def asked(self, kind: str) -> list[str]:
        lines = self.told.read_text().splitlines() if self.told.exists() else []
        return [text for each, text in map(json.loads, lines) if each == kind]

    async def work(
        self, until: Callable[[PictureBackfill, Store], bool], choose: Callable[[], str | None] | None = None
    ) -> list[str]:
        """Run the lane until something holds; returns what it told the ranking."""
        changed: list[str] = []
        async with StoreThread(self.archive) as call:
            choose = choose or (lambda: str(self.model))
            lane = PictureBackfill(choose, self.files.large, call, lambda: changed.append("changed"), share=1.0)
            task = asyncio.create_task(lane.run())
            try:
                async with asyncio.timeout(30):
                    while not await call(partial(until, lane)):
                        await asyncio.sleep(0.02)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
        return changed

    def open(self) -> Store:
        return Store.open(self.archive)


@pytest.fixture
def shelf(home: Path, tmp_path: Path) -> Shelf:
    return Shelf(home, tmp_path / "told")


def finished(lane: PictureBackfill, store: Store) -> bool:
    return lane.up_to_date(store)


def unit(*texts: str) -> np.ndarray:
    """The mean direction of what the fake model says of these files."""
    total = np.zeros(8)
    for text in texts:
        row = np.array([byte - 127.5 for byte in hashlib.sha256(text.encode()).digest()[:8]])
        total += row / np.linalg.norm(row)
    return total / np.linalg.norm(total)


async def test_pictures_items_and_texts_get_their_vectors_and_only_then_it_is_switched_in(shelf: Shelf) -> None:
    ids = shelf.fill(("one", "https://p.example/a", "https://p.example/b"), ("two", "https://p.example/c"), ("three",))
    shelf.arrive(ids, a="SLOW A", b="B", c="C")
    seen: list[int] = []

    def watch(lane: PictureBackfill, store: Store) -> bool:
        if active_picture_spaces(store.db):
            seen.append(int(store.vectors.get_matrix(M + ":text", ids)[1].sum()))
        return lane.up_to_date(store)

    assert await shelf.work(watch) == ["changed"]
    assert seen and set(seen) == {3}
    assert shelf.asked("picture") == ["C", "SLOW A", "B"] or shelf.asked("picture") == ["C", "B", "SLOW A"]
    assert shelf.asked("text") == ["three", "two", "one"]
    with shelf.open() as store:
        assert active_picture_spaces(store.db) == {"picture": (M + ":picture", 8), "caption": (M + ":text", 8)}
        rows, have = store.vectors.get_matrix(M + ":picture", ids)
        assert have.tolist() == [True, True, False]
        assert np.allclose(rows[:2], [unit("SLOW A", "B"), unit("C")], atol=1e-6)
        status = picture_status.of(store)
        assert status is not None and (status.done, status.total, status.texts_done) == (3, 3, 3)
        assert status.line() == ""


async def test_a_picture_that_comes_later_renews_its_item(shelf: Shelf) -> None:
    ids = shelf.fill(("one", "https://p.example/a", "https://p.example/b"))
    shelf.arrive(ids, a="A")
    await shelf.work(finished)
    shelf.arrive(ids, b="B")
    await shelf.work(lambda lane, store: lane.up_to_date(store) and len(shelf.asked("picture")) == 2)
    with shelf.open() as store:
        rows, have = store.vectors.get_matrix(M + ":picture", ids)
        assert have.all() and np.allclose(rows[0], unit("A", "B"), atol=1e-6)
        [(found, cosine)] = store.vectors.nearest(M + ":picture", unit("A", "B"), 5)
        assert found == ids[0] and cosine > 0.999
        assert not [each for each in doctor.check(shelf.archive).findings if each.level == "error"]


async def test_an_edited_item_keeps_its_pictures(shelf: Shelf) -> None:
    [item] = shelf.fill(("one", "https://p.example/a"))
    shelf.arrive([item], a="A")
    await shelf.work(finished)
    shelf.count = 0
    assert shelf.fill(("one, corrected", "https://p.example/a")) == [item]
    await shelf.work(finished)
    assert shelf.asked("picture") == ["A"], "the same picture is read once"
    with shelf.open() as store:
        assert store.vectors.get_matrix(M + ":picture", [item])[1].all()


async def test_stopped_at_any_moment_it_reads_nothing_twice(shelf: Shelf) -> None:
    urls = [f"https://p.example/{n}" for n in range(40)]
    ids = shelf.fill(*[(f"text {n}", url) for n, url in enumerate(urls)])
    shelf.arrive(ids, **{str(n): f"SLOW {n}" for n in range(40)})
    for enough in (3, 15, 30):

        def watch(lane: PictureBackfill, store: Store, enough: int = enough) -> bool:
            return sum(space.count for space in store.vectors.spaces() if space.name == M + ":each") >= enough

        await shelf.work(watch)
        with shelf.open() as store:
            assert active_picture_spaces(store.db) == {}
    await shelf.work(finished)
    pictures = shelf.asked("picture")
    assert set(pictures) == {f"SLOW {n}" for n in range(40)}
    assert len(pictures) <= 40 + 3 * picture_backfill.PICTURES, "only the chunk under way may be lost"


async def test_what_kills_the_model_is_set_aside_for_good(shelf: Shelf) -> None:
    ids = shelf.fill(*[(f"text {n}", f"https://p.example/{n}") for n in range(6)], ("ABORT this",))
    shelf.arrive(ids, **{"0": "A", "1": "ABORT", "2": "C", "3": "NAN", "4": "E", "5": "F"})
    await shelf.work(finished)
    with shelf.open() as store:
        assert active_picture_spaces(store.db)
        assert store.vectors.get_matrix(M + ":picture", ids)[1].sum() == 4
        status = picture_status.of(store)
        assert status is not None and status.aside == 3 and "3 left out" in status.line()
    before = len(shelf.asked("picture"))
    await shelf.work(finished)
    assert len(shelf.asked("picture")) == before


async def test_without_pictures_no_model_is_started(shelf: Shelf) -> None:
    shelf.fill(("one", "https://p.example/a"), ("two",))
    await shelf.work(finished)
    assert shelf.asked("start") == []


async def test_when_all_is_done_the_next_start_loads_no_model(shelf: Shelf) -> None:
    shelf.arrive(shelf.fill(("one", "https://p.example/a")), a="A")
    await shelf.work(finished)
    await shelf.work(finished)
    assert shelf.asked("start") == ["m"]
    shelf.model.write_bytes(b"other weights")
    await shelf.work(finished)
    assert shelf.asked("start") == ["m", "m"]


async def test_another_model_takes_over_when_it_is_complete_and_the_old_vectors_go(shelf: Shelf) -> None:
    ids = shelf.fill(*[(f"text {n}", f"https://p.example/{n}") for n in range(8)])
    shelf.arrive(ids, **{str(n): f"SLOW {n}" for n in range(8)})
    await shelf.work(finished)
    other = shelf.model.with_name("other.safetensors")
    other.write_bytes(b"weights")
    current, active = [shelf.model], set()

    def watch(lane: PictureBackfill, store: Store) -> bool:
        active.add(active_picture_spaces(store.db)["picture"][0])
        if current[0] is shelf.model and lane.up_to_date(store):
            current[0] = other
            lane.hear(Request("models", {}, 0.0))
            return False
        return current[0] is other and lane._path == str(other) and lane.up_to_date(store)

    await shelf.work(watch, lambda: str(current[0]))
    assert active == {M + ":picture", "clip:other:1:picture"}
    with shelf.open() as store:
        assert {space.name.rpartition(":")[0] for space in store.vectors.spaces()} == {"clip:other:1"}
        assert store.vectors.get_matrix("clip:other:1:picture", ids)[1].all()


async def test_switched_off_the_vectors_stay_and_are_not_read(shelf: Shelf) -> None:
    shelf.arrive(shelf.fill(("one", "https://p.example/a")), a="A")
    await shelf.work(finished)
    await shelf.work(lambda lane, store: not active_picture_spaces(store.db), lambda: None)
    with shelf.open() as store:
        assert picture_status.of(store) is None and len(store.vectors.spaces()) == 3
    await shelf.work(finished)
    with shelf.open() as store:
        assert active_picture_spaces(store.db)
    assert shelf.asked("picture") == ["A"]


async def test_a_model_that_is_not_there_is_told_in_words(shelf: Shelf) -> None:
    shelf.arrive(shelf.fill(("one", "https://p.example/a")), a="A")
    shelf.model.unlink()
    await shelf.work(lambda lane, store: picture_status.of(store) is not None)
    with shelf.open() as store:
        status = picture_status.of(store)
        assert status is not None and "no picture model at" in status.note and "models pull" in status.line()
    assert shelf.asked("start") == []
    shelf.model.write_bytes(b"weights")
    await shelf.work(lambda lane, store: bool(active_picture_spaces(store.db)))


async def test_on_battery_it_waits_and_says_so(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf.arrive(shelf.fill(("one", "https://p.example/a")), a="A")
    monkeypatch.setattr(picture_backfill.power, "on_battery", lambda: True)
    rounds = 0

    def watch(lane: PictureBackfill, store: Store) -> bool:
        nonlocal rounds
        status = picture_status.of(store)
        rounds += status is not None and "mains" in status.line() and lane.up_to_date(store)
        return rounds > 5

    await shelf.work(watch)
    assert shelf.asked("picture") == []
    monkeypatch.setattr(picture_backfill.power, "on_battery", lambda: False)
    await shelf.work(finished)
    assert shelf.asked("picture") == ["A"]


async def test_an_evicted_picture_keeps_its_vector(shelf: Shelf) -> None:
    ids = shelf.fill(("one", "https://p.example/a"), ("two", "https://p.example/b"))
    hashes = shelf.arrive(ids, a="A", b="B")
    await shelf.work(finished)
    with Store.open(shelf.archive, role="cli") as store:
        store.pictures.evicted([hashes["a"]])
        shelf.files.remove([hashes["a"]])
        assert store.vectors.prune() == 0
    await shelf.work(finished)
    with shelf.open() as store:
        assert store.vectors.get_matrix(M + ":picture", ids)[1].all()


@pytest.mark.parametrize("junk", ["", "{", "[]", "3", '{"done": "x"}', '{"done": true}', b"\0", None])
def test_a_status_that_cannot_be_read_is_harmless(junk: object) -> None:
    status = picture_status.read(junk)
    assert status is None or status.line() == ""


async def test_the_doctor_knows_these_spaces_and_a_rebuild_keeps_what_could_not_be_made_again(shelf: Shelf) -> None:
    ids = shelf.fill(("one", "https://p.example/a"), ("two", "https://p.example/b"), ("three",))
    hashes = shelf.arrive(ids, a="A", b="B")
    await shelf.work(finished)
    with Store.open(shelf.archive, role="cli") as store:
        store.vectors.put(M + ":each", [(b"nobody's picture", np.ones(8, "<f4").tobytes())])
        assert store.vectors.prune() == 1
        store.pictures.evicted([hashes["a"]])
        shelf.files.remove([hashes["a"]])
    report = doctor.check(shelf.archive)
    assert not [each for each in report.findings if each.level != "ok" and each.topic in ("vectors", "seeing")]
    assert any(f"the ranking reads {M}:picture" in each.found for each in report.findings)
    doctor.rebuild(shelf.archive)
    await shelf.work(finished)
    assert shelf.asked("picture").count("A") == 1 and shelf.asked("picture").count("B") == 2
    with shelf.open() as store:
        assert store.vectors.get_matrix(M + ":picture", ids)[1].tolist() == [True, True, False]
        assert store.vectors.get_matrix(M + ":text", ids)[1].all()
