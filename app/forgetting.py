"""Forgetting for good: the archive, and every file beside it that may say the same again."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import PenchantError
from .store.forget import Gone, forget, look, wipe

if TYPE_CHECKING:
    from .paths import Paths
    from .store import Store
    from .store.forget_choice import Wish

#: Caches made of texts that the worker makes again: evaluated histories, looks at pictures, vectors of `evaluate`.
CACHES = ("judge", "sights", "vectors")
#: The folder beside the archive with what carries a taste into a model, made of the same texts.
VOICE = "voice"
#: Setting: what is left to do once the archive has forgotten.
UNFINISHED = "forget.unfinished"


@dataclass(slots=True)
class Done:
    """`removed`: kind of file -> how many. `told`: what is left for the reader to do, and what did not succeed."""

    gone: Gone
    removed: dict[str, int] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)


def carry_out(
    store: Store, paths: Paths, wish: Wish, *, machines: str = "", backups: bool = False, folder: str = ""
) -> Done:
    """Forget, in the files and in the archive. The caller holds the worker's lock. Raises `StoreError`.

    Files that are found by what goes come first: whoever is interrupted can say the same again, and what is left to do
    after the archive is remembered there (`finish`).
    """
    done = Done(look(store.db, wish))
    for what, files in _files(paths, done.gone).items():
        done.removed[what] = sum(_unlink(path, done.told) for path in files)
    places = (*(paths.cache / name for name in CACHES), paths.data / VOICE)
    done.removed["caches"] = sum(_drop(place, done.told) for place in places)
    store.control.remember(UNFINISHED, json.dumps({"machines": machines, "backups": backups, "folder": folder}))
    done.gone = forget(store.db, wish)
    return finish(store, paths, done)


def finish(store: Store, paths: Paths, done: Done | None = None) -> Done:
    """What comes after the archive, also of a forgetting that was interrupted there: its file anew, logs, backups."""
    done = done or Done(Gone(0, 0, 0, 0))
    left = unfinished(store) or {}
    if trouble := wipe(store.db):
        done.told.append(trouble)
    if left.get("machines"):
        _machines(store, paths, Path(left["machines"]).expanduser(), done)
    old = backups_of(paths, str(left.get("folder") or ""))
    if left.get("backups"):
        done.removed["backups"] = sum(_unlink(path, done.told) for path in old)
    elif old:
        done.told.append(
            f"{len(old)} backups still hold it: {', '.join(path.name for path in old[:3])};"
            " `penchant forget ... --backups` deletes them"
        )
    for path in sorted(paths.data.rglob(f"{paths.archive.stem}*{paths.archive.suffix}")):
        if path != paths.archive and path not in old:
            done.told.append(f"{path} looks like a copy of the archive that you made: it is left as it is.")
    store.control.remember(UNFINISHED, None)
    return done


def unfinished(store: Store) -> dict[str, Any] | None:
    """What an interrupted forgetting has still to do; None after a whole one."""
    kept = store.control.setting(UNFINISHED)
    found = json.loads(kept) if kept else None
    return found if isinstance(found, dict) else None


def backups_of(paths: Paths, folder: str = "") -> list[Path]:
    """Copies of the archive that penchant made or began, in its own folders and the configured one.

    Known by the names that penchant gives (archive-20250131-120000.db, archive-rescued-..., archive.db.before-v9.bak):
    the configured folder is the reader's, and may hold other files that begin alike.
    """
    stem, end = (re.escape(part) for part in (paths.archive.stem, paths.archive.suffix))
    name = re.compile(
        rf"({stem}-(rescued-)?\d{{8}}-\d{{6}}{end}|{stem}{end}\.before-v\d+\.bak)(\.part)?(-wal|-shm|-journal)?"
    )
    places = {paths.data, paths.data / "backups", *([Path(folder).expanduser()] if folder else [])}
    found = {path for place in places for path in place.glob(f"{paths.archive.stem}*") if name.fullmatch(path.name)}
    return sorted(path for path in found if path.is_file())


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
            file.flush()
            os.fsync(file.fileno())  # zeros of a file that is gone would never be written
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
