"""The fuzzer's targets hold on their seeds and on pieces of them; a short run of it where it is installed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

FOLDER = Path(__file__).resolve().parents[2] / "bench" / "fuzz"


def _targets() -> Any:
    spec = importlib.util.spec_from_file_location("fuzz_targets", FOLDER / "targets.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


targets = _targets()


@pytest.mark.parametrize("kind", sorted(targets.SEEDS))
def test_a_seed_is_an_export_of_its_kind(kind: str) -> None:
    files = dict(zip(targets.SEEDS[kind], targets.seed(kind).split(targets.APART), strict=True))
    archive = targets.Held(files)
    reader = targets.load(kind)
    assert reader.members(archive), "the reader does not know its own kind: nothing would be fuzzed"
    assert list(reader.read(archive))
    targets.TARGETS[kind](targets.seed(kind))


def test_every_kind_has_its_target() -> None:
    assert set(targets.TARGETS) == {"cleaner", *targets.KINDS} == {"cleaner", *targets.SEEDS}


@settings(max_examples=60)
@given(st.data())
def test_seeds_with_pieces_cut_out_doubled_and_put_in(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(targets.SEEDS)))
    raw = targets.seed(kind)
    for _ in range(data.draw(st.integers(1, 4))):
        start, end = sorted(data.draw(st.tuples(st.integers(0, len(raw)), st.integers(0, len(raw)))))
        piece = data.draw(st.sampled_from((b"", raw[start:end] * 2, b"\x1b[31m", b"\xff", b"null", b'"')))
        raw = raw[:start] + piece + raw[end:]
    targets.TARGETS[kind](raw)
    targets.TARGETS["cleaner"](raw)


@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="no atheris: pip install -e '.[fuzz]'")
@pytest.mark.parametrize("target", ["cleaner", "mastodon"])
def test_a_short_run_of_the_fuzzer(target: str, tmp_path: Path) -> None:
    options = ("--runs", "300", "--seconds", "30", "--corpus", str(tmp_path))
    command = [sys.executable, str(FOLDER / "fuzz.py"), target, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr[-2_000:]
    assert "Done 300 runs" in done.stderr
