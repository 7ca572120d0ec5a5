"""Tokens: private from the first byte, whole after a crash, and never a hang on a keyring."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import keyring
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keyring.backend import KeyringBackend

from penchant.adapters import secrets


class MemoryKeyring(KeyringBackend):
    """A keyring that works."""

    priority = 9  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


class LockedKeyring(MemoryKeyring):
    """A keyring that waits for a dialogue nobody sees."""

    def __init__(self) -> None:
        super().__init__()
        self.unlocked = threading.Event()
        self.asked = 0

    def get_password(self, service: str, username: str) -> str | None:
        self.asked += 1
        self.unlocked.wait(30)
        return super().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        self.unlocked.wait(30)
        super().set_password(service, username, password)


class BrokenKeyring(MemoryKeyring):
    def set_password(self, service: str, username: str, password: str) -> None:
        raise RuntimeError("D-Bus is not running")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(secrets, "_stuck", None)
    monkeypatch.setattr(secrets, "KEYRING_SECONDS", 0.1)
    monkeypatch.setenv("PENCHANT_SECRETS_DIR", str(tmp_path / "secrets"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secrets" / secrets.FILE_NAME


def use(monkeypatch: pytest.MonkeyPatch, backend: Any) -> Any:
    monkeypatch.setattr(keyring, "get_keyring", lambda: backend)
    return backend


def test_a_file_only_the_reader_can_read(file: Path) -> None:
    assert secrets.set("mastodon:ada@home.example", "t0ken") == "file"
    assert secrets.get("mastodon:ada@home.example") == "t0ken"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    os.chmod(file, 0o644)
    secrets.get("mastodon:ada@home.example")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600, "a loosened file is tightened again"


def test_a_working_keyring_keeps_the_value_and_the_file_only_the_name(
    monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    backend = use(monkeypatch, MemoryKeyring())
    assert secrets.set("k", "t0ken") == "keyring"
    assert "t0ken" not in file.read_text() and secrets.names() == ("k",)
    assert secrets.get("k") == "t0ken"
    assert secrets.delete("k") and not backend.kept and secrets.get("k") is None


@pytest.mark.parametrize("backend", [LockedKeyring, BrokenKeyring])
def test_a_keyring_that_hangs_or_fails_is_replaced_by_the_file(
    monkeypatch: pytest.MonkeyPatch, backend: type[KeyringBackend]
) -> None:
    use(monkeypatch, backend())
    assert secrets.set("k", "t0ken") == "file"
    assert secrets.get("k") == "t0ken"


def test_a_keyring_that_locks_later_is_an_error_in_words_not_a_lost_token(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    use(monkeypatch, MemoryKeyring())
    secrets.set("k", "t0ken")
    locked = use(monkeypatch, LockedKeyring())
    locked.kept[secrets.SERVICE, "k"] = "t0ken"
    for _ in range(3):
        with pytest.raises(secrets.SecretsUnavailable, match="does not answer") as refused:
            secrets.get("k")
    assert "Unlock" in refused.value.hint
    assert locked.asked == 1, "one question at a time"
    assert secrets.get("unknown") is None, "what was never stored costs no question to the keyring"
    locked.unlocked.set()
    assert secrets._stuck is not None
    secrets._stuck.join(10)
    assert secrets.get("k") == "t0ken", "once it is unlocked, all is well"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"entries": 5}', '{"entries": {"k": 5}}', "\x00\x01"])
def test_a_damaged_file_is_named_and_left_alone(file: Path, content: str) -> None:
    file.parent.mkdir()
    file.write_text(content)
    for call in (lambda: secrets.get("k"), lambda: secrets.set("k", "v")):
        with pytest.raises(secrets.SecretsUnavailable, match="damaged") as refused:
            call()
        assert str(file) in refused.value.hint
    assert file.read_text() == content


def test_a_failed_write_leaves_the_old_file_whole(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    secrets.set("k", "old")

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(secrets.SecretsUnavailable, match="No space left"):
        secrets.set("k", "new")
    assert secrets.get("k") == "old"
    assert sorted(p.name for p in file.parent.iterdir()) == ["secrets.json", "secrets.lock"]


def test_many_processes_storing_at_once_lose_nothing(file: Path) -> None:
    program = (
        "import sys; from penchant.adapters import secrets\n"
        "for i in range(5): secrets.set(f'{sys.argv[1]}-{i}', 'v')"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(n)]) for n in range(3)]
    assert [process.wait(30) for process in running] == [0, 0, 0]
    assert len(json.loads(file.read_text())["entries"]) == 15


def test_a_change_waits_for_the_one_before() -> None:
    other = threading.Thread(target=secrets.set, args=("second", "v"))
    with secrets._changing() as entries:
        other.start()
        other.join(0.3)  # without the lock it is through by now, and its key is overwritten below
        entries["first"] = {"where": "file", "value": "v"}
    other.join(10)
    assert secrets.names() == ("first", "second")


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.text(max_size=20), st.text(max_size=40).filter(lambda s: s.isprintable()), max_size=4)
)
def test_what_is_stored_comes_back(values: dict[str, str]) -> None:
    for key, value in values.items():
        secrets.set(key, value)
    assert {key: secrets.get(key) for key in values} == values
    for key in values:
        assert secrets.delete(key) and not secrets.delete(key)
