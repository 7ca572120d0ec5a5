"""Drafts in the worker: written into their row and the archive, taken back, taken up again, ranked by the head."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.base import Author, Item, Page
from penchant.app.answering_lane import STILL_ASKED
from penchant.app.config import Config, Models
from penchant.app.derive import Deriver
from penchant.app.paths import Paths
from penchant.app.ranking import RankSession
from penchant.app.store import Store
from penchant.app.store.control import Request
from penchant.app.store_thread import StoreThread
from penchant.app.types import Event
from penchant.app.voice.values import LIKELIHOOD, Carried
from penchant.app.worker import FOR_LANES
from penchant.app.writing import carrying
from penchant.app.writing.desk import keep
from penchant.app.writing.making import POOL
from penchant.app.writing.values import Candidate, Progress, Wish
from penchant.app.writing_lane import KIND, Drafting

OWLS = "An owl hears the heart of a mouse under half a metre of snow."
TRAMS = "Trams climb the hills of Lisbon better than any bus ever did."
BREAD = "Rye dough wants nineteen hours in the pantry and no hurry at all."
PARENT = "What is the quietest thing that you have ever heard?"


class FakeVoice:
    """Says `answers` in turn; `asked` is what it was given."""

    name, host, key = "fake", "", "fake"
    can = frozenset({LIKELIHOOD})
    answers: Sequence[str] = (TRAMS, OWLS, BREAD)
    delay = 0.0

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.stopped = self.closed = 0

    async def write(self, user: str, tokens: int, carried: Carried, **options: Any) -> AsyncGenerator[str, None]:
        self.asked.append({"user": user, "carried": carried, **options})
        answer = self.answers[(len(self.asked) - 1) % len(self.answers)]
        try:
            for at in range(0, len(answer), 9):
                await asyncio.sleep(self.delay)
                yield answer[at : at + 9]
        finally:
            self.stopped += 1

    async def loglik(self, texts: Sequence[str], carried: Carried) -> list[float | None]:
        return [-2.0 for _ in texts]


class World:
    """An archive with posts on owls and trams, the voices that were opened."""

    def __init__(self, paths: Paths) -> None:
        self.paths, self.voices = paths, list[FakeVoice]()
        self.voice: Callable[[], FakeVoice] = FakeVoice
        texts = [f"Owls hoot {n} times in the old forest at night" for n in range(12)]
        texts += [f"Tram number {n} stops at the town hall every morning" for n in range(12)]
        with Store.open(paths.archive, role="cli") as store:
            source = store.subscriptions.add("rss", "https://feed.example/", "Feed")
            items = [Item(f"n{n}", "", "", text, Author("a:ada", "Ada"), 1e9 + n) for n, text in enumerate(texts)]
            items.append(Item("q", "https://x.example/q", "", PARENT, Author("a:bea", "Bea", "@bea@x.example"), 1e9))
            ids = store.items.put_page(source, Page(tuple(items), {}), 1.1e9).item_ids
            self.owls, self.trams, self.question = ids[:12], ids[12:24], ids[24]

    def like_owls(self) -> None:
        with Store.open(self.paths.archive, role="cli") as store:
            store.events.append([Event("like", each, at=2e9 + each) for each in self.owls])
            store.events.append([Event("skip", each, at=2e9 + each) for each in self.trams])
            deriver = Deriver(store)
            while deriver.step():
                pass
        session = RankSession(self.paths.archive)
        session.load()
        session.publish()
        session.close()

    def wrote(self) -> None:
        """Answers of the reader's own, from an import."""
        with Store.open(self.paths.archive, role="cli") as store:
            source = store.subscriptions.add("export", "twitter:me")
            items = tuple(Item(f"own{n}", "", "", f"My own dry answer, number {n}.") for n in range(6))
            ids = store.items.put_page(source, Page(items, {}), 1e9).item_ids
            store.events.append([Event("open", each, {"exported": True, "act": "authored"}, at=1e9) for each in ids])

    def read(self, question: Callable[[Store], Any]) -> Any:
        with Store.open(self.paths.archive) as store:
            return question(store)

    def ask(self, name: str, wish: Wish, ago: float = 0.0) -> list[Request]:
        with Store.open(self.paths.archive, role="cli") as store:
            store.answers.ask(name, wish.parent_id, KIND, time.time() - ago, payload=wish.payload())
            return store.control.take()

    async def work(self, until: Callable[[Store], Any], *letters: Request, judge: str = "/x/m.gguf") -> None:
        """Run the lane until something holds."""
        config = replace(Config(), models=Models(judge=judge))
        async with StoreThread(self.paths.archive) as call:
            lane = Drafting(config, self.paths, call)
            for letter in letters:
                lane.hear(letter)
            task = asyncio.create_task(lane.run())
            try:
                async with asyncio.timeout(30):
                    while not await call(until):
                        await asyncio.sleep(0.01)
            finally:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
