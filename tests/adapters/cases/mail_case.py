"""Mail for the contract suite: a real Maildir; see tests/adapters/test_contract.py. IMAP: tests/adapters/mail."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

KIND = "mail"
NETWORK = False
_HELD: dict[int, Any] = {}


def _letter(number: int, **changes: str) -> bytes:
    headers = {
        "From": "Ada <ada@news.example>",
        "Subject": f"Letter {number}",
        "Message-ID": f"<{number}@news.example>",
        "Date": "Sun, 01 Mar 2026 10:00:00 +0000",
        "List-Id": "Engines <engines.news.example>",
        "Content-Type": "text/html; charset=utf-8",
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    body = headers.pop("body", f"<p>Number {number}")
    head = "".join(f"{name}: {value}\n" for name, value in headers.items())
    return f"{head}\n{body}".encode("utf-8", "surrogatepass")


def _folder(server: Any, letters: list[bytes]) -> dict[str, Any]:
    """One folder for each server: `grow` adds to it."""
    held = _HELD.get(id(server)) or _HELD.setdefault(id(server), tempfile.TemporaryDirectory())
    root = Path(held.name)
    for name in ("cur", "new", "tmp"):
        (root / name).mkdir(exist_ok=True)
    for letter in letters:
        number = len(list((root / "new").iterdir()))
        (root / "new" / f"{1_700_000_000 + number}.M{number}.host").write_bytes(letter)
    return {"address": f"maildir:{root}"}


def serve(server: Any) -> dict[str, Any]:
    _HELD.pop(id(server), None)
    return _folder(server, [_letter(number) for number in range(45)])


def grow(server: Any) -> None:
    _folder(server, [_letter(number) for number in range(100, 103)])


def serve_text(server: Any, text: str) -> dict[str, Any]:
    _HELD.pop(id(server), None)
    line = text.replace("\n", " ").replace("\r", " ")
    rude = dict.fromkeys(("Subject", "Date", "List-Id", "Content-Language", "References", "In-Reply-To"), line)
    body = f'<p>{text}</p><a href="{text}">{text}</a><img src="https://x.example/{text}" alt="{text}">'
    rude |= {"From": f"{line} <{line}@x.example>", "List-Unsubscribe": f"<{line}>, <https://x.example/{line}>"}
    file = f'Content-Disposition: attachment; filename="{line}"'
    attached = f"--b\nContent-Type: text/html\n\n{body}\n--b\n{file}\n\n1\n--b--"
    return _folder(server, [
        _letter(1, **rude, body=body), _letter(2, **rude, Message_ID=f"<{line}>", body=body),
        _letter(3, **rude, Content_Type="multipart/mixed; boundary=b", body=attached),
        _letter(4, Content_Type=f"text/plain; charset={line}", body=text),
        text.encode("utf-8", "surrogatepass"),
    ])  # fmt: skip
