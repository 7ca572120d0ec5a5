"""A visit that ended because the archive refused for a moment: its source is looked at again."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from penchant.app import worker as worker_module
from penchant.app.config import Config
from penchant.app.errors import Locked
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.store.subscriptions import Subscriptions

FEED = "<rss><channel><title>Here</title><item><guid>1</guid><title>One</title></item></channel></rss>"


async def test_a_source_whose_visit_the_archive_refused_is_visited_again(
    home: Path, server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "STORE_PAUSE", 0.05)
    real, refusals = Subscriptions.succeeded, []

    def refuses_once(self: Subscriptions, id_: int, **values: Any) -> None:
        if not refusals:
            refusals.append(id_)
            raise Locked("the archive is locked by another program")
        real(self, id_, **values)

    monkeypatch.setattr(Subscriptions, "succeeded", refuses_once)
    paths = Paths.under(home).ensure()
    address = server.route("/feed", FEED)
    with Store.open(paths.archive) as store:
        store.subscriptions.add("rss", address, settings={"address": address})
    worker = worker_module.Worker(paths, Config())
    running = asyncio.create_task(worker.run(worker_module.ParentWatch(0)))
    with Store.open(paths.archive) as store:
        for _ in range(400):
            await asyncio.sleep(0.05)
            source = store.subscriptions.all()[0]
            if source.last_success:
                break
    worker.stopping.set()
    await running
    assert refusals == [source.id]
    assert source.state == "idle" and source.last_success and not source.error
