"""A plan in words. Pure but for the counts it is given."""

from __future__ import annotations

from collections.abc import Sequence

from .plan import Plan
from .running import Expected

_CHEAP = "First, plain SQL"
_NEAR = "then vectors"


def in_words(plan: Plan, expected: Sequence[Expected], model: str) -> list[str]:
    """Lines for a terminal; `model` is the name of the language model, or why there is none."""
    if not plan.uses:
        return ["No model is asked: SQLite runs it as written."]
    lines = [f"{_CHEAP}: {' and '.join(plan.cheap)}"] if plan.cheap else []
    if plan.near:
        lines.append(f"{_NEAR if lines else 'First, vectors'}: {' and '.join(plan.near)}")
    if plan.order:
        lines.append(f"in the order of: {', '.join(plan.order)}")
    if not plan.atoms and not plan.dear:
        return [*lines, "No language model is asked; vectors are compared exactly."]
    if plan.whole:
        lines.append(f"It runs in one piece: {plan.whole}. What is cheap comes first, and models are asked row by row.")
    lines.append(f"{'last' if lines else 'For every row'}, the model {model}:")
    lines += [f"  {words}" for words in plan.dear]
    if plan.limit is not None:
        lines.append(f"until {plan.limit:,} rows are found.")
    for each in expected:
        if each.texts is None:
            lines.append(f"{each.atom.kind} {each.atom.number + 1}: how often depends on what other answers leave over")
        else:
            calls = each.texts - each.known
            most = "" if each.sure else "at most "
            lines.append(
                f"{each.atom.kind} {each.atom.number + 1}: {each.texts:,} texts, {each.known:,} answered before,"
                f" {most}{calls:,} calls"
            )
    return lines
