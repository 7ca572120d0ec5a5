"""What a command works with: paths, configuration, store; each made on first use."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from penchant.app.paths import Paths

if TYPE_CHECKING:
    from penchant.app.config import Config
    from penchant.app.store import Store
    from penchant.app.types import Subscription


class Context:
    """Closes what it opened: use as a context manager."""

    def __init__(self) -> None:
        self._store: Store | None = None

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *_: object) -> None:
        if self._store is not None:
            self._store.close()
            self._store = None

    @cached_property
    def paths(self) -> Paths:
        return Paths.from_environment()

    def start_log(self) -> None:
        """Send what libraries and workers have to say to the log file."""
        from penchant.app import logs

        logs.start(self.paths.ensure().log_file)

    @cached_property
    def config(self) -> Config:
        """The reader's configuration. Raises `ConfigError`."""
        from penchant.app.config import load

        return load(self.paths.config_file)

    @property
    def store(self) -> Store:
        """The archive, made where there is none. Raises `StoreError`."""
        if self._store is None:
            from penchant.app.store import Store

            self.paths.ensure()
            self._store = Store.open(self.paths.archive, role="cli")
        return self._store

    async def call(self, work: Callable[[Store], Any]) -> Any:
        """The way to the archive for what also runs in the worker: here it is at hand."""
        return work(self.store)

    def item(self, text: str) -> int:
        """The item that a number or the beginning of a uid names. Raises `NoSuchItem`."""
        return self.store.items.resolve(text)

    def source(self, text: str) -> Subscription:
        """The subscription that a number, an address or a title names. Raises `NoSuchSource`."""
        return self.store.subscriptions.find(text)
