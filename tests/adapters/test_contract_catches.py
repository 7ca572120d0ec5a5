"""The contract is worth something: adapters that break a rule in a typical way are caught by it."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from penchant.adapters import contract
from penchant.adapters.base import Item, Page

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "example_adapter"


def _load(name: str, path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec and spec.loader
    module = sys.modules.setdefault(name, importlib.util.module_from_spec(spec))
    spec.loader.exec_module(module)
    return module


Lunch = _load("penchant_lunch", EXAMPLE / "penchant_lunch.py").Lunch
case = _load("lunch_case", EXAMPLE / "tests" / "case.py")


class Changed(Lunch):
    """The template with every page changed before it goes out; `count` counts pages of this process."""

    count = 0

    async def fetch(self, client: Any, settings: Any, cursor: Any) -> Any:
        async for page in super().fetch(client, settings, cursor):
            Changed.count += 1
            yield self.change(page)

    def change(self, page: Page) -> Page:
        return page


def each(page: Page, **changes: Any) -> Page:
    return replace(page, items=tuple(replace(item, **changes) for item in page.items))


class OneId(Changed):
    def change(self, page: Page) -> Page:
        return each(page, native_id="1")


class NewIds(Changed):
    def change(self, page: Page) -> Page:
        return replace(
            page, items=tuple(replace(i, native_id=f"{i.native_id}/{Changed.count}") for i in page.items)
        )


class Dirty(Changed):
    def change(self, page: Page) -> Page:
        return each(page, title="\x1b[31mred")


class Script(Changed):
    def change(self, page: Page) -> Page:
        return each(page, url="javascript:alert(1)")


class Hasty(Changed):
    """The validator with the first page: who stops there never sees the second."""

    def change(self, page: Page) -> Page:
        return replace(page, cursor={"etag": '"120"'}) if page.items else page


class OddCursor(Changed):
    def change(self, page: Page) -> Page:
        return replace(page, cursor={"seen": (1, 2)})


class Forgetful(Changed):
    """Keeps what is new to itself."""

    def change(self, page: Page) -> Page:
        return replace(page, items=tuple(i for i in page.items if int(i.native_id.rpartition("/")[2]) <= 120))


class Careless(Lunch):
    """Reads the wire without asking what came."""

    async def fetch(self, client: Any, settings: Any, cursor: Any) -> Any:
        answer = await client.get(settings["address"].removeprefix("lunch:") + "menus.json", typed=True)
        rows = answer.json()
        yield Page(tuple(Item(str(row["id"]), "", title=row["dish"]) for row in rows[:100]), {})


class Stumbling(Lunch):
    def recognise(self, address: str) -> Any:
        return address.split(":")[1] and None


CAUGHT = {
    "native ids are unique and stable": [OneId, NewIds],
    "items are frozen clean values": [Dirty, Script],
    "every cursor resumes without losing an item": [Hasty],
    "pages are short and carry a cursor of JSON": [OddCursor],
    "what comes later is found": [Forgetful],
    "hostile text 0 comes out clean": [Careless],
    "a bad day: null": [Careless],
    "a bad day: object": [Careless],
    "recognising an address never fails": [Stumbling],
}


@pytest.mark.parametrize(("rule", "source"), [(rule, s) for rule, found in CAUGHT.items() for s in found])
def test_a_broken_adapter_is_caught(rule: str, source: Any) -> None:
    broken = SimpleNamespace(**{**vars(case), "SOURCE": source})
    check = next(check for check in contract.checks(broken) if check.name == rule)
    with pytest.raises(Exception) as caught:
        check.run()
    assert isinstance(caught.value, contract.Broken) or source in (Careless, Stumbling)
