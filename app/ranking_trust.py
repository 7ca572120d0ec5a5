"""How far the head believes a few experts: cheap enough for every Why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .ranking import RankSession


def trust(session: RankSession, names: Iterable[str]) -> dict[str, float]:
    """The head's weight of each expert that has one, before the caution that numbers need; 1 is where each begins."""
    model, _ = session.learned
    if session.failed.keys() & model.experts.keys():
        return {}
    head = model.head()
    usual = model.recipe.head.trust
    weights = dict(zip(model.experts, head.weight.tolist(), strict=True))
    return {name: weights[name] / head.said if head.said > 0 else usual for name in names if name in weights}
