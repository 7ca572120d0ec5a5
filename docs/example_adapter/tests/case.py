"""A good day of the canteen, and what a rude cook can write: a case of `penchant.adapters.contract`."""

from __future__ import annotations

import json
from typing import Any

from penchant_lunch import Lunch

from penchant.adapters.contract_server import Answer, Request

KIND = "lunch"
SOURCE = Lunch


def _menu(number: int, **changes: Any) -> dict[str, Any]:
    menu = {"id": number, "day": "2026-03-02", "dish": f"Soup {number}", "about": "<p>With bread</p>", "cook": "Ada"}
    return menu | {"photo": f"/{number}.jpg"} | changes


def _serve(server: Any, menus: list[dict[str, Any]]) -> dict[str, Any]:
    body, etag = json.dumps(menus), f'"{len(menus)}"'

    def answer(request: Request) -> Answer:
        same = request.headers.get("if-none-match") == etag
        return Answer(b"" if same else body, 304 if same else 200, {"ETag": etag})

    server.route("/menus.json", answer)
    return {"address": "lunch:" + server.url("")}


def serve(server: Any) -> dict[str, Any]:
    return _serve(server, [_menu(number) for number in range(120, 0, -1)])


def grow(server: Any) -> None:
    _serve(server, [_menu(number) for number in range(125, 0, -1)])


def serve_text(server: Any, text: str) -> dict[str, Any]:
    rude = {"day": text, "dish": text, "about": f"<p>{text}</p>", "cook": text, "photo": text}
    return _serve(server, [_menu(3, **rude), _menu(2), _menu(1, id=text)])
