"""What a command works with: paths, configuration, store; each made on first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from penchant.app.errors import NoSuchItem, NoSuchSource
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

    def item(self, text: str) -> int:
        """The item that an id or the beginning of one names. Raises `NoSuchItem`."""
        try:
            return self.store.items.resolve(text)
        except LookupError as error:
            raise NoSuchItem(f"no single item answers to {text!r}") from error

    def source(self, text: str) -> Subscription:
        """The subscription that a number, an address or a title names. Raises `NoSuchSource`."""
        known = self.store.subscriptions.all()
        exact = [s for s in known if text in (str(s.id), s.address)]
        loose = [s for s in known if text.casefold() in (s.address.casefold(), s.title.casefold())]
        part = [s for s in known if text.casefold() in f"{s.address}\n{s.title}".casefold()]
        for found in (exact, loose, part):
            if len(found) == 1:
                return found[0]
            if found:
                names = ", ".join(f"{s.id} ({s.title or s.address})" for s in found[:5])
                raise NoSuchSource(f"{text!r} fits several sources: {names}", hint="Name it by its number.")
        raise NoSuchSource(f"you follow no source called {text!r}")
