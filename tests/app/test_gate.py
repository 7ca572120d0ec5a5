"""Whole runs of the gate over an archive with a history: preview, on, killed, restored from attic and page."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Author, Item, Page
from penchant.app import gate, gate_lane
from penchant.app.config import GateOptions
from penchant.app.derive import Deriver
from penchant.app.gate_fetch import readable
from penchant.app.gate_run import Run
from penchant.app.store import Store, doctor, gate_protect
from penchant.app.types import Event

DAY = 86_400.0
SUBJECTS = {"garden": "tomato soil compost seedling prune", "crypto": "coin token wallet chain mining"}


def history(store: Store, days: int = 90, a_day: int = 4) -> list[int]:
    """A reader who likes a part of what comes about gardens, and never looks at coins; ids of the liked."""
    rng, now, liked, events = random.Random(3), time.time(), [], []
    for name, subject in SUBJECTS.items():
        sub = store.subscriptions.add("rss", f"https://{name}.example/f", title=name.title())
        store.subscriptions.pause(sub, True)
        for day in range(days, 0, -1):
            at = now - day * DAY
            items = []
            for n in range(a_day):
                text = " ".join(rng.choices([*subject.split(), "the", "of", "it", "and"], k=60))
                items.append(Item(f"{name}{day}-{n}", f"https://{name}.example/{day}/{n}", title=f"{name} {day} {n}",
                                  text=text, published=at, author=Author(name, name)))  # fmt: skip
            for item_id in store.items.put_page(sub, Page(tuple(items), {}), at).item_ids:
                if name == "garden" and rng.random() < 0.4:
                    events.append(Event("like", item_id, at=at + 3_600))
                    liked.append(item_id)
    store.events.append(sorted(events, key=lambda event: event.at))
    deriver = Deriver(store)
    while deriver.step():
        pass
    return liked


@pytest.fixture
def store(home: Path) -> Any:
    with Store.open(home / "data" / "archive.db", role="worker") as opened:
        yield opened


def run(store: Store, *, act: bool = False, **options: Any) -> Run:
    doing = Run(store, GateOptions(**options), act=act)
    for _ in doing.steps():
        pass
    return doing


def test_off_until_there_are_labels_then_shown_before_allowed(store: Store) -> None:
    assert gate.summary(store).note == "200 of 200 labels are missing"
    assert run(store, act=True).found.would_drop == 0
    liked = history(store)
    gate.remember(store, gate.Found())
    found = run(store, act=True)
    assert found.dropped == 0 and found.found.would_drop > 50, "the first run only shows"
    assert found.found.sample and all("Crypto" in each.reason for each in found.found.sample[:3])
    share = found.found.replay.share
    assert share is not None and share > 0.9 and found.found.replay.lost == 0
    again = run(store, act=True)
    assert again.dropped == found.found.would_drop
    gone = {line.item_id for line in store.gate.log(10_000)}
    titles = [card.title for card in store.items.cards(sorted(gone))]
    assert not gone & set(liked) and sum(title.startswith("crypto") for title in titles) > 0.9 * len(titles)
    whole, bodies = gate_protect.bodies(store.db)[0], store.gate.count()[0]
    assert bodies <= 0.5 * whole
    assert run(store, act=True).dropped == 0, "the same share of the same archive"
    report = doctor.check(store.path)
    assert not [each for each in report.findings if each.level != "ok"], report.lines()


def test_one_who_likes_anything_at_random_loses_next_to_nothing(store: Store) -> None:
    history(store)
    rng, now = random.Random(5), time.time()
    chosen = [n for (n,) in store.db.rows("SELECT id FROM items") if rng.random() < 0.2]
    store.events.append([Event("like", n, at=now - rng.random() * 60 * DAY) for n in chosen])
    found = run(store).found
    assert found.would_drop <= 0.1 * found.old or found.note


def test_when_it_is_due(store: Store) -> None:
    options, now = GateOptions(), time.time()
    assert not gate_lane.due(store, options, now) and gate_lane.due(store, GateOptions(enabled="preview"), now)
    gate.choose(store, "preview")
    gate.remember(store, gate.Found(at=now))
    assert not gate_lane.due(store, options, now + 60) and gate_lane.due(store, options, now + DAY)
    assert gate_lane.due(store, options, now - 60), "a run in the future: the clock was wrong"
    gate.choose(store, "on")
    assert gate_lane.due(store, options, now + 60), "just switched on"
    gate.choose(store, "off")
    assert not gate_lane.due(store, GateOptions(enabled="on"), now + DAY), "the command goes before the file"


def test_killed_anywhere_every_item_is_whole_or_dropped(store: Store, home: Path) -> None:
    history(store, days=70)
    run(store)
    texts = dict(store.db.rows("SELECT id, text FROM items"))
    code = (
        "import sys\nfrom penchant.app.store import Store\nfrom penchant.app.gate_run import Run\n"
        "from penchant.app.config import GateOptions\n"
        "with Store.open(sys.argv[1], role='worker') as store:\n"
        "    doing = Run(store, GateOptions(), act=True)\n"
        "    for _ in doing.steps():\n        print(doing.dropped, flush=True)\n"
    )
    for least in (1, 40):
        child = subprocess.Popen([sys.executable, "-P", "-c", code, str(store.path)], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for line in child.stdout:
            if int(line) >= least:
                os.kill(child.pid, signal.SIGKILL)
                break
        child.wait(60)
        child.stdout.close()
        report = doctor.check(store.path)
        assert report.sound and not [f for f in report.findings if f.topic == "gate" and f.level != "ok"]
    dropped = [row[0] for row in store.db.rows("SELECT item_id FROM dropped")]
    assert len(dropped) >= 40
    assert {i for i, text in store.db.rows("SELECT id, text FROM items") if not text} == set(dropped)
    for item_id in dropped:
        assert store.gate.restore(item_id, time.time())
    assert dict(store.db.rows("SELECT id, text FROM items")) == texts


PAGE = "<html><body><nav>Home About</nav><article><h1>T</h1><p>{}</p><a href='/x'>more</a></article></body></html>"


def test_what_is_read_of_a_page() -> None:
    text, links = readable(PAGE.format("The story " * 20), "https://a.example/1")
    assert text.startswith("T") and "Home" not in text and links[0].url == "https://a.example/x"
    assert "all of it" in readable("<p>all of it, no article here, but text enough</p>", "https://a.example")[0]
    assert readable("plain words", "")[0] == "plain words"


def test_the_worker_fetches_what_the_attic_has_no_more(
    store: Store, server: Any, cli: Any, until: Callable[..., None]
) -> None:
    server.route("/good", PAGE.format("The story " * 20), headers={"Content-Type": "text/html; charset=utf-8"})
    sub = store.subscriptions.add("rss", "https://a.example/f")
    store.subscriptions.pause(sub, True)
    old = time.time() - 90 * DAY
    pages = tuple(Item(n, server.url(f"/{n}"), title=n, text="long text " * 50, published=old) for n in ("good", "bad"))
    good, bad = store.items.put_page(sub, Page(pages, {}), old).item_ids
    from penchant.app.store.gate import Decision

    store.gate.drop([Decision(n, 0.1, "why") for n in (good, bad)], time.time(), "t")
    store.gate.purge(time.time() + 1)
    cli.start("worker")
    for number in (good, bad, 999):
        store.control.request("restore", {"item_id": number})

    def tried() -> bool:
        states = [store.gate.state(number) for number in (good, bad)]
        return all(state is None or state.tried_at is not None for state in states)

    until(tried)
    for number in (good, bad):  # loopback is a private address: the guard refuses both, in words
        state = store.gate.state(number)
        assert state is not None and state.error and state.hint


def test_a_fetched_page_makes_the_item_whole(store: Store, server: Any) -> None:
    from penchant.adapters.http import Client
    from penchant.app.gate_fetch import restore
    from penchant.app.store.gate import Decision

    server.route("/good", PAGE.format("The story " * 20), headers={"Content-Type": "text/html; charset=utf-8"})
    sub = store.subscriptions.add("rss", "https://a.example/f")
    old = time.time() - 90 * DAY
    post = Item("1", server.url("/good"), title="One", text="long text " * 50, published=old)
    (number,) = store.items.put_page(sub, Page((post,), {}), old).item_ids
    store.gate.drop([Decision(number, 0.1, "why")], time.time(), "t")
    store.gate.purge(time.time() + 1)

    async def call(work: Callable[[Store], Any]) -> Any:
        return work(store)

    async def fetch() -> bool:
        async with Client(allow_private=True) as client:
            return await restore(call, client, number)

    assert asyncio.run(fetch())
    article = store.items.article(number)
    assert article is not None and "The story" in article.text and article.extra["fetched_from"] == post.url
    assert article.card.dropped is None and store.gate.log(1)[0].reason == "fetched from its page"
    store.items.put_page(sub, Page((post,), {}), time.time())
    assert "The story" in store.items.article(number).text  # type: ignore[union-attr]
