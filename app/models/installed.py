"""What was pulled: a record beside the files, repaired from the files where it is lost or damaged."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from penchant.app.errors import AlreadyRunning, PenchantError
from penchant.app.lock import WorkerLock

from .catalogue import MODELS, OPEN_CLIP
from .check import check
from .files import write_whole
from .names import HUB, WEB

FILE = "installed.json"
#: Seconds to wait for another process that changes the record.
PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class File:
    """`place` under the folder of the models; `sha256` "" where nobody recorded one."""

    place: str
    size: int
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Installed:
    """A model on the disk. `roles` are what its files are for, in the files' order; `at` Unix seconds."""

    name: str
    files: tuple[File, ...]
    roles: tuple[str, ...]
    licence: str = ""
    revision: str = ""
    where: str = ""
    at: float = 0.0

    @property
    def role(self) -> str:
        return self.roles[0] if self.roles else ""

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    def whole(self, folder: Path) -> bool:
        """Whether every file is there in its size."""
        with suppress(OSError):
            return all((folder / file.place).stat().st_size == file.size for file in self.files)
        return False


def read(folder: Path) -> dict[str, Installed]:
    """Everything that is installed, by name: the record, and what lies there without one."""
    found = {model.name: model for model in _record(folder)}
    known = {file.place for model in found.values() for file in model.files}
    for model in _strays(folder, known):
        found.setdefault(model.name, model)
    return dict(sorted(found.items()))


def add(folder: Path, model: Installed) -> None:
    """Record a model, in the place of what had its name. Raises `PenchantError`."""
    _change(folder, lambda known: {**known, model.name: model})


def forget(folder: Path, name: str) -> None:
    """Take a model off the record. Raises `PenchantError`."""
    _change(folder, lambda known: {key: model for key, model in known.items() if key != name})


def delete(folder: Path, model: Installed, others: Iterable[Installed]) -> int:
    """Delete the files of a model that no other one has, and its parts; returns the bytes. Raises `PenchantError`."""
    forget(folder, model.name)
    kept = {file.place for other in others if other.name != model.name for file in other.files}
    freed = 0
    for file in model.files:
        if file.place in kept or not _inside(file.place):
            continue
        path = folder / file.place
        try:
            freed += path.stat().st_size if path.exists() else 0
            path.unlink(missing_ok=True)
            for left in (path.with_name(path.name + ".part"), path.with_name(path.name + ".part.json"),
                         path.with_name(f".{path.name}.lock")):  # fmt: skip
                freed += left.stat().st_size if left.exists() else 0
                left.unlink(missing_ok=True)
            for parent in path.parents:
                if parent == folder:
                    break
                parent.rmdir()
        except OSError as error:
            if path.exists():
                words = f"{path} cannot be deleted: {error.strerror}"
                raise PenchantError(words, hint="Check its permissions.") from error
    return freed


def seal(folder: Path, model: Installed, sums: dict[str, str]) -> None:
    """Record checksums by place, for files that had none."""
    files = tuple(replace(file, sha256=file.sha256 or sums.get(file.place, "")) for file in model.files)
    add(folder, replace(model, files=files))


def _change(folder: Path, change: Callable[[dict[str, Installed]], dict[str, Installed]]) -> None:
    lock, until = WorkerLock(folder / f".{FILE}.lock"), time.monotonic() + PATIENCE
    while True:
        try:
            lock.acquire()
            break
        except AlreadyRunning:
            if time.monotonic() > until:
                raise PenchantError(
                    "another penchant changes the record of the models and does not come to an end",
                    hint="End it, and run the command again.",
                ) from None
            time.sleep(0.02)
    try:
        changed = change(read(folder))
        write_whole(folder / FILE, json.dumps([asdict(model) for model in changed.values()], indent=1))
    finally:
        lock.release()


def _record(folder: Path) -> list[Installed]:
    """The record without what is wrong in it, and without models whose files are all gone."""
    try:
        raw = json.loads((folder / FILE).read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    entries = raw if isinstance(raw, list) else []
    read_ = [model for entry in entries if (model := _entry(entry)) is not None]
    return [model for model in read_ if any((folder / file.place).exists() for file in model.files)]


def _entry(raw: Any) -> Installed | None:
    try:
        files = tuple(File(str(f["place"]), int(f["size"]), str(f["sha256"])) for f in raw["files"])
        if not files or not all(_inside(file.place) for file in files):
            return None
        return Installed(
            str(raw["name"]), files, tuple(map(str, raw["roles"])), str(raw["licence"]), str(raw["revision"]),
            str(raw["where"]), float(raw["at"]),
        )  # fmt: skip
    except (TypeError, KeyError, ValueError):
        return None


def _inside(place: str) -> bool:
    """A record is a file like any other: what it names must lie where pulled models lie."""
    parts = Path(place).parts
    return len(parts) >= 3 and parts[0] in (HUB, WEB) and ".." not in parts


def _strays(folder: Path, known: set[str]) -> Iterable[Installed]:
    """Whole models that lie there and are on no record: the catalogue's with all their files, then single ones."""
    for model in MODELS:
        places = [f"{HUB}/{model.source}/{file}" for file in model.files]
        if not known.intersection(places) and all((folder / place).is_file() for place in places):
            with suppress(PenchantError):
                yield _stray(folder, model.name, places)
                known = known.union(places)
    for kind in (HUB, WEB):
        for path in sorted((folder / kind).glob("*/**/*")) if (folder / kind).is_dir() else ():
            place = path.relative_to(folder).as_posix()
            if place in known or not path.is_file() or (path.suffix != ".gguf" and path.name != OPEN_CLIP[0]):
                continue
            beside = [place, place.replace(*OPEN_CLIP)] if path.name == OPEN_CLIP[0] else [place]
            with suppress(PenchantError, OSError):
                yield _stray(folder, _name(place), beside)


def _stray(folder: Path, name: str, places: list[str]) -> Installed:
    paths = [folder / place for place in places]
    files = tuple(File(place, path.stat().st_size) for place, path in zip(places, paths, strict=True))
    roles = tuple(_role(path, path.stat().st_mtime_ns, file.size) for path, file in zip(paths, files, strict=True))
    return Installed(name, files, roles, at=paths[0].stat().st_mtime)


@lru_cache(64)
def _role(path: Path, changed: int, size: int) -> str:
    """`check` of an unchanged file, once: a vocabulary takes tenths of a second to walk through."""
    return check(path)


def _name(place: str) -> str:
    """The name that would have been pulled."""
    kind, owner, rest = place.split("/", 2)
    if kind == WEB:
        return f"https://{owner}/{rest}"
    repository, _, file = rest.partition("/")
    return f"{owner}/{repository}" + ("" if file == OPEN_CLIP[0] else f":{file}")
