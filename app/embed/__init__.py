"""Embedders: texts to unit vectors. Heavy imports happen on first use only."""

from __future__ import annotations

from .base import Embedder
from .registry import DEFAULT, load, names, space

__all__ = ["DEFAULT", "Embedder", "load", "names", "space"]
