"""Pictures that lie inside an export of the reader's own: they have no address, so a copy of ours is opened."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from penchant.adapters.exports.inside import parts
from penchant.app.types import Shot

from . import words

if TYPE_CHECKING:
    from .app import PenchantApp


def named(address: str) -> str:
    """What to call such a file."""
    owner, name = parts(address)
    return words.one_line(f"{name.rpartition('/')[2]} in your export {owner}") if owner else "a file in an export"


def open_copy(app: PenchantApp, shot: Shot) -> str:
    """Show the JPEG that was made of it in the browser, where it is in the cache; what to tell the reader."""
    from .actions import open_browser

    name = named(shot.url)
    files = app.gallery.files if app.gallery is not None else None
    copy = files.large(shot.hash) if files is not None and shot.hash is not None else None
    if copy is None or not copy.is_file():
        return f"It lies inside your export and has no web address: {name}"

    def failed(_: str) -> None:
        app.call_from_thread(app.fail, "No web browser could be started", f"the copy of {name} is {copy}")

    threading.Thread(target=open_browser, args=(copy.as_uri(), failed), daemon=True).start()
    return f"Opening a copy of {name}"
