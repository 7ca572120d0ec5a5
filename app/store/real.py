"""What a model wrote is nothing that was read: conditions that leave its items (kind "draft") out of what counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .held import free

if TYPE_CHECKING:
    from .condition import Condition
    from .connection import Database


def real(column: str) -> str:
    """SQL: the item id in `column` is of a source, not of a draft (an index of the few drafts answers)."""
    return f"{column} NOT IN (SELECT item_id FROM drafts WHERE item_id IS NOT NULL)"


def any_drafts(db: Database) -> bool:
    """Whether any item is a draft: most archives have none, and need not ask of every row."""
    return bool(db.value("SELECT EXISTS (SELECT 1 FROM drafts WHERE item_id IS NOT NULL)"))


def items(db: Database) -> Condition:
    """Of rows `i` of a search: what sources brought, without what a blind test holds back."""
    from .condition import EVERYTHING, Condition

    return Condition(f"{real('i.id')} AND {free('i.id')}") if any_drafts(db) else EVERYTHING
