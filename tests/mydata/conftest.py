"""A reader's own past in an archive: an import with replies, quotes and likes."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from penchant.app import importing
from penchant.app.store import Store

TESTS = Path(__file__).resolve().parents[1]


def _load(name: str, path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = sys.modules.setdefault(spec.name, importlib.util.module_from_spec(spec))
    if not hasattr(module, "__file__") or not vars(module).get("twitter"):
        spec.loader.exec_module(module)
    return module


exports = _load("voice_export_fixtures", TESTS / "exports" / "conftest.py")
_cli = _load("voice_app_fixtures", TESTS / "app" / "conftest.py")
cli = _cli.cli


@pytest.fixture
def past(tmp_path: Path, home: Path) -> Iterator[Store]:
    """Twelve posts, replies to one of one's own and to a stranger's, a quotation, two likes."""
    from penchant.app.paths import Paths

    day = "Tue Mar {:02} 14:05:17 +0000 2019"
    tweets = [
        exports.tweet(100 + n, f"Own post {n} about owls, honestly!", created_at=day.format(n + 1)) for n in range(12)
    ]
    tweets += [
        exports.tweet(
            200, "@ada @bob well, owls sleep by day", created_at=day.format(20), in_reply_to_status_id_str="100",
            in_reply_to_screen_name="me",
        ),
        exports.tweet(
            201, "@stranger no idea", created_at=day.format(21), in_reply_to_status_id_str="99",
            in_reply_to_screen_name="stranger",
        ),
    ]  # fmt: skip
    path = exports.Made(tmp_path).zip(
        exports.twitter(tweets, [exports.like(300, "a liked text about trams"), exports.like(301)])
    )
    archive = Paths.from_environment().ensure().archive
    with Store.open(archive, role="cli") as store:
        importing.run(store, path)
        yield store
