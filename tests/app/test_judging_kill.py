"""kill -9 of the whole worker while the judge is at work: the next one goes on, and asks for nothing twice."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from penchant.adapters.base import Item, Page
from penchant.app.store import Store
from penchant.app.types import Event

TINY = Path(__file__).parents[1] / "judge" / "tiny_eyes.py"


def write_model(path: Path) -> Path:
    spec = importlib.util.spec_from_file_location("tiny_eyes", TINY)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    written: Path = module.write_text(path, chat=True)
    return written


def fill(store: Store) -> list[int]:
    source = store.subscriptions.add("rss", "https://feed.example/")
    items = tuple(
        Item(
            native_id=f"n{n}", url=f"https://feed.example/{n}", published=1_600_000_000.0 + n,
            title=f"text {n} of {'owls' if n % 2 else 'trams'} " * 6,
        )
        for n in range(260)
    )  # fmt: skip
    ids = store.items.put_page(source, Page(items, {}), 1_700_000_000.0).item_ids
    store.subscriptions.pause(source, True)
    at = time.time() - 100.0
    store.events.append([Event("like" if n % 2 else "skip", ids[n], at=at) for n in range(40)])
    return ids


def said(store: Store) -> dict[bytes, float]:
    """When each text was judged."""
    return dict(store.db.rows("SELECT content_hash, at FROM opinions"))


def test_a_killed_worker_loses_nothing_of_the_judge(
    llama: None, home: Path, cli: Any, until: Callable[..., None]
) -> None:
    (home / "data").mkdir()
    (home / "config").mkdir()
    model = write_model(home / "tiny.gguf")
    (home / "config" / "config.toml").write_text(
        f'[models]\nsentence = ""\npicture = ""\ntext_in_pictures = false\njudge = "{model}"\ncpu_share = 1.0\n'
        "[judge]\nminutes_per_hour = 60.0\n"
    )
    with Store.open(home / "data" / "archive.db", role="cli") as store:
        ids = fill(store)
        child = cli.start("worker")
        until(lambda: len(said(store)) >= 20)
        maps = Path(f"/proc/{child.pid}/maps")
        assert not maps.exists() or "libllama" not in maps.read_text(), "the worker itself never loads it"
        child.kill()
        child.communicate()
        before = said(store)
        assert len(before) < 260
        assert "from 20 likes and 20 skips" in cli("judge", str(ids[39]))
        store.answers.ask("a", ids[0], "reason", time.time())
        child = cli.start("worker")
        until(lambda: (answer := store.answers.get("a")) is not None and answer.done)
        until(lambda: len(said(store)) >= len(before) + 20)
        assert before.items() <= said(store).items(), "what was judged is not judged again"
        child.terminate()
        child.communicate(timeout=30)
        assert child.returncode == 0
    assert " wait" in cli("judge")
