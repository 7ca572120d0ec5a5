"""`penchant mail`, and newsletters on the command line, from a Maildir."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def test_a_maildir_from_the_command_line(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "News" / "new").mkdir(parents=True)
    letter = "Subject: About hedges\nFrom: Ada <ada@x.example>\nMessage-ID: <1@x>\n\nA long walk.\n"
    (tmp_path / "News" / "new" / "1700000000.M1.host").write_text(letter)
    assert "News" in cli("add", f"maildir:{tmp_path}/News")
    cli("sync", "--no-rank", "--quiet")
    assert "About hedges" in cli("list", "--view", "newest")
    assert "About hedges" in cli("search", "--words-only", "hedges")


def test_passwords(cli: Any) -> None:
    assert cli("mail", "accounts") == ""
    cli("mail", "login", "imaps://me@127.0.0.1:9/", code=1)  # nobody types one
    assert "given up" in cli.errors
    cli("mail", "logout", "me@127.0.0.1:9", code=1)
    cli("mail", "login", "maildir:/x", code=2)
    cli("mail", "login", "nonsense", code=5)
    cli("add", "imaps://me@127.0.0.1:9/News", code=1)
    assert cli("sources") == "You follow nothing yet. `penchant add sample` is a start without any network.\n"
