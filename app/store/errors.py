"""What can be wrong with the file, in words for the reader."""

from __future__ import annotations

from penchant.app.errors import (
    Damaged,
    DiskFull,
    FromNewerVersion,
    Locked,
    Moved,
    NoLocks,
    NotADatabase,
    ReadOnly,
    StoreError,
)

__all__ = [
    "Damaged",
    "DiskFull",
    "FromNewerVersion",
    "Locked",
    "Moved",
    "NoLocks",
    "NotADatabase",
    "ReadOnly",
    "StoreError",
]
