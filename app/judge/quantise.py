"""A copy of the model in the format that this processor computes fastest, made once.

llama.cpp has fast kernels for some formats of weights and slow ones for others, and which these are depends on the
processor: SmolLM2-135M's Q4_1 file reads 60 to 110 tokens a CPU-second here, the same weights as F16 190 to 330. So a
tiny model is measured in each format, and if one is much faster the file is converted (llama.cpp takes a second for
270 MB). Only with the reader's consent, since the copy takes disk: `room` is what it may take.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import logging
import os
import platform
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.embed.gguf_format import Header
from penchant.app.errors import PenchantError
from penchant.app.models.files import write_whole

from .gguf_file import check_file
from .library import library

if TYPE_CHECKING:
    from .kernels import Speeds

log = logging.getLogger(__name__)

#: Formats by their number in tensors -> (name, their number as a kind of file, bits of a number).
FORMATS = {
    0: ("F32", 0, 32.0), 1: ("F16", 1, 16.0), 2: ("Q4_0", 2, 4.5), 3: ("Q4_1", 3, 5.0), 6: ("Q5_0", 8, 5.5),
    7: ("Q5_1", 9, 6.0), 8: ("Q8_0", 7, 8.5), 12: ("Q4_K", 15, 4.5), 13: ("Q5_K", 17, 5.5), 14: ("Q6_K", 18, 6.6),
    30: ("BF16", 32, 16.0),
}  # fmt: skip
#: Formats worth converting to, which keep what the weights say; F16 (exact) unless the other is faster by so much.
F16, Q8_0 = 1, 8
CLEARLY = 1.3
#: A copy must read this much faster to be worth its disk.
WORTH = 1.4
#: Bytes of the disk left free beside a copy.
SPARE = 500 << 20
#: Folder of the copies and file of the measured speeds, beside the models.
FOLDER, SPEEDS = "fast", "kernels.json"


def fast_copy(path: Path, header: Header, name: str, folder: Path, room: int) -> Path | None:
    """The faster copy of a model, made where it is missing; None where none is worth it or the disk has no room."""
    stored = dominant(header.kinds)
    try:
        wanted = choice(stored, sum(header.kinds.values()), room, lambda kinds: speeds(kinds, folder / SPEEDS))
    except (PenchantError, OSError) as error:  # no room for the tiny models that are measured
        log.warning("no faster copy of the model: %s", error)
        return None
    if wanted is None:
        return None
    kind = FORMATS[wanted][0]
    target = folder / FOLDER / f"{name.split(':')[1]}-{name.rsplit(':', 1)[-1]}.{kind}.gguf"
    if target.exists():
        if _sound(target, header, wanted):
            return target
        log.warning("a copy of the model is damaged and is made again", extra={"fields": {"file": target.name}})
    try:
        _convert(path, header, wanted, target)
    except (PenchantError, OSError) as error:
        log.warning("no faster copy of the model: %s", error)
        return None
    return target


def dominant(kinds: Mapping[int, int]) -> int:
    """The format that most numbers are stored in; -1 without any."""
    return max(kinds, key=lambda kind: kinds[kind], default=-1)


def weights_of(header: Header) -> str:
    """The format that most numbers of the weights are in, such as "Q4_1"."""
    kind = dominant(header.kinds)
    return FORMATS[kind][0] if kind in FORMATS else f"format {kind}"


def choice(stored: int, numbers: int, room: int, measured: Speeds) -> int | None:
    """The format to convert to from `stored`; None to leave it. `measured` gives tokens a CPU-second of formats."""
    fitting = [kind for kind in (F16, Q8_0) if numbers * FORMATS[kind][2] / 8 <= room and kind != stored]
    if stored not in FORMATS or not fitting:
        return None
    speed = measured([stored, *fitting])
    best = max(fitting, key=lambda kind: speed.get(kind, 0.0) * (CLEARLY if kind == F16 else 1.0))
    return best if speed.get(best, 0.0) >= WORTH * speed.get(stored, float("inf")) else None


def speeds(kinds: list[int], file: Path) -> dict[int, float]:
    """Tokens a CPU-second of a tiny model in some formats, measured on this machine or remembered in `file`."""
    machine = f"{_processor()} {library().__version__}"
    try:
        known = json.loads(file.read_text(encoding="utf-8"))
        found = {int(kind): float(speed) for kind, speed in known[machine].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        found = {}
    missing = [kind for kind in kinds if kind not in found]
    if missing:
        from .kernels import measure

        with tempfile.TemporaryDirectory() as folder:
            found |= measure({kind: FORMATS[kind][1] for kind in (*kinds, *found)}, Path(folder), convert)
        with contextlib.suppress(PenchantError):
            write_whole(file, json.dumps({machine: found}))
    return found


def convert(source: Path, target: Path, kind_of_file: int, *, pure: bool = False) -> None:
    """Write the same weights in another format. Raises `PenchantError`."""
    llama = library()
    settings = llama.llama_model_quantize_default_params()
    settings.ftype, settings.allow_requantize, settings.nthread, settings.pure = kind_of_file, True, 1, pure
    if llama.llama_model_quantize(os.fsencode(source), os.fsencode(target), ctypes.byref(settings)):
        raise PenchantError(f"llama.cpp cannot convert {source}")


def _convert(path: Path, header: Header, wanted: int, target: Path) -> None:
    """The copy, whole or not at all."""
    size = sum(header.kinds.values()) * FORMATS[wanted][2] / 8
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in target.parent.glob("*.part"):
        left.unlink(missing_ok=True)
    if shutil.disk_usage(target.parent).free < size + SPARE:
        raise PenchantError(f"the disk has no room for {size / 1e6:.0f} MB in {target.parent}")
    part = target.with_name(f"{target.name}.part")
    try:
        convert(path, part, FORMATS[wanted][1])
        if not _sound(part, header, wanted):
            raise PenchantError(f"what llama.cpp made of {path} is not what it should be")
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _sound(copy: Path, header: Header, wanted: int) -> bool:
    """Whether a copy is whole, and holds tensors of the same shapes in the format asked for."""
    try:
        found = check_file(copy)
    except PenchantError:
        return False
    return found.shapes == header.shapes and dominant(found.kinds) == wanted


def _processor() -> str:
    """The processor's name and abilities."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
        facts = [line for line in lines if line.startswith(("model name", "flags", "Features"))][:2]
    except OSError:
        facts = [platform.processor(), platform.machine()]
    return hashlib.blake2b("\n".join(facts).encode(), digest_size=8).hexdigest()
