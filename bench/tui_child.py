"""One program to be measured by bench/tui.py: an empty Textual app, or penchant. Run in a pty.

tui_child.py empty|penchant paint     exits after the first paint, CPU seconds in the file of PENCHANT_BENCH
tui_child.py empty|penchant stay      stays until q
"""

from __future__ import annotations

import os
import sys
import time


def report() -> None:
    """Leave the CPU time so far (all threads) where the parent looks."""
    with open(os.environ["PENCHANT_BENCH"], "w") as file:
        file.write(str(time.process_time()))


def empty(stay: bool) -> None:
    from typing import ClassVar

    from textual.app import App, ComposeResult
    from textual.binding import BindingType
    from textual.widgets import Static

    class Empty(App[None]):
        BINDINGS: ClassVar[list[BindingType]] = [("q", "quit", "Quit"), ("j", "count", "Count")]

        def on_mount(self) -> None:
            self.call_after_refresh(self.painted)

        def compose(self) -> ComposeResult:
            # Only where keys are measured: the floor of a key is one that changes one line of the screen.
            if stay:
                yield Static("0")

        def painted(self) -> None:
            report()
            if not stay:
                self.exit()

        def action_count(self) -> None:
            line = self.query_one(Static)
            line.update(str(int(str(line.content)) + 1))

    Empty().run()


def penchant(stay: bool) -> None:
    from penchant.app.tui.app import PenchantApp

    painted = PenchantApp._painted

    def marked(self: PenchantApp) -> None:
        report()
        if stay:
            painted(self)
        else:
            self.exit()

    PenchantApp._painted = marked  # type: ignore[method-assign]
    from penchant.app.cli import main

    main([])


if __name__ == "__main__":
    {"empty": empty, "penchant": penchant}[sys.argv[1]](sys.argv[2] == "stay")
