"""Talking to the network on behalf of a screen: in a thread with a loop of its own, never on the UI's."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from penchant.adapters.base import Suggestion
    from penchant.adapters.http import Client
    from penchant.app.config import Config
    from penchant.app.paths import Paths

T = TypeVar("T")


def reach(config: Config, paths: Paths, work: Callable[[Client], Awaitable[T]]) -> asyncio.Future[T]:
    """Run `work(client)` elsewhere. The thread is a daemon: quitting does not wait for a slow server."""

    async def with_client() -> T:
        from penchant.app.network import open_client

        async with open_client(config, paths) as client:
            return await work(client)

    return elsewhere(with_client)


def elsewhere(work: Callable[[], Coroutine[Any, Any, T]]) -> asyncio.Future[T]:
    """Run `work()` in a daemon thread with a loop of its own."""
    answer: concurrent.futures.Future[T] = concurrent.futures.Future()

    def run() -> None:
        try:
            answer.set_result(asyncio.run(work()))
        except BaseException as error:
            answer.set_exception(error)

    threading.Thread(target=run, name="penchant-outreach", daemon=True).start()
    return asyncio.wrap_future(answer)


def what_is(config: Config, paths: Paths, address: str) -> asyncio.Future[list[Suggestion]]:
    """What a typed address is: by its form, else by looking at what is there."""

    async def look(client: Client) -> list[Suggestion]:
        from penchant.adapters import load, names
        from penchant.adapters.discover import discover

        for kind in names():
            suggestion = load(kind).recognise(address)
            if suggestion is not None:
                return [suggestion]
        return list(await discover(client, address))

    return reach(config, paths, look)
