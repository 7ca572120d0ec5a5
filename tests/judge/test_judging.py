"""The judge's lane on a real archive: what it judges, what it leaves, what stops it, what a kill costs."""

from __future__ import annotations

import asyncio
import json
import time
from typing import Any

import pytest

from penchant.app import judging, judging_status
from penchant.app.judging_plan import History, sides
from penchant.app.store import Store
from penchant.app.store.control import Request

NAME = "gguf:m.gguf:1"
OWLS = "owls hoot in the forest number {}"
World = Any


def judged(store: Store, kind: str = "likelihood", name: str = NAME) -> int:
    return int(store.opinions.count(name, kind))


def doing(store: Store) -> str:
    found = judging_status.of(store)
    return (found.doing or found.note) if found else ""


def told(store: Store) -> tuple[int, int] | None:
    """(judged, waiting) as the status has it."""
    found = judging_status.of(store)
    return (found.judged, found.waiting) if found else None


async def test_everything_gets_an_opinion_and_the_ranking_hears_of_it(world: World) -> None:
    owls, trams = world.history()
    new = world.fill([f"owls hoot again {n}" for n in range(5)] + [f"trams run again {n}" for n in range(5)], 200)
    await world.work(lambda store: told(store) == (34, 0) and store.opinions.active() == NAME)
    values = world.read(lambda store: store.opinions.values(NAME, "likelihood", owls + trams + new))
    assert len(values) == 34
    assert min(values[n] for n in new[:5] + owls) > 0 > max(values[n] for n in new[5:] + trams)
    assert world.told, "the ranking was told"
    status = world.status()
    assert (status.model, status.judged, status.waiting, status.note) == (NAME, 34, 0, "")
    assert sides(status.history) == (12, 12, False)
    assert world.read(lambda store: store.opinions.hidden()) == (f"hidden:{NAME}", 8)
    assert world.read(lambda store: store.vectors.get_matrix(f"hidden:{NAME}", new)[1].all())


async def test_no_item_is_judged_by_a_history_that_holds_it(world: World) -> None:
    world.history()
    world.fill(["owls and trams"], 200)
    await world.work(lambda store: judged(store) == 25)
    runner = world.runner
    assert all(f"- {text.strip()}\n" not in liked + skipped for liked, skipped, text in runner.held)
    assert len(runner.prefixes) == 4, "two folds, each of two sides, read once"


