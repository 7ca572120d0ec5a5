"""The box that asks for a token of GitHub before a list is offered that needs one."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters import secrets

_spec = importlib.util.spec_from_file_location(
    "token_box_server", Path(__file__).resolve().parents[1] / "adapters" / "conftest.py"
)
assert _spec is not None and _spec.loader is not None
_loopback = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _loopback
_spec.loader.exec_module(_loopback)
server = _loopback.server


@pytest.fixture(autouse=True)
def no_gh(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setattr("penchant.adapters.github_token.shutil.which", lambda _: None)


async def test_a_list_that_needs_a_token_asks_for_it(
    archive_of_nothing: Any, run_app: Any, wait: Any, server: Any
) -> None:
    answer = type(server.default)

    def who(request: Any) -> Any:
        if request.headers.get("authorization") == "Bearer ghp_good":
            return answer('{"login": "ada", "id": 1}')
        return answer('{"message": "Bad credentials"}', 401, {"Content-Type": "application/json"})

    server.route("/user", who)
    async with run_app(archive_of_nothing) as (app, pilot):
        await wait(lambda: type(app.screen).__name__ == "OnboardingScreen")
        field = app.screen.query_one("#address")
        field.focus()
        field.value = f"github:starred?api={server.url('').rstrip('/')}"
        await pilot.press("enter")
        await wait(lambda: type(app.screen).__name__ == "TokenBox")
        box = app.screen
        await pilot.press(*"ghp_bad", "enter")
        await wait(lambda: "Bad credentials" in str(box.query_one("#words").render()))
        assert "ghp_bad" not in box.query_one("Input").value
        await pilot.press(*"ghp_good", "enter")
        await wait(lambda: type(app.screen).__name__ == "OnboardingScreen")
        await wait(lambda: any(s.kind == "github" and "starred" in s.address for s in app.screen.offered))
    assert [name for name in secrets.names() if name.startswith("github:127.0.0.1")]
