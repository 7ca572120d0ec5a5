"""Which way of drawing this terminal understands, found out before the screen starts.

Most terminals say who they are in the environment, which costs nothing. Only
over ssh, where the variables stay behind, is the terminal itself asked: by
term-image, once, and before Textual reads keys, since a late answer would
arrive as keypresses.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from .fit import Cell
from .wish import Way

#: TERM_PROGRAM -> way. Ghostty speaks kitty's protocol; WezTerm's own default is iTerm2's.
PROGRAMS: dict[str, Way] = {
    "ghostty": "kitty",
    "kitty": "kitty",
    "iterm.app": "iterm2",
    "wezterm": "iterm2",
    "mintty": "iterm2",
    "apple_terminal": "block",
    "vscode": "block",
    "tmux": "block",
    "screen": "block",
}
#: Variables that only one kind of terminal sets.
MARKS: dict[str, Way] = {
    "KITTY_WINDOW_ID": "kitty",
    "GHOSTTY_RESOURCES_DIR": "kitty",
    "ITERM_SESSION_ID": "iterm2",
    "WEZTERM_PANE": "iterm2",
    "VTE_VERSION": "block",
    "XTERM_VERSION": "block",
    "ALACRITTY_WINDOW_ID": "block",
    "WT_SESSION": "block",
}
#: Konsole draws kitty's pictures since this version.
KONSOLE = 220400
#: Seconds that a terminal may take to answer; over ssh this is the way there and back.
PATIENCE = 0.4


def way_from(env: Mapping[str, str]) -> Way | None:
    """What the environment says; None where only the terminal itself can tell. Pure."""
    term, program = env.get("TERM", "").lower(), env.get("TERM_PROGRAM", "").lower()
    if term in ("", "dumb"):
        return "none"
    way = _way(env, term, program)
    colors = env.get("COLORTERM", "").lower() in ("truecolor", "24bit") or term.endswith(("256color", "direct"))
    # In sixteen colours nothing can be made out.
    return "none" if way == "block" and not colors else way


def _way(env: Mapping[str, str], term: str, program: str) -> Way | None:
    if env.get("TMUX") or env.get("STY") or term.split("-")[0] in ("tmux", "screen"):
        # They pass no pictures on, and an answer to a question may reach another pane.
        return "block"
    if term.startswith(("xterm-kitty", "xterm-ghostty")):
        return "kitty"
    if program in PROGRAMS:
        return PROGRAMS[program]
    if env.get("LC_TERMINAL", "").lower() == "iterm2":
        return "iterm2"
    if env.get("KONSOLE_VERSION", "").isdigit():
        return "kitty" if int(env["KONSOLE_VERSION"]) >= KONSOLE else "block"
    for name, way in MARKS.items():
        if env.get(name):
            return way
    # Here at home a terminal with pictures would have said so.
    return None if env.get("SSH_CONNECTION") or env.get("SSH_TTY") else "block"


def way_of(setting: str, env: Mapping[str, str]) -> tuple[Way, bytes]:
    """(the way to draw, what was typed meanwhile). `setting` is `images` of the configuration."""
    if setting != "auto":
        return setting, b""  # type: ignore[return-value]
    way = way_from(env)
    return (way, b"") if way is not None else ask()


def ask() -> tuple[Way, bytes]:
    """Have term-image ask the terminal (half a second of CPU); what was typed before comes back beside the answer."""
    try:
        import term_image
        from term_image.image import ITerm2Image, KittyImage
        from term_image.utils import read_tty

        term_image.set_query_timeout(PATIENCE)
        # A question throws away what was typed and not yet read.
        typed = read_tty() or b""
        kitty = KittyImage.is_supported()
        typed += read_tty() or b""
        iterm = not kitty and ITerm2Image.is_supported()
        term_image.disable_queries()
    except Exception:
        # Without an answer there are half blocks, whatever went wrong.
        return "block", b""
    return ("kitty" if kitty else "iterm2" if iterm else "block"), typed


def cell_size(descriptor: int = 2) -> Cell:
    """The pixels of a cell, by the terminal's own account; an assumption where it says nothing."""
    try:
        import fcntl
        import struct
        import termios

        found = fcntl.ioctl(descriptor, termios.TIOCGWINSZ, b"\0" * 8)
        rows, cols, width, height = struct.unpack("HHHH", found)
    except (ImportError, OSError):
        return Cell()
    if not (rows and cols and width >= cols * 3 and height >= rows * 6):
        return Cell()
    return Cell(min(64, width // cols), min(128, height // rows))


def here(setting: str) -> tuple[Way, bytes]:
    """`way_of` for this process."""
    return way_of(setting, os.environ)
