"""`a`: the question is a row, the answer streams in, numbers open items, escape takes it back."""

from __future__ import annotations

import time
from typing import Any

from penchant.app.store import Store
from penchant.app.store.answers import Answer
from penchant.app.tui.askinglines import Turn, blocks_of, copied
from penchant.app.tui.awaited import UNTAKEN
from penchant.app.types import Event

NOW = 1_700_000_000.0


# -- the lines
def turn(text: str = "", done: bool = False, error: str = "", hint: str = "", **payload: Any) -> Turn:
    return Turn("a", NOW, Answer(text, done, error, hint, NOW + 1, payload), NOW + 1, question="Why owls?")


def shown(*turns: Turn, now: float = NOW + 2, about: str = "") -> str:
    return "\n".join(block.text for block in blocks_of(turns, now, about))


SOURCE = {
    "number": 1, "item_id": 7, "title": "On\x1b[2J owls", "about": "Ada", "url": "https://x.example/", "quote": "Hoo.",
}  # fmt: skip


def test_how_an_answer_looks_on_its_way() -> None:
    assert "your archive alone" in shown() and "A title" in shown(about="A title")
    assert "Looking through" in shown(Turn("a", NOW, question="Why?"))
    assert "No worker is running" in shown(Turn("a", NOW, alone=True, question="Why?"))
    assert "reads what was found" in shown(turn(sources=[SOURCE]))
    assert "Owls hoot …" in shown(turn("Owls hoot", sources=[SOURCE]))
    over = shown(turn("Owls hoot. [1]", True, sources=[SOURCE], cited=[1], by="m", notes=["a note"]))
    assert "Owls hoot. [1]\n" in over and "▸[1] On[2J owls" in over and "unchecked" in over and "a note" in over
    assert "“Hoo.”" in over and "\x1b" not in over
    assert "The nearest there is" in shown(turn("Not in your archive.", True, sources=[SOURCE], absent=True))
    assert "It died. Try again." in shown(turn(done=True, error="it died", hint="Try again."))


def test_when_to_wait_no_longer() -> None:
    untaken = Turn("a", NOW, question="Why?")
    assert not untaken.gave_up(NOW + UNTAKEN - 1) and untaken.gave_up(NOW + UNTAKEN + 1)
    assert not turn().gave_up(NOW + Turn.silence) and turn().gave_up(NOW + Turn.silence + 2)
    assert not turn("x", True).gave_up(NOW + 1e6)
    assert "No answer came" in shown(untaken, now=NOW + UNTAKEN + 1)


def test_the_conversation_stands_below_and_is_copied_as_text() -> None:
    both = shown(turn("First.", True), Turn("b", NOW, question="And then?"))
    assert both.index("And then?") < both.index("First.")
    text = copied(turn("Owls. [1]", True, sources=[SOURCE]))
    assert text == "Why owls?\n\nOwls. [1]\n\n[1] On[2J owls https://x.example/"


# -- on the screen
def letters(archive: Any) -> list[str]:
    """Questions as the worker gets them; letters that only load the model are left out."""
    with Store.open(archive.paths.archive, role="worker") as store:
        return [str(each.payload["answer"]) for each in store.control.take() if "answer" in each.payload]


def worker(archive: Any, step: Any) -> Any:
    with Store.open(archive.paths.archive, role="worker") as store:
        return step(store)


def begin(store: Store, name: str, sources: Any) -> None:
    assert store.answers.begin(name, time.time()) and store.answers.tell(name, sources=sources)


async def asked(archive: Any, pilot: Any, wait: Any, text: str = "owls") -> tuple[str, Any]:
    """Type a question; its name, and the row."""
    await pilot.press(*text, "enter")
    found = await wait(lambda: letters(archive))
    return found[-1], archive.read(lambda store: store.answers.get(found[-1]))


def screen(app: Any) -> str:
    return type(app.screen).__name__


async def opened(app: Any, pilot: Any, wait: Any) -> None:
    await pilot.press("a")
    await wait(lambda: screen(app) == "AskScreen")
    await pilot.pause()


