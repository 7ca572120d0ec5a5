"""A page without a feed for the contract suite; see tests/adapters/test_contract.py."""

from __future__ import annotations

from html import escape
from typing import Any

KIND = "page"
NETWORK = True


def _item(number: int, text: str = "") -> str:
    shown = escape(text) or f"News number {number}"
    return (
        f'<article><h2><a href="/news/{number}?{escape(text)}">{shown}</a></h2>'
        f"<time datetime='2026-03-{number % 28 + 1:02d}'></time>"
        f"<p>{shown} <img src='/{number}.png' alt='{escape(text)}'></p></article>"
    )


def _serve(server: Any, items: list[str]) -> dict[str, Any]:
    menu = "".join(f'<li><a href="/menu/{n}">A long word in a menu {n}</a></li>' for n in range(20))
    page = f"<html lang=en><title>News</title><nav><ul>{menu}</ul></nav><main>{''.join(items)}</main>"
    body = page.encode("utf-8", "surrogatepass")
    return {"address": f"page:{server.route('/news', body, headers={'Content-Type': 'text/html; charset=utf-8'})}"}


def serve(server: Any) -> dict[str, Any]:
    return _serve(server, [_item(n) for n in range(250)])


def grow(server: Any) -> None:
    _serve(server, [_item(n) for n in (1000, *range(250))])


def serve_text(server: Any, text: str) -> dict[str, Any]:
    return _serve(server, [_item(1, text), _item(2), _item(3), _item(4)])
