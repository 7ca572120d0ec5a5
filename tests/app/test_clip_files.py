"""What a CLIP model's files may say, and what is refused before torch sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from penchant.app.embed.clip_files import Checkpoint, checked, config_of, named, weights_at
from penchant.app.errors import PenchantError

MODEL: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "patch_size": 8},
    "text_cfg": {"context_length": 16, "vocab_size": 100, "width": 64, "heads": 2, "layers": 2},
}


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"weights of " + name.encode())
    return folder


@pytest.mark.parametrize(
    ("names", "taken"),
    [
        (["a.safetensors"], "a.safetensors"),
        (["a.safetensors", "b.pt", "README.md"], "a.safetensors"),
        (["b.pt"], "b.pt"),
        (["model.safetensors", "open_clip_pytorch_model.bin", "x.safetensors"], "model.safetensors"),
    ],
)
def test_the_weights_of_a_folder(tmp_path: Path, names: list[str], taken: str) -> None:
    assert weights_at(put(tmp_path, *names)).name == taken


@pytest.mark.parametrize("names", [[], ["README.md"], ["a.safetensors", "b.safetensors"], ["a.pt", "b.pth"]])
def test_no_model_or_several_are_refused_in_words(tmp_path: Path, names: list[str]) -> None:
    with pytest.raises(PenchantError, match=r"holds (no model|several models)") as caught:
        weights_at(put(tmp_path, *names))
    assert "penchant models pull" in caught.value.hint


def test_a_file_that_is_gone_or_of_another_kind(tmp_path: Path) -> None:
    for name in ("gone.pt", "code.py"):
        put(tmp_path, "code.py")
        with pytest.raises(PenchantError):
            weights_at(tmp_path / name)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"model_cfg": 3}', "[" * 100_000])
def test_a_configuration_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    put(tmp_path, "a.pt")
    assert config_of(tmp_path / "a.pt") is None
    (tmp_path / "open_clip_config.json").write_text(text)
    with pytest.raises(PenchantError, match="open_clip_config"):
        config_of(tmp_path / "a.pt")


def test_a_configuration_under_the_name_of_the_weights(tmp_path: Path) -> None:
    put(tmp_path, "a.pt")
    (tmp_path / "a.json").write_text(json.dumps({"model_cfg": MODEL}))
    assert config_of(tmp_path / "a.pt") == {"model_cfg": MODEL}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("ViT-B-32-openai.pt", ("ViT-B-32", "openai")),
        ("vit-b-32-256.datacomp.safetensors", ("ViT-B-32-256", "datacomp")),
        ("ViT-B-32/open_clip_model.safetensors", ("ViT-B-32", "")),
        ("models/weights.pt", None),
    ],
)
def test_an_architecture_by_the_name_of_the_file(path: str, found: object) -> None:
    assert named(Path("/m") / path, ["ViT-B-32", "ViT-B-32-256", "RN50"]) == found


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("embed_dim", 10**9), ("embed_dim", "many"), ("embed_dim", 0), ("vision_cfg", None), ("text_cfg", []),
        ("vision_cfg.layers", 10_000), ("vision_cfg.image_size", [224, 10**6]), ("text_cfg.vocab_size", 1 << 40),
        ("text_cfg.hf_model_name", "someone/model"), ("text_cfg.hf_tokenizer_name", "someone/tokens"),
        ("vision_cfg.timm_model_name", "hf-hub:someone/model"), ("multimodal_cfg", {}),
    ],
)  # fmt: skip
def test_a_table_without_sense_or_with_parts_from_elsewhere(where: str, value: object) -> None:
    table = json.loads(json.dumps(MODEL))
    *parts, last = where.split(".")
    inner = table[parts[0]] if parts else table
    inner[last] = value
    with pytest.raises(PenchantError):
        checked(table, Path("a.pt"))


def test_nothing_is_ever_fetched_for_an_image_tower() -> None:
    table = {**MODEL, "vision_cfg": {"timm_model_name": "fastvit_mci0", "timm_model_pretrained": True}}
    assert checked(table, Path("a.pt"))["vision_cfg"]["timm_model_pretrained"] is False
    assert table["vision_cfg"]["timm_model_pretrained"] is True, "the caller's table is left alone"


def test_a_space_is_named_by_weights_and_configuration(tmp_path: Path) -> None:
    put(tmp_path, "a.pt", "b.pt")
    one = Checkpoint("ViT B/32!", tmp_path / "a.pt", MODEL).space
    assert one.startswith("clip:ViT-B-32:") and one == Checkpoint("ViT B/32!", tmp_path / "a.pt", MODEL).space
    assert one != Checkpoint("ViT B/32!", tmp_path / "b.pt", MODEL).space
    assert one != Checkpoint("ViT B/32!", tmp_path / "a.pt", {**MODEL, "embed_dim": 16}).space
    assert one != Checkpoint("ViT B/32!", tmp_path / "a.pt", MODEL, {"mean": [0, 0, 0]}).space


@pytest.mark.skipif(not hasattr(os, "nice"), reason="priorities of this system are others")
def test_a_child_that_a_reader_waits_for_is_not_put_last() -> None:
    code = "import os; from penchant.app.embed.child import be_humble; be_humble({}); print(os.nice(0))"
    said = [
        int(subprocess.run([sys.executable, "-c", code.format(urgent)], capture_output=True, check=True).stdout)
        for urgent in (False, True)
    ]
    assert said == [19, os.nice(0)]
