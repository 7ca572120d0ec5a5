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


def test_an_account_from_the_command_line(cli: Any, tmp_path: Path) -> None:
    """The password is asked for, tried, kept; the folder is read with it."""
    import subprocess
    import sys

    fixtures = _imap_fixtures()
    imap = fixtures.start(tmp_path)
    imap.put(fixtures.letter(1), fixtures.letter(2))
    cli.environment["SSL_CERT_FILE"] = str(imap.ca)

    def typed(password: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-P", "-m", "penchant.app.cli", "add", imap.address()]
        return subprocess.run(
            words, input=password, capture_output=True, text=True, timeout=60, env=cli.environment, check=False
        )

    refused = typed("wrong\n")
    assert refused.returncode == 5 and "refused the password" in refused.stderr and "\x1b" not in refused.stderr
    assert cli("mail", "accounts") == ""
    assert typed("s3cret\n").returncode == 0
    assert cli("mail", "accounts") == f"me@127.0.0.1:{imap.port}\n"
    cli("sync", "--no-rank", "--quiet")
    assert "Letter 2" in cli("list", "--view", "newest")
    imap.stop()


def _imap_fixtures() -> Any:
    """The server of tests/adapters/mail (tests are no package, so it is loaded by its path)."""
    import importlib.util

    path = Path(__file__).resolve().parents[1] / "adapters" / "mail" / "conftest.py"
    spec = importlib.util.spec_from_file_location("imap_fixtures", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
