"""A bundle for a bug report: what is needed to find a fault, without content, addresses, names or tokens.

`gathered` reads; `Redaction` is pure. Addresses become a short digest under a key that is thrown away with the report:
the same address is the same digest within one bundle, and nobody can look it up.
"""

from __future__ import annotations

import dataclasses
import getpass
import hashlib
import json
import os
import platform
import re
import socket
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .logs import without_secrets

if TYPE_CHECKING:
    from .config import Config
    from .paths import Paths
    from .store import Store

#: Lines of the log, and of the latest crash.
LINES, FRAMES = 400, 60
_URL = re.compile(r"[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>)\]}]+", re.I)
_HANDLE = re.compile(
    r"@?[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?<![\w.])[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?::\d+)?(?:/[^\s\"']*)?", re.I
)
#: What looks like a name of a host and is a file or a module of ours.
_OURS = re.compile(r"[\w./-]*\.(?:py|db|log|toml|json|gguf|sql|txt|so|c|jpg|md)(?:[-:]\w+)*", re.I)
_LONG = re.compile(r"\b[A-Za-z0-9_-]{32,}\b")
_FRAME = re.compile(r'\s*File "(?P<file>[^"]+)", line (?P<line>\d+), in (?P<name>\S+)')
#: Settings in words that say nothing of the reader.
_OPEN = frozenset(("auto", "on", "off", "", "minilm", "none"))


class Redaction:
    """Replaces what could name the reader or what he reads. `names`: source titles, authors' names and the like."""

    def __init__(self, key: bytes, names: Iterable[str] = (), home: str = "") -> None:
        self._key, self._home = key, home
        found = sorted({name for name in names if len(name) > 2}, key=len, reverse=True)
        self._names = re.compile("|".join(map(re.escape, found)), re.I) if found else None

    def digest(self, text: str) -> str:
        """Eight characters that stand for a text within this bundle."""
        return hashlib.blake2b(text.casefold().encode("utf-8", "replace"), key=self._key, digest_size=4).hexdigest()

    def text(self, text: str) -> str:
        """The text with addresses, hosts, handles, names, places below the home folder and tokens replaced."""
        line = without_secrets(text)
        line = _URL.sub(lambda m: f"<address {self.digest(m[0])}>", line)
        if self._home:
            line = line.replace(self._home, "~")
        if self._names is not None:
            line = self._names.sub(lambda m: f"<name {self.digest(m[0])}>", line)
        line = _HANDLE.sub(lambda m: m[0] if _OURS.fullmatch(m[0]) else f"<host {self.digest(m[0])}>", line)
        return _LONG.sub("<long>", line)

    def frames(self, trace: str) -> list[str]:
        """Files, lines and functions of a traceback and the kinds of its exceptions; neither words nor code."""
        found = []
        for line in trace.splitlines():
            if match := _FRAME.match(line):
                found.append(f"{'/'.join(Path(match['file']).parts[-3:])}:{match['line']} in {match['name']}")
            elif match := re.match(r"([A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Warning))\b", line):
                found.append(match[1])
        return found[-FRAMES:]


def gathered(paths: Paths, config: Config, store: Store | None, key: bytes) -> dict[str, str]:
    """Name of a file in the bundle -> its text. Never raises for what cannot be read: the text says so."""
    redact = Redaction(key, _names(store), str(Path.home()))
    parts: dict[str, Callable[[], object]] = {
        "versions.json": _versions,
        "settings.json": lambda: settings(config),
        "archive.txt": lambda: _doctor(paths, redact),
        "counts.json": lambda: _counts(paths, config, store),
        "sources.json": lambda: [] if store is None else _sources(store, redact),
        "log.txt": lambda: _log(paths, redact),
        "crash.txt": lambda: _crash(paths, redact),
    }
    return {name: _said(make) for name, make in parts.items()}


def _said(make: Callable[[], object]) -> str:
    try:
        found = make()
    except Exception as error:  # a report is made when something is broken
        return f"could not be read: {type(error).__name__}\n"
    return found if isinstance(found, str) else json.dumps(found, indent=1, ensure_ascii=True) + "\n"


def _names(store: Store | None) -> list[str]:
    """What a line must not show: titles and addresses of sources, folders, this user and machine."""
    found = [getpass.getuser() if hasattr(os, "getuid") else "", socket.gethostname()]
    if store is not None:
        try:
            rows = store.db.rows("SELECT title, address, folder FROM subscriptions")
        except Exception:
            rows = []
        for title, address, folder in rows:
            # keys of private feeds stand in their addresses
            parts = [part for part in re.split(r"[/?&=#@:]+", address) if len(part) >= 8]
            found += [title, address, *parts, *map(str, json.loads(folder))]
    return [name for name in found if name and name != "root"]


def _versions() -> dict[str, Any]:
    import apsw

    required = metadata.requires("penchant") or []
    names = sorted({re.split(r"[^\w.-]", each)[0] for each in required} - {"penchant"})
    return {
        "penchant": metadata.version("penchant"),
        "python": sys.version.split()[0],
        "system": platform.system(),
        "release": platform.release(),
        "machine": platform.machine(),
        "sqlite": apsw.sqlite_lib_version(),
        "terminal": {name: os.environ.get(name, "") for name in ("TERM", "COLORTERM", "TERM_PROGRAM", "LANG")},
        "packages": {name: version for name in names if (version := _version(name))},
    }


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def settings(config: Any) -> dict[str, Any]:
    """Every setting; a free text that is not one of the known words only as "(set)"."""
    found: dict[str, Any] = {}
    for each in dataclasses.fields(config):
        value = getattr(config, each.name)
        if dataclasses.is_dataclass(value):
            found[each.name] = settings(value)
        elif isinstance(value, Mapping):
            found[each.name] = {key: list(keys) for key, keys in value.items()}
        elif isinstance(value, str) and value not in (*_OPEN, each.default, *each.metadata.get("choices", ())):
            found[each.name] = "(set)"
        else:
            found[each.name] = value
    return found


def _doctor(paths: Paths, redact: Redaction) -> str:
    from .store.doctor import check

    lines = check(paths.archive).lines()
    return "".join(redact.text(line) + "\n" for line in lines)


def _counts(paths: Paths, config: Config, store: Store | None) -> list[dict[str, Any]]:
    from .holdings import holdings

    return [
        {"group": each.group, "name": each.name, "count": each.count, "bytes": each.bytes}
        for each in holdings(paths, config, None if store is None else store.db)
        if each.group not in ("secrets", "imports", "other")
    ]


def _sources(store: Store, redact: Redaction) -> list[dict[str, Any]]:
    now = time.time()
    return [
        {
            "kind": each.kind,
            "address": redact.digest(each.address),
            "items": each.items,
            "paused": each.paused,
            "state": each.state,
            "failures": each.failures,
            "error": redact.text(each.error),
            "interval": round(each.interval),
            "succeeded": None if each.last_success is None else f"{(now - each.last_success) / 3600:.1f} h ago",
            "settings": sorted(each.settings),
        }
        for each in store.subscriptions.all()
    ]


def _log(paths: Paths, redact: Redaction) -> str:
    try:
        lines = paths.log_file.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES:]
    except FileNotFoundError:
        return "there is no log\n"
    return "".join(redact.text(line) + "\n" for line in lines)


def _crash(paths: Paths, redact: Redaction) -> str:
    try:
        text = paths.crash_file.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return "there was no crash\n"
    return "".join(line + "\n" for line in redact.frames(text))
