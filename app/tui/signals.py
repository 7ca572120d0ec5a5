"""Every ending of the process: signals, a terminal that is gone, and a clean end that does not come.

Textual runs no handler for SIGTERM and SIGHUP: the terminal would stay in its
alternate screen with the mouse reported, and queued keypresses would be lost.
Its input thread is not a daemon, and on a dead terminal it never ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .app import PenchantApp

NAMES = ("SIGTERM", "SIGHUP", "SIGINT")
#: Exit code when the terminal went away without a signal: as after SIGHUP.
HUNG_UP = 129
#: Seconds for a clean end; then what is queued is flushed and the process ends at once.
GRACE = 4.0


def install(app: PenchantApp, loop: asyncio.AbstractEventLoop) -> None:
    """Turn the signals into a clean exit of `app`. Call on the main thread, inside the running loop."""
    if threading.current_thread() is not threading.main_thread():
        return
    for name in NAMES:
        if (number := getattr(signal, name, None)) is not None:
            signal.signal(number, _stopped(app, loop))
    resume = getattr(app._driver, "_sigcont_application", None)
    if resume is not None:
        signal.signal(signal.SIGCONT, _continued(app, loop, resume))


def _stopped(app: PenchantApp, loop: asyncio.AbstractEventLoop) -> Callable[[int, FrameType | None], None]:
    """What to do at a signal to end.

    A handler of the event loop would not run while a terminal that takes no more bytes holds the loop up.
    """

    def stopped(number: int, _frame: FrameType | None) -> None:
        insist(app, 128 + number)
        loop.call_soon_threadsafe(app.leave, 128 + number)

    return stopped


def _continued(
    app: PenchantApp, loop: asyncio.AbstractEventLoop, resume: Callable[[], None]
) -> Callable[[int, FrameType | None], None]:
    """What to do at SIGCONT.

    The kernel sends it with SIGHUP when a terminal is closed. Textual takes every one for the end of a
    suspension and starts a second input thread, and loses sight of the first.
    """

    def continued(_number: int, _frame: FrameType | None) -> None:
        if getattr(app._driver, "_must_signal_resume", False):
            resume()
        elif not app.leaving:
            loop.call_soon_threadsafe(app.refresh)

    return continued


def terminal_gone() -> bool:
    """Whether the terminal that this program was started on has been closed; a microsecond."""
    if sys.platform == "win32":
        return False
    import termios

    try:
        termios.tcgetattr(0)
    except termios.error as error:
        return bool(error.args and error.args[0] == errno.EIO)
    return False


def insist(app: PenchantApp, code: int) -> None:
    """From now on the process ends within some seconds, whatever holds it up. Only where `run` owns it."""
    if app.owns_process:
        threading.Thread(target=_insist, args=(app, code), daemon=True, name="penchant-end").start()


def _insist(app: PenchantApp, code: int) -> None:
    """A terminal that takes no more bytes can hold up the clean end, a thread that of the interpreter."""
    if app.left.wait(GRACE):
        end = time.monotonic() + GRACE
        while time.monotonic() < end and not terminal_gone():
            time.sleep(0.1)
        # On a dead terminal there is nothing to restore, and Textual's threads may never end.
        time.sleep(0.1)
    else:
        with contextlib.suppress(Exception):
            app.bridge.flush(2.0)
            app.stop_worker(0.0)
    os._exit(code)
