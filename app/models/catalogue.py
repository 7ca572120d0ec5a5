"""Models that are known to work, for each role, from small to large, and which of them fits this machine.

Sizes are what the hub said when the table was made; what counts is what it says when a model is pulled, together with
the checksum. Where the checksum is known here as well, both must agree.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Part of the machine's memory that a recommended model may take.
SHARE = 0.25
#: Bytes of a judge that one processor bears.
EACH = 500_000_000
_MB = 1_000_000
OPEN_CLIP = ("open_clip_model.safetensors", "open_clip_config.json")


@dataclass(frozen=True, slots=True)
class Model:
    """One row. `source` is "owner/repository"; `eyes` the mmproj beside a judge, as "owner/repository:file".

    `size` is all files together in bytes; `sha256` knows some of the files' checksums.
    """

    name: str
    role: str
    source: str
    file: str
    size: int
    licence: str
    about: str
    eyes: str = ""
    sha256: tuple[tuple[str, str], ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """What is pulled, as paths in the repository."""
        if self.role == "picture":
            return OPEN_CLIP
        return (self.file, self.eyes.rpartition(":")[2]) if self.eyes else (self.file,)

    @property
    def memory(self) -> int:
        """Bytes that it takes while it works: weights, computing buffers, what it remembers of the history."""
        beside = {"sentence": 60, "picture": 450, "judge": 250}[self.role]
        return self.size * 5 // 4 + beside * _MB


def _judge(
    name: str, source: str, file: str, eyes: str, size: int, licence: str, about: str, *sha256: tuple[str, str]
) -> Model:
    return Model(name, "judge", source, file, size, licence, about, f"{source}:{eyes}" if eyes else "", sha256)


MODELS: tuple[Model, ...] = (
    Model(
        "all-minilm-l6", "sentence", "second-state/All-MiniLM-L6-v2-Embedding-GGUF", "all-MiniLM-L6-v2-Q8_0.gguf",
        25 * _MB, "apache-2.0", "English; the quickest. What `make-minilm` makes is the same model in F16",
        sha256=(("all-MiniLM-L6-v2-Q8_0.gguf", "263215c3cadd6e16740741a7624ab4cbb6c8e777688bd5331ecfbf5681c2f8ed"),),
    ),
    Model(
        "bge-small-en", "sentence", "CompendiumLabs/bge-small-en-v1.5-gguf", "bge-small-en-v1.5-f16.gguf",
        67 * _MB, "mit", "English; twelve layers to MiniLM's six",
    ),
    Model(
        "nomic-embed-1.5", "sentence", "nomic-ai/nomic-embed-text-v1.5-GGUF", "nomic-embed-text-v1.5.Q8_0.gguf",
        146_146_432, "apache-2.0", "English; 768 numbers a text",
        sha256=(
            ("nomic-embed-text-v1.5.Q8_0.gguf", "3e24342164b3d94991ba9692fdc0dd08e3fd7362e0aacc396a9a5c54a544c3b7"),
        ),
    ),
    Model(
        "embeddinggemma", "sentence", "ggml-org/embeddinggemma-300m-qat-q8_0-GGUF", "embeddinggemma-300m-qat-Q8_0.gguf",
        329 * _MB, "gemma", "a hundred languages",
    ),
    Model(
        "mobileclip2-s0", "picture", "timm/MobileCLIP2-S0-OpenCLIP", OPEN_CLIP[0],
        300 * _MB, "apple-amlr", "the quickest on a CPU; its licence allows research only",
    ),
    Model(
        "mobileclip2-s2", "picture", "timm/MobileCLIP2-S2-OpenCLIP", OPEN_CLIP[0],
        398 * _MB, "apple-amlr", "better and slower; its licence allows research only",
    ),
    Model(
        "vit-b-32", "picture", "laion/CLIP-ViT-B-32-laion2B-s34B-b79K", OPEN_CLIP[0],
        605 * _MB, "mit", "the usual one, free for every use",
    ),
    Model(
        "vit-b-32-datacomp", "picture", "laion/CLIP-ViT-B-32-DataComp.XL-s13B-b90K", OPEN_CLIP[0],
        605 * _MB, "mit", "as quick as vit-b-32 and better; free for every use",
    ),
    _judge(
        "smolvlm-256m", "ggml-org/SmolVLM-256M-Instruct-GGUF", "SmolVLM-256M-Instruct-Q8_0.gguf",
        "mmproj-SmolVLM-256M-Instruct-Q8_0.gguf", 175_054_528 + 103_769_856, "apache-2.0",
        "sees pictures; for small machines",
        ("SmolVLM-256M-Instruct-Q8_0.gguf", "2a31195d3769c0b0fd0a4906201666108834848db768af11de1d2cef7cd35e65"),
    ),
    _judge(
        "smolvlm-500m", "ggml-org/SmolVLM-500M-Instruct-GGUF", "SmolVLM-500M-Instruct-Q8_0.gguf",
        "mmproj-SmolVLM-500M-Instruct-Q8_0.gguf", 436_806_912 + 108_783_360, "apache-2.0",
        "sees pictures; a good beginning",
    ),
    _judge(
        "qwen3-vl-2b", "Qwen/Qwen3-VL-2B-Instruct-GGUF", "Qwen3VL-2B-Instruct-Q4_K_M.gguf",
        "mmproj-Qwen3VL-2B-Instruct-F16.gguf", 1_107_409_952 + 819_394_848, "apache-2.0",
        "sees pictures, many languages; big enough to be asked yes or no",
        ("Qwen3VL-2B-Instruct-Q4_K_M.gguf", "089d75c52f4b7ffc56ba998ffc50aae89fcafc755f9e7208aacca281dca6c2ae"),
        ("mmproj-Qwen3VL-2B-Instruct-F16.gguf", "c3d5afbef5287953acd57b4043d2269456e5761a4eaccb3b71b062996970aea5"),
    ),
    _judge(
        "qwen2.5-vl-3b", "ggml-org/Qwen2.5-VL-3B-Instruct-GGUF", "Qwen2.5-VL-3B-Instruct-Q4_K_M.gguf",
        "mmproj-Qwen2.5-VL-3B-Instruct-Q8_0.gguf", 1_929_901_056 + 844_757_728, "qwen-research",
        "sees pictures, reads the text in them; its licence allows research only",
        ("Qwen2.5-VL-3B-Instruct-Q4_K_M.gguf", "d02fe9b69ad8cadbbd228e387667af66612c44bed29ffc8eb1e7caf9ac486c12"),
        ("mmproj-Qwen2.5-VL-3B-Instruct-Q8_0.gguf", "980c9b2f78c04e6cff93d277ada09e768394f112d75db3b4e9dea8a69f9fb904"),
    ),
    _judge(
        "gemma-3-4b", "ggml-org/gemma-3-4b-it-GGUF", "gemma-3-4b-it-Q4_K_M.gguf", "mmproj-model-f16.gguf",
        2_490 * _MB + 851 * _MB, "gemma", "sees pictures, 140 languages; the largest that a CPU bears",
    ),
)  # fmt: skip


def by_name(name: str) -> Model | None:
    """The row of a short name; None where there is none."""
    return next((model for model in MODELS if model.name == name), None)


def of_role(role: str) -> tuple[Model, ...]:
    """The rows of a role, from small to large."""
    return tuple(model for model in MODELS if model.role == role)


def recommended(role: str, memory: int, processors: int, *, free: bool = True) -> Model | None:
    """The largest model of a role that takes at most SHARE of `memory` bytes; None where none does.

    A judge reads hundreds of words for every item, so that its size is bounded by the number of processors too.
    `free` leaves out those that are for research only.
    """
    most = min(SHARE * memory, EACH * processors if role == "judge" else SHARE * memory)
    fits = [model for model in of_role(role) if model.memory <= most and not (free and _research(model))]
    return fits[-1] if fits else None


def _research(model: Model) -> bool:
    return model.licence in ("apple-amlr", "qwen-research")
