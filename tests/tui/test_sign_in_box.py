"""The box that signs in to Mastodon shows what is typed into it."""

from __future__ import annotations

from typing import Any

from textual.widgets import Input

from penchant.app.tui.signin import SignInBox


async def test_what_is_typed_can_be_seen(archive_of_nothing: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive_of_nothing) as (app, pilot):
        app.push_screen(SignInBox("http://127.0.0.1:9"))
        await wait(lambda: isinstance(app.screen, SignInBox) and app.screen.query(Input))
        await pilot.press(*"code42")
        await pilot.pause()
        field = app.screen.query_one(Input)
        assert field.value == "code42" and field.content_size.height == 1
        lines = ["".join(segment.text for segment in line) for line in app.screen._compositor.render_strips()]
        assert any("code42" in line for line in lines), lines
