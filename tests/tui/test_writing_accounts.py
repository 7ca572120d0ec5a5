"""Who a draft can be posted as: those whose tokens lie where this archive's are."""

from __future__ import annotations

from typing import Any

import pytest

from penchant.adapters import secrets
from penchant.adapters.mastodon_api import token_key
from penchant.app.store import Store
from penchant.app.store.drafts import Draft


async def test_accounts_are_found_before_anything_else_was_looked_up(
    archive: Any, run_app: Any, wait: Any, lines: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "_folder", archive.paths.secrets)
    monkeypatch.delenv("PENCHANT_SECRETS_DIR", raising=False)
    secrets.set(token_key("me@home.example"), "the-token")
    monkeypatch.setattr(secrets, "_folder", None)
    with Store.open(archive.paths.archive, role="cli") as store:
        store.drafts.add(Draft("post", "Trams climb better than any bus.", made_at=1.0))
    async with run_app(archive, size=(120, 30)) as (app, pilot):
        await pilot.press("V")
        await wait(lambda: any("Trams climb" in line for line in lines(app)))
        await pilot.press("p")
        await wait(lambda: any("P posts it as @me@home.example" in line for line in lines(app)))
