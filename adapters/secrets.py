"""Tokens: in the system keyring where a working one answers in time, else in a file only the reader can read.

The file `secrets.json` lists every key and says where its value lives, so
that a key which was never stored costs no question to the keyring. A keyring
call runs in a thread of its own and is given up after `KEYRING_SECONDS`: a
locked keyring opens a dialogue that a terminal over ssh never sees.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .base import SourceError
from .hidden import keep

SERVICE = "penchant"
KEYRING_SECONDS = 4.0
FILE_NAME = "secrets.json"

#: Keys of commands that were allowed: no credentials, and their failures name them.
_COMMANDS = "exec:"

_folder: Path | None = None
#: A keyring call that was given up and still runs: until it ends, nobody asks again.
_stuck: threading.Thread | None = None


class SecretsUnavailable(SourceError):
    hint = "Unlock your system keyring, or sign in again with `penchant mastodon login`."


def configure(folder: str | os.PathLike[str]) -> None:
    """Set the folder of the file (created when needed). PENCHANT_SECRETS_DIR overrides it."""
    global _folder
    _folder = Path(folder)


def folder() -> Path:
    """Where the file is: PENCHANT_SECRETS_DIR, else what `configure` said, else the platform's."""
    if given := os.environ.get("PENCHANT_SECRETS_DIR"):
        return Path(given)
    if _folder is not None:
        return _folder
    import platformdirs

    return platformdirs.user_data_path("penchant", appauthor=False)


def get(key: str) -> str | None:
    """The secret stored under `key`, None when there is none. Raises `SecretsUnavailable`."""
    value = _get(key)
    if value and not key.startswith(_COMMANDS):
        keep(value)
    return value


def _get(key: str) -> str | None:
    entry = _read().get(key)
    if entry is None:
        return None
    if "value" in entry:
        return str(entry["value"])
    value = _bounded(lambda: _keyring().get_password(SERVICE, key))
    if isinstance(value, str):
        return value
    if value is None:
        return None
    raise SecretsUnavailable("The system keyring does not answer") from value


def set(key: str, value: str) -> str:
    """Store a secret; returns where it went: "keyring" or "file". Raises `SecretsUnavailable`."""
    if not key.startswith(_COMMANDS):
        keep(value)
    where = "keyring" if _store_in_keyring(key, value) else "file"
    entry = {"where": "keyring"} if where == "keyring" else {"where": "file", "value": value}
    with _changing() as entries:
        entries[key] = entry
    return where


def delete(key: str) -> bool:
    """Forget a secret; True if there was one."""
    entry = _read().get(key)
    if entry is None:
        return False
    if "value" not in entry:
        _bounded(lambda: _keyring().delete_password(SERVICE, key))
    with _changing() as entries:
        entries.pop(key, None)
    return True


def names() -> tuple[str, ...]:
    """Names of everything stored, sorted; asks no keyring."""
    return tuple(sorted(_read()))


@contextlib.contextmanager
def turn() -> Iterator[None]:
    """Held by one process at a time: for what reads a secret, uses it up and stores the next. It blocks."""
    path = folder() / FILE_NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(path.with_suffix(".turn")):
            yield
    except OSError as error:
        hint = f"Check that {path.parent} can be written and the disk is not full."
        raise SecretsUnavailable(f"The tokens cannot be locked: {error.strerror}", hint=hint) from None


def _store_in_keyring(key: str, value: str) -> bool:
    """Store and read back; False when there is no keyring that keeps what it is given."""

    def round_trip() -> bool:
        backend = _keyring()
        backend.set_password(SERVICE, key, value)
        return bool(backend.get_password(SERVICE, key) == value)

    return _bounded(round_trip) is True


def _keyring() -> Any:
    """The system keyring. Backends that keep nothing or plain text are refused: our own file is better."""
    import keyring

    backend = keyring.get_keyring()
    module = type(backend).__module__
    if module.startswith(("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")):
        raise LookupError(f"no keyring ({module})")
    return backend


def _bounded(call: Callable[[], Any]) -> Any:
    """The result of `call`, or the exception it raised, or TimeoutError."""
    global _stuck
    if _stuck is not None and _stuck.is_alive():
        return TimeoutError("the keyring hangs")
    answer: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def run() -> None:
        try:
            answer.put(call())
        except BaseException as error:  # backends raise whatever their platform raises
            answer.put(error)

    thread = threading.Thread(target=run, name="keyring", daemon=True)
    thread.start()
    try:
        return answer.get(timeout=KEYRING_SECONDS)
    except queue.Empty:
        _stuck = thread
        return TimeoutError("the keyring hangs")


def _read() -> dict[str, dict[str, Any]]:
    path = folder() / FILE_NAME
    try:
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                os.chmod(path, 0o600)
            document = json.loads(file.read())
        entries = document["entries"]
        if not all(isinstance(entry, dict) for entry in entries.values()):
            raise TypeError("entries")
        return dict(entries)
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        hint = f"Move {path} away and sign in again."
        raise SecretsUnavailable(f"The file of tokens is damaged: {path}", hint=hint) from None
    except OSError as error:
        hint = f"Check that {path} belongs to you and can be read."
        raise SecretsUnavailable(f"The file of tokens cannot be read: {error.strerror}", hint=hint) from None


@contextlib.contextmanager
def _changing() -> Iterator[dict[str, dict[str, Any]]]:
    """The entries, written back as one atomic replacement; one process at a time."""
    path = folder() / FILE_NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(path.with_suffix(".lock")):
            entries = _read()
            yield entries
            _replace(path, json.dumps({"version": 1, "entries": entries}, indent=1, sort_keys=True))
    except OSError as error:
        hint = f"Check that {path.parent} can be written and the disk is not full."
        raise SecretsUnavailable(f"The token cannot be stored: {error.strerror}", hint=hint) from None


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        import fcntl
    except ImportError:  # Windows: two sign-ins at the same moment are the reader's own
        yield
        return
    with open(os.open(path, os.O_CREAT | os.O_RDWR, 0o600), "rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _replace(path: Path, content: str) -> None:
    """Write 0600 from the first byte on (mkstemp does), and survive power loss."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secrets-")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    if os.name == "posix":
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
