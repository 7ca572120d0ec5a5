"""The page at /: what there is to subscribe to. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from .clean import line

MIME = "text/html; charset=utf-8"
#: For the page: nothing but its own style; no frame, no script, and its form leads here only.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46em;margin:2em auto;padding:0 1em;color-scheme:light dark}"
    "td{padding:.1em 1em .1em 0}input{font:inherit}"
)


def write(feeds: Sequence[tuple[str, str]], base: str, token_field: str = "") -> bytes:
    """`feeds`: (title, address without its ending). `token_field`: what the form has to send along."""
    rows = "".join(
        f'<tr><td>{escape(line(title))}</td><td><a href="{escape(_ended(url, ".atom"))}">Atom</a></td>'
        f'<td><a href="{escape(_ended(url, ".json"))}">JSON</a></td></tr>'
        for title, url in feeds
    )
    hidden = f'<input type="hidden" name="token" value="{escape(token_field)}">' if token_field else ""
    opml = f"{base}/opml" + (f"?token={escape(token_field)}" if token_field else "")
    return (
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>penchant</title><style>{_STYLE}</style>'
        "<h1>penchant</h1><p>Your ranking, for any feed reader. Copy an address into it, or all of them as "
        f'<a href="{escape(opml)}">OPML</a>.</p><table>{rows}</table>'
        f'<form action="{escape(base)}/search.atom"><p>{hidden}<label>Any search: <input name="q" required></label> '
        "<button>Atom</button></p></form><p>Add <code>?min=60</code> for items of at least 60%, "
        "<code>?dates=rank</code> where your reader sorts by date.</p></html>"
    ).encode()


def _ended(url: str, ending: str) -> str:
    """The address with a format's ending, before its query."""
    path, mark, query = url.partition("?")
    return path + ending + mark + query
