"""Whether this machine runs on its battery, where that can be told: background models then wait."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

#: Where Linux tells of power supplies.
SUPPLIES = Path("/sys/class/power_supply")
#: Seconds for which an answer holds; asking takes a child process on macOS.
HOLDS = 30.0
_MAINS = ("Mains", "USB", "Wireless")

_known: tuple[float, bool] = (-HOLDS, False)


def on_battery() -> bool:
    """True on battery; False on mains, without a battery, and where nothing can be told. Half a minute old at most."""
    global _known
    now = time.monotonic()
    if now - _known[0] >= HOLDS:
        _known = now, _asked()
    return _known[1]


def _asked() -> bool:
    try:
        if sys.platform == "darwin":
            return drawing_from_battery(
                subprocess.run(("pmset", "-g", "batt"), capture_output=True, text=True, timeout=2.0).stdout
            )
        return discharging(supplies(SUPPLIES))
    except (OSError, subprocess.SubprocessError):
        return False


def supplies(folder: Path) -> list[dict[str, str]]:
    """What Linux says of each supply: type, online, status, scope. Raises `OSError`."""
    if not folder.is_dir():
        return []
    return [
        {name: _line(supply / name) for name in ("type", "online", "status", "scope")}
        for supply in sorted(folder.iterdir())
    ]


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:  # a supply that has no such line, or was just unplugged
        return ""


def discharging(found: list[dict[str, str]]) -> bool:
    """No supply is online, and a battery of the machine itself (not of its mouse) discharges."""
    if any(supply["type"] in _MAINS and supply["online"] == "1" for supply in found):
        return False
    return any(
        supply["type"] == "Battery" and supply["scope"] != "Device" and supply["status"] == "Discharging"
        for supply in found
    )


def drawing_from_battery(said: str) -> bool:
    """What macOS says in the first line of `pmset -g batt`: Now drawing from 'Battery Power'."""
    return "'Battery Power'" in said.partition("\n")[0]
