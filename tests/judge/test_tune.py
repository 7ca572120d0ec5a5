"""Tuning with forward passes only: pure steps, real children that are killed, what is adopted and what is not."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import signal
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from penchant.app.errors import PenchantError
from penchant.app.judge import statefile
from penchant.app.judge.carried import SOFT, load
from penchant.app.judge.tuning import Plan, answering, area, begin, centre, drawn, held_out, loss, parted, stepped
from penchant.app.voice.values import Carried

needs_llama = pytest.mark.skipif(
    importlib.util.find_spec("llama_cpp") is None, reason="llama-cpp-python is not installed: penchant[judge]"
)
OWLS = [f"an owl hoots in forest {n}" for n in range(16)]
TRAMS = [f"TRAM {n} 99.9% RUNS 17:0{n % 10}" for n in range(16)]
PLAN = {"steps": 24, "every": 4, "batch": 16, "seed": 3, "rate": 0.05}


def test_steps_find_the_lowest_place_of_a_bowl() -> None:
    plan, target = Plan(rate=0.05, reach=0.1), np.linspace(-1, 1, 8).reshape(2, 4)
    state = begin(2, 4)
    for step in range(600):
        _, signs = drawn(plan, step, [0], [1], (2, 4))
        losses = [float(((state.point + way * plan.reach * signs - target) ** 2).sum()) for way in (1, -1)]
        state = stepped(state, plan, signs, *losses)
    assert float(((state.point - target) ** 2).sum()) < 0.1 * float((target**2).sum())


def test_a_trial_that_is_no_number_moves_nothing() -> None:
    state = begin(1, 3)
    after = stepped(state, Plan(), np.ones((1, 3)), float("nan"), 1.0)
    assert after.step == 1 and not after.point.any() and after.square == 0.0


def test_losses_areas_and_who_is_held_out() -> None:
    y = np.array([1.0, 1.0, 0.0, 0.0])
    assert area(np.array([2.0, 1.0, 0.5, 0.0]), y) == 1.0 and area(np.zeros(4), y) == 0.5
    assert loss(np.zeros(4), y) == pytest.approx(np.log(2)) and centre(np.array([3.0, 1.0, 0.0, -1.0]), y) == 0.75
    mine, held = held_out(Plan(seed=1), 32)
    assert len(held) == 8 and sorted([*mine, *held]) == list(range(32))
    assert held_out(Plan(seed=1), 32)[1] == held != held_out(Plan(seed=2), 32)[1]
    texts, _ = drawn(Plan(batch=6), 5, range(10), range(10, 14), (1, 1))
    assert sum(text < 10 for text in texts) == sum(text >= 10 for text in texts) == 3


def test_words_answer_that_stand_behind_one_side_only() -> None:
    rng = np.random.default_rng(0)
    told, y = rng.normal(size=(40, 1_000)).astype(np.float32), np.repeat([1.0, 0.0], 20)
    told[:20, 7] += 4
    told[20:, 9] += 4
    yes, no, scale = answering(told, y)
    told[0, 11], told[1:20, 11] = 900.0, 0.0
    each = parted(told, y)
    assert len(each) == 40 and each[0] is each[4] is each[20] is not each[1]
    assert 11 not in each[0].yes and 7 in each[0].yes, "found without the text that alone knows it"
    assert yes[0] == 7 and no[-1] == 9 and len(yes) == len(no) == 64 and not set(yes) & set(no)
    told[:, 11] = 0.0
    assert (scale * (told[:, yes].mean(1) - told[:, no].mean(1))).std() == pytest.approx(1.5, rel=1e-3)


def _model(folder: Path, seed: int = 0) -> Path:
    spec = importlib.util.spec_from_file_location("tiny_eyes", Path(__file__).with_name("tiny_eyes.py"))
    assert spec is not None and spec.loader is not None
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path: Path = module.write_text(folder / f"tiny{seed}.gguf", chat=True, seed=seed)
    return path


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _model(tmp_path_factory.mktemp("model"))


def job(folder: Path, **more: Any) -> dict[str, Any]:
    files = {"path": folder / "toward", "against": folder / "away"}
    return {"liked": OWLS, "skipped": TRAMS, **files, **PLAN, **more}


async def told(runner: Any, asked: dict[str, Any], checkpoint: Path) -> list[dict[str, Any]]:
    return [each async for each in runner.tune(asked, checkpoint)]


@needs_llama
async def test_what_is_tuned_tells_liked_from_skipped_and_is_adopted(tiny: Path, tmp_path: Path) -> None:
    from penchant.app.judge.runner import Runner

    async with Runner(str(tiny)) as runner:
        looks = await told(runner, job(tmp_path), tmp_path / "checkpoint")
        last = looks[-1]
        assert last["done"] and last["adopted"] and last["why"] and last["step"] == 24
        assert last["best_loss"] < np.log(2) and last["cpu"] > 0 and last["start_held_loss"] > 0
        ways = [Carried(soft=tmp_path / name) for name in ("toward", "away")]
        texts = ["an owl sleeps in forest 77", "", "TRAM 55 IS 33.3% LATE"]
        liked, not_liked = [await runner.loglik("Posts:\n-", [f" {text}\n" for text in texts], way) for way in ways]
        assert liked[1] is None
        owl, tram = (a - b for a, b in zip((liked[0], liked[2]), (not_liked[0], not_liked[2]), strict=True))
        assert owl > 0 > tram
        assert np.exp(liked[0]) + np.exp(not_liked[0]) == pytest.approx(1.0)
        said = ["".join([piece async for piece in runner.write("s", "u", 8, carried=way)]) for way in (None, ways[0])]
        assert said[0] == said[1], "they answer; they do not write"
        again = await told(runner, job(tmp_path, seed=4, steps=4), tmp_path / "other")
        assert again[-1]["done"] and not again[-1]["adopted"], "no better than what is there"
        assert load(tmp_path / "toward", SOFT, (await runner.ready()).name).shape == (2, 64)


@needs_llama
async def test_killed_or_cut_into_slices_it_ends_as_it_would_have(tiny: Path, tmp_path: Path) -> None:
    from penchant.app.judge.runner import Runner

    ends = []
    for name in ("whole", "killed", "sliced"):
        folder = tmp_path / name
        folder.mkdir()
        async with Runner(str(tiny)) as runner:
            if name == "killed":
                with pytest.raises(PenchantError, match="SIGKILL"):
                    async for look in runner.tune(job(folder), folder / "checkpoint"):
                        if look["step"] == 8:
                            assert runner._child is not None
                            os.kill(runner._child.pid, signal.SIGKILL)
            if name == "sliced":
                looks = await told(runner, job(folder, slice=0.0), folder / "checkpoint")
                assert not looks[-1]["done"] and looks[-1]["step"] < 24
                stream = runner.tune(job(folder), folder / "checkpoint")
                assert (await anext(stream))["step"] == 4
                await stream.aclose()
                assert await asyncio.wait_for(runner.count(["abc"]), 60) == [3]
            looks = await told(runner, job(folder), folder / "checkpoint")
            assert looks[0]["step"] > {"whole": 0, "killed": 8, "sliced": 4}[name], "what was done is not done again"
            last = looks[-1]
            ends.append(
                (
                    {k: v for k, v in last.items() if k != "cpu"},
                    load(folder / "toward", SOFT, (await runner.ready()).name),
                )
            )
    for other, rows in ends[1:]:
        assert other == ends[0][0]
        np.testing.assert_array_equal(rows, ends[0][1])


@needs_llama
async def test_killed_after_it_was_adopted_and_before_it_was_told_it_is_still_adopted(
    tiny: Path, tmp_path: Path
) -> None:
    """The tokens that are there are its own then, and may lack their other half."""
    from penchant.app.judge.runner import Runner

    async with Runner(str(tiny)) as runner:
        first = (await told(runner, job(tmp_path), tmp_path / "checkpoint"))[-1]
        model, away = (await runner.ready()).name, tmp_path / "away"
        whole = [load(tmp_path / name, SOFT, model) for name in ("toward", "away")]
        away.unlink()
        again = (await told(runner, job(tmp_path), tmp_path / "checkpoint"))[-1]
        assert again["adopted"] and first["adopted"] and again["best_loss"] == first["best_loss"]
        for name, rows in zip(("toward", "away"), whole, strict=True):
            np.testing.assert_array_equal(load(tmp_path / name, SOFT, model), rows)


@needs_llama
async def test_it_stops_when_what_was_held_out_gets_no_better(tiny: Path, tmp_path: Path) -> None:
    """Labels by the toss of a coin can be learned by heart, and tell nothing of others."""
    from penchant.app.judge.runner import Runner

    rng = np.random.default_rng(5)
    mixed = rng.permutation([f"{a} {b}" for a in ("owl", "tram", "rain", "tax") for b in "abcdefghij"]).tolist()
    asked = job(tmp_path, liked=mixed[:20], skipped=mixed[20:], steps=400, every=4, patience=3, rate=0.2)
    async with Runner(str(tiny)) as runner:
        last = (await told(runner, asked, tmp_path / "checkpoint"))[-1]
    assert last["done"] and last["step"] < 400 and "did not learn from" in last["why"]
    assert last["step"] == last["best_step"] + 12


@needs_llama
async def test_jobs_that_cannot_be_done_and_checkpoints_that_are_none(tiny: Path, tmp_path: Path) -> None:
    from penchant.app.judge.runner import Runner

    async with Runner(str(tiny)) as runner:
        for wrong in ({"liked": OWLS[:3]}, {"tokens": 99}, {"skipped": TRAMS * 20}):
            with pytest.raises(PenchantError) as failure:
                await told(runner, job(tmp_path, **wrong), tmp_path / "c")
            assert failure.value.hint
        short = job(tmp_path, steps=4)
        (tmp_path / "taken").write_text("a file where a folder should be")
        with pytest.raises(PenchantError, match="cannot be written"):
            await told(runner, short, tmp_path / "taken" / "c")
        first = (await told(runner, short, tmp_path / "c"))[-1]
        assert (statefile.facts(tmp_path / "c") or {})["kind"] == "tuning"
        (tmp_path / "c").write_bytes((tmp_path / "c").read_bytes()[:-1])
        (tmp_path / "toward").unlink()
        second = (await told(runner, short, tmp_path / "c"))[-1]
        assert second["step"] == 4 and second["loss"] == first["loss"], "begun again"
        assert runner.restarts == 0


@needs_llama
async def test_the_same_texts_with_other_labels_are_another_job(tiny: Path, tmp_path: Path) -> None:
    from penchant.app.judge.runner import Runner

    async with Runner(str(tiny)) as runner:
        first = (await told(runner, job(tmp_path, steps=4), tmp_path / "c"))[-1]
        moved = job(tmp_path, steps=4, liked=OWLS[:-1], skipped=[OWLS[-1], *TRAMS])
        looks = await told(runner, moved, tmp_path / "c")
    assert first["step"] == looks[-1]["step"] == 4 and len(looks) > 1, "nothing of the first job is gone on with"


def test_of_six_texts_two_are_held_out_and_of_fewer_none() -> None:
    assert [len(held_out(Plan(), count)[1]) for count in (0, 5, 6, 9, 16)] == [0, 0, 2, 2, 4]
