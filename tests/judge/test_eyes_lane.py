"""Pictures of items that matter get descriptions, which stand in the items' shadows and are searched."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from penchant.adapters.base import Item, Media, Page
from penchant.app.errors import PenchantError
from penchant.app.judge.sights import EACH, Shown, next_pictures
from penchant.app.judging_sights import Sightseer
from penchant.app.pictures.files import PictureFiles
from penchant.app.store import Store
from penchant.app.store.pictures_rows import Kept
from penchant.app.sync import inline

MAKER = "model:tiny"


class Describer:
    """Takes 2 CPU seconds a picture; ends of picture 3, cannot read picture 4."""

    def __init__(self) -> None:
        self.cpu, self.seen = 0.0, list[Path]()

    async def describe(self, picture: Path) -> str | None:
        self.cpu += 2.0
        self.seen.append(picture)
        number = int(picture.name[:2], 16)
        if number == 4:
            raise PenchantError("the picture is no JPEG", hint="Clear it.")
        return None if number == 3 else f"A zebra number{number}."


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as opened:
        yield opened


def fill(store: Store, files: PictureFiles, count: int) -> list[int]:
    """Items with two pictures each: item n has the pictures n and 16 + n; picture 2 has lost its files."""
    source = store.subscriptions.add("rss", "https://a.example/feed", settings={"address": "x"})
    items = tuple(
        Item(
            f"i{n}", f"https://a.example/{n}", f"Item {n}",
            media=(Media(f"https://a.example/{n}.jpg"), Media(f"https://a.example/second-{n}.jpg")),
        )
        for n in range(count)
    )  # fmt: skip
    ids = list(store.items.put_page(source, Page(items, {}), 1000.0).item_ids)
    for n, item in enumerate(ids):
        for wanted, number in zip(store.pictures.ask([item], 2000.0 + n), (n, 16 + n), strict=True):
            name = bytes([number]) * 16
            store.pictures.put([Kept(wanted.id, name, "jpeg", 8, 8, 1, 9, bytes(36), 7, "", "")], 2000.0 + n)
            if number != 2:
                files.put(name, b"thumb", b"large")
    return ids


async def test_what_matters_first_within_the_budget_and_never_twice(store: Store, tmp_path: Path) -> None:
    files, runner = PictureFiles(tmp_path / "pictures"), Describer()
    ids = fill(store, files, 6)
    order = [ids[n] for n in (5, 0, 1, 2, 3, 4)]
    seer = Sightseer(MAKER, files, [2.0])
    assert await seer.work(runner, inline(store), order, 0.0) == 0 and not runner.seen
    assert await seer.work(runner, inline(store), order, 5.0) == 2
    assert [path.name[:2] for path in runner.seen] == ["05", "00"]
    assert store.descriptions.of(bytes([5]) * 16) == {MAKER: "A zebra number5."}
    for _ in range(4):
        await seer.work(runner, inline(store), order, 7.0)
    names = [path.name[:2] for path in runner.seen]
    assert names[:5] == ["05", "00", "01", "03", "04"] and sorted(names[5:]) == [f"1{n}" for n in range(6)]
    assert store.descriptions.of(bytes([3]) * 16) == {MAKER: ""}  # it ended the model: not tried again
    assert store.descriptions.of(bytes([4]) * 16) == store.descriptions.of(bytes([2]) * 16) == {}
    assert await seer.work(runner, inline(store), order, 100.0) == 0 and len(runner.seen) == 11
    again = Sightseer(MAKER, files)  # after a restart only what failed is tried
    await again.work(runner, inline(store), order, 100.0)
    assert [path.name[:2] for path in runner.seen[11:]] == ["04"]


async def test_a_description_is_in_the_shadow_and_found(store: Store, tmp_path: Path) -> None:
    files = PictureFiles(tmp_path / "pictures")
    ids = fill(store, files, 2)
    assert await Sightseer(MAKER, files).work(Describer(), inline(store), [ids[1]], 100.0) == 2
    assert "A zebra number1." in store.descriptions.shadow(ids[1])
    assert "zebra" not in store.descriptions.shadow(ids[0])


async def test_descriptions_that_take_longer_than_the_ones_before_end_the_turn(store: Store, tmp_path: Path) -> None:
    files, runner = PictureFiles(tmp_path / "pictures"), Describer()
    ids = fill(store, files, 6)
    assert await Sightseer(MAKER, files, [0.1]).work(runner, inline(store), ids, 3.0) == 2


def test_only_the_first_pictures_of_an_item_are_described() -> None:
    album = Shown(1, tuple(bytes([n]) for n in range(9)))
    assert next_pictures([album, Shown(2, (b"x",))], (), 99) == [b"\0", b"x", *(bytes([n]) for n in range(1, EACH))]
