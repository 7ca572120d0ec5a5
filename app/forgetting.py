"""Forgetting for good: the archive first, then every file beside it that may say the same again."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import PenchantError
from .store.forget import Gone, forget, wipe

if TYPE_CHECKING:
    from .paths import Paths
    from .store import Store
    from .store.forget_choice import Wish

#: Caches made of texts that the worker makes again: evaluated histories, looks at pictures, vectors of `evaluate`.
CACHES = ("judge", "sights", "vectors")


@dataclass(slots=True)
class Done:
    """`removed`: kind of file -> how many. `told`: what is left for the reader to do, and what did not succeed."""

    gone: Gone
    removed: dict[str, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


def carry_out(
    store: Store, paths: Paths, wish: Wish, *, machines: str = "", backups: bool = False, folder: str = ""
) -> Done:
    """Forget, in the archive and in the files. The caller holds the worker's lock. Raises `StoreError`."""
    done = Done(forget(store.db, wish))
    if trouble := wipe(store.db):
        done.told.append(trouble)
    for what, files in _files(paths, done.gone).items():
        done.removed[what] = sum(_unlink(path, done.told) for path in files)
    done.removed["caches"] = sum(_drop(paths.cache / name, done.told) for name in CACHES)
    if machines:
        _machines(store, paths, Path(machines).expanduser(), done)
    old = backups_of(paths, folder)
    if backups:
        done.removed["backups"] = sum(_unlink(path, done.told) for path in old)
    elif old:
        done.told.append(
            f"{len(old)} backups still hold it: {', '.join(path.name for path in old[:3])};"
            " `penchant forget ... --backups` deletes them"
        )
    return done


def backups_of(paths: Paths, folder: str = "") -> list[Path]:
    """Copies of the archive that penchant made, in its own folder and the configured one, oldest name first."""
    stem, live = paths.archive.stem, paths.archive.name
    beside = {live, f"{live}-wal", f"{live}-shm"}
    places = [paths.data, *([Path(folder).expanduser()] if folder else [])]
    return sorted(
        path
        for path in {path for place in places for path in place.rglob(f"{stem}*")}
        if path.is_file() and path.name not in beside and (path.suffix in (".db", ".bak") or ".bak" in path.name)
    )


def _files(paths: Paths, gone: Gone) -> dict[str, list[Path]]:
    from .pictures.files import PictureFiles
    from .plugs import find

    pictures = PictureFiles(paths.cache / "pictures")
    return {
        "pictures": [path for each in gone.files for path in (pictures.thumb(each), pictures.large(each))],
        "plugs": [plug.file for plug in find(paths) if gone.item_ids & set(plug.item_ids)],
        "digests": [path for path in (paths.data / "digests").glob("*") if _names(path, gone.words)],
        "logs": [*paths.state.glob("penchant.log*"), *paths.state.glob("crash.log*")],
    }


def _names(path: Path, words: frozenset[str]) -> bool:
    """Whether a page that was written for the reader names anything that goes."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    flat = " ".join(text.replace("\\", "").split())
    return any(" ".join(word.split()) in flat for word in words)


def _unlink(path: Path, told: list[str]) -> bool:
    """Overwrite a file with zeros, then delete it; what cannot be is told."""
    try:
        size = path.stat().st_size
        with contextlib.suppress(OSError), path.open("r+b") as file:
            for _ in range(0, size, 1 << 20):
                file.write(b"\0" * min(1 << 20, size - file.tell()))
        path.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        told.append(f"{path} could not be deleted: {error.strerror or error}")
        return False
    return True


def _drop(folder: Path, told: list[str]) -> int:
    """Delete what lies in a folder of the cache."""
    if not folder.is_dir():
        return 0
    count = sum(_unlink(path, told) for path in list(folder.rglob("*")) if path.is_file())
    shutil.rmtree(folder, ignore_errors=True)
    return count


def _machines(store: Store, paths: Paths, folder: Path, done: Done) -> None:
    from .eventlog.folder import machine_of, others, rewrite

    try:
        machine = machine_of(paths)
        done.removed["logs for other machines, written anew"] = rewrite(store, folder, machine)
        if count := others(folder, machine):
            done.told.append(
                f"{count} other machine{'s' if count > 1 else ''} share {folder} and may have it"
                " in their own archives and logs: run the same there. From there it does not come back to this one."
            )
    except (PenchantError, OSError) as error:
        done.told.append(f"this machine's logs in {folder} could not be written anew: {error}")
