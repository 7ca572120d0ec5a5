"""What is installed, chosen and in use: recorded, repaired, verified, deleted."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

from penchant.app.config import Models
from penchant.app.errors import PenchantError
from penchant.app.models import change, installed
from penchant.app.models.catalogue import by_name
from penchant.app.models.choice import choices, choose, chosen, chosen_in, packaged_smollm2
from penchant.app.models.overview import overview, unfinished
from penchant.app.models.safetensors_format import read_header
from penchant.app.paths import Paths


def put(folder: Path, place: str, data: bytes) -> Path:
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


@pytest.fixture
def smolvlm(folder: Path, made: Any) -> str:
    """A judge of the catalogue with its eyes, as a pull leaves it, without a record."""
    model = by_name("smolvlm-256m")
    assert model is not None
    put(folder, f"hub/{model.source}/{model.files[0]}", made.gguf("llama"))
    put(folder, f"hub/{model.source}/{model.files[1]}", made.gguf("clip"))
    return model.name


@pytest.mark.parametrize("record", [None, b"", b"{", b"[1, null, {}]", b'[{"name": "x", "files": []}]', b"\xff\xfe"])
def test_a_lost_or_damaged_record_is_made_again_from_the_files(folder: Path, made: Any, record: bytes | None) -> None:
    put(folder, "hub/a/b/x.gguf", made.gguf("llama"))
    put(folder, "hub/a/b/broken.gguf", b"GGUF")
    put(folder, "hub/c/d/open_clip_model.safetensors", made.safetensors())
    put(folder, "hub/c/d/open_clip_config.json", b"{}")
    put(folder, "web/h.example/y.gguf", made.gguf("bert"))
    if record is not None:
        (folder / "installed.json").write_bytes(record)
    found = installed.read(folder)
    assert {name: model.role for name, model in found.items()} == {
        "a/b:x.gguf": "judge", "c/d": "picture", "https://h.example/y.gguf": "sentence",
    }  # fmt: skip
    assert all(model.whole(folder) for model in found.values())


def test_a_record_cannot_name_files_elsewhere(folder: Path, tmp_path: Path) -> None:
    mine = put(tmp_path, "mine.gguf", b"x")
    entry = {"name": "x", "roles": ["judge"], "licence": "", "revision": "", "where": "", "at": 0}
    for place in ("../mine.gguf", str(mine), "hub/../../mine.gguf", "installed.json"):
        put(
            folder,
            "installed.json",
            json.dumps([entry | {"files": [{"place": place, "size": 1, "sha256": ""}]}]).encode(),
        )
        assert installed.read(folder) == {}
    assert mine.exists()


def test_verify_finds_every_changed_byte(folder: Path, made: Any) -> None:
    path = put(folder, "hub/a/b/x.gguf", made.gguf("llama"))
    model = installed.read(folder)["a/b:x.gguf"]
    assert change.verify(model, folder).sealed  # nothing was known of it
    sealed = installed.read(folder)["a/b:x.gguf"]
    assert change.verify(sealed, folder) == change.Verified("a/b:x.gguf")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert "another checksum" in change.verify(sealed, folder).wrong
    path.write_bytes(data[:-1])
    assert "bytes instead of" in change.verify(sealed, folder).wrong
    path.unlink()
    assert "is gone" in change.verify(sealed, folder).wrong


@pytest.mark.parametrize("cut", [0, 4, 8, 20, -1])
def test_damaged_safetensors_are_refused(tmp_path: Path, made: Any, cut: int) -> None:
    path = put(tmp_path, "x.safetensors", made.safetensors())
    assert read_header(path).numbers == 64
    path.write_bytes(made.safetensors()[:cut])
    with pytest.raises(PenchantError, match="cannot be used"):
        read_header(path)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [64], "data_offsets": [0, 128]},
        {"dtype": "F32", "shape": [-64], "data_offsets": [0, 256]},
        {"dtype": "F32", "shape": [1 << 62, 4], "data_offsets": [0, 256]},
        {"dtype": "X", "shape": [64], "data_offsets": [0, 256]},
        {"shape": "64"},
        [],
        {"dtype": "F32", "shape": [64], "data_offsets": [256, 512]},
    ],
)
def test_safetensors_whose_tensors_do_not_fit_are_refused(tmp_path: Path, entry: Any) -> None:
    head = json.dumps({"x": entry}).encode()
    path = put(tmp_path, "x.safetensors", len(head).to_bytes(8, "little") + head + bytes(256))
    with pytest.raises(PenchantError, match="cannot be used"):
        read_header(path)


# -- choices
def test_the_configuration_goes_before_the_choice_and_the_choice_before_the_package(tmp_path: Path) -> None:
    paths = Paths.under(tmp_path)
    packaged = packaged_smollm2()
    usual = str(packaged) if packaged and importlib.util.find_spec("llama_cpp") else None
    assert chosen("judge", Models(), paths) == usual
    choose(paths.models, judge="a/b:x.gguf")
    assert chosen("judge", Models(), paths) == str(paths.models / "hub/a/b/x.gguf")
    assert chosen("judge", Models(judge=""), paths) is None
    assert chosen("judge", Models(judge="~/m.gguf"), paths) == str(Path.home() / "m.gguf")
    choose(paths.models, judge="")
    assert chosen("judge", Models(), paths) is None
    choose(paths.models, judge=None)
    assert chosen("judge", Models(), paths) == usual and choices(paths.models) == {}
    choose(paths.models, picture="vit-b-32")
    assert chosen("picture", Models(), paths) == str(paths.models / "hub/laion/CLIP-ViT-B-32-laion2B-s34B-b79K")


@pytest.mark.parametrize("junk", [b"", b"{", b"[]", b'{"judge": 3, "x": "y"}', b"\xff"])
def test_a_damaged_choice_says_nothing(folder: Path, junk: bytes) -> None:
    put(folder, "chosen.json", junk)
    assert choices(folder) == {}
    choose(folder, picture="vit-b-32")
    assert choices(folder) == {"picture": "vit-b-32"}


def test_a_judge_comes_with_its_eyes_and_they_go_with_it(folder: Path, smolvlm: str, made: Any) -> None:
    assert "sees pictures" in change.use("judge", smolvlm, Models(), folder)
    eyes = chosen_in("eyes", Models(), folder)
    assert eyes is not None and Path(eyes).name.startswith("mmproj") and Path(eyes).is_file()
    # eyes of one judge do not fit another, which the configuration names
    assert chosen_in("eyes", Models(judge="/x.gguf"), folder) is None
    blind = put(folder.parent, "blind.gguf", made.gguf("llama"))
    change.use("judge", str(blind), Models(), folder)
    assert chosen_in("eyes", Models(), folder) is None and chosen_in("judge", Models(), folder) == str(blind)
    change.use("judge", smolvlm, Models(), folder)
    change.use("judge", "none", Models(), folder)
    assert chosen_in("eyes", Models(), folder) is None is chosen_in("judge", Models(), folder)


def test_only_what_fits_the_role_is_used(folder: Path, smolvlm: str, made: Any) -> None:
    bert = put(folder.parent, "bert.gguf", made.gguf("bert"))
    broken = put(folder.parent, "broken.gguf", b"GGUF\0")
    pickle = put(folder.parent, "weights.pt", b"\x80")
    for role, name, words in (
        ("judge", str(bert), "is no judge model"), ("sentence", smolvlm, "is no sentence model"),
        ("judge", str(broken), "cannot be used"), ("picture", str(pickle), "can carry a program"),
        ("judge", "a/b:none.gguf", "is not here"), ("judge", "/none.gguf", "there is no file"),
        ("nose", smolvlm, "there is no role"), ("sentence", "smollm2-135m", "is no sentence model"),
    ):  # fmt: skip
        with pytest.raises(PenchantError, match=words):
            change.use(role, name, Models(), folder)
    with pytest.raises(PenchantError, match="goes before any choice"):
        change.use("judge", smolvlm, Models(judge=""), folder)
    assert choices(folder) == {}


def test_what_is_in_use_is_not_deleted(folder: Path, smolvlm: str) -> None:
    change.use("judge", smolvlm, Models(), folder)
    with pytest.raises(PenchantError, match="is in use"):
        change.removable(smolvlm, Models(), folder)
    change.use("judge", "none", Models(), folder)
    mmproj = str(folder / f"hub/{by_name(smolvlm).eyes.replace(':', '/')}")  # type: ignore[union-attr]
    with pytest.raises(PenchantError, match="is in use"):
        change.removable(smolvlm, Models(eyes=mmproj), folder)
    model = change.removable(smolvlm, Models(), folder)
    assert change.remove(model, folder) == model.size
    assert installed.read(folder) == {} and not (folder / "hub" / "ggml-org").exists()
    with pytest.raises(PenchantError, match="not installed"):
        change.removable(smolvlm, Models(), folder)


def test_what_a_broken_pull_left_can_be_deleted(folder: Path) -> None:
    for name, place in (("a/b:x.gguf", "hub/a/b/x.gguf"), ("vit-b-32", "")):
        model = by_name(name)
        place = place or f"hub/{model.source}/{model.files[0]}"  # type: ignore[union-attr]
        put(folder, f"{place}.part", b"x" * 100)
        put(folder, f"{place}.part.json", b"{}")
        assert unfinished(folder) == {place: 100}
        row = [row for role in overview(Models(), folder, memory=1 << 34) for row in role.rows if row.name == name]
        assert not row or (row[0].part == 100 and not row[0].here)
        assert change.remove(change.removable(name, Models(), folder), folder) >= 100
        assert not (folder / f"{place}.part").exists()


def test_the_overview_tells_what_is_missing(folder: Path, smolvlm: str) -> None:
    change.use("judge", smolvlm, Models(), folder)
    judge = overview(Models(), folder, memory=1 << 34)[2]
    rows = {row.name: row for row in judge.rows}
    assert judge.uses == smolvlm and rows[smolvlm].here and rows[smolvlm].in_use and rows[smolvlm].sees
    assert [row.name for row in judge.rows if row.advised] and not rows["gemma-3-4b"].here
    (folder / "hub/ggml-org/SmolVLM-256M-Instruct-GGUF/SmolVLM-256M-Instruct-Q8_0.gguf").unlink()
    row = next(row for row in overview(Models(), folder)[2].rows if row.in_use)
    assert row.name == smolvlm and not row.here
    row = overview(Models(judge="/gone.gguf"), folder)[2].rows[0]
    assert (row.name, row.here, row.about) == ("/gone.gguf", False, "is not there")
