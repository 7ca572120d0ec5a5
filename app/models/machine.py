"""What this machine has: memory, free disk."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path


def memory() -> int:
    """Bytes of main memory, no more than a container allows; 0 where that cannot be told."""
    found = _installed()
    for place in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        try:
            limit = int(Path(place).read_text())
        except (OSError, ValueError):
            continue
        found = min(found, limit) if found else limit
    return found


def _installed() -> int:
    if sys.platform == "win32":
        import ctypes

        class Status(ctypes.Structure):
            _fields_ = (("length", ctypes.c_uint32), ("load", ctypes.c_uint32), ("total", ctypes.c_uint64),
                        ("rest", ctypes.c_uint64 * 6))  # fmt: skip

        status = Status(length=ctypes.sizeof(Status))
        return int(status.total) if ctypes.windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)) else 0
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return 0


def free_disk(folder: Path) -> int:
    """Bytes that the reader may still write in `folder`, or where it will be made."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def size_words(size: float) -> str:
    """ "271 MB", "2.8 GB"."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"
