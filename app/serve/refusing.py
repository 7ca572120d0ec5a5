"""What the HTTP server refuses before anybody is asked, in the shape of the site behind it, and so that it arrives."""

from __future__ import annotations

import socket
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask

from .site import Answer

#: (status, what is wrong, what to do) to an answer.
Refusal = Callable[[int, str, str], Answer]
#: Bytes that are read and thrown away after a refusal; who sends more than that is cut off.
SPILLED = 64 << 20
_OTHER = (400, "what was sent is no HTTP request", "Look at the first line, the headers and the chunks.")
_SAID = {
    501: (501, "this transfer coding is not read", "Send the body as it is, or in chunks."),
    500: (500, "a fault of penchant's own", "Its log has the details."),
}


def said(status: int, adjusted: Any) -> tuple[int, str, str]:
    """What to say about a status of waitress's own. Its words are left out: they quote what was sent."""
    if status == 413:
        most = adjusted.max_request_body_size - 1
        return 413, f"the body is longer than {most:,} bytes", "Send it in several requests."
    if status == 431:
        return 431, f"the headers are longer than {adjusted.max_request_header_size:,} bytes", "Send fewer."
    return _SAID.get(status, _OTHER)


class Refusing(ErrorTask):
    """Answers as the listener's `refusal` says it."""

    def execute(self) -> None:
        """See `waitress.task.Task`."""
        self.channel.refused = True
        made = self.channel.server.refusal(*said(self.request.error.code, self.channel.adj))
        self.status = f"{made.status} {HTTPStatus(made.status).phrase}"
        self.response_headers.extend(made.headers.items())
        self.set_close_on_finish()
        self.content_length = len(made.body)
        self.write(made.body)


class Channel(HTTPChannel):
    """A connection that is closed after a refusal only when the client has stopped sending (RFC 9112, 9.6): closed on
    unread bytes it would be reset, and the refusal lost. Its time ends as that of any other connection.
    """

    error_task_class = Refusing
    refused, _ending, _spilled = False, False, 0

    def received(self, data: bytes) -> bool:
        """Bytes after a refusal are counted, no more."""
        if not self.refused:
            return bool(super().received(data))
        self._spilled += len(data)
        if self._spilled > SPILLED:
            self.will_close = True
        return False

    def handle_close(self) -> None:
        """The first time, after a refusal, only this side ends."""
        if self.refused and not self._ending:
            self._ending, self.will_close = True, False
            try:
                self.socket.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            else:
                return
        super().handle_close()