async def test_what_may_be_shown_soon_comes_first_and_decided_ones_in_turn(world: World) -> None:
    world.history()
    new = world.fill([f"text {n}" for n in range(40)], 200)
    world.read(lambda store: None)
    with Store.open(world.paths.archive, role="worker") as store:
        order = [new[20], new[3]]
        store.scores.publish([(item, -5.0, 0.01, "{}") for item in new], order, 1)
    await world.work(lambda store: judged(store) == 64)
    asked = [text.strip() for text in world.runner.judged]
    first = [text for text in asked if text.startswith("text ")]
    assert list(dict.fromkeys(first))[:3] == ["text 20", "text 3", "text 39"]
    half = asked[len(asked) // 8 : len(asked) // 3]
    assert any(text.startswith("owls") for text in half) and any(text.startswith("text") for text in half)


async def test_below_eight_likes_the_judge_waits_and_loads_nothing(world: World) -> None:
    ids = world.fill([OWLS.format(n) for n in range(30)])
    world.decide("like", ids[:7])
    await world.work(lambda store: "7 so far" in doing(store))
    assert world.runner.loaded == 0 and "liked 8 items" in world.status().line()


async def test_where_nothing_was_skipped_items_never_judged_stand_in(world: World) -> None:
    ids = world.fill([OWLS.format(n) for n in range(40)])
    world.decide("like", ids[:10])
    await world.work(lambda store: judged(store) == 40)
    found = sides(world.status().history)
    assert found == (10, 10, True)
    history = History.from_json(world.read(lambda store: store.control.setting(judging_status.HISTORY)))
    assert history is not None and history.likes == tuple(ids[9::-1]) and not set(history.skips) & set(ids[:10])


async def test_stopped_anywhere_it_asks_for_nothing_twice(world: World) -> None:
    world.history()
    world.fill([f"text {n}" for n in range(60)], 200)

    def slow(runner: Any) -> None:
        runner.delay = 0.02

    world.tune = slow
    for enough in (3, 20, 50):
        await world.work(lambda store, enough=enough: judged(store) >= enough)  # type: ignore[misc]
    await world.work(lambda store: judged(store) == 84)
    pairs = [pair for runner in world.runners for pair in runner.held]
    assert len(pairs) < 84 * 2 + 4 * 16 * 4, "a stop costs the batch under way"
    kept = world.read(lambda store: store.control.setting(judging_status.CENTRES))
    assert json.loads(kept)[:2] == [NAME, world.status().history]


async def test_opinions_stay_until_the_history_has_moved(world: World) -> None:
    world.history()
    new = world.fill([f"text {n}" for n in range(10)], 200)
    await world.work(lambda store: judged(store) == 34)
    before = world.status().history
    formed = world.read(lambda store: store.opinions.of_item(new[0])[0])
    world.decide("like", new[:5], ago=-1.0)
    await world.work(world.settled)
    assert world.status().history == before and len(world.runners) == 2
    assert not world.runner.judged, "five decisions are no other history"
    world.decide("skip", new[5:8], ago=-1.0)
    history = "SELECT count(*) FROM opinions WHERE history <> ?"
    # what was decided after its opinion was formed keeps it: it never knew
    await world.work(lambda store: store.db.value(history, (before,)) == 26)
    assert world.read(lambda store: store.opinions.of_item(new[0])[0]) == formed
    assert sides(world.status().history) == (17, 15, False)


async def test_a_text_that_kills_the_model_is_set_aside_for_good_and_named(world: World) -> None:
    world.history()
    bad = world.fill(["good", "ABORT this", "fine"], 200)
    await world.work(lambda store: told(store) == (26, 0) and store.opinions.active() == NAME)
    status = world.status()
    assert status.aside == (bad[1],) and f"item {bad[1]}" in status.line()
    await world.work(world.settled)
    assert not [text for text in world.runner.judged if "ABORT" in text]


async def test_a_model_that_fails_on_most_is_blamed_in_words(world: World) -> None:
    world.history()
    world.fill([f"ABORT {n}" for n in range(40)], 200)
    await world.work(lambda store: "failed on" in doing(store))
    assert "take another" in world.status().line()


async def test_a_file_that_cannot_be_loaded_is_told_of(world: World) -> None:
    world.history()
    await world.work(lambda store: "the file is bad" in doing(store), model="/x/refuse.gguf")
    assert "Get another." in world.status().line()


async def test_the_budget_of_an_hour_survives_a_restart(world: World) -> None:
    world.history()
    world.fill([f"text {n}" for n in range(200)], 200)

    def dear(runner: Any) -> None:
        runner.cost = 0.5

    world.tune = dear
    await world.work(lambda store: "are used" in doing(store), minutes_per_hour=1.0)
    spent, done = world.status().used, world.status().judged
    assert 60.0 <= spent < 200.0 and 0 < done < 224 and world.status().waiting == 224 - done
    looks = iter(range(100))
    await world.work(lambda store: len(world.runners) == 2 and next(looks) == 20, minutes_per_hour=1.0)
    assert not world.runner.judged and world.status().judged == done


async def test_on_battery_and_with_no_minutes_nothing_is_judged(world: World) -> None:
    world.history()
    world.battery = True
    await world.work(lambda store: "battery" in doing(store))
    assert world.runner.loaded == 0
    world.battery = False
    await world.work(lambda store: "minutes_per_hour is 0" in doing(store), minutes_per_hour=0.0)
    assert world.runner.loaded == 0


async def test_while_the_reader_types_nothing_is_judged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    owls, _ = world.history()
    world.decide("open", owls[:1], ago=0.0)
    looks = iter(range(1000))
    await world.work(lambda store: bool(world.runners) and next(looks) == 20)
    assert world.runner.loaded == 0
    monkeypatch.setattr("penchant.app.judging_plan.CALM", 0.05)
    await world.work(lambda store: judged(store) == 24)


async def test_a_chat_model_of_some_size_is_asked_too(world: World) -> None:
    world.history()

    def large(runner: Any) -> None:
        runner.parameters = 2_000_000_000

    world.tune = large
    await world.work(lambda store: judged(store, "yes") == 24)
    world.tune = lambda runner: None
    await world.work(lambda store: judged(store, "yes", "gguf:small.gguf:1") == 24, model="/x/small.gguf", ask="on")


async def test_a_text_that_a_model_cannot_answer_about_is_set_aside_and_not_asked_for_ever(world: World) -> None:
    world.history()
    bad = world.fill(["good", "MUTE this", "fine"], 200)
    await world.work(lambda store: world.settled(store) and judged(store) == 27, ask="on")
    asked = [text for text in world.runner.judged if "MUTE" in text]
    await world.work(lambda store: world.settled(store) and judged(store) == 27, ask="on")
    assert world.status().aside == (bad[1],) and asked and judged_of(world, bad[1]), "its likelihood is kept"
    assert not [text for text in world.runner.judged if "MUTE" in text]


def judged_of(world: World, item_id: int) -> list[str]:
    return [opinion.kind for opinion in world.read(lambda store: store.opinions.of_item(item_id, NAME))]


async def test_another_model_takes_over_once_it_knows_enough(world: World) -> None:
    world.history()
    await world.work(lambda store: store.opinions.hidden() is not None)
    seen: set[tuple[str, bool]] = set()

    def watch(store: Store) -> bool:
        active = store.opinions.active()
        assert active is not None
        complete = judged(store, name="gguf:new.gguf:1") == 24
        seen.add((active, complete))
        return active == "gguf:new.gguf:1"

    def slow(runner: Any) -> None:
        runner.delay = 0.02

    world.tune = slow
    await world.work(watch, model="/x/new.gguf")
    assert ("gguf:new.gguf:1", False) not in seen and (NAME, False) in seen
    await world.work(lambda store: [s.name for s in store.vectors.spaces()] == ["hidden:gguf:new.gguf:1"])


async def test_another_model_chosen_under_way_is_no_fault_and_costs_nothing_twice(world: World) -> None:
    world.history()
    notes: set[str] = set()

    def switching(runner: Any) -> None:
        """While its first texts are read, the reader chooses anew, and asks for a reason."""
        runner.cost = 1.0
        if len(world.runners) > 1:
            return
        ratio, runner.delay = runner.ratio, 0.3

        async def read(*texts: Any) -> Any:
            if len(runner.judged) == 0:
                runner.cpu += 1.0
                with Store.open(world.paths.archive, role="cli") as store:
                    store.answers.ask("a", 1, "reason", time.time())
                world.lane.hear(Request("models", {}, 0.0))
                world.lane.hear(Request("reason", {"item_id": 1, "answer": "a"}, 0.0))
            return await ratio(*texts)

        runner.ratio = read

    def done(store: Store) -> bool:
        notes.add(doing(store))
        return judged(store) == 24 and bool(store.answers.get("a").done)  # type: ignore[union-attr]

    world.tune = switching
    lane = await world.work(done)
    assert [runner.final for runner in world.runners][:-1] == [True] and len(world.runners) == 2
    assert not any("another model" in note or "fault" in note for note in notes)
    await world.work(world.settled)
    spent = lane._keeper.budget.spent(time.time())
    assert spent == pytest.approx(sum(runner.cpu for runner in world.runners[:2]))


async def test_what_a_model_said_is_never_kept_under_the_name_of_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    owls, _ = world.history()

    def switching(runner: Any) -> None:
        if len(world.runners) > 1:
            return
        hidden = runner.hidden

        async def read(texts: Any) -> Any:
            found = await hidden(texts)
            monkeypatch.setattr(judging, "chosen", lambda *_: "/x/new.gguf")
            with Store.open(world.paths.archive, role="cli") as store:
                store.answers.ask("a", 1, "reason", time.time())
            world.lane.hear(Request("models", {}, 0.0))
            world.lane.hear(Request("reason", {"item_id": 1, "answer": "a"}, 0.0))
            while len(world.runners) == 1:
                await asyncio.sleep(0.01)
            return found

        runner.hidden = read

    world.tune = switching
    await world.work(lambda store: judged(store, name="gguf:new.gguf:1") == 24)
    asked = {text.strip() for text in world.runners[1].judged}
    assert len(asked) == 24, "each of them by the new model itself"
    assert not judged_of(world, owls[0])


async def test_switched_off_the_ranking_hears_none_and_the_opinions_stay(world: World) -> None:
    world.history()
    await world.work(lambda store: store.opinions.active() == NAME)
    await world.work(lambda store: store.opinions.active() is None, model="")
    assert world.read(lambda store: (judged(store), store.opinions.hidden())) == (24, None)
    assert world.read(judging_status.of) is None
    await world.work(lambda store: store.opinions.active() == NAME)
    assert not world.runner.judged, "on again at once"


@pytest.mark.parametrize("junk", ["", "{", "[]", "3", '{"judged": "x"}', '{"aside": 3}', b"\0", None, '{"used": true}'])
def test_a_status_that_cannot_be_read_is_none(junk: object) -> None:
    status = judging_status.read(junk)
    assert status is None or status.line() == ""
