"""One IMAP conversation, read-only: TLS with a checked certificate, EXAMINE, BODY.PEEK. Blocking; run it in a thread.

imaplib does the protocol; here are the bounds that it lacks: bytes of one
answer and of a visit, and failures in words.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .base import BadSettings, NotAuthorized, NotFound, SourceError, TimedOut, TooLarge, Unreachable
from .mail_place import Place, from_utf7, to_utf7
from .text import clean_line

#: Bytes read of one message (what comes later are attachments), and of one visit in all.
MAX_MESSAGE, MAX_VISIT = 2 << 20, 256 << 20
#: UIDs that one search spans: the answer stays far below imaplib's longest line.
SPAN = 20_000
_UID = re.compile(rb"\bUID (\d{1,10})\b")
_NAME = re.compile(rb'\) (?:"[^"]*"|NIL) (?:"((?:[^"\\]|\\.)*)"|(\S+))\s*\Z')
Message = tuple[int, bytes]


class _Bounded:
    """Counts what a server sends, for both kinds of connection."""

    spare = MAX_VISIT

    def _count(self, size: int) -> None:
        self.spare -= size
        if self.spare < 0:
            raise TooLarge(f"The server sent more than {MAX_VISIT >> 20} MB in one visit.")

    def read(self, size: int) -> bytes:
        if size > MAX_MESSAGE + 4096:
            raise TooLarge(f"The server announced an answer of {size:,} bytes, more than was asked for.")
        self._count(size)
        data: bytes = super().read(size)  # type: ignore[misc]
        return data

    def readline(self) -> bytes:
        line: bytes = super().readline()  # type: ignore[misc]
        self._count(len(line))
        return line


class _Tls(_Bounded, imaplib.IMAP4_SSL):
    pass


class _Plain(_Bounded, imaplib.IMAP4):
    pass


class Box:
    """An examined folder. `next` is the UID that the next message will have, `count` how many there are."""

    def __init__(self, place: Place, seconds: float) -> None:
        self.place, self.seconds = place, seconds
        self.validity = self.next = self.count = 0
        self._talk: Any = None

    def open(self, password: str) -> None:
        """Connect, sign in, EXAMINE. Raises `SourceError`."""
        place = self.place
        with in_words(place):
            self._connect(_context(place))
            self._sign_in(password)
            status, data = self._talk.select(f'"{_quoted(to_utf7(place.folder))}"', readonly=True)
            if status != "OK":
                raise NotFound(
                    f"{place.account} has no folder {place.folder!r} ({_said(data)})", hint=self._folders()
                )
            self.count = _number(data)
            self.validity = _number(self._talk.response("UIDVALIDITY")[1])
            self.next = _number(self._talk.response("UIDNEXT")[1]) or max(self.newest(1), default=0) + 1

    def newest(self, limit: int) -> list[int]:
        """UIDs of the newest `limit` messages, ascending."""
        if not self.count:
            return []
        with in_words(self.place):
            first = max(1, self.count - limit + 1)
            _, data = self._talk.fetch(f"{first}:{self.count}", "(UID)")
            found = [_UID.search(row) for row in data if isinstance(row, bytes)]
            return sorted({int(uid[1]) for uid in found if uid})[-limit:]

    def between(self, low: int, high: int) -> list[int]:
        """UIDs from `low` to `high`, ascending; at most `SPAN` numbers apart."""
        with in_words(self.place):
            _, data = self._talk.uid("SEARCH", None, f"UID {low}:{high}")
            words = b" ".join(row for row in data if isinstance(row, bytes)).split()
            return sorted({int(w) for w in words if w.isdigit() and low <= int(w) <= high})

    def messages(self, uids: list[int]) -> list[Message]:
        """The beginning of each message that still exists. Marks nothing as read."""
        with in_words(self.place):
            numbers = ",".join(map(str, uids))
            _, data = self._talk.uid("FETCH", numbers, f"(UID BODY.PEEK[]<0.{MAX_MESSAGE}>)")
        found: dict[int, bytes] = {}
        for place, row in enumerate(data):
            if not isinstance(row, tuple) or len(row) < 2:
                continue
            tail = data[place + 1] if place + 1 < len(data) and isinstance(data[place + 1], bytes) else b""
            uid = _UID.search(row[0]) or _UID.search(tail)
            if uid and int(uid[1]) in uids:
                found[int(uid[1])] = row[1]
        return sorted(found.items(), reverse=True)

    def close(self) -> None:
        """Say goodbye, as far as the server still listens."""
        if self._talk is not None:
            with contextlib.suppress(Exception):
                self._talk.logout()
            self.abort()

    def abort(self) -> None:
        """End the connection at once; a call that waits in another thread fails."""
        if self._talk is not None:
            with contextlib.suppress(OSError, AttributeError):
                self._talk.sock.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError, AttributeError):
                self._talk.shutdown()

    def _connect(self, context: ssl.SSLContext) -> None:
        host = self.place.host.strip("[]")
        if self.place.starttls:
            self._talk = _Plain(host, self.place.port, timeout=self.seconds)
            if "STARTTLS" not in self._talk.capabilities:
                raise Unreachable(
                    f"{self.place.host} offers no encryption on port {self.place.port}",
                    hint="penchant sends no password in the clear; use imaps:// if the server has it.",
                )
            self._talk.starttls(context)
        else:
            self._talk = _Tls(host, self.place.port, ssl_context=context, timeout=self.seconds)

    def _sign_in(self, password: str) -> None:
        user = self.place.user
        try:
            if "AUTH=PLAIN" in self._talk.capabilities:
                self._talk.authenticate("PLAIN", lambda _: f"\0{user}\0{password}".encode())
            else:
                self._talk.login(f'"{_quoted(user)}"', password)
        except imaplib.IMAP4.abort:
            raise
        except (imaplib.IMAP4.error, UnicodeError) as error:
            raise NotAuthorized(
                f"{self.place.host} refused the password of {user} ({_said([error])})", hint=sign_in_hint(self.place)
            ) from error

    def _folders(self) -> str:
        _, data = self._talk.list()
        rows = (_NAME.search(row) for row in data if isinstance(row, bytes))
        names = [from_utf7((found[1] or found[2]).decode("ascii", "replace")) for found in rows if found]
        return clean_line(f"It has: {', '.join(names[:20])}." if names else "Check its name.", 500)


def sign_in_hint(place: Place) -> str:
    """How to give a password."""
    return (
        f"Run `penchant mail login {place.address}`. Many providers want a password made for this app, not"
        " the one of the account."
    )


@contextmanager
def in_words(place: Place) -> Iterator[None]:
    """Failures of imaplib, TLS and the network as `SourceError`."""
    try:
        yield
    except SourceError:
        raise
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or getattr(error, "reason", "") or "TLS error"
        raise Unreachable(
            f"{place.host} has no valid secure connection ({clean_line(str(reason), 200)})",
            hint="A server with a certificate of its own needs the setting `ca`: the file of who signed it.",
        ) from error
    except TimeoutError as error:
        raise TimedOut(f"{place.host} did not answer in time") from error
    except (imaplib.IMAP4.error, ValueError) as error:
        raise Unreachable(f"{place.host} broke off or broke the rules of IMAP ({_said([error])})") from error
    except OSError as error:
        words = clean_line(error.strerror or type(error).__name__, 200)
        raise Unreachable(f"{place.host} could not be reached ({words})") from error


def _context(place: Place) -> ssl.SSLContext:
    """Certificates and host names are checked; `ca` adds an authority of the reader's own."""
    context = ssl.create_default_context()
    if place.ca:
        try:
            context.load_verify_locations(place.ca)
        except (OSError, ValueError) as error:
            raise BadSettings(f"The certificates of {place.ca[:200]!a} cannot be read ({error})") from error
    return context


def _quoted(words: str) -> str:
    return re.sub(r'([\\"])', r"\\\1", words)


def _number(data: Any) -> int:
    """The first number of an answer; 0 where there is none."""
    words = data[-1] if data and isinstance(data[-1], bytes) else b""
    return int(words) if words.isdigit() and len(words) < 12 else 0


def _said(data: Any) -> str:
    word = data[0] if data else ""
    if isinstance(word, Exception):
        word = word.args[0] if word.args else ""
    return clean_line(word.decode("utf-8", "replace") if isinstance(word, bytes) else str(word), 200) or "no reason"
