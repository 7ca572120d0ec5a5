"""`penchant plug` and `penchant collection` from the shell, with a tiny model made by the tests."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from penchant.adapters.base import Item, Page
from penchant.app.cli import main
from penchant.app.paths import Paths
from penchant.app.store import Store

if importlib.util.find_spec("llama_cpp") is None:
    pytest.skip("llama-cpp-python is not installed: pip install -e '.[judge,test]'", allow_module_level=True)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(__file__).resolve().parents[1] / "judge" / "tiny_eyes.py"
    spec = importlib.util.spec_from_file_location("tiny_eyes", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made: Path = module.write_text(tmp_path_factory.mktemp("model") / "tiny.gguf", chat=True)
    return made


@pytest.fixture
def paths(home: Path, tiny: Path) -> Paths:
    paths = Paths.from_environment().ensure()
    paths.config_file.write_text(f"[models]\njudge = '{tiny}'\n")
    with Store.open(paths.archive, role="cli") as store:
        source = store.subscriptions.add("rss", "https://feed.example/")
        texts = ("The clock is slow.\n\nNobody minds.", "Owls hunt at night.", "")
        items = tuple(
            Item(native_id=str(n), url=f"https://feed.example/{n}", title=f"Title \x1b[1m{n}", text=text)
            for n, text in enumerate(texts, 1)
        )
        store.items.put_page(source, Page(items, {}), 1_700_000_000.0)
    return paths


def told(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> tuple[str, str]:
    assert main(list(arguments)) == code
    out = capsys.readouterr()
    assert "\x1b" not in out.out + out.err
    return out.out, out.err


def test_read_listed_read_no_more_and_deleted(paths: Paths, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said, _ = told(capsys, "plug", "1")
    assert "read," in said and "inside: all of it" in said
    number = said.split()[0]
    assert "was read before" in told(capsys, "plug", "1")[0]
    (tmp_path / "note.md").write_text("# A note\n\n" + "The tide is late. " * 30 + "\n\nThe end.")
    assert "up to paragraph 1 of 3" in told(capsys, "plug", str(tmp_path / "note.md"), "--tokens", "200")[0]
    rows = [json.loads(line) for line in told(capsys, "plug", "list", "--json")[0].splitlines()]
    assert [row["title"] for row in rows] == ["A note", "Title 1"] and all(row["fits"] for row in rows)
    assert rows[1]["item_ids"] == [1] and rows[1]["number"] == number
    (paths.data / "plugs" / "cut.plug").write_bytes(Path(rows[1]["file"]).read_bytes()[:-1])
    out, err = told(capsys, "plug", "list")
    assert "2 plugs take" in err and "damaged: cut.plug" in err and number in out
    told(capsys, "plug", "delete", "cut.plug", number)
    assert [path.name for path in (paths.data / "plugs").iterdir()] == [Path(rows[0]["file"]).name]


def test_of_another_model(paths: Paths, tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "plug", "1")
    other = tmp_path / "other.gguf"
    data = tiny.read_bytes()
    other.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    paths.config_file.write_text(f"[models]\njudge = '{other}'\n")
    out, err = told(capsys, "plug", "list")
    assert "(another)" in out and "another" in err
    assert "read," in told(capsys, "plug", "1")[0], "read again for the other"
    assert len(told(capsys, "plug", "list", "--json")[0].splitlines()) == 2


def test_a_collection_is_plugged_item_by_item(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "collection", "add", "night reading", "1", "2", "3")
    out, err = told(capsys, "plug", "--collection", "night")
    assert out.count(": read,") == 2 and "no text of item 3" in err
    assert "night reading" in told(capsys, "collection")[0]
    told(capsys, "collection", "remove", "night", "2")
    assert len(told(capsys, "list", "--collection", "night", "--json")[0].splitlines()) == 2
    told(capsys, "undo")
    assert len(told(capsys, "collection", "show", "night", "--json")[0].splitlines()) == 3
    told(capsys, "collection", "remove", "night", "--all")
    assert told(capsys, "collection", "list")[0] == ""


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["plug"], 2, "what is to be read"), (["plug", "1", "2"], 2, "one document"), (["plug", "99"], 1, "no item 99"),
        (["plug", "none.pdf"], 1, "none.pdf"), (["plug", "3"], 1, "no text"),
        (["plug", "arxiv:cs.IR?"], 1, "not a paper"),
        (["plug", "1", "--tokens", "5"], 2, "no document"), (["plug", "delete", "zebra"], 1, "no plug"),
        (["plug", "--collection", "x"], 1, "no collection"), (["collection", "add", "x"], 2, "which items"),
        (["collection", "show"], 2, "which collection"), (["collection", "show", "x"], 1, "no collection"),
    ],
)  # fmt: skip
def test_failures_in_words(
    paths: Paths, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, words: str
) -> None:
    assert words in told(capsys, *arguments, code=code)[1]
    assert not (paths.data / "plugs").exists() or not list((paths.data / "plugs").iterdir())


def test_without_a_model(paths: Paths, capsys: pytest.CaptureFixture[str]) -> None:
    paths.config_file.write_text('[models]\njudge = ""\n')
    assert "no language model" in told(capsys, "plug", "1", code=1)[1]
    assert told(capsys, "plug", "list", "--json")[0] == ""
