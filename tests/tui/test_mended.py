"""Frames arrive whole at a terminal that is slower than the program, whatever interrupts the writing."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
import tty

import pytest

LENGTH = 2_000_000
#: Writes more than a terminal takes at once, while a signal that is handled comes every half millisecond.
CHILD = f"""
import signal, sys
from penchant.app.tui.mended import mend
mend()
signal.signal(signal.SIGALRM, lambda number, frame: None)
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
sys.__stderr__.write("x" * {LENGTH})
sys.__stderr__.flush()
signal.setitimer(signal.ITIMER_REAL, 0)
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_frame_arrives_whole(unbuffered: str) -> None:
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    seen = 0
    env = {**os.environ, "PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen([sys.executable, "-c", CHILD], stderr=theirs, env=env) as child:
        os.close(theirs)
        try:
            while data := os.read(ours, 65_536):
                seen += len(data)
                time.sleep(0.0002)
        except OSError:  # the other end is closed
            pass
        assert child.wait() == 0
    os.close(ours)
    assert seen == LENGTH
