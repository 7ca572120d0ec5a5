"""Every carrier on a tiny model in a real child: it changes what texts are worth, and undoing leaves nothing of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app.config import Config
from penchant.app.lab.arms import mixed
from penchant.app.llm.choose import open_voice
from penchant.app.paths import Paths
from penchant.app.voice import reader, shelf, words
from penchant.app.voice.carriers import ALL, CannotCarry, Tools, make
from penchant.app.voice.carriers.mapped import virtual
from penchant.app.voice.carriers.rows import Rows
from penchant.app.voice.carriers.summary import moved, sentences
from penchant.app.voice.carriers.vector import LOUD, LOUDEST, layers_of, loudness, steering
from penchant.app.voice.shelf import StoreShelf
from penchant.app.voice.values import Carried, Reader, Taste, Text, ratio

TEXTS = [words.scored("the night train leaves at ten"), words.scored("interest rates rise again")]


@pytest.fixture
async def voice(tiny: Path, tmp_path: Path) -> AsyncIterator[Any]:
    async with open_voice(str(tiny), Config(), Paths.under(tmp_path), context=512) as found:
        yield found


@pytest.fixture
def tools(world: Any, tmp_path: Path) -> Tools:
    return Tools(StoreShelf(world.call, Paths.under(tmp_path)), tokens=200)


def everything(world: Any) -> Reader:
    return replace(reader.of(world.store), description="night trains")


@pytest.mark.parametrize("name", [name for name in ALL if name not in ("none", "lora", "soft", "summary")])
async def test_each_carrier_tells_texts_apart_and_writes(name: str, world: Any, voice: Any, tools: Tools) -> None:
    world.decide()
    taste = await make(name, tools).taste(everything(world), voice)
    values = await ratio(voice, taste, TEXTS)
    assert all(isinstance(value, float) for value in values) and abs(values[0] - values[1]) > 1e-6  # type: ignore[operator]
    plain = await voice.loglik(TEXTS, Carried(history=words.PLAIN))
    assert await voice.loglik(TEXTS, taste.toward) != plain
    assert await voice.loglik(TEXTS, Carried(history=words.PLAIN)) == plain, "nothing of it stays in the model"
    said = [piece async for piece in voice.write("Write.", 6, taste.toward, seed=1, temperature=1.0)]
    assert said


async def test_a_reader_of_whom_nothing_is_known_is_refused_in_words(voice: Any, tools: Tools) -> None:
    for name in ALL:
        if name == "none":
            taste = await make(name, tools).taste(Reader(), voice)
            assert taste.toward == taste.away
            continue
        with pytest.raises(CannotCarry) as refused:
            await make(name, tools).taste(Reader(), voice)
        assert refused.value.hint, name


async def test_undoing_a_like_leaves_nothing_of_it_in_the_vector(world: Any, voice: Any, tools: Tools) -> None:
    world.decide()
    carrier = make("vector", tools)
    first = await carrier.taste(reader.of(world.store), voice)
    assert first.toward.steer is not None
    before = first.toward.steer.read_bytes()
    wrong = world.say("like", world.OTHERS[3], 50)
    await carrier.taste(reader.of(world.store), voice)
    assert first.toward.steer.read_bytes() != before
    world.undo(wrong)
    await carrier.taste(reader.of(world.store), voice)
    assert first.toward.steer.read_bytes() == before


async def test_the_dial_turns_taste_round_and_off(world: Any, voice: Any, tools: Tools) -> None:
    world.decide()
    found = {}
    for dial in (1.0, 0.0, -1.0):
        taste = await make("vector", tools).taste(replace(reader.of(world.store), dial=dial), voice)
        one, other = await ratio(voice, taste, TEXTS)
        assert one is not None and other is not None
        found[dial] = one - other
        assert bool(taste.note) == (dial == 0.0)
    assert found[0.0] == pytest.approx(0.0, abs=1e-6) and found[1.0] * found[-1.0] < 0.0


async def test_a_text_is_read_once_and_what_is_forgotten_goes(world: Any, voice: Any, tools: Tools) -> None:
    world.decide()
    asked: list[str] = []
    real = voice.states

    async def states(texts: Any, layers: Any = ()) -> Any:
        asked.extend(texts)
        return await real(texts, layers)

    voice.states = states
    await make("vector", tools).taste(reader.of(world.store), voice)
    assert len(asked) == len(set(asked)) == 24
    world.say("like", world.OTHERS[0], 60)
    await make("vector", tools).taste(reader.of(world.store), voice)
    assert asked[24:] == [world.OTHERS[0]]
    path = shelf.file_of(tools.shelf, "states", voice.key)
    layers = layers_of(voice.ready.layers)
    rows = Rows(path, f"{voice.key} {list(layers)}", len(layers) * voice.ready.width)
    assert rows.has(world.OTHERS[0])
    await rows.forget_others(world.LIKED)
    again = Rows(path, f"{voice.key} {list(layers)}", len(layers) * voice.ready.width)
    assert not again.has(world.OTHERS[0]) and again.has(world.LIKED[0])


async def test_damaged_rows_are_read_again_and_another_models_are_not_taken(tmp_path: Path) -> None:
    async def read(texts: Any) -> Any:
        return [np.full(4, len(text), "<f4").tobytes() for text in texts]

    path = tmp_path / "rows"
    rows = Rows(path, "one", 4)
    await rows.fill(["a", "bb"], read)
    assert Rows(path, "one", 4).of(["bb", "a"]).tolist() == [[2.0] * 4, [1.0] * 4]
    assert not Rows(path, "other", 4).has("a") and not Rows(path, "one", 5).has("a")
    path.write_bytes(path.read_bytes()[:-3])
    assert not Rows(path, "one", 4).has("a")


async def test_a_summary_is_written_once_until_much_has_changed(world: Any, tools: Tools) -> None:
    asked: list[str] = []

    class Says:
        name = key = "says"
        can: frozenset[str] = frozenset()

        async def write(self, user: str, tokens: int, carried: Carried, **_: Any) -> Any:
            asked.append(user)
            for piece in ("They like night\x1b trains", " and the sea. They al"):
                yield piece

    world.decide()
    voice: Any = Says()
    taste = await make("summary", tools).taste(reader.of(world.store), voice)
    assert "They like night" in taste.toward.system and "They al" not in taste.toward.system
    await make("summary", tools).taste(reader.of(world.store), voice)
    assert len(asked) == 1 and world.LIKED[-1] in asked[0]
    for at, text in enumerate(world.OTHERS[:14]):
        world.say("like", text, 100 + at)
    await make("summary", tools).taste(reader.of(world.store), voice)
    assert len(asked) == 2


def test_when_a_summary_is_old() -> None:
    liked = [Text(number, "x") for number in range(10)]
    assert moved(None, liked) and moved([], liked) and not moved(list(range(10)), liked)
    assert moved([*range(10), 77], liked), "one of its likes was taken back"
    assert not moved(list(range(5, 10)), liked) and moved([9], liked)
    assert sentences("This one is long enough. Two is") == "This one is long enough."
    assert sentences("no end") == "no end"
    again = "They like trains a lot. They like it. They like trains a lot. And on. And"
    assert sentences(again) == "They like trains a lot. They like it."


async def test_a_text_is_scored_no_louder_by_the_dial_than_at_one(world: Any, voice: Any, tools: Tools) -> None:
    world.decide()
    found = {}
    for dial in (0.5, 1.0, 2.0, -2.0):
        taste = await make("vector", tools).taste(replace(reader.of(world.store), dial=dial), voice)
        ((more, less),) = taste.scored
        assert taste.toward.strength == dial and more.strength == -less.strength and more.steer == less.steer
        assert more.steer != taste.toward.steer
        found[dial] = more.strength
    assert found == {0.5: 0.5, 1.0: 1.0, 2.0: 1.0, -2.0: -1.0}


@pytest.mark.parametrize("apart", [0.2, 1.0, 5.0])
def test_a_text_is_scored_as_loudly_whether_likes_differ_little_or_much(apart: float) -> None:
    rng, layers = np.random.default_rng(3), (1, 3)
    liked, skipped = rng.standard_normal((200, 2 * 50)), rng.standard_normal((200, 2 * 50)) * 2.0
    liked[:, 0] += 20.0 * apart
    liked[:, 50] += 30.0 * apart
    loud = loudness(liked, skipped, layers, 5)
    made = steering(liked, skipped, layers, 5, 50) * loud[:, None]
    spread = np.sqrt(50 * (1.0 + 4.0) / 2)
    assert np.linalg.norm(made, axis=1)[list(layers)] / spread == pytest.approx([LOUD, LOUD], rel=0.1)
    assert not made[[0, 2, 4]].any() and (loud <= LOUDEST).all()


def test_a_difference_that_is_hardly_more_than_chance_is_not_made_loud_without_end() -> None:
    rng = np.random.default_rng(3)
    liked, skipped = rng.standard_normal((2, 200, 100))
    assert (loudness(liked, skipped, (1, 3), 5)[[1, 3]] == LOUDEST).all()


def test_likes_that_are_as_skips_make_no_noise() -> None:
    same = np.random.default_rng(4).standard_normal((20, 6))
    assert not (steering(same, same, (1,), 2, 6) * loudness(same, same, (1,), 2)[:, None]).any()


async def test_a_ratio_is_the_mean_over_its_pairs_and_nothing_where_one_of_them_cannot_tell() -> None:
    class Told:
        name, can = "told", frozenset({"likelihood"})

        async def loglik(self, texts: Any, carried: Carried) -> list[float | None]:
            asked.append((carried.history, list(texts)))
            return [
                None if (text, carried.history) == ("b", "y") else len(text) * ord(carried.history) for text in texts
            ]

    asked: list[Any] = []
    pairs = tuple((Carried(history=one), Carried(history=other)) for one, other in (("c", "a"), ("y", "x")))
    told = await ratio(Told(), Taste(*pairs[0], pairs=pairs), ["aa", "b", "c"])  # type: ignore[arg-type]
    assert told == [3.0, None, 1.5]
    assert asked[-1] == ("x", ["aa", "c"]), "what one cannot tell is not tried under the next"
    assert await ratio(Told(), Taste(*pairs[0]), ["aa"]) == [4.0]  # type: ignore[arg-type]


def test_a_mix_scores_under_the_words_of_one_and_the_numbers_of_the_other() -> None:
    told = tuple((Carried(history=f"likes {n}"), Carried(history=f"skips {n}")) for n in range(3))
    near, far = Path("near"), Path("far")
    loud = ((Carried(steer=far, strength=1.0), Carried(steer=far, strength=-1.0)),)
    mix = mixed(Taste(*told[0], pairs=told), Taste(Carried(steer=near), Carried(steer=near, strength=-1.0), pairs=loud))
    assert mix.toward == Carried(history="likes 0", steer=near)
    assert [one.history for one, _ in mix.scored] == ["likes 0", "likes 1", "likes 2"]
    assert {(one.steer, one.strength, other.strength) for one, other in mix.scored} == {(far, 1.0, -1.0)}


@given(st.integers(1, 150), st.integers(0, 150), st.integers(10, 400), st.integers(3, 60))
def test_a_history_is_dealt_out_into_short_ones(likes: int, skips: int, tokens: int, words_each: int) -> None:
    sides = [
        tuple(Text(n + 1_000 * side, f"{kind} {n} " + "goes by " * (words_each // 2)) for n in range(count))
        for side, (kind, count) in enumerate((("train", likes), ("bank", skips)))
    ]
    carrier = make("history", Tools(shelf.MemoryShelf(Path("nowhere")), tokens=tokens))
    taste = asyncio.run(carrier.taste(Reader(sides[0], sides[1]), None))  # type: ignore[arg-type]
    seen: list[str] = []
    for toward, away in taste.scored:
        both = [[line for line in side.history.splitlines() if line.startswith("- ")] for side in (toward, away)]
        assert all("train" in line for line in both[0]) and all("bank" in line for line in both[1])
        assert len(both[0]) == len(both[1]) or not taste.pairs, "a longer list is likelier to go on"
        assert all(words.tokens(side.history) <= tokens + 10 for side in (toward, away))
        assert both[0] == sorted(both[0], key=lambda line: -int(line.split()[2])), "the latest stands last"
        seen += both[0] + both[1]
    assert len(seen) == len(set(seen)), "each is told once"
    assert len(taste.scored) <= 4 and (len(taste.scored) > 1) <= (min(likes, skips) >= 16)
    latest = f"-{words.scored(sides[0][0].text)}"
    if words.tokens(latest) <= tokens and (taste.pairs or not skips):
        assert taste.toward.history.endswith(f"{latest}-"), "the very latest is told"


@pytest.mark.parametrize(("likes", "skips", "pairs"), [(80, 80, 4), (80, 24, 3), (15, 80, 1), (3, 3, 1)])
def test_as_many_short_histories_as_there_are_lines_for(likes: int, skips: int, pairs: int) -> None:
    sides = [tuple(Text(n + 1_000 * side, f"line {n} of {side}") for n in range(count)) for side, count in
             enumerate((likes, skips))]  # fmt: skip
    carrier = make("history", Tools(shelf.MemoryShelf(Path("nowhere")), tokens=700))
    assert len(asyncio.run(carrier.taste(Reader(*sides), None)).scored) == pairs  # type: ignore[arg-type]


@given(st.integers(1, 200))
def test_layers_are_inside_the_model_and_never_the_first(count: int) -> None:
    found = layers_of(count)
    assert all(0 < layer < max(count, 2) for layer in found) and list(found) == sorted(set(found)) and found


def test_the_map_gives_readers_what_their_texts_are_made_of() -> None:
    rng = np.random.default_rng(0)
    true = rng.standard_normal((8, 12))
    x = rng.standard_normal((400, 8))
    y = x @ true + 3.0
    one, other = x[:20].mean(axis=0) + np.eye(8)[0], x[20:40].mean(axis=0) - np.eye(8)[0]
    made = virtual(x, y, [one, other], 3)
    assert made[0].shape == (3, 4)
    apart = (made[0] - made[1]).ravel()
    wanted = (one - other) @ true
    assert float(apart @ wanted / np.linalg.norm(apart) / np.linalg.norm(wanted)) > 0.99


async def test_tuned_tokens_say_that_they_are_not_there_yet_and_then_are(world: Any, voice: Any, tools: Tools) -> None:
    world.decide()
    with pytest.raises(CannotCarry, match="not tuned yet"):
        await make("soft", replace(tools, seconds=0.0)).taste(reader.of(world.store), voice)
    with pytest.raises(CannotCarry, match="being tuned") as why:
        await make("soft", replace(tools, seconds=0.01)).taste(reader.of(world.store), voice)
    kept = shelf.read(world.store, "soft", voice.key)
    assert kept is not None and kept.facts["more"] and "being tuned" in str(why.value)
    job = kept.data
    world.say("like", world.OTHERS[0], 70)
    with pytest.raises(CannotCarry):
        await make("soft", replace(tools, seconds=0.01)).taste(reader.of(world.store), voice)
    again = shelf.read(world.store, "soft", voice.key)
    assert again is not None and again.data == job, "a job that has begun is not changed under its feet"


async def test_an_adapter_that_is_not_there_or_is_none_is_refused(
    world: Any, voice: Any, tools: Tools, tiny: Path, tmp_path: Path
) -> None:
    world.decide()
    with pytest.raises(CannotCarry, match="no adapter file"):
        await make("lora", replace(tools, lora=str(tmp_path / "no.gguf"))).taste(reader.of(world.store), voice)
    taste = await make("lora", replace(tools, lora=str(tiny))).taste(reader.of(world.store), voice)
    with pytest.raises(Exception, match="no adapter"):
        await voice.loglik(TEXTS, taste.toward)


@pytest.mark.parametrize("count", [10, 100])
async def test_what_it_costs_does_not_grow_with_the_likes(count: int, voice: Any, tools: Tools) -> None:
    sides = [tuple(Text(n + 1_000 * side, f"{kind} {n} goes by") for n in range(count)) for side, kind in
             enumerate(("train", "bank"))]  # fmt: skip
    for name in ("vector", "map", "deep"):
        taste = await make(name, tools).taste(Reader(sides[0], sides[1], upto=count), voice)
        assert taste.tokens == {"vector": 0, "map": 4, "deep": 8}[name]
        file = taste.toward.steer or taste.toward.soft or taste.toward.deep
        assert file is not None and taste.toward.history == words.PLAIN
        assert file.stat().st_size < 200_000


def test_a_job_of_tuning_is_old_once_a_quarter_of_its_texts_are_others() -> None:
    from penchant.app.voice.carriers import soft

    def reader(liked: range, skipped: range) -> Reader:
        sides = ([Text(n, f"text number {n}") for n in side] for side in (liked, skipped))
        return Reader(*(tuple(side) for side in sides))

    job = soft.sides(reader(range(32), range(100, 108)))
    assert [len(job[side]) for side in ("liked", "skipped")] == [8, 8], "as many of either"
    assert not soft.moved(job, reader(range(32), range(100, 108))), "likes that had no skip beside them are no news"
    assert not soft.moved(job, reader(range(-4, 8), range(100, 108)))
    assert soft.moved(job, reader(range(-5, 8), range(100, 108)))
    assert soft.moved(job, reader(range(100, 108), range(8))), "what was liked is skipped now"
