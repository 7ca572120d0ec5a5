"""Logs: rotated, one JSON object a line, without content and tokens."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penchant.app import logs

TOKEN = "s3cretCanary0123456789"
log = logging.getLogger("penchant.app.somewhere")


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Path]:
    handler = logs.start(tmp_path / "penchant.log")
    yield tmp_path / "penchant.log"
    logging.getLogger("penchant").removeHandler(handler)
    handler.close()


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.parametrize(
    "said",
    [
        f"https://me:{TOKEN}@feeds.example/x",
        f"https://{TOKEN}@feeds.example/x",
        f"GET https://feeds.example/private?user=1&auth={TOKEN} failed",
        f"https://app.example/callback#id={TOKEN}",
        f"Authorization: Bearer {TOKEN}",
        f"{{'Authorization': 'Basic {TOKEN}=='}}",
        f'{{"access_token": "{TOKEN}", "me": "https://x.example/@me"}}',
        f"password={TOKEN}",
        f"Cookie: {TOKEN}",
        f"client_secret = '{TOKEN}'",
        f"DPoP {TOKEN}",
    ],
)
def test_no_token_in_a_message_or_a_field(written: Path, said: str) -> None:
    log.warning("it failed: %s", said, extra={"fields": {"error": said, "all": [said], "odd": ValueError(said)}})
    text = written.read_text()
    assert TOKEN not in text and "it failed" in text


def test_no_words_of_an_exception(written: Path) -> None:
    try:
        raise ValueError(f"invalid literal: 'a private title {TOKEN}'")
    except ValueError:
        log.exception("a fault")
    [line] = lines(written)
    assert line["error"] == "ValueError" and line["stack"] and "private" not in written.read_text()


def test_long_texts_are_cut(written: Path) -> None:
    log.info("x" * 5_000, extra={"fields": {"body": "a whole article " * 500}})
    assert len(written.read_text()) < 1_000


def test_it_rotates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 2_000)
    handler = logs.start(tmp_path / "penchant.log")
    try:
        for n in range(200):
            log.info("line %d", n)
    finally:
        logging.getLogger("penchant").removeHandler(handler)
        handler.close()
    files = sorted(tmp_path.iterdir())
    assert [path.name for path in files] == ["penchant.log", "penchant.log.1", "penchant.log.2"]
    assert all(path.stat().st_size <= 2_000 for path in files)
    assert lines(files[0])[-1]["what"] == "line 199"


@given(st.text(max_size=400))
def test_every_line_is_one_json_object(said: str) -> None:
    record = logging.LogRecord("penchant.x", logging.INFO, "", 1, "%s", (said,), None)
    record.fields = {"said": said}
    line = logs.JsonLines().format(record)
    assert "\n" not in line and json.loads(line)["level"] == "info" and line.isascii()
