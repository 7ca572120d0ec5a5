"""The configuration file: every mistake is named with its line and the nearest right word."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app import config
from penchant.app.config_default import default_text
from penchant.app.errors import ConfigError, Exit
from penchant.app.toml_lines import line_of


def error_of(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        config.parse(text, path="config.toml")
    return caught.value


def test_a_missing_file_means_the_defaults(tmp_path: Path) -> None:
    assert config.load(tmp_path / "none.toml") == config.Config()


def test_the_default_file_is_correct_and_changes_nothing() -> None:
    assert config.parse(default_text()) == config.Config()


def settings_of(table: type) -> Iterator[str]:
    for each in dataclasses.fields(table):
        inner = each.default_factory
        if isinstance(inner, type) and dataclasses.is_dataclass(inner):
            yield from settings_of(inner)
        else:
            yield each.name


def test_every_setting_is_one_that_something_reads() -> None:
    app = Path(config.__file__).parent
    sources = "".join(p.read_text("utf-8") for p in app.rglob("*.py") if not p.name.startswith("config"))
    assert [name for name in settings_of(config.Config) if not re.search(rf"\.{name}\b", sources)] == []


def test_a_file_with_settings_of_former_versions_is_read() -> None:
    former = "[reading]\nimpression_seconds = 0.5\nlong_dwell_seconds = 20\n[worker]\nconcurrency = 3\n"
    assert config.parse(former).worker.concurrency == 3 and "[reading]" not in default_text()
    assert "unknown key 'reading'" in str(error_of("reading = 3"))


def test_every_setting_of_the_default_file_can_be_switched_on() -> None:
    """Uncommenting every `# name = value` line gives a correct file with the same meaning."""
    text = re.sub(r"(?m)^# (?=\w+ = )", "", default_text())
    read = config.parse(text)
    assert read.worker == config.Worker()
    assert read.keys == {"like": ("l", "f"), "skip": ("x", "h")}
    assert text.count(" = ") > 12


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ('thme = "light"', 1, "'thme'; did you mean 'theme'?"),
        ("\n[worker]\nconcurency = 3", 3, "'concurency' in [worker]; did you mean 'concurrency'?"),
        ("\n\n[netwrk]\ntimeout = 3", 3, "did you mean 'network'?"),
        ("timeout = 3", 1, "belongs in [network]"),
        ('[worker]\ntheme = "dark"', 2, "belongs at the top"),
        ("theme = 3", 1, "must be a text in quotes"),
        ("[worker]\nenabled = 1", 2, "must be true or false"),
        ("[worker]\nconcurrency = 2.5", 2, "must be a whole number"),
        ("[worker]\nconcurrency = true", 2, "must be a whole number"),
        ("[worker]\n\nconcurrency = 0", 3, "between 1 and 64"),
        ("[network]\ntimeout = nan", 2, "between 1 and 600"),
        ('theme = "drak"', 1, "did you mean 'dark'?"),
        ("worker = 3", 1, "write it as [worker]"),
        ('\n[models]\nsentence = "minlm"', 3, "did you mean 'minilm'?"),
        ('[models]\nsentence = "/a/model.safetensors"', 2, "the path of a .gguf file"),
        ("worker.concurrency = 100", 1, "between 1 and 64"),
        ("[worker]\nshortest_interval = 9000\nlongest_interval = 900", 2, "larger than longest_interval"),
        ("[keys]\nlike = 3", 2, "must be a key"),
        ('[keys]\n\nlyke = "l"', 3, "did you mean 'like'?"),
        ('[keys]\nlike = "foo+bar+"', 2, "not a key"),
        ('[keys]\nundo = "u"\nlike = "x"', 3, "'like'"),
    ],
)
def test_mistakes_name_their_line(text: str, line: int, words: str) -> None:
    error = error_of(text)
    assert error.line == line
    assert words in str(error)
    assert str(error).startswith(f"config.toml:{line}: ")
    assert error.exit_code == Exit.CONFIG
    assert error.hint


def test_broken_toml_says_where() -> None:
    assert "line 2" in str(error_of('theme = "dark"\nimages = \n[x]'))


def test_a_file_that_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(b"theme = \xff")
    with pytest.raises(ConfigError, match="UTF-8"):
        config.load(path)


def test_keys_take_one_or_several() -> None:
    read = config.parse('[keys]\nlike = ["l", "ctrl+l"]\nundo = "U"\nwhy = []')
    assert read.keys == {"like": ("l", "ctrl+l"), "undo": ("U",), "why": ()}


@given(st.lists(st.sampled_from(["", "# a", "x = 1", "[t]", "[t.u]", "y = 2"]), max_size=8), st.data())
def test_the_line_of_a_key_is_where_it_stands(filler: list[str], data: st.DataObject) -> None:
    """Whatever stands before it: a key of a fresh table is found on its own line."""
    lines = [
        *filler,
        "[target]",
        "# wanted = 0",
        *["" for _ in range(data.draw(st.integers(0, 3)))],
        "wanted = 1",
    ]
    assert line_of("\n".join(lines), ("target", "wanted")) == len(lines)
