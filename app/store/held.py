"""Items that a blind test shows as copies of themselves: until it is over they stand in no list, or a second sight of
the same words would tell which of its texts are real.
"""

from __future__ import annotations

#: The setting that names them: {"test": id of the event that began it, "items": [item ids]}.
HELD = "blind.held"


def items(schema: str = "") -> str:
    """SQL: the items that are held back, for as long as their test is neither opened nor undone, by whomever.

    Mostly there is nothing to hold: one look into `settings`. A mere list (of older versions) is held until it is
    cleared. The index of voices wants its condition word for word.
    """
    at = f"{schema}." if schema else ""
    return (
        f"(SELECT h.value FROM {at}settings t, json_each(t.value, iif(json_type(t.value) = 'array', '$', '$.items')) h"
        f" WHERE t.key = '{HELD}' AND NOT EXISTS (SELECT 1 FROM {at}events u"
        " WHERE u.undoes = json_extract(t.value, '$.test') AND u.kind = 'undo')"
        f" AND NOT EXISTS (SELECT 1 FROM {at}events o WHERE o.kind IN ('duel', 'voice', 'draft') AND o.kind = 'voice'"
        " AND o.value ->> 'what' = 'unblind' AND o.value ->> 'key' = json_extract(t.value, '$.test')))"
    )


def free(column: str) -> str:
    """SQL: the item id in `column` is not held back."""
    return f"{column} NOT IN {items()}"
