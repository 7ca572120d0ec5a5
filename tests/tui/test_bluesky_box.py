"""The box that asks for an app password before a list of Bluesky is offered that needs an account."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from typing import Any

from penchant.adapters import secrets

_spec = importlib.util.spec_from_file_location(
    "bluesky_box_server", Path(__file__).resolve().parents[1] / "adapters" / "conftest.py"
)
assert _spec is not None and _spec.loader is not None
_loopback = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _loopback
_spec.loader.exec_module(_loopback)
server = _loopback.server


async def test_a_handle_signs_in(archive_of_nothing: Any, run_app: Any, wait: Any, server: Any) -> None:
    answer = type(server.default)

    def create(request: Any) -> Any:
        if json.loads(request.body) == {"identifier": "ada.example", "password": "good"}:
            session = {"handle": "ada.example", "did": "did:plc:ada", "accessJwt": "a", "refreshJwt": "r"}
            return answer(json.dumps(session))
        return answer('{"error": "AuthenticationRequired", "message": "Invalid identifier or password"}', 401)

    server.route("/xrpc/com.atproto.server.createSession", create)
    async with run_app(archive_of_nothing) as (app, pilot):
        await wait(lambda: type(app.screen).__name__ == "OnboardingScreen")
        field = app.screen.query_one("#bluesky")
        field.focus()
        field.value = "ada.example"
        await pilot.press("enter")
        await wait(lambda: type(app.screen).__name__ == "BlueskyBox")
        box = app.screen
        box.server = server.url("").rstrip("/")
        await wait(lambda: getattr(app.focused, "id", "") == "password")
        assert all(box.query_one(name).content_size.height == 1 for name in ("#handle", "#password"))
        await pilot.press(*"bad", "enter")
        await wait(lambda: "Invalid identifier" in str(box.query_one("#words").render()))
        assert box.query_one("#password").value == ""
        await pilot.press(*"good", "enter")
        await wait(lambda: type(app.screen).__name__ == "OnboardingScreen")
        (offered,) = [s for s in app.screen.offered if s.kind == "bluesky"]
        assert offered.address == "bluesky:ada.example/timeline"
        assert offered.settings["account"] == "ada.example"
    assert secrets.names() == ("bluesky:ada.example",)
