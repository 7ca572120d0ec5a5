"""Plugs: documents that the language model has read once, as files to ask about again and again.

    from penchant.app import plugs
    known = plugs.find(paths, model_name)                       # what there is for this model
    best = plugs.automatic(store, "How long was the ice?", known)   # the one that the question is about, or None
    several = plugs.needed("How long was the ice?", known, room)    # in order of need, within so many tokens
    runner.write(system, question, 200, plug=[each.file for each in several])

Nothing here loads a model; `make` and `gather` (with what they need) are for those who do.
"""

from .choose import ROOM, automatic, needed
from .files import Plug, find, folder, named

__all__ = ["ROOM", "Plug", "automatic", "find", "folder", "named", "needed"]
