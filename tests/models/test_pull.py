"""Pulling from a real server on loopback: whole and sound, or not there; on after every break."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from penchant.app.errors import PenchantError
from penchant.app.models import fetch, installed, machine
from penchant.app.models import pull as module
from penchant.app.models.fetch import Stopped
from penchant.app.models.installed import Installed

NAME = "tiny/judge-GGUF:model-Q8_0.gguf"
PLACE = "hub/tiny/judge-GGUF/model-Q8_0.gguf"
FILE = "tiny/judge-GGUF/model-Q8_0.gguf"


def pull(
    name: str, folder: Path, hub: Any, seen: list[Any] | None = None, stopped: Any = lambda: False, stall: float = 2.0
) -> Installed:
    async def run() -> Installed:
        agreed = await module.plan(name, folder, hub.address, stall=stall)
        return await module.pull(
            agreed, hub.address, lambda *said: (seen if seen is not None else []).append(said), stopped, stall=stall
        )

    return asyncio.run(run())


def left(folder: Path) -> list[str]:
    """What lies there besides locks and the record."""
    found = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith((".lock", ".json")))
    return sorted(path.relative_to(folder).as_posix() for path in found)


def test_a_file_is_pulled_and_recorded(hub: Any, folder: Path) -> None:
    seen: list[Any] = []
    model = pull(NAME, folder, hub, seen)
    data = hub.files[FILE]
    assert (folder / PLACE).read_bytes() == data and left(folder) == [PLACE]
    assert (model.name, model.role, model.licence) == (NAME, "judge", "mit")
    assert model.files[0].sha256 == hashlib.sha256(data).hexdigest()
    assert installed.read(folder)[NAME] == model and model.whole(folder)
    done = [each[0] for each in seen]
    assert done == sorted(done) and seen[-1] == (len(data), len(data), "model-Q8_0.gguf")
    # the very commit that was described, not whatever a branch means a moment later
    assert hub.of("resolve")[0].path.split("/")[4] == "c0ffee" * 6 + "c0ff"


def test_what_is_there_is_not_fetched_again(hub: Any, folder: Path) -> None:
    first = pull(NAME, folder, hub)
    before = len(hub.of("resolve"))
    again = pull(NAME, folder, hub)
    assert again.files == first.files and len(hub.of("resolve")) == before


def test_a_repository_of_open_clip_is_its_two_files_and_never_the_pickle(hub: Any, folder: Path) -> None:
    model = pull("tiny/clip", folder, hub)
    assert {Path(file.place).name for file in model.files} == {"open_clip_model.safetensors", "open_clip_config.json"}
    assert model.role == "picture"
    with pytest.raises(PenchantError, match=r"can carry a program"):
        pull("tiny/clip:open_clip_pytorch_model.bin", folder, hub)


def test_a_small_file_is_verified_by_gits_own_sum(hub: Any, folder: Path, monkeypatch: Any) -> None:
    from penchant.app.models import hub as hub_module

    whole = hub_module._file

    def lies(entry: dict[str, Any]) -> Any:
        return whole(entry | {"blobId": "0" * 40}) if entry["rfilename"].endswith(".json") else whole(entry)

    monkeypatch.setattr(hub_module, "_file", lies)
    with pytest.raises(PenchantError, match="another checksum"):
        pull("tiny/clip", folder, hub)


def test_several_files_ask_for_one_name(hub: Any, folder: Path) -> None:
    hub.files["tiny/judge-GGUF/model-Q4_0.gguf"] = b"x"
    with pytest.raises(PenchantError, match="several files") as found:
        pull("tiny/judge-GGUF", folder, hub)
    assert "tiny/judge-GGUF:model-Q4_0.gguf" in found.value.hint and "model-Q8_0.gguf" in found.value.hint


# -- breaks
def test_cut_connections_are_taken_up_where_they_broke(hub: Any, folder: Path) -> None:
    hub.cuts = [100_000, 50_000, 1]
    pull(NAME, folder, hub)
    assert (folder / PLACE).read_bytes() == hub.files[FILE] and left(folder) == [PLACE]
    ranges = [each.headers.get("Range") for each in hub.of("resolve")]
    assert ranges == [None, "bytes=100000-", "bytes=150000-", "bytes=150001-"]
    assert {each.headers.get("If-Range") for each in hub.of("resolve")[1:]} == {hub.etag}


def test_it_gives_up_and_goes_on_another_time(hub: Any, folder: Path) -> None:
    hub.cuts = [100_000, 0, 0, 0, 0, 0, 0]
    with pytest.raises(PenchantError, match=r"broke|ended after 100,000") as found:
        pull(NAME, folder, hub, stall=0.3)
    assert "from there on" in found.value.hint
    assert (folder / (PLACE + ".part")).stat().st_size == 100_000 and not (folder / PLACE).exists()
    hub.cuts = []
    asked = len(hub.asked)
    pull(NAME, folder, hub)
    assert (folder / PLACE).read_bytes() == hub.files[FILE]
    assert hub.asked[-1].headers["Range"] == "bytes=100000-" and len(hub.asked) == asked + 2


def test_a_server_without_ranges_begins_anew(hub: Any, folder: Path) -> None:
    hub.cuts, hub.ranges = [100_000], False
    pull(NAME, folder, hub)
    assert (folder / PLACE).read_bytes() == hub.files[FILE]


def test_another_file_under_the_same_address_is_not_joined_to_the_first(hub: Any, folder: Path, made: Any) -> None:
    hub.cuts = [100_000, 0, 0, 0, 0, 0]
    with pytest.raises(PenchantError):
        pull(NAME, folder, hub, stall=0.3)
    hub.files[FILE], hub.etag, hub.cuts = made.gguf("llama", 200), '"two"', []
    pull(NAME, folder, hub)
    assert (folder / PLACE).read_bytes() == hub.files[FILE]


def test_a_stalled_server_is_left_and_asked_again(hub: Any, folder: Path, made: Any) -> None:
    hub.slow, hub.files[FILE] = 0.6, made.gguf(kilobytes=40)
    pull(NAME, folder, hub, stall=0.2)
    assert (folder / PLACE).read_bytes() == hub.files[FILE]
    assert [each.headers.get("Range") for each in hub.of("resolve")] == [None, "bytes=16384-", "bytes=32768-"]


def test_a_server_that_sends_nothing_is_given_up(hub: Any, folder: Path) -> None:
    hub.cuts, hub.slow = [], 30.0
    hub.ranges = False  # every attempt begins anew and gets no further
    hub.files[FILE] = hub.files[FILE][: 1 << 14] + hub.files[FILE]
    with pytest.raises(PenchantError, match=r"sent nothing for 0\.2 s"):
        pull(NAME, folder, hub, stall=0.2)


def test_the_reader_stops_it_and_what_arrived_stays(hub: Any, folder: Path) -> None:
    seen: list[Any] = []
    hub.slow = 0.01
    with pytest.raises(Stopped):
        pull(NAME, folder, hub, seen, stopped=lambda: len(seen) > 3)
    assert left(folder) == [PLACE + ".part"]
    hub.slow = 0.0
    pull(NAME, folder, hub)
    assert (folder / PLACE).read_bytes() == hub.files[FILE]


# -- what is wrong with what comes
@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"sha256": "0" * 64}, "another checksum"),
        ({"size": 1000}, "were announced"),
        ({"size": 400_000}, "were announced"),
        ({"size": 0}, "as the size"),
        ({"size": 1 << 50}, "as the size"),
    ],
)
def test_what_was_not_announced_is_deleted(hub: Any, folder: Path, said: dict[str, Any], words: str) -> None:
    hub.said = said
    with pytest.raises(PenchantError, match=words):
        pull(NAME, folder, hub)
    assert not (folder / PLACE).exists() and not installed.read(folder)
    assert left(folder) in ([], [PLACE + ".part"]) and sum((folder / p).stat().st_size for p in left(folder)) == 0


def test_an_endless_body_is_cut_at_the_announced_size(hub: Any, folder: Path) -> None:
    hub.endless = True
    with pytest.raises(PenchantError, match="sends more than the"):
        pull(NAME, folder, hub)
    assert left(folder) == []


def test_a_file_that_is_no_model_does_not_stay(hub: Any, folder: Path) -> None:
    hub.files[FILE] = b"<html>please sign in</html>"
    with pytest.raises(PenchantError, match="not a GGUF file"):
        pull(NAME, folder, hub)
    assert left(folder) == [] and not installed.read(folder)


@pytest.mark.parametrize(
    ("status", "words", "hint"),
    [
        (404, "has no such model", "case matters"),
        (401, "does not give this model to everybody", "HF_TOKEN"),
        (403, "does not give this model to everybody", "HF_TOKEN"),
        (418, "status 418", "kept"),
    ],
)
def test_refusals_are_told_in_words(hub: Any, folder: Path, status: int, words: str, hint: str) -> None:
    hub.api = status
    with pytest.raises(PenchantError, match=words) as found:
        pull(NAME, folder, hub)
    assert hint in found.value.hint
    hub.api, hub.status = 200, [(status, {})]
    with pytest.raises(PenchantError, match=words):
        pull(NAME, folder, hub)


def test_a_busy_hub_is_given_the_time_it_asks_for(hub: Any, folder: Path) -> None:
    hub.status = [(429, {"Retry-After": "1"}), (503, {})]
    pull(NAME, folder, hub)
    hub.files["tiny/judge-GGUF/other.gguf"] = hub.files[FILE]
    hub.status = [(429, {"Retry-After": "3600"})]
    with pytest.raises(PenchantError, match="too many requests"):
        pull("tiny/judge-GGUF:other.gguf", folder, hub)


# -- where it goes, and what it carries there
def test_the_token_stays_with_the_hub(hub: Any, second: str, folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("HF_TOKEN", "secret")
    hub.cdn = second
    pull(NAME, folder, hub)
    assert [each.headers.get("Authorization") for each in hub.of("resolve")] == ["Bearer secret"]
    assert [each.headers.get("Authorization") for each in hub.of("raw")] == [None]
    assert (folder / PLACE).read_bytes() == hub.files[FILE]


def test_a_break_at_the_other_server_is_taken_up_there(hub: Any, second: str, folder: Path) -> None:
    hub.cdn, hub.cuts = second, [70_000]
    pull(NAME, folder, hub)
    assert (folder / PLACE).read_bytes() == hub.files[FILE]
    assert hub.of("raw")[-1].headers["Range"] == "bytes=70000-"


def test_a_redirect_into_a_private_network_is_not_followed(hub: Any, folder: Path) -> None:
    hub.cdn = "http://127.0.0.2:9"
    with pytest.raises(PenchantError, match="inside a private network"):
        pull(NAME, folder, hub)


def test_a_proxy_of_the_environment_is_used(hub: Any, folder: Path, serve: Any, monkeypatch: Any) -> None:
    """Through a forward proxy, which alone knows where hub.example is."""
    proxy = serve(hub)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.server_address[1]}")
    there = type("There", (), {"address": "http://hub.example", "files": hub.files})
    pull(NAME, folder, there)
    assert (folder / PLACE).read_bytes() == hub.files[FILE]
    assert all(each.line.startswith("http://hub.example/") for each in hub.asked)
    proxy.shutdown()
    proxy.server_close()


def test_nobody_answers(folder: Path) -> None:
    nobody = type("Nobody", (), {"address": "http://127.0.0.1:9"})
    with pytest.raises(PenchantError, match="could not be reached"):
        pull(NAME, folder, nobody)


# -- the disk
def test_too_little_room_is_said_before(hub: Any, folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(machine, "free_disk", lambda folder: 1000)
    with pytest.raises(PenchantError, match="of the disk are free"):
        pull(NAME, folder, hub)
    assert not hub.of("resolve")


def test_a_disk_that_fills_up_is_told_and_what_arrived_stays(hub: Any, folder: Path, monkeypatch: Any) -> None:
    whole = fetch.Sum.add

    def add(self: Any, chunk: bytes) -> None:
        if self.done > 50_000:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        whole(self, chunk)

    monkeypatch.setattr(fetch.Sum, "add", add)
    with pytest.raises(PenchantError, match="the disk is full") as found:
        pull(NAME, folder, hub)
    assert "Free some space" in found.value.hint
    monkeypatch.setattr(fetch.Sum, "add", whole)
    pull(NAME, folder, hub)
    assert (folder / PLACE).read_bytes() == hub.files[FILE]


def test_two_pulls_at_once_do_not_mix(hub: Any, folder: Path) -> None:
    hub.slow = 0.01

    async def both() -> list[Any]:
        agreed = await module.plan(NAME, folder, hub.address)
        runs = [module.pull(agreed, hub.address, lambda *said: None) for _ in range(2)]
        return await asyncio.gather(*runs, return_exceptions=True)

    results = asyncio.run(both())
    failed = [each for each in results if isinstance(each, PenchantError)]
    assert len(failed) == 1 and "another penchant is pulling" in str(failed[0])
    assert (folder / PLACE).read_bytes() == hub.files[FILE] and list(installed.read(folder)) == [NAME]


def test_an_address_is_pulled_too(hub: Any, folder: Path) -> None:
    model = pull(f"{hub.address}/tiny/judge-GGUF/raw/x/model-Q8_0.gguf", folder, hub)
    assert model.role == "judge" and model.whole(folder)
    assert installed.read(folder)[model.name] == model
