"""Names become paths: whatever is typed, nothing leads out of the folder of the models."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penchant.app.errors import UsageError
from penchant.app.models.catalogue import MODELS, OPEN_CLIP, recommended
from penchant.app.models.check import PICKLES
from penchant.app.models.names import HubName, WebName, hub_name, located, remote, web_name

PART = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
ANYTHING = st.text(max_size=60) | st.from_regex(r"(https?://)?[A-Za-z0-9./:@~%-]{1,40}", fullmatch=True)


@given(PART, PART, st.lists(PART, max_size=3), st.none() | PART)
def test_a_name_is_what_it_was_made_of(owner: str, repository: str, file: list[str], revision: str | None) -> None:
    text = f"{owner}/{repository}" + (f"@{revision}" if revision else "") + (f":{'/'.join(file)}" if file else "")
    found = hub_name(text)
    assert found == HubName(owner, repository, "/".join(file), revision or "main")
    assert str(found) == text or revision == "main"


@given(ANYTHING)
@example("a/b:../../x.gguf")
@example("a/..:x")
@example("../b:x.gguf")
@example("a/b@..:x")
@example("https://h/%2e%2e%2f%2e%2e%2fx.gguf")
@example("https://../x.gguf")
@example("https://h/..gguf")
@example("a/b:c\x00.gguf")
@example("a/b:.hidden.gguf")
def test_no_name_leads_out_of_the_folder(text: str) -> None:
    folder = Path("/models")
    try:
        found = remote(text)
    except UsageError as error:
        assert error.hint
        return
    place = found.place if isinstance(found, WebName) else f"{found.folder}/{found.file}"
    path = folder / place
    assert path.resolve().is_relative_to(folder) and ".." not in path.parts
    assert place.isprintable() and len(place.split("/")) >= 3


@given(ANYTHING, st.sampled_from(["sentence", "picture", "judge", "eyes"]))
def test_a_place_is_always_given(text: str, role: str) -> None:
    assert located(text, role, Path("/models")).is_absolute()


@pytest.mark.parametrize(
    "text",
    [
        "ftp://h/x.gguf",
        "https:///x.gguf",
        "https://u:p@h/x.gguf",
        "https://h:x/x.gguf",
        "https://h/model.bin",
        "https://h/",
    ],
)
def test_addresses_that_are_not_fetched(text: str) -> None:
    with pytest.raises(UsageError):
        web_name(text)


def test_every_row_of_the_catalogue_has_names_that_can_be_pulled() -> None:
    names = [model.name for model in MODELS]
    assert len(set(names)) == len(names)
    for model in MODELS:
        assert hub_name(model.source) is not None and model.size > 0 and model.licence and model.about
        assert not model.eyes or ((found := hub_name(model.eyes)) is not None and found.file.startswith("mmproj"))
        assert hub_name(model.name) is None and not any(file.endswith(PICKLES) for file in model.files)
        assert all(file in model.files and len(sum_) == 64 for file, sum_ in model.sha256)
        assert model.role != "picture" or model.files == OPEN_CLIP


@given(st.integers(1 << 28, 1 << 38), st.integers(1, 64))
def test_what_is_recommended_fits(memory: int, processors: int) -> None:
    for role in ("sentence", "picture", "judge"):
        found = recommended(role, memory, processors)
        more = recommended(role, 2 * memory, 2 * processors)
        assert found is None or (found.role == role and found.memory <= memory / 4 and more is not None)
        assert found is None or more is None or more.size >= found.size


def test_small_machines_get_small_judges() -> None:
    named = [getattr(recommended("judge", gigabytes << 30, cores), "name", None) for gigabytes, cores in
             ((1, 1), (3, 4), (16, 2), (16, 8), (64, 16))]  # fmt: skip
    assert named == [None, "smolvlm-256m", "smolvlm-500m", "qwen3-vl-2b", "gemma-3-4b"]
