"""Vectors of pictures and texts in one space, by open_clip. Runs in a child process only (`clip_child`).

Weights are read as safetensors, or as plain tensors (torch's weights_only): nothing in a file is ever run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from .child import limit_memory
from .clip_files import Checkpoint, checked, config_of, named, weights_at

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

#: Pictures and texts in one pass: more is no faster on a CPU and takes memory.
PICTURES, TEXTS = 8, 32
#: Characters looked at: 77 tokens of any usual text.
MAX_CHARS = 1_000
#: Address space beyond the imports and some copies of the weights.
ROOM, COPIES = 2 << 30, 5
_PROBE = ("a garden in the rain", "interest rates rise")
_DAMAGED = "The file is damaged, or no model that open_clip knows: get it again with `penchant models pull`."


class ClipEmbedder:
    """One loaded model. `name` is what its spaces begin with, `dim` the length of a vector. Belongs to one thread."""

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        import torch

        self._torch, self.threads = torch, threads
        found = checkpoint(path)
        self.device = _device(torch)
        if self.device == "cpu":  # drivers of other processors reserve addresses without end
            limit_memory(COPIES * found.weights.stat().st_size + ROOM)
        self._give_way()
        self._load(found)
        self.name = found.space
        self._probe(path)

    def pictures(self, paths: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [len(paths), dim] of JPEG files; a row of NaN where there is no picture to read."""
        import numpy as np

        vectors = np.full((len(paths), self.dim), np.nan, np.float32)
        for rows in _chunks(len(paths), PICTURES):
            pixels = {row: self._pixels(paths[row]) for row in rows}
            seen = {row: tensor for row, tensor in pixels.items() if tensor is not None}
            if seen:
                self._give_way()
                with self._torch.inference_mode():
                    batch = self._torch.stack(list(seen.values())).to(self.device)
                    vectors[list(seen)] = self._unit(self._model.encode_image(batch))
        return vectors

    def texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [len(texts), dim]; a row of NaN where the model gives no direction."""
        import numpy as np

        vectors = np.empty((len(texts), self.dim), np.float32)
        if not texts:
            return vectors
        tokens = self._tokenize([_clean(text) for text in texts])
        ends = tokens.argmax(dim=1)  # the mark of the end has the highest number of all tokens
        order = ends.argsort(stable=True)
        for rows in _chunks(len(texts), TEXTS):
            self._give_way()
            some = order[rows.start : rows.stop]
            with self._torch.inference_mode():
                found = self._read(tokens[some].to(self.device), int(ends[some].max()) + 1)
                vectors[some.numpy()] = self._unit(found)
        return vectors

    def _read(self, tokens: Any, length: int) -> Any:
        """The model's `encode_text` without the padding behind the longest text: where attention looks back only,
        nothing depends on it, and a title is a fifth of the work.
        """
        model = self._model
        if not self._looks_back or length >= tokens.shape[1]:
            return model.encode_text(tokens)
        x = model.token_embedding(tokens[:, :length]) + model.positional_embedding[:length]
        x = model.ln_final(model.transformer(x, attn_mask=model.attn_mask[:length, :length]))
        x = x[self._torch.arange(len(x), device=x.device), tokens.argmax(dim=1)]
        project = model.text_projection
        return project(x) if isinstance(project, self._torch.nn.Linear) else x @ project

    def _load(self, found: Checkpoint) -> None:
        import open_clip
        from open_clip.transform import PreprocessCfg, image_transform_v2, merge_preprocess_dict

        table = dict(found.model)
        text = table["text_cfg"]
        made = open_clip.CustomTextCLIP if table.pop("custom_text", False) else open_clip.CLIP
        try:
            model = made(**table)
            open_clip.load_checkpoint(model, str(found.weights), weights_only=True)
            self._model: Any = _folded(model.eval().requires_grad_(False), table).to(self.device)
            plain = type(model) is open_clip.CLIP and model.text_pool_type == "argmax"
            self._looks_back = plain and model.attn_mask is not None and model.text_projection is not None
            size = getattr(model.visual, "image_size", 224)
            settings = merge_preprocess_dict(PreprocessCfg(), {**found.preprocess, "size": size})
            self._transform = image_transform_v2(PreprocessCfg(**settings), is_train=False)
            self._tokenize = open_clip.SimpleTokenizer(
                context_length=int(text.get("context_length", 77)), **text.get("tokenizer_kwargs", {})
            )
        except PenchantError:
            raise
        except Exception as error:  # what a file may break: torch, timm and pickle raise what they like
            said = str(error).strip().partition("\n")[0][:200]
            raise PenchantError(
                f"open_clip cannot load {found.weights}: {said or type(error).__name__}", hint=_DAMAGED
            ) from error
        self.dim = int(table["embed_dim"])
        self._size = (size, size) if isinstance(size, int) else (int(size[1]), int(size[0]))

    def _probe(self, path: Path) -> None:
        """Damaged weights mostly load, and answer nothing or the same to everything."""
        import numpy as np

        if not abs(float(np.dot(*self.texts(_PROBE)))) < 0.9999:  # also true of NaN
            raise PenchantError(f"the model in {path} answers nonsense", hint=_DAMAGED)

    def _pixels(self, path: str) -> Any:
        """One file as the model takes it; None for one that is gone or no JPEG."""
        from PIL import Image

        try:
            with Image.open(path, formats=["JPEG"]) as picture:
                picture.draft("RGB", self._size)  # the decoder itself halves what is more than twice as large
                return self._transform(_rgb(picture))
        except (OSError, ValueError, Image.DecompressionBombError):
            return None

    def _unit(self, found: Any) -> NDArray[np.float32]:
        import numpy as np

        rows: NDArray[np.float32] = found.float().cpu().numpy()
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        unit[~np.isfinite(unit).all(axis=1)] = np.nan
        return unit

    def _give_way(self) -> None:
        """One thread while others want the processors: two that wait for each other are slower than one."""
        busy = hasattr(os, "getloadavg") and os.getloadavg()[0] > self.threads
        self._torch.set_num_threads(1 if busy else self.threads)


def checkpoint(path: Path) -> Checkpoint:
    """What lies at `path`, with the configuration beside it, or open_clip's own for an architecture that the file or
    its folder is named after ("ViT-B-32-openai.safetensors"). Raises `PenchantError`.
    """
    weights = weights_at(path)
    config = config_of(weights)
    if config is not None:
        label = path.name if path.is_dir() else weights.stem
        model, preprocess = checked(config["model_cfg"], weights), config.get("preprocess_cfg")
        return Checkpoint(label, weights, model, preprocess if isinstance(preprocess, dict) else {})
    import open_clip

    found = named(weights, open_clip.list_models())
    if found is None:
        raise PenchantError(
            f"nothing says what the weights in {weights} are of",
            hint="Put the model's open_clip_config.json beside them, or name the file after its architecture, such as"
            " ViT-B-32-laion2b.safetensors.",
        )
    name, rest = found
    model = dict(open_clip.get_model_config(name) or {})
    tags = open_clip.list_pretrained_tags_by_model(name)
    tag = rest if rest in tags else next(iter(tags), "")
    trained = dict(open_clip.get_pretrained_cfg(name, tag) or {})
    if tag == rest and trained.get("quick_gelu"):
        model["quick_gelu"] = True
    return Checkpoint(weights.stem, weights, checked(model, weights), trained)


def _device(torch: Any) -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def _folded(model: Any, table: dict[str, Any]) -> Any:
    """Branches that are only of use in training become one layer: MobileCLIP is twice as fast, and says the same."""
    if not table["vision_cfg"].get("timm_model_name"):
        return model
    from timm.utils import reparameterize_model

    return reparameterize_model(model, inplace=True)


def _rgb(picture: Image) -> Image:
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _clean(text: str) -> str:
    return text[:MAX_CHARS].encode("utf-8", "replace").decode()


def _chunks(count: int, size: int) -> Iterator[range]:
    return (range(start, min(start + size, count)) for start in range(0, count, size))
