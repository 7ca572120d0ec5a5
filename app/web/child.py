"""The feed in a process without a terminal: Textual's web driver speaks packets over its pipes."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

if TYPE_CHECKING:
    from penchant.app.paths import Paths
    from penchant.app.tui.app import PenchantApp

#: Seconds between two looks for the server.
LOOK = 0.5


def main() -> int:
    """Run the feed until it is left, or until the server is gone."""
    from penchant.app.commands.output import plain

    gc.disable()  # until the first paint, as on a terminal
    try:
        from penchant.app.config import load
        from penchant.app.paths import Paths

        paths = Paths.from_environment().ensure()
        app = _app(load(paths.config_file), paths)
    except PenchantError as error:
        print(f"penchant: {plain(str(error))}\n  {plain(error.hint)}", file=sys.stderr)
        return error.exit_code
    # What libraries print must not reach the terminal of whoever started the server.
    log = os.open(paths.log_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.dup2(log, 2)
    threading.Thread(target=_watch, args=(app, os.getppid()), daemon=True, name="penchant-server").start()
    app.owns_process = True
    app.run()
    return app.return_code or 0


def _watch(app: PenchantApp, server: int) -> None:
    """End with the server, however that ended: nothing else would tell."""
    from penchant.app.tui.signals import HUNG_UP, insist

    while os.getppid() == server:
        time.sleep(LOOK)
    insist(app, HUNG_UP)
    try:
        app.call_from_thread(app.leave, HUNG_UP)
    except Exception:  # the loop may be gone or stuck on the closed pipe; `insist` ends it
        return


def _app(config: object, paths: Paths) -> PenchantApp:
    from penchant.app import tui
    from penchant.app.config import Config
    from penchant.app.tui.actions import guard_url
    from penchant.app.tui.app import PenchantApp
    from penchant.app.tui.deeds import Place
    from penchant.app.types import Card

    class WebApp(PenchantApp):
        """Pages open in the reader's browser, not in one on the server's machine."""

        # Textual looks for a relative path beside the module of the class.
        CSS_PATH = str(Path(tui.__file__).with_name("penchant.tcss"))

        def browse(self, url: str, here: tuple[Card, Place] | None = None) -> None:
            safe = guard_url(url)
            if not safe:
                self.feed_screen.tell("There is no web address to open")
                return
            if here is not None:
                self.observe(self.deeds.event("open", here[0].item_id, here[1]))
            self.feed_screen.tell(f"Opening {safe} (the browser may ask whether it may)")
            self.open_url(safe)

    assert isinstance(config, Config)
    return WebApp(config, paths, images=("none" if config.images == "none" else "block", b""))


if __name__ == "__main__":
    sys.exit(main())
