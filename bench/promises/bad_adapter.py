"""An adapter from outside that misbehaves as its address says; it leaves a process behind, too."""

from __future__ import annotations

import subprocess
import sys
from typing import Any, ClassVar

from bad_child import behave

from penchant.adapters.base import Item, Page


class Bad:
    kind: ClassVar[str] = "bad"
    min_interval: ClassVar[float] = 300.0

    async def fetch(self, client: Any, settings: Any, cursor: Any) -> Any:
        subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
        behave(settings["address"])
        yield Page((Item("1", "https://example.org/1", "fine"),), {})

    def recognise(self, address: str) -> None:
        behave(address)