def world(home: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    found = World(Paths.from_environment().ensure())

    @asynccontextmanager
    async def opened(*_: Any) -> AsyncIterator[FakeVoice]:
        found.voices.append(found.voice())
        yield found.voices[-1]
        found.voices[-1].closed += 1

    monkeypatch.setattr(carrying, "opened", opened)
    monkeypatch.setattr("penchant.app.writing.desk.opened", opened)
    return found


def done(name: str = "a") -> Callable[[Store], bool]:
    return lambda store: (answer := store.answers.get(name)) is not None and answer.done


def drafts(world: World, name: str = "a") -> list[Any]:
    row = world.read(lambda store: store.answers.get(name))
    return [world.read(lambda store, each=each: store.drafts.get(each)) for each in row.payload["drafts"]]


async def test_a_reply_is_written_into_the_archive_and_ranked_by_the_head(world: World) -> None:
    world.like_owls()
    letters = world.ask("a", Wish("reply", world.question))
    assert [letter.kind for letter in letters] == [KIND] and KIND in FOR_LANES
    await world.work(done(), *letters, *letters)
    row = world.read(lambda store: store.answers.get("a"))
    assert not row.error and row.payload["state"] == "done" and row.payload["arm"] == "history"
    found = drafts(world)
    assert {each.text for each in found} == {OWLS, TRAMS, BREAD} and found[0].text == OWLS, "what is liked stands first"
    chances = {each.text: each.facts["probability"] for each in found}
    assert chances[OWLS] > chances[BREAD] > chances[TRAMS]
    assert all(each.kind == "reply" and each.parent_id == world.question and each.state == "offered" for each in found)
    (voice,) = world.voices
    assert PARENT in voice.asked[0]["user"] and "Owls hoot" in voice.asked[0]["carried"].system and voice.closed == 1
    assert "Owls hoot" not in voice.asked[0]["user"], "taste is the carrier's"


async def test_style_is_what_the_reader_wrote_and_nothing_that_they_liked(world: World) -> None:
    world.like_owls()
    world.wrote()
    await world.work(done(), *world.ask("a", Wish(topic="silence", count=1)))
    asked = world.voices[0].asked[0]
    assert "silence" in asked["user"] and len(asked["turns"]) == 4
    assert all("dry answer" in answered for _, answered in asked["turns"])
    assert "dry answer" not in asked["carried"].system


async def test_a_post_about_anything_starts_from_what_was_liked_each_from_another(world: World) -> None:
    world.like_owls()
    await world.work(done(), *world.ask("a", Wish(count=3)))
    users = [each["user"] for each in world.voices[0].asked]
    assert all("Owls hoot" in user for user in users) and len(users) == POOL * 3
    assert len(set(users)) == len(users), "once every liked text was a subject, the next time from another angle"
    await world.work(done("b"), *world.ask("b", Wish(count=1, arm="none")))
    assert "Owls hoot" not in world.voices[-1].asked[0]["user"] and not world.voices[-1].asked[0]["carried"].system


async def test_what_stood_until_others_were_chosen_is_put_away(world: World) -> None:
    world.like_owls()

    class Chatty(FakeVoice):
        answers = (
            TRAMS,
            BREAD,
            OWLS,
            "Owls hoot, and the old forest answers at night.",
            "In the old forest the owls hoot at night, and nobody minds.",
            "A forest at night is never quiet: owls hoot in it.",
        )

    world.voice = Chatty
    letters = world.ask("a", Wish(topic="night", count=2))
    await world.work(done(), *letters)
    chosen = {each.text for each in drafts(world)}
    assert len(chosen) == 2 and not chosen & {TRAMS, BREAD}, "owls are liked, trams and bread are not"
    rest = world.read(lambda store: [each for each in store.drafts.list() if each.text in (TRAMS, BREAD)])
    assert {(each.state, each.facts["spare"]) for each in rest} == {("dropped", True)}


def test_what_the_reader_did_something_with_is_not_put_away(world: World) -> None:
    def kept(store: Store) -> list[str]:
        wish, known = Wish(topic="night"), dict[str, str]()
        ids = keep(store, wish, Progress("choosing", offered=[Candidate(text) for text in "abcde"]), known)
        store.drafts.as_item(ids[0])
        store.drafts.edit(ids[1], "mine")
        store.drafts.state(ids[2], "kept")
        again = keep(store, wish, Progress("choosing", offered=[Candidate("a")]), known)
        assert again == ids[:1] and store.drafts.get(ids[3]).state == "offered", "only at the end"  # type: ignore[union-attr]
        keep(store, wish, Progress("done", offered=[Candidate("f")]), known)
        return [store.drafts.get(each).state for each in [*ids, known["f"]]]  # type: ignore[union-attr]

    with Store.open(world.paths.archive, role="worker") as store:
        assert kept(store) == ["offered", "offered", "kept", "dropped", "dropped", "offered"]


async def test_without_likes_it_writes_and_says_that_nothing_ranked_it(world: World) -> None:
    await world.work(done(), *world.ask("a", Wish(topic="trams", count=1)))
    row = world.read(lambda store: store.answers.get("a"))
    assert row.payload["arm"] == "none" and any("too few likes" in note for note in row.payload["notes"])
    assert "probability" not in drafts(world)[0].facts


async def test_what_a_worker_left_is_taken_up_and_what_is_taken_back_stops_the_model(world: World) -> None:
    world.ask("left", Wish(topic="owls", count=1))
    world.ask("old", Wish(topic="owls", count=1), ago=2 * STILL_ASKED)
    await world.work(done("left"))
    assert not world.read(lambda store: store.answers.get("old")).done
    letters = world.ask("a", Wish(topic="owls"))
    FakeVoice.delay = 0.02

    def begun(store: Store) -> bool:
        answer = store.answers.get("a")
        if answer is not None and answer.text:
            store.answers.take_back("a")
        return bool(world.voices[1:] and world.voices[-1].stopped)

    try:
        await world.work(begun, *letters)
    finally:
        FakeVoice.delay = 0.0
    assert world.read(lambda store: store.answers.get("a")) is None and len(world.voices[-1].asked) == 1


@pytest.mark.parametrize(
    ("wish", "judge", "words"),
    [
        (Wish("reply", 10**6), "/x/m.gguf", "no longer in the archive"),
        (Wish(topic="x"), "", "no language model is installed"),
        (Wish(topic="x", arm="typed"), "/x/m.gguf", "have not said yet what you like"),
    ],
)
async def test_failures_are_told_in_words(world: World, wish: Wish, judge: str, words: str) -> None:
    await world.work(done(), *world.ask("a", wish), judge=judge)
    row = world.read(lambda store: store.answers.get("a"))
    assert words in row.error and row.hint


async def test_nothing_but_copies_is_an_error_in_words(world: World) -> None:
    class Parrot(FakeVoice):
        answers = ("Owls hoot 3 times in the old forest at night, I say",)

    world.voice = Parrot
    await world.work(done(), *world.ask("a", Wish(topic="owls", count=1)))
    row = world.read(lambda store: store.answers.get("a"))
    assert "nothing that the model wrote was fit" in row.error and "3 repeats the archive" in row.error
    assert world.read(lambda store: store.drafts.list()) == []
