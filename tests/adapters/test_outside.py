"""Adapters that other packages bring: the template works, and a broken one costs its own source only."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from penchant import adapters
from penchant.adapters import guard_runner
from penchant.adapters.base import Page, RateLimited, SourceError, Suggestion
from penchant.adapters.contract_rules import proper
from penchant.adapters.http import Client, Limits
from penchant.app.store import Store
from penchant.app.sync import sync_once

EXAMPLE = Path(__file__).resolve().parents[2] / "docs" / "example_adapter"
HEAD = """
import asyncio, os, sys, time
from penchant.adapters.base import *
class A:
    kind = "x"
    min_interval = 700
    def recognise(self, address):
        return Suggestion("other", address, "\\x1b[31mred") if address.startswith("x:") else None
    async def fetch(self, client, settings, cursor):
"""
FAULTS = {
    "import": ("import nothing_of_this_name", "nothing_of_this_name"),
    "syntax": ("def (", "SyntaxError"),
    "exit at import": ("import sys; sys.exit(3)", "sys.exit"),
    "no class": ("x = 1", "AttributeError"),
    "raises": (HEAD + "        yield Page((), {})\n        raise ValueError('\\x1b[31mred')", "ValueError: red"),
    "exit": (HEAD + "        yield Page((), {})\n        sys.exit()", "sys.exit"),
    "hard exit": (HEAD + "        yield Page((), {})\n        os._exit(9)", "ended in the middle"),
    "crash": (HEAD + "        yield Page((), {})\n        import ctypes; ctypes.string_at(0)", "ended in the middle"),
    "no generator": (HEAD.replace("async def", "def") + "        return [1]", "no async generator"),
    "no page": (HEAD + "        yield {'items': []}", "a dict where a Page belongs"),
    "no item": (HEAD + "        yield Page(('a', 3), {})", "none of the 2 items"),
    "items of any kind": (HEAD + "        yield Page(7, {})", "no tuple"),
    "too many": (HEAD + "        yield Page(tuple(Item(str(n), '') for n in range(2000)), {})", "2000 items"),
    "cursor": (HEAD + "        yield Page((), {'a': object()})", "no JSON object"),
    "cursor list": (HEAD + "        yield Page((), [1])", "a cursor is"),
    "hangs at import": ("import time; time.sleep(60)", "hangs"),
    "hangs": (HEAD + "        yield Page((), {})\n        time.sleep(60)", "hangs"),
    "spins": (HEAD + "        yield Page((), {})\n        while True: pass", "hangs"),
}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], None]]:
    """Put a module and the metadata of its package where this process and its children find them."""
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep))
    adapters.load.cache_clear()

    def put(name: str, code: str, points: str = "") -> None:
        (site / f"plug_{name}.py").write_text(code)
        info = site / f"penchant_{name}-1.2.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: penchant-{name}\nVersion: 1.2\n")
        points = points or f"[penchant.adapters]\n{name} = plug_{name}:A\n"
        (info / "entry_points.txt").write_bytes(points.encode("latin-1"))

    yield put
    adapters.load.cache_clear()


async def pages_of(name: str, settings: dict[str, Any] | None = None, cursor: Any = None) -> list[Page]:
    async with Client(limits=Limits(total_seconds=3.0)) as client:
        return [page async for page in adapters.load(name).fetch(client, settings or {}, cursor or {})]


def test_the_template_passes_the_contract() -> None:
    code = (EXAMPLE / "penchant_lunch.py").read_text()
    assert len(code.splitlines()) <= 60
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", "/dev/null", "--rootdir", ".", "tests"],
        cwd=EXAMPLE, capture_output=True, text=True, timeout=300,
        env={"PYTHONPATH": str(EXAMPLE), "PYTHONDONTWRITEBYTECODE": "1", "PATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout and "skipped" not in done.stdout


def lunch(install: Any) -> None:
    install("lunch", "", "[penchant.adapters]\nlunch = penchant_lunch:Lunch\n")


@pytest.fixture
def canteen(server: Any) -> str:
    menu = '[{"id": 2, "dish": "Soup", "about": "<p>Hot"}, {"id": 1, "dish": "Bread"}]'
    server.route("/menus.json", menu, headers={"ETag": '"1"'})
    return "lunch:" + server.url("").rstrip("/")


async def test_the_template_is_found_and_read(install: Any, canteen: str, monkeypatch: Any) -> None:
    lunch(install)
    monkeypatch.setenv("PYTHONPATH", f"{EXAMPLE}{os.pathsep}{os.environ['PYTHONPATH']}")
    assert adapters.names()[-1] == "lunch"
    source = adapters.load("lunch")
    found = source.recognise(canteen)
    assert found is not None and found.kind == "lunch" and found.settings == {"address": canteen}
    assert source.recognise("https://example.org") is None
    [page] = await pages_of("lunch", dict(found.settings))
    assert [item.title for item in page.items] == ["Soup", "Bread"] and source.min_interval == 3600
    [again] = await pages_of("lunch", dict(found.settings), page.cursor)
    assert [item.title for item in again.items] == ["Soup", "Bread"], "this server knows no validators"


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_broken_adapter_is_named(install: Any, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "hangs" in fault or fault == "spins"
    monkeypatch.setattr(guard_runner, "START_SECONDS", 3.0 if fault == "hangs at import" else 30.0)
    monkeypatch.setattr(guard_runner, "PAGE_SECONDS", 0.5 if slow else 30.0)
    code, words = FAULTS[fault]
    install("bad", code)
    with pytest.raises(SourceError) as caught:
        await pages_of("bad")
    said = str(caught.value)
    assert words in said and "'bad'" in said and "penchant-bad 1.2" in said and "\x1b" not in said
    assert "penchant adapters check bad" in caught.value.hint


async def test_a_failure_raised_as_it_should_be_keeps_its_class(install: Any) -> None:
    install("busy", HEAD + "        raise RateLimited('\\x1b[1mslow', retry_after=7)\n        yield")
    with pytest.raises(RateLimited, match=r"^busy: slow$") as caught:
        await pages_of("busy")
    assert caught.value.retry_after == 7


async def test_garbage_inside_an_item_is_cleaned_at_the_seam(install: Any) -> None:
    item = """
        print("into the pipe?"); os.write(1, b"x" * 100)
        evil = "\\x1b]0;x\\x07a\\u202eb\\nc" + "\\ud800"
        yield Page([Item(evil, "javascript:alert(1)", title=evil, text="t" * 2_000_000 + evil, author="Ada",
            published=float("nan"), updated="now", lang=7, tags=["a", 3, evil, ""], media=("x", Media("file:///etc")),
            links=(Link("https://example.org/a b", evil),), points=True, comments=1 << 90, comments_url=evil,
            sightings=(Sighting("shout", -1, Author(evil, evil)),), poll=Poll(("a", ("b", "c"))),
            extra={"a": evil, "b": [evil]}), Item(None, ""), 7, Item("n" * 5000, ""), Item("n" * 5001, "")],
            {"at": evil}, title=evil, interval=float("inf"), total="9", deleted=("a", 7), moved_to=evil)
