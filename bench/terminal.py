"""A real terminal to drive: one tmux session of a given size (used by the scripts beside this one)."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import time
import uuid
from collections.abc import Callable, Mapping


class Terminal:
    """A tmux server of its own: `send` types keys, `text` is the screen, `wait` until it shows something."""

    def __init__(
        self, command: list[str], env: Mapping[str, str], columns: int = 100, rows: int = 30
    ) -> None:
        if not shutil.which("tmux"):
            raise SystemExit("this script drives a real terminal: install tmux")
        self._socket = f"penchant-{uuid.uuid4().hex[:8]}"
        exports = [f"{name}={value}" for name, value in env.items()]
        line = shlex.join(["env", *exports, *command])
        size = ["-x", str(columns), "-y", str(rows)]
        self._tmux("-f", "/dev/null", "new-session", "-d", *size, line + "; sleep 600")

    def _tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self._socket, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout

    def send(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def text(self) -> str:
        return self._tmux("capture-pane", "-p")

    def wait(self, test: str | Callable[[str], bool], seconds: float = 30.0) -> str:
        """The screen once it contains a string or passes a test. Raises `TimeoutError` with the screen."""
        passes = test if callable(test) else lambda screen: test in screen
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if passes(screen := self.text()):
                return screen
            time.sleep(0.05)
        raise TimeoutError(f"the screen never showed {test!r}; it shows:\n{self.text()}")

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], capture_output=True, timeout=20)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
