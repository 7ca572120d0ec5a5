"""What the C library keeps of freed memory; only glibc can be told, others go on as they are."""

from __future__ import annotations

import contextlib
import ctypes

#: The number of the option in malloc.h.
_M_MMAP_THRESHOLD = -3


def map_large_arrays() -> None:
    """Have large arrays mapped one by one, so that those between them do not keep the heap from shrinking (4 MB of
    100 after 600 labels).
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, 1 << 16)


def give_back() -> None:
    """Return to the system what is free."""
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
