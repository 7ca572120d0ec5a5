"""The file of an experiment: a line that says what it is of, then a line for each record. It only grows."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from penchant.app.errors import PenchantError

from .values import Record

FILE = "results.jsonl"


class Results:
    """Opened for adding. A line that a crash cut short is taken away: that record is made again."""

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        self.path = folder / FILE
        self.about = dict(about)
        self.records: dict[tuple[str, int, int, int], Record] = {}
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._take_up()
        except OSError as error:
            raise _failed(self.path, error) from error

    def _take_up(self) -> None:
        said, records, whole = parsed(self.path.read_bytes() if self.path.exists() else b"")
        if said is None and whole:
            raise _foreign(self.path)
        if said is None:
            self.path.write_text(json.dumps(self.about) + "\n", encoding="utf-8")
            return
        if said != json.loads(json.dumps(self.about)):
            now = json.loads(json.dumps(self.about))
            parts = [key for key in {*said, *now} if said.get(key) != now.get(key)]
            raise PenchantError(
                f"the experiment in {self.path.parent} was begun with other settings: {', '.join(sorted(parts))}",
                hint="Give the same again to go on with it, another --experiment, or --fresh to begin anew.",
            )
        if whole < self.path.stat().st_size:
            os.truncate(self.path, whole)
        self.records = {record.key: record for record in records}

    def done(self, key: tuple[str, int, int, int]) -> bool:
        """Whether there is a record; what failed is tried again."""
        found = self.records.get(key)
        return found is not None and not found.error

    def add(self, record: Record) -> None:
        """Keep it, on the disk before this returns."""
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(record.line() + "\n")
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise _failed(self.path, error) from error
        self.records[record.key] = record


def parsed(data: bytes) -> tuple[dict[str, Any] | None, list[Record], int]:
    """(what it is of, records, bytes of whole lines); None where the first line is no such thing.

    A whole line that is no record (another version wrote it, or a disk damaged it) is passed over, and stays.
    """
    first, *lines = data.split(b"\n")[:-1] or [b""]
    said = _object(first)
    records: list[Record] = []
    for line in lines if said is not None else ():
        with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
            records.append(Record.read(line.decode()))
    return said, records, data.rfind(b"\n") + 1


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def load(folder: Path) -> tuple[dict[str, Any], list[Record]]:
    """What an experiment is of and its records. Raises `PenchantError`."""
    path = folder / FILE
    try:
        said, records, _ = parsed(path.read_bytes())
    except FileNotFoundError as error:
        raise PenchantError(
            f"there is no experiment {folder.name}", hint="`penchant lab list` shows those there are."
        ) from error
    except OSError as error:
        raise _failed(path, error) from error
    if said is None:
        raise _foreign(path)
    return said, records


def _foreign(path: Path) -> PenchantError:
    return PenchantError(f"{path} is no file of results", hint="`penchant lab run --fresh` begins it anew.")


def _failed(path: Path, error: OSError) -> PenchantError:
    return PenchantError(
        f"the results cannot be kept in {path}: {error.strerror or error}",
        hint="Free some space or check the permissions; the same command then goes on where it stopped.",
    )
