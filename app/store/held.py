"""Items that a blind test shows as copies of themselves: until it is over they stand in no list, or a second sight of
the same words would tell which of its texts are real.
"""

from __future__ import annotations

#: The setting that names them, a JSON list of item ids.
HELD = "blind.held"


def free(column: str) -> str:
    """SQL: the item id in `column` is not held back (mostly there is nothing to hold: one look into `settings`)."""
    return f"{column} NOT IN (SELECT h.value FROM settings t, json_each(t.value) h WHERE t.key = '{HELD}')"
