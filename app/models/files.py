"""Small files that appear whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from penchant.app.errors import PenchantError


def write_whole(path: Path, text: str) -> None:
    """Write `text` to `path` by way of a file beside it. Raises `PenchantError`."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as file:
            file.write(text + "\n")
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):  # a file system that cannot be written refuses this too
            part.unlink(missing_ok=True)
        raise PenchantError(
            f"{path} cannot be written: {error.strerror or error}",
            hint="Check the free space of the disk and the permissions of the folder.",
        ) from error
