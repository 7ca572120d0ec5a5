"""The judge's eyes in their child process: real models, real deaths."""

from __future__ import annotations

import asyncio
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from penchant.app.errors import PenchantError
from penchant.app.judge.runner_eyes import SeeingRunner


@pytest.fixture(scope="module")
def tiny() -> ModuleType:
    if importlib.util.find_spec("llama_cpp") is None:
        pytest.skip("llama-cpp-python is not installed: pip install -e '.[judge,test]' (it needs a compiler)")
    spec = importlib.util.spec_from_file_location("tiny_eyes", Path(__file__).with_name("tiny_eyes.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def files(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    import PIL.Image

    folder = tmp_path_factory.mktemp("eyes")
    tiny.write_text(folder / "text.gguf", chat=True)
    tiny.write_eyes(folder / "eyes.gguf")
    tiny.write_eyes(folder / "wide.gguf", width=96)
    tiny.write_eyes(folder / "less.gguf", drop="mm.0")
    for seed in range(4):
        PIL.Image.fromarray(tiny.picture(seed, width=320, height=200)).save(folder / f"{seed}.jpg", quality=95)
    return folder


def told(files: Path) -> list[dict[str, Any]]:
    return [
        {"picture": {"path": str(files / f"{n}.jpg"), "words": ""}, "caption": f"caption {n}", "liked": n == 1}
        for n in (1, 2)
    ]


def posts(files: Path) -> list[dict[str, Any]]:
    return [{"picture": {"path": str(files / f"{n}.jpg"), "words": "words"}, "caption": "hm"} for n in (0, 3, 0)]


async def test_pictures_are_described_and_judged_in_the_child(files: Path, tmp_path: Path) -> None:
    async with SeeingRunner(str(files / "text.gguf"), eyes=files / "eyes.gguf", sights=tmp_path) as runner:
        name = await runner.eyes_name()
        assert name.startswith("tiny-eyes:") and len(name) == 22
        assert await runner.see([files / "0.jpg", files / "1.jpg"]) == [16.0, 16.0]
        said = [await runner.describe(files / f"{n}.jpg") for n in (0, 1, 0)]
        assert said[0] == said[2] and all(isinstance(each, str) for each in said)
        scores = await runner.interleaved(told(files), posts(files))
        assert scores[0] == scores[2] != scores[1] and None not in scores
        asked = await runner.question([], posts(files)[0]["picture"], ["a cat?", "a dog?"])
        assert len(set(asked)) == 2
        await runner.close()  # another child reads what the first one kept, and says the same
        assert await runner.interleaved(told(files), posts(files)) == scores
        assert await runner.describe(files / "0.jpg") == said[0]
        assert runner.restarts == 0 and runner.cpu > 0
    assert len(list(tmp_path.iterdir())) == 4


async def test_words_stand_in_where_there_are_no_eyes(files: Path) -> None:
    async with SeeingRunner(str(files / "text.gguf")) as runner:
        assert await runner.eyes_name() == ""
        scores = await runner.interleaved(told(files), posts(files))
        assert scores[0] == scores[1] == scores[2] is not None  # all are "words"
        with pytest.raises(PenchantError, match="no eyes"):
            await runner.see([files / "0.jpg"])
        with pytest.raises(PenchantError, match="no eyes"):
            await runner.describe(files / "0.jpg")


async def test_bad_eyes_are_refused_in_words_and_the_judge_goes_on(files: Path) -> None:
    async with SeeingRunner(str(files / "text.gguf"), eyes=files / "wide.gguf") as runner:
        for _ in range(2):
            with pytest.raises(PenchantError, match="96 numbers; the language model takes 64") as refused:
                await runner.describe(files / "0.jpg")
            assert "offered beside it" in refused.value.hint
        assert await runner.loglik("a cat", ["a dog"]) != [None]
        assert runner.restarts == 0
    async with SeeingRunner(str(files / "text.gguf"), eyes=files / "none.gguf") as runner:
        with pytest.raises(PenchantError, match="no vision part") as refused:
            await runner.eyes_name()
        assert "`eyes`" in refused.value.hint


async def test_a_picture_file_that_cannot_be_read_fails_alone(files: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(b"\xff\xd8\xff" + bytes(100))
    async with SeeingRunner(str(files / "text.gguf"), eyes=files / "eyes.gguf") as runner:
        with pytest.raises(PenchantError, match="no JPEG"):
            await runner.describe(tmp_path / "bad.jpg")
        assert await runner.see([tmp_path / "bad.jpg", files / "0.jpg"]) == [None, 16.0]
        assert await runner.describe(files / "0.jpg") is not None
        assert runner.restarts == 0


async def test_what_ends_the_child_twice_is_none(files: Path, tmp_path: Path) -> None:
    deadly = tmp_path / "child.py"
    deadly.write_text(
        "import os, sys\n"
        "from penchant.app.judge import child, eyes\n"
        "look = eyes.Eyes.see\n"
        "def see(self, picture, **options):\n"
        "    os.abort() if picture.name == '1.jpg' else None\n"
        "    return look(self, picture, **options)\n"
        "eyes.Eyes.see = see\n"
        "sys.exit(child.main(sys.argv))\n"
    )
    async with SeeingRunner(str(files / "text.gguf"), eyes=files / "eyes.gguf", program=(str(deadly),)) as runner:
        assert await runner.describe(files / "1.jpg") is None
        assert runner.restarts == 2
        assert await runner.describe(files / "0.jpg") is not None


async def test_a_caller_that_leaves_in_the_middle_leaves_the_runner_usable(files: Path) -> None:
    async with SeeingRunner(str(files / "text.gguf"), eyes=files / "eyes.gguf") as runner:
        await runner.ready()
        task = asyncio.create_task(runner.describe(files / "2.jpg"))
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await runner.describe(files / "0.jpg") == await runner.describe(files / "0.jpg")
