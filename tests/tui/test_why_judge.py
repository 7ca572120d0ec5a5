"""The judge in Why: its opinion in words, how far it is believed, a reason that streams and can be taken back."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.judging_said import Said, called, sentences
from penchant.app.judging_status import KEY, Status
from penchant.app.store import Store
from penchant.app.store.answers import Answer
from penchant.app.store.opinions import Opinion
from penchant.app.tui.awaited import UNTAKEN
from penchant.app.tui.whyjudge import Asking, opinion_lines, reason_lines
from penchant.app.types import Event

NOW = 1_000_000.0
MODEL = "gguf:SmolLM2-135M:9f86d0"
AT_WORK = Status(model=MODEL, history="12+10:aa", judged=3)


def opinion(value: float, kind: str = "likelihood", history: str = "12+10:aa", at: float = NOW - 7200) -> Opinion:
    return Opinion(kind, MODEL, value, history, at)


def texts(said: Said, trust: dict[str, float] | None = None, width: int = 200) -> str:
    return "\n".join(line.text for line in opinion_lines(said, trust or {}, width, NOW))


def test_an_opinion_in_words() -> None:
    shown = texts(Said([opinion(0.05)], AT_WORK), {"judge": 0.82, "words": 2.0})
    assert "The judge, SmolLM2-135M" in shown
    assert "After what you liked each of its words is 5 % likelier than after what you skipped" in shown
    assert "Said 2h ago, from 12 likes and 10 skips" in shown
    assert "its comparison 0.8" in shown and "2.0" not in shown and "Press e for" in shown
    assert "after what you skipped each of its words is 5 %" in sentences(Said([opinion(-0.05)], AT_WORK))[0]
    assert "alike" in sentences(Said([opinion(0.001)], AT_WORK))[0]
    assert "yes with 73 %" in sentences(Said([opinion(1.0, "yes")], AT_WORK))[0]


def test_what_it_was_formed_from_is_told_as_it_is() -> None:
    assert "10 items you never judged" in sentences(Said([opinion(0.1, history="12+10?:aa")], AT_WORK))[-1]
    assert "asked again" in sentences(Said([opinion(0.1, history="9+9:bb")], AT_WORK))[-1]
    assert "before you decided" in sentences(Said([opinion(0.1, history="9+9:bb")], AT_WORK, NOW))[-1]
    assert "before you" not in sentences(Said([opinion(0.1, at=NOW)], AT_WORK, NOW))[-1], "at once is not before"
    assert sentences(Said([opinion(0.1)], AT_WORK))[-1] == "from 12 likes and 10 skips"


def test_where_it_said_nothing_that_is_said() -> None:
    assert texts(Said()) == ""
    waiting = Said([], Status(model=MODEL, doing="it waits until you have liked 8 items (3 so far)"))
    assert "It has not judged this yet: it waits until you have liked 8 items" in texts(waiting)
    assert "the file is bad" in texts(Said([], Status(note="the file is bad")))
    assert called(None, "gguf:SmolLM2:ab") == "SmolLM2" and called(None) == ""
    mine = Status(model=MODEL, name="smollm2-135m")
    assert called(mine, MODEL) == called(mine) == "smollm2-135m" and called(mine, "gguf:Other:1") == "Other"


@given(
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["yes", "likelihood"]),
    st.text(),
    st.integers(2, 200),
)
def test_any_value_and_width(value: float, kind: str, history: str, width: int) -> None:
    lines = opinion_lines(Said([opinion(value, kind, history)], AT_WORK), {"judge": 1.0}, width, NOW)
    assert all(len(line.text) <= max(width, 2) for line in lines)


def answered(text: str = "", *, done: bool = False, error: str = "", hint: str = "", at: float = NOW + 1) -> Asking:
    return Asking("a", NOW, Answer(text, done, error, hint, at), NOW + 1)


def shown(asking: Asking | None, now: float = NOW + 2) -> str:
    return "\n".join(line.text for line in reason_lines(asking, 200, now))


def test_a_reason_is_marked_as_made_by_a_machine() -> None:
    assert shown(None) == ""
    assert "Asking the model" in shown(Asking("a", NOW))
    assert "something else first" in shown(Asking("a", NOW), NOW + 30)
    assert "reads the question" in shown(answered())
    assert "The model says, unchecked: Because of owls …" in shown(answered("Because of owls"))
    assert "unchecked: Because of owls.\n" in shown(answered("Because of owls.", done=True))
    failed = shown(answered("Because", done=True, error="the model took too long", hint="Try again."))
    assert "unchecked: Because" in failed and "The model took too long. Try again." in failed


def test_nobody_waits_for_ever() -> None:
    assert not Asking("a", NOW).gave_up(NOW + UNTAKEN - 1) and Asking("a", NOW).gave_up(NOW + UNTAKEN + 1)
    assert not answered().gave_up(NOW + UNTAKEN + 5) and answered().gave_up(NOW + Asking.silence + 5)
    assert not answered("Yes.", done=True).gave_up(NOW + 1e6)
    assert "No answer came" in shown(Asking("a", NOW), NOW + UNTAKEN + 1)


# -- on the screen
@pytest.fixture
def judged(archive: Any) -> Any:
    """Some likes and skips, and a judge that has an opinion of everything."""

    archive.read(lambda store: store.events.append(decisions(store)))
    speak(archive)
    return archive


def decisions(store: Store) -> list[Event]:
    ids = store.items.ids("newest", limit=60)
    return [Event("like" if n % 4 == 1 else "skip", ids[n]) for n in range(20, 60)]


def speak(archive: Any) -> None:
    """A judge says what it thinks of everything."""
    with Store.open(archive.paths.archive, role="worker") as store:
        hashes = store.items.hashes(store.items.ids("newest", limit=60))
        values = {text: 0.1 if n % 4 == 1 else -0.1 for n, text in enumerate(hashes.values())}
        store.opinions.put(MODEL, "likelihood", "12+10:aa", values)
        store.opinions.activate(MODEL)
        store.control.remember(KEY, AT_WORK.to_json())


async def open_why(app: Any, pilot: Any, wait: Any) -> Any:
    await pilot.press("w")
    await wait(lambda: type(app.screen).__name__ == "WhyScreen")
    rows = app.screen.query_one("WhyList")
    await wait(lambda: any("together" in line.text for line in rows.lines))
    return rows


def question(archive: Any) -> str:
    """The question as the worker gets it; "" while there is none."""
    letters = archive.read(lambda store: store.control.take())
    assert all(letter.kind == "reason" for letter in letters)
    return str(letters[0].payload["answer"]) if letters else ""


async def asked(archive: Any, wait: Any) -> str:
    return str(await wait(lambda: question(archive)))


def worker(archive: Any, step: Any) -> bool:
    with Store.open(archive.paths.archive, role="worker") as store:
        return bool(step(store))


async def test_why_shows_what_the_judge_said(judged: Any, run_app: Any, wait: Any) -> None:
    async with run_app(judged, size=(120, 60)) as (app, pilot):
        rows = await open_why(app, pilot, wait)
        await wait(lambda: any("The judge, SmolLM2-135M" in line.text for line in rows.lines))
        every = "\n".join(line.text for line in rows.lines)
        assert "11 % likelier" in every and "from 12 likes and 10 skips" in every
        await wait(lambda: any("its comparison" in line.text for line in rows.lines))


async def test_an_open_window_hears_a_judge_that_begins_to_speak(archive: Any, run_app: Any) -> None:
    archive.read(lambda store: store.events.append(decisions(store)))
    async with run_app(archive) as (app, pilot):
        assert "judge" not in await app.lessons.trust(("judge", "words"))
        speak(archive)
        for _ in range(600):
            if "judge" in await app.lessons.trust(("judge",)):
                break
            await pilot.pause(0.05)
        assert "judge" in await app.lessons.trust(("judge",))


async def test_a_reason_streams_while_the_screen_is_open(judged: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(judged) as (app, pilot):
        rows = await open_why(app, pilot, wait)
        await pilot.press("G", "e")
        name = await asked(judged, wait)
        assert worker(judged, lambda store: store.answers.begin(name, time.time()))
        await wait(lambda: any("reads the question" in text for text in lines(app)))
        for said in ("Because", "Because [b]of\x1b[31m owls"):
            assert worker(judged, lambda store, said=said: store.answers.say(name, said))
            await wait(lambda said=said: any(said[-4:] in text for text in lines(app)))
        worker(judged, lambda store: store.answers.say(name, "Because [b]of\x1b[31m owls."))
        worker(judged, lambda store: store.answers.finish(name))
        await wait(lambda: any("unchecked: Because [b]of[31m owls." in text for text in lines(app)))
        assert not any("\x1b" in text for text in lines(app))
        await pilot.press("e")
        assert await asked(judged, wait) != name, "asked again, it is asked anew"
        assert rows.current() is not None


async def test_escape_takes_the_question_back_and_then_closes(judged: Any, run_app: Any, wait: Any, lines: Any) -> None:
    async with run_app(judged) as (app, pilot):
        await open_why(app, pilot, wait)
        await pilot.press("e")
        name = await asked(judged, wait)
        await pilot.press("e", "escape")
        await wait(lambda: judged.read(lambda store: store.answers.get(name)) is None)
        assert type(app.screen).__name__ == "WhyScreen" and not question(judged), "two presses, one question"
        assert not worker(judged, lambda store: store.answers.say(name, "Too late"))
        await pilot.press("e")
        name = await asked(judged, wait)
        await pilot.press("w")
        await wait(lambda: type(app.screen).__name__ == "FeedScreen")
        await wait(lambda: judged.read(lambda store: store.answers.get(name)) is None)


async def test_a_failure_is_told_and_without_a_model_nobody_is_asked(
    judged: Any, run_app: Any, wait: Any, lines: Any
) -> None:
    async with run_app(judged) as (app, pilot):
        await open_why(app, pilot, wait)
        await pilot.press("e")
        name = await asked(judged, wait)
        worker(judged, lambda store: store.answers.finish(name, "the file is bad", "Get another."))
        await wait(lambda: any("The file is bad. Get another." in text for text in lines(app)))
        await pilot.press("escape")
        await wait(lambda: type(app.screen).__name__ == "FeedScreen")
    judged.read(lambda store: (store.control.forget(KEY), store.opinions.activate(None)))
    async with run_app(judged) as (app, pilot):
        rows = await open_why(app, pilot, wait)
        await pilot.press("e")
        await wait(lambda: any("No language model is at work" in text for text in lines(app)))
        assert not question(judged) and not any("The judge," in line.text for line in rows.lines)
