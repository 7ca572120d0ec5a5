"""Damaged and hostile archives: a clear word, what was sound kept, and how much."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from penchant.adapters.base import Malformed
from penchant.adapters.exports import detect
from penchant.adapters.exports.archive import open_archive, safe_name
from penchant.adapters.exports.base import Record, Trouble


def sorted_out(entries: list[Any]) -> tuple[list[Record], list[str]]:
    return [e for e in entries if isinstance(e, Record)], [e.what for e in entries if isinstance(e, Trouble)]


def many(made: Any, count: int = 400) -> Any:
    return made.twitter([made.tweet(n + 10, f"number {n} " + "words " * (n % 9)) for n in range(count)])


def test_zip_folder_and_file_say_the_same(made: Any, read: Any) -> None:
    files = many(made)
    (made.folder / "tweets.js").write_text(str(files["data/tweets.js"]))
    whole = [read(path)[1] for path in (made.zip(files), made.dir(files))]
    assert whole[0] == whole[1] and len(whole[0]) == 400
    alone = read(made.folder / "tweets.js")[1]
    assert [r.item.text for r in alone] == [r.item.text for r in whole[0]]


@given(cut=st.integers(200, 10_000_000), streamed=st.booleans())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_zip_cut_anywhere_gives_what_came_before(made: Any, read: Any, cut: int, streamed: bool) -> None:
    path = made.folder / "whole.zip"
    files = many(made) | {"data/zz.bin": bytes(2000)}
    with open(path, "wb") as raw, zipfile.ZipFile(_Pipe(raw) if streamed else raw, "w", zipfile.ZIP_DEFLATED) as out:  # type: ignore[arg-type]
        for name, content in files.items():
            out.writestr(name, content)
    everything = [r.item for r in sorted_out(read(path)[1])[0]]
    data = path.read_bytes()
    short = made.file("short.zip", data[: 200 + cut % (len(data) - 220)])
    try:
        records, troubles = sorted_out(read(short)[1])
    except Malformed as error:
        assert "cut short" in str(error) or "no export" in str(error)
        return
    assert [r.item for r in records] == everything[: len(records)]
    assert len(records) == len(everything) or not records or "entries before it were kept" in troubles[0]
    assert "cut short" in open_archive(short).damage


class _Pipe:
    """A file that cannot seek, so that lengths stand behind the members (flag bit 3)."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def write(self, data: bytes) -> int:
        return self._raw.write(data)  # type: ignore[no-any-return]

    def flush(self) -> None:
        self._raw.flush()


def test_names_that_lead_out_are_not_there(made: Any) -> None:
    path = made.zip({"../../evil.js": "x", "/etc/tweets.js": "x", "data\\..\\tweets.js": "x", "data/tweets.js": "x"})
    archive = open_archive(path)
    assert archive.names() == ["data/tweets.js"] and archive.unsafe == 3


@given(st.text(max_size=40))
def test_a_safe_name_stays_inside(name: str) -> None:
    found = safe_name(name)
    base = Path("/base")
    assert not found or base in (base / found).resolve().parents


def test_a_link_in_a_folder_is_not_followed(made: Any) -> None:
    secret = made.file("secret.js", "window.YTD.tweets.part0 = []")
    folder = made.dir({"data/account.js": made.account})
    (folder / "data" / "tweets.js").symlink_to(secret)
    assert open_archive(folder).names() == ["data/account.js"]


def test_a_bomb_is_stopped(made: Any, read: Any) -> None:
    bomb = made.js("tweets", [made.tweet(10, "sound")])[:-2] + "," + " " * (80 << 20) + "]"
    records, troubles = sorted_out(read(made.zip(made.twitter([]) | {"data/tweets.js": bomb}))[1])
    assert len(records) == 1 and "zip bomb" in troubles[0] and "1 entries before it were kept" in troubles[0]


def test_an_entry_larger_than_any_real_one_is_refused(made: Any, read: Any) -> None:
    huge = made.tweet(11, "x" * (9 << 20))
    records, troubles = sorted_out(read(made.file("tweets.js", made.js("tweets", [made.tweet(10, "sound"), huge])))[1])
    assert len(records) == 1 and "longer than" in troubles[0]


