"""The scoring service where the feed hears a judge: its opinions of foreign texts are those it forms of items."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import time
from pathlib import Path
from types import ModuleType

import pytest

from penchant.adapters.base import Item, Page
from penchant.app import judging_opinion as opinion
from penchant.app.config import Config, Models
from penchant.app.derive import Deriver
from penchant.app.judge.runner_eyes import SeeingRunner
from penchant.app.judging_look import Looker
from penchant.app.judging_status import CENTRES
from penchant.app.paths import Paths
from penchant.app.ranking import RankSession
from penchant.app.serve.score import Scorer
from penchant.app.serve.score_ask import wanted
from penchant.app.store import Store
from penchant.app.store.opinions import HIDDEN_PREFIX
from penchant.app.types import Event

WORDS = ("tomato soil compost seedling prune harvest rain", "scheduler syscall patch driver memory page latch")


@pytest.fixture(scope="module")
def tiny() -> ModuleType:
    if importlib.util.find_spec("llama_cpp") is None:
        pytest.skip("llama-cpp-python is not installed: pip install -e '.[judge,test]' (it needs a compiler)")
    place = Path(__file__).parents[1] / "judge" / "tiny_eyes.py"
    spec = importlib.util.spec_from_file_location("tiny_eyes", place)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def text(n: int) -> str:
    words = WORDS[n % 2].split()
    return " ".join(words[(n * k) % 7] for k in range(1, 7)) + f" {n}"


async def form(store: Store, model: Path, ids: list[int]) -> None:
    """Opinions and hidden states of items, as the worker's judge forms and keeps them."""
    async with SeeingRunner(str(model), context_tokens=2048) as runner:
        name = (await runner.ready()).name
        outlook = Looker().look(store, name, time.time(), frozenset())
        assert outlook.history is not None
        dealt = opinion.deal(outlook.history, 1_000, store)
        assert dealt.usable
        middle, own = await opinion.centres(runner, dealt)
        store.control.remember(CENTRES, json.dumps([name, dealt.version, middle]))
        lines = opinion.lines_of(store, ids)
        fresh = [item for item in ids if item not in own]
        said = dict(zip(fresh, await opinion.opinions(runner, dealt, middle, [lines[i] for i in fresh]), strict=True))
        states = await runner.hidden([lines[i] for i in ids])
        hashes = store.items.hashes(ids)
        store.vectors.put(HIDDEN_PREFIX + name, [(hashes[i], s) for i, s in zip(ids, states, strict=True) if s])
        every = {hashes[i]: value for i, value in {**own, **said}.items() if value is not None}
        store.opinions.put(name, "likelihood", dealt.version, every)
        store.opinions.activate(name)
        store.opinions.activate_hidden(HIDDEN_PREFIX + name)


def test_with_the_judge_the_number_is_the_feeds(home: Path, tiny: ModuleType) -> None:
    """Also where the centres of its histories are not known and have to be found out anew."""
    model = home / "text.gguf"
    tiny.write_text(model, chat=True)
    paths = Paths.from_environment().ensure()
    with Store.open(paths.archive, role="cli") as store:
        source = store.subscriptions.add("rss", "https://x.example/feed", "The source")
        items = tuple(Item(f"n{n}", "", f"Note {n}", text(n), published=1e9 + n) for n in range(46))
        ids = list(store.items.put_page(source, Page(items, {}), 1.1e9).item_ids)
        store.events.append([Event("like" if n % 2 == 0 else "skip", ids[n]) for n in range(40)])
        deriver = Deriver(store)
        while deriver.step():
            pass
        asyncio.run(form(store, model, ids))
    session = RankSession(paths.archive)
    session.load()
    assert {"judge", "hidden"} <= set(session.learned[0].experts)
    feed = [session.why(number).probability for number in ids[40:]]
    session.close()
    documents = [
        {"title": each.title, "text": each.text, "source": "The source", "published": each.published}
        for each in items[40:]
    ]
    for known in (True, False):
        scorer = Scorer(paths.archive, Config(models=Models(judge=str(model), eyes="", sentence="", picture="")), paths)
        try:
            found = scorer.score(wanted({"documents": documents, "judge": True, "seconds": 120}))
            assert not found.notes
            assert [each.probability for each in found.verdicts] == pytest.approx(feed, abs=1e-5), known
            assert all({"judge", "hidden"} <= set(each.known) for each in found.verdicts)
            plain = scorer.score(wanted({"documents": documents}))
            assert all("judge" not in each.known and "hidden" not in each.known for each in plain.verdicts)
            assert [each.probability for each in plain.verdicts] != pytest.approx(feed, abs=1e-5)
        finally:
            scorer.close()
        with Store.open(paths.archive, role="cli") as store:
            store.control.forget(CENTRES)


def test_where_the_feed_hears_no_judge_a_note_says_so(home: Path, tiny: ModuleType) -> None:
    model = home / "text.gguf"
    tiny.write_text(model, chat=True)
    paths = Paths.from_environment().ensure()
    Store.open(paths.archive, role="cli").close()
    scorer = Scorer(paths.archive, Config(models=Models(judge=str(model), eyes="", sentence="", picture="")), paths)
    try:
        found = scorer.score(wanted({"documents": ["a text"], "judge": True}))
        assert found.verdicts[0].probability == 0.5 and any("hears no judge" in note for note in found.notes)
    finally:
        scorer.close()
