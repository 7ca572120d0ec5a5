"""A model and its archive's statistics as bytes and back. No pickle: arrays and one JSON line."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .model import Model
from .recipe import PRIORS, Recipe
from .stats import ArchiveStats, Scale, Space
from .types import Label

#: Raised with any change of the features, the experts or this format: older snapshots are then refitted.
VERSION = 5


class SnapshotError(ValueError):
    """The bytes are no snapshot that this version can read; a refit from the events makes a new one."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A model that has learned the labels of this `digest`, through event `through_seq`."""

    model: Model
    stats: ArchiveStats
    digest: str
    through_seq: int


def labels_digest(labels: Sequence[Label]) -> str:
    """Equal for equal labels in equal order, whatever their times."""
    text = "\n".join(f"{x.event_id} {x.item_id} {x.y} {x.weight!r} {x.part} {x.key}{_over(x)}" for x in labels)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _over(label: Label) -> str:
    return f" over {label.other}" if label.other else ""


def dump(snapshot: Snapshot) -> bytes:
    """The snapshot as bytes: an uncompressed-header npz of plain arrays."""
    model, stats = snapshot.model, snapshot.stats
    meta = {
        "version": VERSION,
        "digest": snapshot.digest,
        "through_seq": snapshot.through_seq,
        "learned": model.learned,
        "counts": model.counts,
        "duels": model.duels,
        "items": stats.items,
        "growth": list(stats.growth),
        "usual": {key: list(value) for key, value in stats.usual.items()},
        "experts": list(model.experts),
        "recipe": model.recipe.flat(),
        "spaces": {name: space.name for name, space in stats.spaces.items()},
        "scales": {name: [each.name, each.centre, each.spread] for name, each in stats.scales.items()},
        "known": dict(stats.known),
    }
    arrays = {
        "meta": np.frombuffer(json.dumps(meta).encode(), np.uint8),
        "y": model.y,
        "weight": model.weight,
        "paired": model.paired,
        "idf": stats.idf,
    }
    for name, space in stats.spaces.items():
        arrays |= {f"space/{name}/centre": space.centre, f"space/{name}/basis": space.basis}
    for name, expert in model.experts.items():
        arrays |= {f"{name}/{key}": value for key, value in expert.state().items()}
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)  # type: ignore[arg-type]
    body = out.getvalue()
    return hashlib.blake2b(body, digest_size=16).digest() + body


def restore(data: bytes) -> Snapshot:
    """The inverse of `dump`. Raises `SnapshotError` for damage, another version or other experts."""
    if hashlib.blake2b(data[16:], digest_size=16).digest() != data[:16]:
        raise SnapshotError("the stored model is damaged (its checksum does not match)")
    try:
        with np.load(io.BytesIO(data[16:]), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
        meta: dict[str, Any] = json.loads(arrays["meta"].tobytes())
        if meta["version"] != VERSION:
            raise SnapshotError(f"the stored model has version {meta['version']}, this program {VERSION}")
        return _build(meta, arrays)
    except SnapshotError:
        raise
    except (KeyError, ValueError, TypeError, OSError, EOFError) as error:
        raise SnapshotError(f"the stored model cannot be read: {error}") from error


def _build(meta: dict[str, Any], arrays: dict[str, np.ndarray]) -> Snapshot:
    model = Model(Recipe().with_values(meta["recipe"]), tuple(sorted(set(PRIORS) - set(meta["experts"]))))
    if meta["experts"] != list(model.experts):
        raise SnapshotError("the stored model was made with other experts")
    for name, expert in model.experts.items():
        prefix = name + "/"
        expert.restore({k[len(prefix) :]: v for k, v in arrays.items() if k.startswith(prefix)})
    model.y, model.weight, model.paired = arrays["y"], arrays["weight"], arrays["paired"]
    model.counts = (float(meta["counts"][0]), float(meta["counts"][1]))
    model.duels, model.learned = float(meta["duels"]), int(meta["learned"])
    usual = {key: (v[0], v[1], v[2], v[3]) for key, v in meta["usual"].items()}
    spaces = {
        name: Space(str(named), arrays[f"space/{name}/centre"], arrays[f"space/{name}/basis"])
        for name, named in meta["spaces"].items()
    }
    growth = (float(meta["growth"][0]), float(meta["growth"][1]), float(meta["growth"][2]))
    scales = {name: Scale(str(v[0]), float(v[1]), float(v[2])) for name, v in meta["scales"].items()}
    known = {str(name): int(n) for name, n in meta["known"].items()}
    stats = ArchiveStats(int(meta["items"]), arrays["idf"], spaces, usual, growth, scales, known)
    return Snapshot(model, stats, str(meta["digest"]), int(meta["through_seq"]))
