"""The only door to the archive: one SQLite file, opened through apsw and nothing else."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from .connection import Database, Role
from .errors import ReadOnly, StoreError
from .migrations import inspect, migrate

if TYPE_CHECKING:
    from .answers import Answers
    from .changes import Changes
    from .collections import Collections
    from .control import Control
    from .descriptions import Descriptions
    from .drafts import Drafts
    from .events import Events
    from .features import Features
    from .gate import Gate
    from .interests import Interests
    from .items import Items
    from .model_answers import ModelAnswers
    from .opinions import Opinions
    from .pictures import Pictures
    from .remote_states import RemoteStates
    from .saved_searches import SavedSearches
    from .scores import Scores
    from .search import Search
    from .subscriptions import Subscriptions
    from .threads import Threads
    from .vectors import Vectors

__all__ = ["Database", "Role", "Store"]


def open_database(path: Path, role: Role, *, create: bool = True, durable: bool = True) -> Database:
    """A checked, migrated and settled connection. Raises `StoreError`; the file is then left as it was."""
    path = path.absolute()
    if path.exists():
        inspect(path)
    elif not create:
        raise StoreError(
            f"there is no archive at {path}", hint="Start `penchant` or `penchant add ADDRESS` first."
        )
    else:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ReadOnly(f"cannot create the folder {path.parent}: {error.strerror}") from error
    db = Database(path, role, durable=durable)
    try:
        if not db.pragma("user_version") and not db.pragma("schema_version"):
            db.pragma("journal_mode", "wal")
        migrate(db)
        db.prepare()
    except BaseException:
        db.close()
        raise
    return db


class Store:
    """One connection and everything that can be asked of it. Belongs to one thread.

    Roles: the "reader" (TUI) never waits long and never checkpoints; the
    "worker" commits without fsync (a later event's commit syncs the shared
    log) and checkpoints between chunks; the "cli" is durable.
    """

    def __init__(self, db: Database) -> None:
        self.db = db

    @classmethod
    def open(cls, path: str | Path, *, create: bool = True, role: Role = "reader") -> Store:
        """Open, create or migrate the archive at `path`. Raises `StoreError` in words, the file untouched."""
        return cls(open_database(Path(path), role, create=create, durable=role != "worker"))

    @property
    def path(self) -> Path:
        return self.db.path

    def data_version(self) -> int:
        """Changes whenever another connection committed something."""
        return self.db.data_version()

    def close(self) -> None:
        self.db.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def subscriptions(self) -> Subscriptions:
        from .subscriptions import Subscriptions

        return Subscriptions(self.db)

    @cached_property
    def items(self) -> Items:
        from .items import Items

        return Items(self.db)

    @cached_property
    def events(self) -> Events:
        from .events import Events

        return Events(self.db)

    @cached_property
    def threads(self) -> Threads:
        from .threads import Threads

        return Threads(self.db)

    @cached_property
    def pictures(self) -> Pictures:
        from .pictures import Pictures

        return Pictures(self.db)

    @cached_property
    def changes(self) -> Changes:
        from .changes import Changes

        return Changes(self.db)

    @cached_property
    def scores(self) -> Scores:
        from .scores import Scores

        return Scores(self.db)

    @cached_property
    def control(self) -> Control:
        from .control import Control

        return Control(self.db)

    @cached_property
    def vectors(self) -> Vectors:
        from .vectors import Vectors

        return Vectors(self.db)

    @cached_property
    def features(self) -> Features:
        from .features import Features

        return Features(self.db)

    @cached_property
    def opinions(self) -> Opinions:
        from .opinions import Opinions

        return Opinions(self.db)

    @cached_property
    def model_answers(self) -> ModelAnswers:
        from .model_answers import ModelAnswers

        return ModelAnswers(self.db)

    @cached_property
    def gate(self) -> Gate:
        from .gate import Gate

        return Gate(self.db)

    @cached_property
    def answers(self) -> Answers:
        from .answers import Answers

        return Answers(self.db)

    @cached_property
    def collections(self) -> Collections:
        from .collections import Collections

        return Collections(self.db)

    @cached_property
    def interests(self) -> Interests:
        from .interests import Interests

        return Interests(self.db)

    @cached_property
    def descriptions(self) -> Descriptions:
        from .descriptions import Descriptions

        return Descriptions(self.db)

    @cached_property
    def drafts(self) -> Drafts:
        from .drafts import Drafts

        return Drafts(self.db)

    @cached_property
    def remote(self) -> RemoteStates:
        from .remote_states import RemoteStates

        return RemoteStates(self.db)

    @cached_property
    def saved(self) -> SavedSearches:
        from .saved_searches import SavedSearches

        return SavedSearches(self.db)

    @cached_property
    def search(self) -> Search:
        from .search import Search

        return Search(self)
