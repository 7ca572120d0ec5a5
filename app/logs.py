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
#: Characters of one text: what is longer quotes something.
LONGEST = 300
#: What could be a credential in an address or a header: user:password@, token-like parameters, headers that carry one,
#: and the queries of addresses (feeds have their keys there).
_SECRETS = re.compile(
    r"(//)[^/@\s]*@"
    r"|((?:access_token|refresh_token|token|code|client_secret|key|password|passwd|secret|dpop|cookie|set-cookie)"
    r"[\"']?\s*[=:]\s*[\"']?)[^&\s\"',;}]+"
    r"|((?:Bearer|Basic|DPoP|GoogleLogin auth=)\s*)[A-Za-z0-9._~+/=-]+"
    r"|(https?://[^\s?#\"'<>]+[?#])[^\s\"'<>]+",
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
            "what": _clean(record.getMessage()),
        }
        entry.update({key: _clean(value) for key, value in getattr(record, "fields", {}).items()})
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


def _clean(value: Any) -> Any:
    """A value as it may be written: texts without secrets and short, lists likewise."""
    if isinstance(value, str):
        text = without_secrets(value)
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
    if isinstance(value, list | tuple):
        return [_clean(each) for each in value[:50]]
    return value if isinstance(value, int | float | bool) or value is None else _clean(str(value))


def without_secrets(text: str) -> str:
    """The text with everything that looks like a credential replaced by ***."""
    return _SECRETS.sub(lambda m: (m[1] or m[2] or m[3] or m[4] or "") + "***" + ("@" if m[1] else ""), text)


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
