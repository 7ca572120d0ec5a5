"""kill -9 of the worker in the middle of an answer: the next one takes the question up, and answers it whole."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from penchant.adapters.base import Item, Page
from penchant.app.asking import Question
from penchant.app.store import Store

TINY = Path(__file__).parents[1] / "judge" / "tiny_eyes.py"


def test_a_killed_worker_leaves_the_question_to_the_next(
    llama: None, home: Path, cli: Any, until: Callable[..., None]
) -> None:
    (home / "data").mkdir()
    (home / "config").mkdir()
    spec = importlib.util.spec_from_file_location("tiny_eyes", TINY)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    model = module.write_text(home / "tiny.gguf", chat=True)
    (home / "config" / "config.toml").write_text(
        f'[models]\nsentence = ""\npicture = ""\ntext_in_pictures = false\njudge = "{model}"\n'
        "[judge]\nminutes_per_hour = 0.0\n"
    )
    with Store.open(home / "data" / "archive.db", role="cli") as store:
        source = store.subscriptions.add("rss", "https://feed.example/")
        store.subscriptions.pause(source, True)
        item = Item(
            native_id="clock", url="https://feed.example/c", title="The harbour clock", published=1_700_000_000.0,
            text="The harbour clock runs four minutes slow. It shows local time. " * 40,
        )  # fmt: skip
        store.items.put_page(source, Page((item,), {}), 1_700_000_000.0)
        asked = Question("Why is the harbour clock slow?").payload()
        store.answers.ask("a", None, "ask", time.time(), payload=asked)
        child = cli.start("worker")
        until(lambda: (answer := store.answers.get("a")) is not None and answer.payload.get("sources"), 90.0)
        child.kill()
        child.communicate()
        answer = store.answers.get("a")
        assert answer is not None
        if answer.done:  # a quick machine: it is asked again, as if the answer had not come to its end
            store.answers.ask("a", None, "ask", time.time(), payload=asked)
        store.control.take()  # the letter went with the first worker
        child = cli.start("worker")
        until(lambda: (answer := store.answers.get("a")) is not None and answer.done, 90.0)
        answer = store.answers.get("a")
        assert answer is not None and answer.payload["sources"][0]["item_id"] == 1
        assert answer.text or answer.error, "a tiny model says little, but it ends"
        maps = Path(f"/proc/{child.pid}/maps")
        assert not maps.exists() or "libllama" not in maps.read_text(), "the worker itself never loads it"
        child.terminate()
        child.communicate(timeout=30)
        assert child.returncode == 0
