"""The judge's lane with a model that sees: a real child, real files, a real archive."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from penchant.adapters.base import Item, Media, Page
from penchant.app import judging
from penchant.app.config import Config, Models
from penchant.app.judging import child_of
from penchant.app.judging_seen import Seeing
from penchant.app.pictures.files import PictureFiles
from penchant.app.store import Store
from penchant.app.store.pictures_rows import Kept
from penchant.app.sync import inline
from penchant.app.types import Event

WORDS = ("forest", "owl", "river", "tram", "town", "bread", "garden", "winter", "song", "stone", "market", "cloud")


@pytest.fixture(scope="module")
def tiny() -> ModuleType:
    if importlib.util.find_spec("llama_cpp") is None:
        pytest.skip("llama-cpp-python is not installed: pip install -e '.[judge,test]' (it needs a compiler)")
    spec = importlib.util.spec_from_file_location("tiny_eyes", Path(__file__).with_name("tiny_eyes.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def seeing(world: Any, tiny: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """The lane of `world` gets the real child of the tiny model, with these eyes."""
    text = tiny.write_text(tmp_path / "text.gguf", chat=True)

    def choose(eyes: Path, program: str = "") -> None:
        models = Models(judge=str(text), eyes=str(eyes))

        def made(model: str, config: Config, *rest: Any) -> Any:
            world.runners.append(child_of(str(text), replace(config, models=models), *rest))
            if program:
                world.runners[-1].program = (program,)
                world.runners[-1].limits = replace(world.runners[-1].limits, backoff=0.0)
            return world.runners[-1]

        monkeypatch.setattr(judging, "child_of", made)

    return choose


def fill(world: Any, tiny: ModuleType, count: int) -> list[int]:
    """Items with a picture each, all different."""
    import io

    import PIL.Image

    files = PictureFiles(world.paths.cache / "pictures")
    with Store.open(world.paths.archive, role="cli") as store:
        source = store.subscriptions.add("rss", "https://feed.example/")
        items = tuple(
            Item(
                f"n{n}", f"https://feed.example/{n}", f"{WORDS[n % 12]} {WORDS[n // 12]} and {WORDS[(5 * n) % 11]}",
                published=1_600_000_000.0 + 60 * n, media=(Media(f"https://feed.example/{n}.jpg"),),
            )
            for n in range(count)
        )  # fmt: skip
        ids = list(store.items.put_page(source, Page(items, {}), 1_700_000_000.0).item_ids)
        for n, item in enumerate(ids):
            (wanted,) = store.pictures.ask([item], 2000.0 + n)
            name = bytes([n]) * 16
            store.pictures.put([Kept(wanted.id, name, "jpeg", 48, 40, 1, 9, bytes(36), 7, "", "")], 2000.0 + n)
            drawn = io.BytesIO()
            PIL.Image.fromarray(tiny.picture(n)).save(drawn, "JPEG")
            files.put(name, drawn.getvalue(), drawn.getvalue())
        for kind, chosen in (("like", ids[:10]), ("skip", ids[10:20])):
            store.events.append([Event(kind, item, at=time.time() - 1000) for item in chosen])
    return ids


async def test_posts_are_judged_with_their_pictures_and_described(
    world: Any, tiny: ModuleType, seeing: Callable[..., None], tmp_path: Path
) -> None:
    seeing(tiny.write_eyes(tmp_path / "eyes.gguf"))
    ids = fill(world, tiny, 30)

    def done(store: Store) -> bool:
        told = [bytes([n]) * 16 for n in range(20, 30)]
        said = all(any(maker.startswith("model:tiny-eyes:") for maker in store.descriptions.of(each)) for each in told)
        model = world.lane._keeper.model
        return said and len(store.opinions.known(model, "yes", ids)) == len(ids)

    await world.work(done)
    with Store.open(world.paths.archive) as store:
        values = store.opinions.known(world.lane._keeper.model, "yes", ids)
    assert len(set(values.values())) > 20
    assert len(list((world.paths.cache / "sights").iterdir())) == 30  # each encoded once
    assert world.runners[0].restarts == 0 and world.status().note == ""


async def test_a_picture_that_ends_the_model_costs_only_itself(
    world: Any, tiny: ModuleType, seeing: Callable[..., None], tmp_path: Path
) -> None:
    deadly = tmp_path / "child.py"
    deadly.write_text(
        "import os, sys\n"
        "from penchant.app.judge import child, eyes\n"
        "look = eyes.Eyes.see\n"
        "def see(self, picture, **options):\n"
        "    os.abort() if picture.name.startswith('03') else None\n"
        "    return look(self, picture, **options)\n"
        "eyes.Eyes.see = see\n"
        "sys.exit(child.main(sys.argv))\n"
    )
    seeing(tiny.write_eyes(tmp_path / "eyes.gguf"), str(deadly))
    ids = fill(world, tiny, 22)
    await world.work(lambda store: len(store.opinions.known(world.lane._keeper.model, "yes", ids)) == len(ids))
    assert 0 < world.runners[0].restarts < 10 and world.status().aside == ()


async def test_eyes_that_cannot_be_used_leave_a_judge_of_texts(
    world: Any, tiny: ModuleType, seeing: Callable[..., None], tmp_path: Path
) -> None:
    seeing(tiny.write_eyes(tmp_path / "wide.gguf", width=96))
    ids = fill(world, tiny, 24)
    await world.work(lambda store: len(store.opinions.known(world.lane._keeper.model, "likelihood", ids)) == 24)
    assert "does not see" in world.status().note and "96 numbers" in world.status().note
    assert "offered beside it" in world.status().hint


def test_a_history_is_liked_and_skipped_in_turn_the_latest_last(world: Any, tiny: ModuleType) -> None:
    from penchant.app.judge.history import Fold

    ids = fill(world, tiny, 24)
    seeing = Seeing(world.paths, None)  # type: ignore[arg-type]
    with Store.open(world.paths.archive) as store:
        lines = {item: f"line {n}" for n, item in enumerate(ids)}
        told = seeing.history(Fold(tuple(ids[:3]), tuple(ids[10:13]), frozenset()), lines, store)
        assert [post["caption"] for post in told] == [f"line {n}" for n in (10, 0, 11, 1, 12, 2)]
        assert [post["liked"] for post in told] == [False, True] * 3
        assert all(Path(post["picture"]["path"]).is_file() for post in told)
        PictureFiles(world.paths.cache / "pictures").remove([bytes([1]) * 16])
        (post,) = seeing.posts([(ids[1], "line 1")], store)
        assert post == {"picture": None, "caption": "line 1"}


async def test_a_runner_without_eyes_stays_closed(world: Any) -> None:
    world.fill(["one", "two"])
    with Store.open(world.paths.archive) as store:
        seeing = Seeing(world.paths, inline(store))
        await seeing.begin(world.made("/x/m.gguf"))
        assert not seeing.open and seeing.note == ""
        assert await seeing.describe(10.0, busy=False) == 0
