"""The whole way with real processes: a feed, a worker, a letter from a screen, files in the cache."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from penchant.app.paths import Paths
from penchant.app.pictures.files import PictureFiles
from penchant.app.pictures.frames import pixels
from penchant.app.store import Store
from penchant.app.types import View

_spec = importlib.util.spec_from_file_location(
    "app_fixtures", Path(__file__).resolve().parents[1] / "app" / "conftest.py"
)
assert _spec is not None and _spec.loader is not None
_fixtures = sys.modules.setdefault(_spec.name, importlib.util.module_from_spec(_spec))
if not hasattr(_fixtures, "Cli"):
    _spec.loader.exec_module(_fixtures)
cli, until = _fixtures.cli, _fixtures.until


@pytest.fixture(autouse=True)
def lean(home: Path) -> None:
    (home / "config").mkdir()
    (home / "config" / "config.toml").write_text('[models]\nsentence = ""\npicture = ""\njudge = ""\n')


def test_a_letter_brings_a_picture_and_the_worker_never_loads_pillow(
    cli: Any, server: Any, until: Callable[..., None], draw: Callable[..., bytes]
) -> None:
    picture = server.route("/a.jpg", draw("JPEG", (800, 600), (0, 200, 0)))
    feed = (
        '<rss version="2.0"><channel><title>Example</title><item><guid>1</guid><title>One</title>'
        f'<enclosure url="{picture}" type="image/jpeg" length="1"/></item></channel></rss>'
    )
    address = server.route("/feed", feed, headers={"Content-Type": "application/rss+xml"})
    paths = Paths.from_environment()
    cli("add", address)
    cli("sync", "--no-rank")
    worker = cli.start("worker")
    with Store.open(paths.archive) as store:
        (item,) = store.items.ids(View.NEWEST)
        assert store.pictures.of_items([item])[item][0].state == ""
        store.control.request("picture", {"items": [item]})
        until(lambda: store.pictures.of_items([item])[item][0].state == "there")
        (shot,) = store.pictures.of_items([item])[item]
    large = pixels(PictureFiles(paths.cache / "pictures").large(shot.hash or b""))
    assert (large.width, large.height) == (800, 600)
    mapped = Path(f"/proc/{worker.pid}/maps")
    if mapped.exists():
        assert "/PIL/" not in mapped.read_text()
