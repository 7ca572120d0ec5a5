"""What is still under way when its screen has been closed has nowhere to show anything, and that is no fault."""

from __future__ import annotations

import inspect
from collections.abc import Coroutine
from typing import Any

from textual.dom import DOMNode
from textual.widget import Widget


def is_gone(*nodes: DOMNode | None) -> bool:
    """Whether any of these screens or widgets is closed, or closing. (Textual's `is_mounted` stays true for ever.)"""
    return any(node is not None and (node._closing or node._closed or node._pruning) for node in nodes)


def is_there(node: Widget) -> bool:
    """Whether a screen or widget can show something now: after an await it may have been closed."""
    return node.is_mounted and not is_gone(node)


def owner_of(work: Coroutine[Any, Any, Any]) -> DOMNode | None:
    """The screen or widget of whose methods `work` is one; to be asked before it begins."""
    owner = inspect.getcoroutinelocals(work).get("self") if inspect.iscoroutine(work) else None
    return owner if isinstance(owner, DOMNode) else None
