"""What is still under way when its screen has been closed has nowhere to show anything, and that is no fault."""

from __future__ import annotations

import inspect
from collections.abc import Coroutine
from typing import Any

from textual.dom import DOMNode


def is_gone(node: DOMNode | None) -> bool:
    """Whether a screen or widget has been closed, or is closing. (Textual's `is_mounted` stays true for ever.)"""
    return node is not None and bool(node._closing or node._closed or node._pruning)


def owner_of(work: Coroutine[Any, Any, Any]) -> DOMNode | None:
    """The screen or widget of whose methods `work` is one; to be asked before it begins."""
    owner = inspect.getcoroutinelocals(work).get("self") if inspect.iscoroutine(work) else None
    return owner if isinstance(owner, DOMNode) else None