"""
    install("rude", HEAD + item)
    [page] = await pages_of("rude")
    assert len(page.items) == 3 and len({item.native_id for item in page.items}) == 3
    for each in page.items:
        proper(each)
    first = page.items[0]
    assert (first.title, first.native_id, first.url, len(first.text)) == ("ab c", "ab c", "", 400_000)
    assert first.tags == ("a", "ab c") and first.media == () and first.links[0].url == "https://example.org/a%20b"
    assert (first.points, first.comments, first.published, first.author) == (None, None, None, None)
    assert first.sightings[0].how == "link" and first.poll is not None and first.poll.options == (("b", None),)
    assert (page.title, page.interval, page.total, page.deleted) == ("ab c", None, None, ("a",))


def test_recognising_never_fails_and_never_speaks_for_another(install: Any) -> None:
    install("good", HEAD + "        yield Page((), {})")
    install("broken", "raise SystemExit")
    found = adapters.load("good").recognise("x:1")
    assert found == Suggestion("good", "x:1", "red", {"address": "x:1"})
    assert adapters.load("broken").recognise("x:1") is None


def test_damaged_metadata_and_odd_names_hide_nobody(install: Any) -> None:
    install("good", HEAD)
    install("latin", "", "[penchant.adapters]\n\xe9t\xe9 = x:y\n")
    install("odd", "", "[penchant.adapters]\na b = x:y\nrss = plug_odd:A\n-x = y:z\n")
    install("damaged", "", "[penchant.adapters\nno = [[[")
    assert adapters.names() == (*adapters.BUILTIN, "good")
    assert type(adapters.load("rss")).__module__ == "penchant.adapters.rss"
    with pytest.raises(KeyError):
        adapters.load("latin")


async def test_the_child_ends_with_the_visit(install: Any, tmp_path: Path) -> None:
    mark = tmp_path / "alive"
    body = f"""
        yield Page((), {{}})
        while True:
            open({str(mark)!r}, "w").write(str(time.time()))
            time.sleep(0.05)
"""
    install("long", HEAD + body)
    async with Client() as client:
        pages: Any = adapters.load("long").fetch(client, {}, {})
        await anext(pages)
        while not mark.exists():
            await asyncio.sleep(0.02)
        await pages.aclose()
    before = mark.read_text()
    time.sleep(0.3)
    assert mark.read_text() == before


async def test_only_its_own_source_suffers(install: Any, tmp_path: Path) -> None:
    install("bad", "import sys; sys.exit(3)")
    install("fine", HEAD + "        yield Page((Item('1', 'https://example.org', 'One'),), {'n': 1})")
    with Store.open(tmp_path / "archive.db", role="worker") as store:
        store.subscriptions.add("bad", "bad:1", settings={})
        store.subscriptions.add("fine", "fine:1", settings={})
        async with Client() as client:
            visits = await sync_once(store, client, store.subscriptions.all())
        assert [visit.new for visit in visits] == [0, 1]
        bad, fine = store.subscriptions.all()
        assert "'bad'" in bad.error and "sys.exit" in bad.error and bad.failures == 1
        assert fine.error == "" and fine.interval >= 700
