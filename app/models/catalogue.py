"""Models that are known to work, for each role."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """One row. `source` is "owner/repository"; `eyes` the mmproj beside a judge, as "owner/repository:file"."""

    name: str
    role: str
    source: str
    file: str
    eyes: str = ""


MODELS: tuple[Model, ...] = ()


def by_name(name: str) -> Model | None:
    """The row of a short name; None where there is none."""
    return next((model for model in MODELS if model.name == name), None)
