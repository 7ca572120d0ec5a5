"""The box that signs in to a reader server and asks whether it may be told what is read here."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from penchant.adapters import secrets


def _load(name: str, file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).resolve().parents[1] / "adapters" / file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


server = _load("reader_box_server", "conftest.py").server
fakes = _load("reader_box_fakes", "remote_fakes.py")


async def test_an_address_leads_to_the_sign_in(archive_of_nothing: Any, run_app: Any, wait: Any, server: Any) -> None:
    fake = fakes.GReader(server)
    async with run_app(archive_of_nothing) as (app, pilot):
        await wait(lambda: type(app.screen).__name__ == "OnboardingScreen")
        field = app.screen.query_one("#address")
        field.focus()
        field.value = fake.address
        await pilot.press("enter")
        await wait(lambda: type(app.screen).__name__ == "ReaderBox")
        box = app.screen
        await wait(lambda: getattr(app.focused, "id", "") == "password")
        await pilot.press(*"wrong", "enter")
        await wait(lambda: "did not accept" in str(box.query_one("#words").render()))
        assert box.query_one("#password").value == "" and secrets.names() == ()
        box.query_one("#sync").value = "perhaps"
        await pilot.press(*"sesame", "enter")
        assert "both, pull or off" in str(box.query_one("#words").render())
        box.query_one("#sync").value = "pull"
        box.query_one("#password").focus()
        await pilot.press("enter")
        await wait(lambda: type(app.screen).__name__ == "OnboardingScreen")
        (offered,) = [s for s in app.screen.offered if s.kind == "greader"]
        assert offered.address == fake.address and offered.settings["sync"] == "pull"
        field = app.screen.query_one("#address")
        field.focus()
        field.value = f"greader:http://127.0.0.1:{server.port}"
        await pilot.press("enter")
        await wait(lambda: type(app.screen).__name__ == "ReaderBox")
        await wait(lambda: getattr(app.focused, "id", "") == "sync")
        assert not app.screen.query("#password"), "who is signed in is asked for consent only"
        await pilot.press("enter")
        await wait(lambda: type(app.screen).__name__ == "OnboardingScreen")
    assert secrets.names() == (f"reader:{fake.address}",)
