"""Remote text made safe and plain: the door to the pure text functions.

Every string that a source sends passes `clean` or `clean_line` (or
`html_to_text`, which ends with `clean`) before it goes into an `Item`. What
they return holds no C0 or C1 control besides newline and tab, no escape
sequence, no direction override and no lone surrogate; every other character is
kept as it came (no normalisation; ZWJ, marks and emoji stay).
"""

from __future__ import annotations

from .text_clean import clean, clean_line, excerpt
from .text_dates import parse_date
from .text_html import html_to_text
from .text_urls import absolute, canonical_url

__all__ = ["absolute", "canonical_url", "clean", "clean_line", "excerpt", "html_to_text", "parse_date"]
