"""What the Tuning screen's columns and keys mean."""

from __future__ import annotations

from . import words
from .dialog import TextBox
from .pager import Block

HELP = (
    ("right for you", "Of pairs of an item you liked and one you skipped, how many it orders right by itself, judged"
     " without knowing the item's own label. 50 % is chance; ± is the 95 % interval."),
    ("trust", "How far the ranking believes it now; learned from the same figures."),
    ("dial", "Your own factor on top: x2 doubles its say, off silences it. x1 leaves it to what was learned."),
    ("sources", "A dial multiplies the odds of the source's items."),
    ("interests", "Groups of what you liked. A dial multiplies the odds of what lies near one; n gives it your name."),
    ("+ -  → ←", "Turn the dial of the line."),
    ("=", "Back to x1."),
    ("0", "Off."),
    ("tab", "Next section; shift+tab the one before."),
    ("d", "Take back: a mute, a tuning, a first guess; a dial goes to x1."),
    ("u", "Undo the last turn made here."),
    ("t", "Have it look for better settings now; it does so by itself from time to time."),
    ("C", "Choose among twelve items: a first guess that fades as you like and skip."),
)  # fmt: skip


class TuningHelp(TextBox):
    """What the columns mean."""

    def blocks(self) -> list[Block]:
        return [
            Block("Tuning", "title"),
            Block("Everything here takes effect at once, is kept, and can be taken back."),
            Block(""),
            *(Block(f"{words.fit(name, 14)} {text}", hang=15) for name, text in HELP),
        ]
