"""The Models screen: what is there, switched on and off, pulled with consent and progress from a hub on loopback."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from penchant.app.backfill_status import KEY, Status
from penchant.app.config import Config, Models
from penchant.app.models.choice import choices
from penchant.app.store import Store
from penchant.app.tui.modelsrows import key_of
from penchant.app.types import Event, View

NAME = "tiny/judge-GGUF:model-Q8_0.gguf"


def _hubs() -> ModuleType:
    """The hub of tests/models (tests are no package, so it is loaded by its path)."""
    path = Path(__file__).resolve().parents[1] / "models" / "conftest.py"
    spec = importlib.util.spec_from_file_location("models_hub", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


_made = _hubs()
hub, alone = _made.hub, _made.alone


def named(app: Any, name: str) -> Any:
    return lambda: type(app.screen).__name__ == name


def config(address: str = "http://127.0.0.1:9", **models: str) -> Config:
    return replace(Config(), models=Models(hub=address, **models))


async def open_models(app: Any, pilot: Any, wait: Any) -> Any:
    await wait(lambda: app.last_order)
    await pilot.press("O")
    await wait(named(app, "ModelsScreen"))
    screen = app.screen
    await wait(lambda: screen.adds is not None)
    return screen


async def go_to(screen: Any, pilot: Any, name: str) -> None:
    """Move down until the model of that name is selected."""
    rows = screen.query_one("TuningList")
    await pilot.press("g")
    for _ in rows.rows:
        if (key_of(rows.current()) or ("", ""))[1] == name:
            return
        await pilot.press("j")
    raise AssertionError(f"no model {name!r}: {[row.name for row in rows.rows]}")


async def asked(app: Any, wait: Any, lines: Any) -> None:
    """The question is on the screen, with its answers."""
    await wait(named(app, "AskBox"))
    await wait(lambda: any("Download" in line and "kB" in line for line in lines(app)), "the answers are shown")


def letters(archive: Any) -> list[str]:
    with Store.open(archive.paths.archive, role="cli") as store:
        return [letter.kind for letter in store.control.take()]


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_every_role_is_shown(archive: Any, run_app: Any, wait: Any, lines: Any, size: tuple[int, int]) -> None:
    with Store.open(archive.paths.archive, role="cli") as store:
        store.control.remember(KEY, Status("gguf:new:2", 10, 40, speed=33.0).to_json())
    async with run_app(archive, size, config(sentence="/gone.gguf")) as (app, pilot):
        screen = await open_models(app, pilot, wait)
        seen = set()
        for _ in screen.query_one("TuningList").rows:
            seen |= set(lines(app))
            await pilot.press("j")
        text = "\n".join(seen)
        for part in (
            *("Sentence vectors: /gone.gguf", "by the configuration", "in use, missing", "10/40", "33/s"),
            *("Picture vectors:", "vit-b-32-datacomp", "605 MB", "Judge:", "smolvlm-256m", "recommended"),
            *("licence apache-2.0", "too early to say", "10 of 40 texts (25 %)"),
        ):
            assert part in text, part
        await pilot.press("escape")
        await wait(named(app, "FeedScreen"))


async def test_pulled_with_consent_used_switched_off_and_deleted(
    archive: Any, hub: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    hub.slow = 0.3
    folder = archive.paths.models
    async with run_app(archive, (110, 40), config(hub.address)) as (app, pilot):
        screen = await open_models(app, pilot, wait)

        async def ask() -> None:
            await pilot.press("a")
            await wait(named(app, "NameBox"))
            app.screen.query_one("Input").value = NAME
            await pilot.press("enter")
            await asked(app, wait, lines)

        await ask()
        # a long path of the folder wraps the line
        inside = [found for line in lines(app) for found in re.findall("\u2502(.*?)\u2502", line)]
        shown = " ".join(" ".join(inside).split())
        for part in ("307 kB", "licence: mit", "the hub's checksum", "are free there"):
            assert part in shown, part
        await pilot.press("enter")  # the answer that is selected first is no
        await wait(named(app, "ModelsScreen"))
        assert app.pull is None and not hub.of("resolve")

        await ask()
        await pilot.press("down", "enter")
        await wait(named(app, "ModelsScreen"))
        await wait(lambda: any("pulling" in line for line in lines(app)), "how far it is is shown")
        await pilot.press("c")
        await wait(lambda: app.pull is None, "it stops")
        assert (folder / "hub/tiny/judge-GGUF/model-Q8_0.gguf.part").stat().st_size > 0

        hub.slow = 0.0
        await ask()
        assert "of it are here" in "\n".join(lines(app))
        await pilot.press("down", "enter")
        await wait(lambda: any(row.name == NAME and row.here for role in screen.roles for row in role.rows))

        await go_to(screen, pilot, NAME)
        await pilot.press("enter")
        await wait(lambda: choices(folder).get("judge") == NAME)
        await wait(lambda: screen.roles[2].uses == NAME)
        await go_to(screen, pilot, NAME)
        await pilot.press("d")
        await wait(lambda: any("is in use" in line for line in lines(app)))
        await pilot.press("x")
        await wait(lambda: choices(folder).get("judge") == "" == screen.roles[2].uses)
        await pilot.press("v")
        await wait(lambda: any("is what was pulled" in line for line in lines(app)))
        await pilot.press("d")
        await wait(lambda: any("Delete it" in line for line in lines(app)))
        await pilot.press("down", "enter")
        await wait(lambda: not (folder / "hub/tiny/judge-GGUF/model-Q8_0.gguf").exists())
    assert letters(archive) == ["models"] * 4  # pulled, used, switched off, deleted


async def test_a_pull_goes_on_when_the_screen_is_left(
    archive: Any, hub: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    hub.slow = 0.3
    async with run_app(archive, (110, 40), config(hub.address)) as (app, pilot):
        await open_models(app, pilot, wait)
        await pilot.press("a")
        await wait(named(app, "NameBox"))
        app.screen.query_one("Input").value = NAME
        await pilot.press("enter")
        await asked(app, wait, lines)
        await pilot.press("down", "enter")
        await wait(lambda: app.pull is not None)
        await pilot.press("escape")
        await wait(named(app, "FeedScreen"))
        assert app.pull is not None
        hub.slow = 0.0
        await pilot.press("j", "j")
        await wait(lambda: app.pull is None)
        assert (archive.paths.models / "hub/tiny/judge-GGUF/model-Q8_0.gguf").is_file()


async def test_failures_are_told_and_leave_the_screen_usable(
    archive: Any, hub: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    hub.api = 401
    async with run_app(archive, (160, 40), config(hub.address)) as (app, pilot):
        screen = await open_models(app, pilot, wait)
        await go_to(screen, pilot, "vit-b-32")
        await pilot.press("enter")
        await wait(lambda: any("does not give this model to everybody" in line for line in lines(app)))
        await pilot.press("x")
        await wait(lambda: any("is not in use" in line for line in lines(app)))
        await pilot.press("d")
        await wait(lambda: any("is not installed" in line for line in lines(app)))
        await pilot.press("c")
        await wait(lambda: any("Nothing is being pulled" in line for line in lines(app)))


async def test_what_models_add_is_measured_once_something_was_learned(
    archive: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    with Store.open(archive.paths.archive, role="cli") as store:
        cards = store.items.cards(store.items.ids(View.FOR_YOU))
        store.events.append(Event("like" if "owls" in c.title else "skip", c.item_id) for c in cards[20:44])
    async with run_app(archive, (120, 40)) as (app, pilot):
        screen = await open_models(app, pilot, wait)
        assert screen.adds == {}  # no model has vectors here
        assert not screen._failure