@pytest.mark.parametrize("depth", [5_000, 2_000_000])
def test_deep_nesting_is_refused(made: Any, read: Any, depth: int) -> None:
    text = made.js("tweets", [made.tweet(10, "sound")])[:-2] + "," + "[" * depth
    records, troubles = sorted_out(read(made.file("tweets.js", text))[1])
    assert len(records) == 1 and troubles


@given(cut=st.integers(60, 100_000))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_half_a_json_file_gives_its_whole_entries(made: Any, read: Any, cut: int) -> None:
    text = made.js("tweets", [made.tweet(n + 10, f"number {n} \u2603") for n in range(60)])
    cut = 60 + cut % (len(text.encode()) - 62)
    records, troubles = sorted_out(read(made.file("tweets.js", text.encode()[:cut]))[1])
    assert [r.item.text for r in records] == [f"number {n} \u2603" for n in range(len(records))]
    assert "entries before it were kept" in troubles[0] or not records
    assert len(records) >= text.encode()[:cut].decode(errors="ignore").count("\n  },")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_are_read(made: Any, read: Any, encoding: str) -> None:
    text = made.js("tweets", [made.tweet(10, "tr\u00e4ume \u2603")]).replace("\\u00e4", "\u00e4")
    records, troubles = sorted_out(read(made.file("tweets.js", text.encode(encoding)))[1])
    assert [r.item.text for r in records] == ["tr\u00e4ume \u2603"] and not troubles


def test_a_wrong_encoding_is_said_and_loses_only_its_characters(made: Any, read: Any) -> None:
    text = made.js("tweets", [made.tweet(10, "A"), made.tweet(11, "sound")]).replace('"A"', '"tr\u00e4ume"')
    records, troubles = sorted_out(read(made.file("tweets.js", text.encode("latin-1")))[1])
    assert [r.item.text for r in records] == ["tr\ufffdume", "sound"] and "another encoding" in troubles[0]


def test_a_character_that_somebody_wrote_is_no_damage(made: Any, read: Any) -> None:
    text = made.js("tweets", [made.tweet(10, "A")]).replace('"A"', '"what is \ufffd?"')
    records, troubles = sorted_out(read(made.file("tweets.js", text))[1])
    assert [r.item.text for r in records] == ["what is \ufffd?"] and not troubles


def test_a_pipe_is_not_waited_for(made: Any) -> None:
    folder = made.dir({"data/account.js": made.account})
    os.mkfifo(folder / "data" / "like.js")
    assert open_archive(folder).names() == ["data/account.js"]
    with pytest.raises(Malformed, match="neither"):
        open_archive(folder / "data" / "like.js")


def test_a_directory_without_end_is_refused_unread(made: Any) -> None:
    data = bytearray(made.zip({"data/tweets.js": "x"}).read_bytes())
    at = data.rindex(b"PK\x05\x06") + 12
    data[at : at + 4] = (1 << 30).to_bytes(4, "little")
    with pytest.raises(Malformed, match="more files than"):
        open_archive(made.file("long.zip", bytes(data)))


def test_what_is_no_export_is_said_to_be_none(made: Any, read: Any) -> None:
    for path in (made.zip({"a.txt": "x"}), made.file("x.bin", b"\x00\x01"), made.file("cut.zip", b"PK\x03\x04")):
        with pytest.raises(Malformed):
            read(path)


def test_an_encrypted_member_is_said_to_be_encrypted(made: Any, read: Any) -> None:
    path = made.zip(made.twitter([made.tweet(10, "one")], [made.like(5)]))
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)  # the directory's entry of tweets.js
    data[at + 8] |= 1
    found = sorted_out(_entries(made.file("locked.zip", bytes(data))))
    assert len(found[0]) == 1 and "encrypted" in found[1][0]
    with pytest.raises(Malformed, match="encrypted"):
        detect(open_archive(_locked(made)))


def _locked(made: Any) -> Path:
    data = made.zip({"data/tweets.js": made.js("tweets", [])}).read_bytes().replace(b"PK\x01\x02", b"PK\x01\x02", 1)
    at = data.index(b"PK\x01\x02") + 8
    return made.file("all_locked.zip", data[:at] + bytes([data[at] | 1]) + data[at + 1 :])  # type: ignore[no-any-return]


def _entries(path: Path) -> list[Any]:
    from penchant.adapters.exports import load

    archive = open_archive(path)
    reader = load("twitter")
    reader.members = lambda _: ["data/tweets.js", "data/like.js"]  # type: ignore[method-assign,assignment]
    return list(reader.read(archive))
