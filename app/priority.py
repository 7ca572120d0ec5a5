"""Lower priority of a background process, on systems that group the processes of a session, too."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

#: Linux gives every session the same share of the processors (sched(7), "The autogroup feature", on by default on most
#: desktops): within one its processes' nice values count, and this file's value against other sessions.
AUTOGROUP = Path("/proc/self/autogroup")


def lower(niceness: int) -> None:
    """Be as nice as that (0 to 19), with the own session where this process leads one; where it cannot, go on."""
    if hasattr(os, "nice"):
        with contextlib.suppress(OSError):
            os.nice(niceness - os.nice(0))
    # The session of a shell is not ours to slow down.
    if hasattr(os, "getsid") and os.getsid(0) == os.getpid() and niceness > 0:
        with contextlib.suppress(OSError):
            AUTOGROUP.write_text(str(niceness), encoding="ascii")
