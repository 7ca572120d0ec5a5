"""The lane with a real model in its child: killed in the middle of a batch and of a reason, nothing is lost."""

from __future__ import annotations

import importlib.util
import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from penchant.app.store import Store

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("llama_cpp") is None,
    reason="llama-cpp-python is not installed: pip install -e '.[judge,test]' (it needs a compiler)",
)


@pytest.fixture
def tiny(home: Path) -> str:
    """A language model of two layers with random weights."""
    spec = importlib.util.spec_from_file_location("tiny_eyes", Path(__file__).with_name("tiny_eyes.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return str(module.write_text(home / "tiny.gguf", chat=True))


def judged(store: Store) -> int:
    return int(store.db.value("SELECT count(*) FROM opinions WHERE kind = 'likelihood'"))


def child_of(world: Any) -> int:
    child = world.runner._child if world.runners else None
    return 0 if child is None or child.returncode is not None else int(child.pid)


async def test_a_child_that_is_killed_costs_nothing(world: Any, tiny: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.real(monkeypatch)
    owls, trams = world.history()
    new = world.fill([f"owls and trams {n}" for n in range(60)], 200)
    killed: list[int] = []

    def until(store: Store) -> bool:
        done, pid = judged(store), child_of(world)
        if pid and pid not in killed and done >= 20 * len(killed) and len(killed) < 3:
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
        return done == 84 and store.opinions.active() is not None

    await world.work(until, model=tiny, minutes_per_hour=60.0)
    assert len(killed) == 3
    status = world.status()
    assert status.aside == () and not status.note
    ids = owls + trams + new
    assert len(world.read(lambda store: store.opinions.values(status.model, "likelihood", ids))) == 84
    space = world.read(lambda store: store.opinions.hidden())
    assert space is not None and world.read(lambda store: store.vectors.get_matrix(space[0], ids)[1].all())
    assert 0.0 < status.used < 60.0, "its own CPU time, deaths included"


async def test_what_was_said_is_the_same_after_a_restart(
    world: Any, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.real(monkeypatch)
    world.history()
    await world.work(lambda store: judged(store) == 24, model=tiny, minutes_per_hour=60.0)
    first = world.read(lambda store: store.db.rows("SELECT content_hash, value FROM opinions ORDER BY content_hash"))
    with Store.open(world.paths.archive, role="worker") as store:
        store.db.run("DELETE FROM opinions")
    await world.work(lambda store: judged(store) == 24, model=tiny, minutes_per_hour=60.0)
    again = world.read(lambda store: store.db.rows("SELECT content_hash, value FROM opinions ORDER BY content_hash"))
    assert again == first, "whatever stood beside a text"


async def test_a_reason_from_a_real_model_and_from_one_that_is_killed(
    world: Any, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.real(monkeypatch)
    owls, _ = world.history()
    letters = []
    for name in ("a", "b"):
        with Store.open(world.paths.archive, role="cli") as store:
            store.answers.ask(name, owls[0], "reason", time.time())
            letters += store.control.take()

    def done(store: Store) -> bool:
        found = store.answers.get("a")
        return found is not None and found.done

    await world.work(done, model=tiny, letters=tuple(letters[:1]), minutes_per_hour=0.0)
    found = world.read(lambda store: store.answers.get("a"))
    assert found.text or found.error
    assert found.text.isprintable() and len(found.text) <= 300

    def stopped(store: Store) -> bool:
        pid, found = child_of(world), store.answers.get("b")
        assert found is not None
        if pid and found.at > letters[1].at and not found.done:
            os.kill(pid, signal.SIGSTOP)  # or it would be done too soon
            os.kill(pid, signal.SIGKILL)
        return found.done

    await world.work(stopped, model=tiny, letters=tuple(letters[1:]), minutes_per_hour=0.0)
    found = world.read(lambda store: store.answers.get("b"))
    assert found.done and (found.text or found.error)
