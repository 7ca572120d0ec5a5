"""Makes exports of every kind as their services write them."""

from __future__ import annotations

import importlib.util
import json
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from penchant.adapters.exports import detect
from penchant.adapters.exports.archive import open_archive
from penchant.adapters.exports.base import Entry
from penchant.app.store import Store

_spec = importlib.util.spec_from_file_location(
    "app_fixtures_for_exports", Path(__file__).resolve().parents[1] / "app" / "conftest.py"
)
assert _spec is not None and _spec.loader is not None
_fixtures = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _fixtures
_spec.loader.exec_module(_fixtures)

cli = _fixtures.cli

Files = dict[str, str | bytes]


def js(name: str, entries: list[Any], part: int = 0) -> str:
    return f"window.YTD.{name}.part{part} = " + json.dumps(entries, indent=2)


def tweet(number: int, text: str, **more: Any) -> dict[str, Any]:
    """A tweet as archives since 2019 have it: every number a text."""
    return {"tweet": {
        "id_str": str(number), "id": str(number), "created_at": "Tue Mar 19 14:05:17 +0000 2019", "full_text": text,
        "favorite_count": "3", "lang": "en", "retweeted": False, "entities": {"urls": [], "user_mentions": []}, **more,
    }}  # fmt: skip


def like(number: int, text: str | None = "a liked text") -> dict[str, Any]:
    entry = {"tweetId": str(number), "expandedUrl": f"https://twitter.com/i/web/status/{number}"}
    return {"like": entry | ({"fullText": text} if text is not None else {})}


ACCOUNT = js("account", [{"account": {"username": "Ada", "accountId": "7", "accountDisplayName": "Ada L"}}])


def twitter(tweets: list[Any], likes: list[Any] = (), **more: str) -> Files:  # type: ignore[assignment]
    """The files of an archive."""
    return {
        "data/account.js": ACCOUNT,
        "data/tweets.js": js("tweets", list(tweets)),
        "data/like.js": js("like", list(likes)),
        **{f"data/{name.replace('_', '-')}.js": text for name, text in more.items()},
    }  # fmt: skip


class Made:
    """Writes exports below the test's folder."""

    js, tweet, like, twitter = staticmethod(js), staticmethod(tweet), staticmethod(like), staticmethod(twitter)
    account = ACCOUNT

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def zip(self, files: Files, name: str = "export.zip") -> Path:
        path = self.folder / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
            for inside, content in files.items():
                made.writestr(inside, content)
        return path

    def dir(self, files: Files, name: str = "export") -> Path:
        for inside, content in files.items():
            path = self.folder / name / inside
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.folder / name

    def file(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


@pytest.fixture
def read() -> Callable[[Path], tuple[str, list[Entry]]]:
    """(kind, entries) of the export at a path."""

    def of(path: Path) -> tuple[str, list[Entry]]:
        archive = open_archive(path)
        try:
            kind, reader = detect(archive)
            return kind, list(reader.read(archive))
        finally:
            archive.close()

    return of


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "archive.db", role="cli") as opened:
        yield opened


def _loopback() -> Any:
    """The scriptable server of the adapters' tests (tests are no package, so it is loaded by its path)."""
    path = Path(__file__).resolve().parents[1] / "adapters" / "conftest.py"
    spec = importlib.util.spec_from_file_location("loopback_server", path)
    assert spec is not None and spec.loader is not None
    module = sys.modules.setdefault(spec.name, importlib.util.module_from_spec(spec))
    if not hasattr(module, "Server"):
        spec.loader.exec_module(module)
    return module


server, answers = _loopback().server, _loopback().answers
