"""The log in the state folder: one JSON object a line, rotating, without content and without tokens."""

from __future__ import annotations

import json
import logging
import logging.handlers
import re
import time
from pathlib import Path
from typing import Any

#: Two files of 1 MB hold weeks of a normal worker.
MAX_BYTES = 1_000_000
KEPT = 2
#: What could be a credential in an address or a header: user:password@, and token-like parameters.
_SECRETS = re.compile(
    r"(//)[^/@\s]*:[^/@\s]*@|((?:access_token|token|code|client_secret|key|password)=)[^&\s]+|(Bearer )\S+",
    re.I,
)


class JsonLines(logging.Formatter):
    """{"at", "level", "where", "what", ...} and whatever was given as `extra={"fields": {...}}`."""

    def format(self, record: logging.LogRecord) -> str:
        entry: dict[str, Any] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "where": record.name.removeprefix("penchant."),
            "process": record.process,
            "what": without_secrets(record.getMessage()),
        }
        entry.update(getattr(record, "fields", {}))
        if record.exc_info:
            # the stack without the exception's words: those may quote content
            entry["error"] = record.exc_info[0].__name__ if record.exc_info[0] else ""
            entry["stack"] = [f"{f.name}:{n}" for f, n in _frames(record)]
        return json.dumps(entry, ensure_ascii=True)


def _frames(record: logging.LogRecord) -> list[tuple[Path, int]]:
    frames = []
    trace = record.exc_info[2] if record.exc_info else None
    while trace is not None:
        frames.append((Path(trace.tb_frame.f_code.co_filename), trace.tb_lineno))
        trace = trace.tb_next
    return frames[-12:]


def without_secrets(text: str) -> str:
    """The text with everything that looks like a credential replaced by ***."""
    return _SECRETS.sub(lambda m: (m[1] or m[2] or m[3] or "") + "***" + ("@" if m[1] else ""), text)


def start(path: Path, level: int = logging.INFO) -> logging.Handler:
    """Send penchant's records to the file (and nowhere else). Returns the handler."""
    handler = logging.handlers.RotatingFileHandler(
        path, maxBytes=MAX_BYTES, backupCount=KEPT, encoding="utf-8", delay=True
    )
    handler.setFormatter(JsonLines())
    logger = logging.getLogger("penchant")
    logger.setLevel(level)
    logger.propagate = False
    logger.addHandler(handler)
    return handler
