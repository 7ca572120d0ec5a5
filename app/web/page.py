"""The pages of the browser view. Pure: no script but textual-serve's own, nothing from another place."""

from __future__ import annotations

from html import escape

#: Files of textual-serve that are handed out.
STATIC = {
    "js/textual.js": "text/javascript; charset=utf-8",
    "css/xterm.css": "text/css; charset=utf-8",
    "fonts/RobotoMono-VariableFont_wght.ttf": "font/ttf",
    "fonts/RobotoMono-Italic-VariableFont_wght.ttf": "font/ttf",
}
_STYLE = """
@font-face{font-family:'Roboto Mono';src:url('static/fonts/RobotoMono-VariableFont_wght.ttf');font-weight:100 700}
@font-face{font-family:'Roboto Mono';src:url('static/fonts/RobotoMono-Italic-VariableFont_wght.ttf');
font-weight:100 700;font-style:italic}
html,body{margin:0;height:100%;background:#101418;color:#e6e6e6;font:16px/1.5 'Roboto Mono',monospace;overflow:hidden}
.textual-terminal{height:100vh;width:100vw}
.note{position:absolute;inset:0;display:none;align-items:center;justify-content:center;background:#101418;z-index:10}
body:not(.-first-byte) .wait,body.-closed .ended{display:flex}
a{color:#8ab4f8}main{max-width:40em;margin:20vh auto;padding:0 1em}
"""


def policy(socket: str) -> str:
    """Content-Security-Policy of the terminal page; `socket` is the place of its WebSocket."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self';"
        f" img-src 'self' data:; connect-src 'self' {socket}; frame-ancestors 'none'; base-uri 'none';"
        " form-action 'none'"
    )


def terminal(socket: str, font_size: int = 16) -> str:
    """The page whose script connects a terminal to the WebSocket at `socket`."""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>penchant</title>'
        '<link rel="icon" href="data:,">'
        f'<link rel="stylesheet" href="static/css/xterm.css"><style>{_STYLE}</style>'
        '<script src="static/js/textual.js"></script></head><body>'
        '<div class="note wait">penchant is starting …</div>'
        '<div class="note ended"><p>This window has ended. <a href="./">Open it again</a></p></div>'
        f'<div id="terminal" class="textual-terminal" data-session-websocket-url="{escape(socket)}"'
        f' data-font-size="{font_size}"></div></body></html>'
    )


def busy() -> str:
    """For a second browser."""
    return _words(
        "penchant is open in another browser",
        'One reader at a time. Close it there, or <a href="./?take=1">read here instead</a>: what was done there is'
        " kept, and that window ends.",
    )


def refused(text: str) -> str:
    """For whoever may not come in."""
    return _words("Not here", escape(text))


def _words(title: str, body: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1><p>{body}</p></main></body></html>"
    )
