"""Ending without the keyboard: SIGTERM, SIGHUP and a terminal that is gone.

Textual runs no handler for these: the terminal would stay in its alternate
screen with the mouse reported, and queued keypresses would be lost.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .app import PenchantApp

NAMES = ("SIGTERM", "SIGHUP")
#: Seconds for a clean end; then what is queued is flushed and the process ends at once.
GRACE = 4.0


def install(app: PenchantApp, loop: asyncio.AbstractEventLoop) -> None:
    """Turn the signals into a clean exit of `app`. Call on the main thread, inside the running loop."""
    if threading.current_thread() is not threading.main_thread():
        return
    for name in NAMES:
        number = getattr(signal, name, None)
        if number is not None:
            try:
                loop.add_signal_handler(number, _leave, app, number)
            except (NotImplementedError, RuntimeError):  # Windows: no such thing
                signal.signal(number, lambda number, _frame: loop.call_soon_threadsafe(_leave, app, number))


def _leave(app: PenchantApp, number: int) -> None:
    threading.Thread(target=_insist, args=(app, number), daemon=True).start()
    app.leave(128 + number)


def _insist(app: PenchantApp, number: int) -> None:
    """A terminal that takes no more bytes can hold up the clean end for ever."""
    if not app.left.wait(GRACE):
        app.bridge.flush(2.0)
        app.stop_worker(1.0)
        os._exit(128 + number)