async def test_ask_read_and_open(archive: Any, run_app: Any, wait: Any, lines: Any) -> None:
    item = archive.read(lambda store: store.items.ids("newest", limit=1))[0]
    async with run_app(archive) as (app, pilot):
        await opened(app, pilot, wait)
        name, row = await asked(archive, pilot, wait)
        assert row.payload["question"] == "owls" and row.payload["scope"] == {} and row.payload["before"] is None
        await wait(lambda: any("No worker is running" in line for line in lines(app)))
        sources = [{**SOURCE, "item_id": item}]
        worker(archive, lambda store: begin(store, name, sources))
        await wait(lambda: any("On[2J owls" in line for line in lines(app)))
        for said in ("Owls \x1b[31mhoot", "Owls [b]hoot. [1]"):
            worker(archive, lambda store, said=said: store.answers.say(name, said))
            await wait(lambda said=said: any(said[-5:] in line for line in lines(app)))
        worker(archive, lambda store: store.answers.tell(name, cited=[1]) and store.answers.finish(name))
        await wait(lambda: any("▸[1]" in line for line in lines(app)))
        assert not any("\x1b" in line for line in lines(app))
        await pilot.press("9")
        assert screen(app) == "AskScreen"
        await pilot.press("1")
        await wait(lambda: screen(app) == "ArticleScreen")
        await pilot.press("q")
        await wait(lambda: screen(app) == "AskScreen")
        await pilot.press("a", *"then", "enter")
        second = (await wait(lambda: letters(archive)))[0]
        before = archive.read(lambda store: store.answers.get(second)).payload["before"]
        assert before == ["owls", "Owls [b]hoot. [1]"], "the exchange before goes along"
        await pilot.press("q")
        await wait(lambda: screen(app) == "FeedScreen")
        await wait(lambda: archive.read(lambda store: store.answers.get(second)) is None)
    assert "open" in archive.kinds()


async def test_escape_takes_the_question_back_and_then_closes(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await opened(app, pilot, wait)
        name, _ = await asked(archive, pilot, wait)
        await pilot.press("escape")
        await wait(lambda: archive.read(lambda store: store.answers.get(name)) is None)
        assert screen(app) == "AskScreen"
        await pilot.press("a", *"trams", "enter")
        first = (await wait(lambda: letters(archive)))[0]
        await pilot.press("a", *"bread", "enter")
        await wait(lambda: archive.read(lambda store: store.answers.get(first)) is None)
        assert not worker(archive, lambda store: store.answers.say(first, "too late")), "asking again cancels"
        await pilot.press("escape", "escape")
        await wait(lambda: screen(app) == "FeedScreen")


async def test_a_view_is_asked_and_tab_asks_everything(archive: Any, run_app: Any, wait: Any) -> None:
    ids = archive.read(lambda store: store.items.ids("newest", limit=2))
    archive.read(lambda store: store.events.append([Event("like", ids[0])]))
    async with run_app(archive) as (app, pilot):
        await pilot.press("5")
        await wait(lambda: app.screen.view == "liked")
        await opened(app, pilot, wait)
        assert "the view Liked" in app.screen.query_one("Input").placeholder
        _, row = await asked(archive, pilot, wait)
        assert row.payload["scope"] == {"query": "is:liked"}
        await pilot.press("a", "tab", *"trams", "enter")
        name = (await wait(lambda: letters(archive)))[0]
        assert archive.read(lambda store: store.answers.get(name)).payload["scope"] == {}


async def test_in_an_article_its_item_is_asked_about(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await pilot.press("enter")
        await wait(lambda: screen(app) == "ArticleScreen")
        item = app.screen.card.item_id
        await opened(app, pilot, wait)
        name, row = await asked(archive, pilot, wait)
        assert row.payload["plug"] == "auto"
        assert archive.read(lambda store: store.answers.item_of(name)) == item
        sources = [{**SOURCE, "item_id": item}]
        worker(archive, lambda store: begin(store, name, sources))
        await wait(lambda: app.screen.turns[-1].sources())
        await pilot.press("1")
        await wait(lambda: screen(app) == "ArticleScreen")


async def test_a_adds_nothing_any_more_and_capital_a_does(archive: Any, run_app: Any, wait: Any) -> None:
    async with run_app(archive) as (app, pilot):
        await pilot.press("A")
        await wait(lambda: screen(app) == "OnboardingScreen")
