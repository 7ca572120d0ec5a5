"""Names of interests by a language model, the commands, and what a reader's own name does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.adapters.base import Item, Page
from penchant.app import interests_lane
from penchant.app.config import Config
from penchant.app.errors import PenchantError
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.store.interests import Interest, found, named
from penchant.app.types import Event


def interest(key: str = "abcdef012345") -> Interest:
    return Interest(key, "space", b"\0\0\x80?", 3, "owl, forest", "", 1.0, (int(key[:4], 16), 2), 0.4, 2, 3)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ('Name: "Owls and Forests."\nBecause', "Owls and Forests"),
        ("**Night Trains**", "Night Trains"),
        ("I'm sorry, I cannot", ""),
        ("Here are four words", ""),
        ("A long sentence that names nothing at all here", ""),
        ("The owl at night", ""),
        ("see https://x.example", ""),
        ("\x1b[2J", ""),
        ("", ""),
    ],
)
def test_only_a_name_is_a_name(said: str, name: str) -> None:
    assert interests_lane.name_of(said, ["The owl at night"]) == name


@given(st.text(max_size=200))
def test_any_answer_gives_a_short_clean_line_or_nothing(said: str) -> None:
    name = interests_lane.name_of(said, [])
    assert len(name) <= 40 and name.isprintable() and "\n" not in name


class Model:
    """Stands for a runner: says what it is told to."""

    answers: list[str]

    def __init__(self, *_: Any, **__: Any) -> None:
        self.asked = 0

    async def __aenter__(self) -> Model:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def write(self, system: str, user: str, tokens: int, *, stop: str = "") -> AsyncGenerator[str, None]:
        said = self.answers.pop(0)
        for piece in said:
            yield piece


async def test_missing_names_are_asked_for_once_and_a_refusal_leaves_the_words(home: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("penchant.app.judge.runner.Runner", Model)
    monkeypatch.setattr(interests_lane, "chosen", lambda *_: "a model")
    paths = Paths.from_environment().ensure()
    with Store.open(paths.archive, role="cli") as store:
        store.interests.replace([interest(), interest("fedcba543210"), interest("0123456789ab")])
        store.events.append([named("0123456789ab", "Mine")])

        async def call(question: Any) -> Any:
            return question(store)

        refused: dict[tuple[int, ...], float] = {}
        Model.answers = ["Night Owls", "I cannot do that"]
        await interests_lane._name(Config(), paths, call, refused)
        titles = {each.key: each.title for each in store.interests.all()}
        assert sorted(titles.values()) == ["Mine", "Night Owls", "owl, forest"]
        await interests_lane._name(Config(), paths, call, refused)
        assert Model.answers == [], "neither the named, nor the reader's, nor at once again the refused one"


def test_a_name_comes_too_late_for_a_cluster_that_was_fitted_anew(home: Any) -> None:
    with Store.open(Paths.from_environment().ensure().archive, role="cli") as store:
        store.interests.replace([interest()])
        store.interests.call("abcdef012345", 0.5, "Old")
        assert store.interests.all()[0].title == "owl, forest"
        partial(store.interests.call, "abcdef012345", 1.0)("New")
        assert store.interests.all()[0].title == "New"


def test_the_readers_name_wins_an_empty_one_takes_it_back_and_so_does_undo(home: Any) -> None:
    with Store.open(Paths.from_environment().ensure().archive, role="cli") as store:
        store.interests.replace([interest()])
        first, second = named("abcdef012345", "  My   owls "), named("abcdef012345", "")
        store.events.append([first])
        assert store.interests.all()[0].title == "My owls"
        store.events.append([second])
        assert store.interests.all()[0].title == "owl, forest"
        store.events.append([Event("undo", undoes=second.id)])
        assert store.interests.all()[0].title == "My owls"
        both = [interest(), interest("abffff000000")]
        assert [e.key for e in found(both, "abc")] == ["abcdef012345"] and len(found(both, "ab")) == 2
        assert len(found(both, "OWL, forest")) == 2 and found(both, "") == []


def test_commands_list_rename_and_turn(home: Any, capsys: Any) -> None:
    from penchant.app.cli import main

    assert main(["interests"]) == 0 and "No interests yet" in capsys.readouterr().err
    with Store.open(Paths.from_environment().archive, role="cli") as store:
        store.interests.replace([interest()])
    assert main(["interests", "rename", "abc", "Night\x1b[2J birds"]) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert main(["tune", "--interest", "abcdef", "2"]) == 0
    capsys.readouterr()
    assert main(["interests", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert (row["dial"], row["liked"], row["judged"], row["words"]) == (2.0, 2, 3, "owl, forest")
    assert row["name"].startswith("Night") and "\x1b" not in row["name"]
    assert main(["tune", "dials"]) == 0 and "interest\tx2" in capsys.readouterr().out
    assert main(["tune", "--interest", "nobody", "2"]) != 0
    assert main(["tune", "--interest", "abc", "much"]) != 0 and "no number" in capsys.readouterr().err


def test_the_digest_of_an_empty_archive_says_so_in_every_form(home: Any, capsys: Any, tmp_path: Any) -> None:
    from penchant.app.cli import main

    for form in ([], ["--markdown"], ["--html"], ["--json"], ["--week", "--date", "2026-01-01"]):
        assert main(["digest", *form]) == 0
        assert "Nothing came in" in capsys.readouterr().out
    assert main(["digest", "--atom", str(tmp_path / "d.atom")]) == 0 and (tmp_path / "d.atom").read_text()
    assert main(["digest", "--atom", str(tmp_path / "d.atom" / "x")]) != 0


def test_an_ambiguous_name_is_refused(home: Any) -> None:
    from penchant.app.commands.interests import one

    with Store.open(Paths.from_environment().ensure().archive, role="cli") as store:
        store.interests.replace([interest(), interest("abffff000000")])
        with pytest.raises(PenchantError, match="several"):
            one(store, "ab")


async def test_the_lane_fits_when_enough_was_liked(home: Any, monkeypatch: Any) -> None:
    paths = Paths.from_environment().ensure()
    fitted = asyncio.Event()
    monkeypatch.setattr(interests_lane, "BEGIN", 0.0)
    monkeypatch.setattr(interests_lane, "LOOK", 0.01)
    monkeypatch.setattr(interests_lane, "_refit", lambda store: (store.interests.remember({"liked": 1}), fitted.set()))
    with Store.open(paths.archive, role="cli") as store:
        number = store.subscriptions.add("rss", "https://x.example/feed")
        store.items.put_page(number, Page((Item("n1", "https://x.example/1", "One"),), {}), 1e9)

        async def call(question: Any) -> Any:
            return question(store)

        task = asyncio.create_task(interests_lane.lane(Config(), paths, call))
        await asyncio.sleep(0.05)
        assert not fitted.is_set(), "nothing was liked"
        store.events.append([Event("like", store.items.by_native("rss", "n1"))])
        await asyncio.wait_for(fitted.wait(), 20)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
