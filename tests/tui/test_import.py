"""An export named on the first screen is imported by a process of its own; its failure is said there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def said(app: Any) -> str:
    return str(app.screen.query_one("#said").render())


async def test_an_export_is_taken_in(archive_of_nothing: Any, run_app: Any, wait: Any, tmp_path: Path) -> None:
    likes = [{"like": {"tweetId": str(n), "fullText": f"text {n}"}} for n in range(5, 8)]
    file = tmp_path / "like.js"
    file.write_text("window.YTD.like.part0 = " + json.dumps(likes))
    async with run_app(archive_of_nothing) as (app, pilot):
        await wait(lambda: type(app.screen).__name__ == "OnboardingScreen")
        field = app.screen.query_one("#opml")
        field.focus()
        field.value = str(tmp_path / "none.zip")
        await pilot.press("enter")
        await wait(lambda: "cannot be read" in said(app))
        field.value = str(file)
        await pilot.press("enter")
        await wait(lambda: "3 entries" in said(app) and "3 liked" in said(app))
        (source,) = archive_of_nothing.read(lambda store: store.subscriptions.all())
        assert (source.kind, source.items) == ("export", 3)
