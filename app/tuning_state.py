"""What the last self-tuning pass found, kept as a setting of the archive. Imports no numpy."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .store import Store

REMEMBERED = "tuning"


def last(store: Store) -> dict[str, Any]:
    """values, gain and its standard error, decisions, tried, note, at, through, seconds; {} before the first pass."""
    try:
        found = json.loads(store.control.setting(REMEMBERED, "{}"))
    except (TypeError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
