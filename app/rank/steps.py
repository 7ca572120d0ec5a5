"""The places a dial can stand at. No numpy: the screen steps through them."""

from __future__ import annotations

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)


def turned(value: float, by: int) -> float:
    """`value` by so many steps up (by > 0) or down, from the step nearest to it."""
    place = min(range(len(STEPS)), key=lambda i: abs(STEPS[i] - value))
    return STEPS[max(0, min(len(STEPS) - 1, place + by))]
