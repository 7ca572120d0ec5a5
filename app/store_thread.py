"""A store that lives in a thread of its own, so that an event loop never waits for the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from .store import Store

T = TypeVar("T")


class StoreThread:
    """`await thread(work)` runs `work(store)` there; calls run one after another, in order."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._store: Store | None = None

    async def __aenter__(self) -> StoreThread:
        """Open the store. Raises `StoreError`."""
        try:
            await self(lambda store: store.data_version())
        except BaseException:
            self._pool.shutdown(wait=True)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.get_running_loop().run_in_executor(self._pool, self._close)
        self._pool.shutdown(wait=True)

    async def __call__(self, work: Callable[[Store], T]) -> T:
        """Run `work` with the store; raises what it raises."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._run, work)

    def _run(self, work: Callable[[Store], T]) -> T:
        if self._store is None:
            from .store import Store

            self._store = Store.open(self._path, role="worker")
        return work(self._store)

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None
