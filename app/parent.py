"""Looking after the process that started this one."""

from __future__ import annotations

import os


class ParentWatch:
    """Says when the process that started us is gone; its number may be reused, our parent's cannot."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.own = pid == os.getppid()

    def gone(self) -> bool:
        if not self.pid:
            return False
        if self.own:
            return os.getppid() != self.pid
        if os.name == "nt":  # os.kill would end it
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        return False
