"""The folder of plugs: what is there, for which model, how large; found by name, deleted by the reader only."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError
from penchant.app.judge import statefile

if TYPE_CHECKING:
    from penchant.app.paths import Paths

SUFFIX = ".plug"
#: Characters of a plug's text read from its file.
MOST_TEXT = 4 << 20
#: Seconds after which a half-written file of a process that is gone is swept away.
_SPELL = 3_600.0


@dataclass(frozen=True, slots=True)
class Plug:
    """A document that a model has read.

    `content`: SHA-256 of its text, `model` the name of the model, `weights` the format of the model's numbers,
    `library` the version of llama.cpp, `tokens` what it takes of the context, `inside` words on what of the document
    is there, `source` what was plugged, as the reader would name it again.
    """

    file: Path
    title: str
    item_ids: tuple[int, ...]
    content: str
    model: str
    tokens: int
    bytes: int
    made_at: float
    weights: str = ""
    library: str = ""
    inside: str = ""
    source: str = ""

    @property
    def number(self) -> str:
        """A short name for the command line: the beginning of the file's digest."""
        return self.file.stem.rpartition("-")[2]

    def text(self) -> str:
        """What it is made of; "" where the file is gone or damaged."""
        try:
            data = statefile.first(self.file, MOST_TEXT) or b""
        except OSError:
            return ""
        return data.decode("utf-8", "replace") if hashlib.sha256(data).hexdigest() == self.content else ""


def folder(paths: Paths) -> Path:
    """Where plugs lie: they are the reader's, so not in the cache."""
    return paths.data / "plugs"


def file_name(title: str, content: str, maker: Mapping[str, str]) -> str:
    """The name of a plug's file, keyed by model, format of weights and content (pure)."""
    key = "\n".join((maker["model"], maker["weights"], content))
    words = re.sub(r"[^a-z0-9]+", "-", title.lower().encode("ascii", "ignore").decode()).strip("-")[:40]
    return f"{words.strip('-') or 'document'}-{hashlib.sha256(key.encode()).hexdigest()[:10]}{SUFFIX}"


def find(paths: Paths, model_name: str = "") -> list[Plug]:
    """The plugs of a model (""; of all), the newest first. What is damaged is left out (`damaged` names it)."""
    found = [plug for path in _files(paths) if (plug := read(path)) is not None]
    return sorted(
        (plug for plug in found if model_name in ("", plug.model)), key=lambda plug: (-plug.made_at, plug.file.name)
    )


def damaged(paths: Paths) -> list[Path]:
    """Files that look like plugs and are none."""
    return [path for path in _files(paths) if read(path) is None]


def read(path: Path) -> Plug | None:
    """What a file says of itself; None where it is no plug, damaged or cut short. The memory is not looked at."""
    try:
        size, facts = path.stat().st_size, statefile.facts(path)
        return None if facts is None or facts.get("kind") != "plug" else _plug(path, size, facts)
    except (OSError, KeyError, TypeError, ValueError):
        return None


def _plug(path: Path, size: int, facts: Mapping[str, Any]) -> Plug:
    words = ("model", "content", "weights", "library", "inside", "source")
    said = {key: str(facts.get(key, "")) for key in words}
    ids = tuple(int(each) for each in facts.get("item_ids", ()))
    return Plug(
        path, str(facts.get("title", path.stem)), ids, tokens=int(facts["tokens"]), bytes=size,
        made_at=float(facts["made_at"]), **said,
    )  # fmt: skip


def named(name: str, plugs: Sequence[Plug], members: Sequence[int] | None = None) -> list[Plug]:
    """The plugs that a reader means: of a collection's items (`members`), else one by number, file, item or title.

    Raises `PenchantError` where there is none, or more than one.
    """
    if members is not None:
        newest: dict[tuple[int, ...], Plug] = {}
        for plug in sorted(plugs, key=lambda plug: -plug.made_at):  # an item may have been read at several lengths
            newest.setdefault(plug.item_ids, plug)
        inside = [plug for plug in newest.values() if set(plug.item_ids) & set(members)]
        if not inside:
            raise PenchantError(
                f"nothing of the collection {name} has been read yet", hint=f"`penchant plug --collection '{name}'`."
            )
        return inside
    wanted = name.strip().casefold()
    ways = (
        lambda plug: wanted in (plug.number, plug.file.name, str(plug.file), plug.source.casefold()),
        lambda plug: wanted.isdecimal() and int(wanted[:18]) in plug.item_ids,
        lambda plug: plug.title.casefold() == wanted,
        lambda plug: len(wanted) > 2 and plug.number.startswith(wanted),
        lambda plug: len(wanted) > 2 and wanted in plug.title.casefold(),
    )
    for way in ways:
        found = [plug for plug in plugs if way(plug)]
        if len(found) > 1:
            numbers = ", ".join(plug.number for plug in found[:5])
            raise PenchantError(f"more than one plug is called {name}", hint=f"Name it by its number: {numbers}.")
        if found:
            return found
    raise PenchantError(f"there is no plug {name}", hint="`penchant plug list` shows what there is.")


def delete(plug: Plug | Path) -> int:
    """Remove a plug's file; returns the bytes freed. Raises `PenchantError`."""
    path = plug.file if isinstance(plug, Plug) else plug
    try:
        size = path.stat().st_size
        path.unlink()
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise PenchantError(f"{path} cannot be removed: {error.strerror}", hint="Check its permissions.") from error
    return size


def sweep(paths: Paths, now: float) -> None:
    """Take away what a killed process left half written."""
    with contextlib.suppress(OSError):
        for path in folder(paths).glob(".*.part"):
            if now - path.stat().st_mtime > _SPELL:
                path.unlink(missing_ok=True)


def _files(paths: Paths) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(folder(paths)) if entry.name.endswith(SUFFIX))
    except OSError:
        return []
