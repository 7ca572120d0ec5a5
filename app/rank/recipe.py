"""Every number that was chosen rather than learned, by name: what self-tuning may move."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from .head import HeadOptions
from .labels import LabelWeights
from .order import OrderOptions

#: Prior variance of one weight of each expert, with unit rows: how far it may go before the labels insist.
#: Chosen on the four sets of bench/rank.py, where it moves an expert's own AUC by less than 0.01 over a
#: factor of 100, and mostly says how loud it is beside the others.
PRIORS: dict[str, float] = {
    "words": 32.0,
    "static": 1.5,
    "sentence": 1.5,
    "origin": 1.0,
    "tags": 10.0,
    "people": 1.0,
    "popular": 0.02,
    "shape": 1.0,
    "recency": 0.1,
    # What only some readers have speaks softly until it has shown its worth (bench/judge.py: random vectors in
    # their place cost 0.003 AUC at 16 labels; with 1.5, as for sentences, 0.02, and real ones gain 0.01 at most).
    "picture": 0.25,
    "caption": 0.25,
    "hidden": 0.25,
    "judge": 2.0,
    "asked": 2.0,
}
#: Share of its variance that an expert keeps beside a better one of its kind: what both say would count twice.
BESIDE: dict[str, tuple[str, float]] = {"static": ("sentence", 0.1)}
#: Bounds of any value that comes from outside: a factor of 100 either way of its default.
_REACH = 100.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """Prior variances, the head's prior, label weights, the order's constants. Names are flat: "prior.words"."""

    prior: Mapping[str, float] = field(default_factory=lambda: dict(PRIORS))
    head: HeadOptions = field(default_factory=HeadOptions)
    label: LabelWeights = field(default_factory=LabelWeights)
    order: OrderOptions = field(default_factory=OrderOptions)

    def flat(self) -> dict[str, float]:
        """Every value under its name."""
        out = {f"prior.{name}": float(value) for name, value in self.prior.items()}
        for group in ("head", "label", "order"):
            options = getattr(self, group)
            out |= {f"{group}.{f.name}": float(getattr(options, f.name)) for f in fields(options)}
        return out

    def with_values(self, values: Mapping[str, float]) -> Recipe:
        """This recipe with some values changed; unknown names and impossible values are left out."""
        usual = _DEFAULTS or self.flat()
        out = self
        for name, value in values.items():
            group, _, key = name.partition(".")
            if name not in usual or not isinstance(value, int | float) or not _possible(value, usual[name]):
                continue
            if group == "prior":
                out = replace(out, prior={**out.prior, key: float(value)})
            else:
                options = getattr(out, group)
                kept = type(getattr(options, key))(value)
                out = replace(out, **{group: replace(options, **{key: kept})})
        return out


def _possible(value: float, usual: float) -> bool:
    return value == usual or (usual > 0 and usual / _REACH <= value <= usual * _REACH)


_DEFAULTS: dict[str, float] = {}
_DEFAULTS.update(Recipe().flat())
