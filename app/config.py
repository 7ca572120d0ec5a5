"""The configuration: one TOML file, few settings, every mistake named with its line.

The dataclasses below are the only list of settings: defaults, ranges and the
comments of `penchant config default` all come from them.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import ConfigError
from .toml_lines import line_of
from .types import View


def _setting(
    default: Any,
    doc: str,
    *,
    choices: tuple[str, ...] = (),
    low: float | None = None,
    high: float | None = None,
) -> Any:
    """A dataclass field with its comment and its limits (inclusive)."""
    return field(default=default, metadata={"doc": doc, "choices": choices, "low": low, "high": high})


@dataclass(frozen=True, slots=True)
class Worker:
    """The background process that fetches and learns."""

    enabled: bool = _setting(
        True, "Start a worker with the feed. Without one, `penchant sync` fetches when you say so."
    )
    concurrency: int = _setting(
        8, "How many sources are fetched at once; those that make us wait do not count.", low=1, high=64
    )
    shortest_interval: float = _setting(
        600.0, "Never ask a source more often than this (seconds).", low=60.0, high=86400.0
    )
    longest_interval: float = _setting(
        86400.0, "Never leave a source alone for longer than this (seconds).", low=600.0, high=2592000.0
    )
    niceness: int = _setting(10, "How much the worker gives way to other programs.", low=0, high=19)
    parse_megabytes: int = _setting(
        512, "Memory that reading one document may take beyond its own start.", low=64, high=16384
    )


@dataclass(frozen=True, slots=True)
class Network:
    """Limits of every request."""

    timeout: float = _setting(10.0, "Seconds one answer may take in all.", low=1.0, high=600.0)
    threads: bool = _setting(True, "Fetch the replies when a post or a Hacker News story is opened.")
    max_megabytes: int = _setting(64, "Largest answer accepted, unpacked.", low=1, high=4096)


@dataclass(frozen=True, slots=True)
class Models:
    """Models beyond the bundled word vectors; docs/models.md says what each brings and costs."""

    sentence: str = _setting(
        "auto",
        'Sentence vectors: "minilm", the path of a GGUF embedding model, or "" for none; "auto" takes minilm'
        " where its packages are installed.",
    )
    picture: str = _setting(
        "auto",
        'Picture vectors by open_clip: the name of a pulled model, the path of a checkpoint, or "" for none; "auto"'
        " takes what `penchant models use` chose.",
    )
    judge: str = _setting(
        "auto",
        'The language model that has read your history: the path of a GGUF file, the name of a pulled model, or "" for'
        ' none; "auto" takes what `penchant models use` chose, else the starter model where its package is installed.',
    )
    eyes: str = _setting(
        "auto", 'The judge\'s mmproj file, with which it sees pictures: a path, "auto" or "" for none.'
    )
    text_in_pictures: bool = _setting(True, "Read the text in pictures where penchant[ocr] is installed.")
    hub: str = _setting("https://huggingface.co", "Where `penchant models pull` fetches from.")
    threads: int = _setting(1, "Threads of a model; one while the machine is busy.", low=1, high=64)
    cpu_share: float = _setting(
        0.5, "Part of the time a model may compute in the background.", low=0.01, high=1.0
    )


@dataclass(frozen=True, slots=True)
class Pictures:
    """Pictures on the screen; docs/pictures.md."""

    column: bool = _setting(True, "A column of small pictures beside the cards.")
    blur: bool = _setting(True, "Blur sensitive pictures until a key.")
    fetch: str = _setting(
        "shown",
        '"shown" fetches what comes on screen, "ranked" also what For you may show soon, "none" nothing.',
        choices=("shown", "ranked", "none"),
    )
    max_megabytes: int = _setting(16, "Largest picture fetched.", low=1, high=256)
    disk_megabytes: int = _setting(
        500, "Room for pictures on the disk; the longest unused go first.", low=10, high=100000
    )


@dataclass(frozen=True, slots=True)
class JudgeOptions:
    """The language model beside the ranking; docs/judge.md."""

    minutes_per_hour: float = _setting(6.0, "CPU minutes that it may take in an hour.", low=0.0, high=60.0)
    history_tokens: int = _setting(700, "Tokens of your history that it reads at a time.", low=100, high=8000)
    ask: str = _setting(
        "auto",
        'Whether it is also asked "would this reader like it?"; "auto": chat models that see, or have a billion'
        " parameters.",
        choices=("auto", "on", "off"),
    )


@dataclass(frozen=True, slots=True)
class RankingOptions:
    """The order of For you; what you like there is learned, not set."""

    explore: float = _setting(
        0.1,
        "Share of places given to what penchant is unsure of, to learn what else you like; each is marked.",
        low=0.0,
        high=0.5,
    )


@dataclass(frozen=True, slots=True)
class GateOptions:
    """Dropping the bodies of old items that are not worth keeping; docs/gate.md."""

    enabled: str = _setting(
        "off",
        '"preview" says daily what it would drop, "on" drops it; `penchant gate on` and `off` go before this.',
        choices=("off", "preview", "on"),
    )
    share: float = _setting(0.5, "Drop at most this part of all bodies.", low=0.01, high=0.95)
    days: float = _setting(30.0, "Keep everything that is younger than so many days.", low=7.0, high=3650.0)
    grace: float = _setting(
        30.0, "So many days a dropped body can be brought back without the network.", low=0.0, high=3650.0
    )
    min_labels: int = _setting(
        200, "Do nothing before so many items were judged, or left unseen for a month.", low=50, high=100000
    )


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """`penchant serve`: the ranking for other readers; docs/serve.md."""

    host: str = _setting("127.0.0.1", "Address to listen on; any but this machine's own asks for a token.")
    port: int = _setting(8642, "Port; 0 takes any free one.", low=0, high=65535)
    items: int = _setting(50, "Items on a page of a feed.", low=1, high=200)
    why: bool = _setting(True, "Say with every item why it stands there (takes the ranking's memory).")
    public: str = _setting("", 'Where a reverse proxy offers it, such as "https://feeds.example.org".')


@dataclass(frozen=True, slots=True)
class MastodonOptions:
    """How penchant follows Mastodon, and what it may do there in your name."""

    favourite_likes: bool = _setting(False, "A like here also favourites the post there.")
    streaming: bool = _setting(
        True, "While penchant runs, listen to the server for new posts, edits and deletions where it offers that."
    )


@dataclass(frozen=True, slots=True)
class MachinesOptions:
    """Several machines that learn together; docs/machines.md."""

    folder: str = _setting(
        "", 'A folder that a program of yours (Syncthing, a cloud drive) keeps the same on all of them; "" for none.'
    )


@dataclass(frozen=True, slots=True)
class GeneratedOptions:
    """What a model writes or draws for you among For you; off until `penchant arms share`. docs/generated.md."""

    minutes_per_hour: float = _setting(10.0, "Minutes of an hour that a model may write; 0: none.", low=0.0, high=60.0)
    draw_command: str = _setting(
        "", 'A program that draws, such as "draw --text {prompt}": the picture goes to its standard output.'
    )
    draw_url: str = _setting("", "A service on this machine that draws: docs/generated.md says what it is asked.")
    draw_seconds: float = _setting(300.0, "Seconds that a picture may take.", low=1.0, high=3600.0)


@dataclass(frozen=True, slots=True)
class VoiceOptions:
    """How your taste is carried into a model that writes for you; docs/voice.md."""

    carrier: str = _setting(
        "auto", 'The carrier of your taste, a name of `penchant voice`; "auto" takes the best that your likes allow.'
    )
    lora: str = _setting("", "A LoRA adapter of your own in GGUF, made for the model that writes.")
    minutes_per_hour: float = _setting(
        3.0, "CPU minutes of an hour for keeping carriers up to date in the background; 0: none.", low=0.0, high=60.0
    )


@dataclass(frozen=True, slots=True)
class BackupOptions:
    """Copies of the archive that the worker makes by itself and checks by opening them."""

    every: float = _setting(1.0, "Days between two; 0 makes none.", low=0.0, high=365.0)
    keep: int = _setting(7, "So many are kept; the oldest goes first.", low=1, high=1000)
    folder: str = _setting("", 'Where they lie; "" for a folder "backups" beside the archive.')


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the reader can set. `keys` maps a command to the keys that run it."""

    theme: str = _setting("dark", "Colours of the screen.", choices=("dark", "light"))
    images: str = _setting(
        "auto", "How pictures are drawn.", choices=("auto", "kitty", "iterm2", "block", "none")
    )
    start_view: str = _setting(
        View.FOR_YOU.value,
        "The view shown first.",
        choices=tuple(v.value for v in View if v is not View.SEARCH),
    )
    notify: str = _setting(
        "none",
        'What tells of news in saved searches beside a quiet line: "terminal" has the terminal show a notification.',
        choices=("none", "terminal"),
    )
    worker: Worker = field(default_factory=Worker)
    network: Network = field(default_factory=Network)
    models: Models = field(default_factory=Models)
    pictures: Pictures = field(default_factory=Pictures)
    judge: JudgeOptions = field(default_factory=JudgeOptions)
    ranking: RankingOptions = field(default_factory=RankingOptions)
    gate: GateOptions = field(default_factory=GateOptions)
    serve: ServeOptions = field(default_factory=ServeOptions)
    mastodon: MastodonOptions = field(default_factory=MastodonOptions)
    machines: MachinesOptions = field(default_factory=MachinesOptions)
    backup: BackupOptions = field(default_factory=BackupOptions)
    voice: VoiceOptions = field(default_factory=VoiceOptions)
    generated: GeneratedOptions = field(default_factory=GeneratedOptions)
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


#: A table that files of former versions have, none of whose settings changed anything.
FORMER = "reading"


def load(path: Path) -> Config:
    """Read the file; a missing one means the defaults. Raises `ConfigError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Config()
    except UnicodeDecodeError as error:
        raise ConfigError("the file is not UTF-8 text", path=str(path)) from error
    except OSError as error:
        raise ConfigError(f"the file cannot be read: {error.strerror}", path=str(path)) from error
    return parse(text, path=str(path))


def parse(text: str, *, path: str = "") -> Config:
    """Turn TOML text into a `Config`. Raises `ConfigError` for the first mistake."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"not correct TOML: {error}", path=path) from error
    reader = _Reader(text, path)
    keys = raw.pop("keys", {})
    if isinstance(raw.get(FORMER), dict):
        del raw[FORMER]
    config: Config = reader.table(Config, raw, ())
    if config.worker.shortest_interval > config.worker.longest_interval:
        raise reader.error(
            ("worker", "shortest_interval"), "shortest_interval is larger than longest_interval"
        )
    sentence = config.models.sentence
    if sentence and sentence not in ("auto", "minilm") and not sentence.endswith(".gguf"):
        near = _nearest(sentence, ("auto", "minilm"))
        raise reader.error(
            ("models", "sentence"),
            f'sentence must be "auto", "minilm", the path of a .gguf file or "", not {sentence!r}{near}',
        )
    public = config.serve.public
    if public and not public.startswith(("http://", "https://")):
        raise reader.error(("serve", "public"), f"public begins with https:// or http://, unlike {public!r}")
    return dataclasses.replace(config, keys=reader.keys(keys))


class _Reader:
    """Checks raw TOML values against the dataclasses, remembering the text for line numbers."""

    def __init__(self, text: str, path: str) -> None:
        self.text = text
        self.path = path

    def error(self, where: tuple[str, ...], message: str) -> ConfigError:
        return ConfigError(message, line=line_of(self.text, where), path=self.path)

    def table(self, cls: type, raw: Mapping[str, Any], where: tuple[str, ...]) -> Any:
        fields = {f.name: f for f in dataclasses.fields(cls)}
        values: dict[str, Any] = {}
        for name, value in raw.items():
            here = (*where, name)
            if name not in fields:
                raise self.error(here, _unknown(name, list(fields), where))
            inner = fields[name].default_factory
            if dataclasses.is_dataclass(inner):
                if not isinstance(value, dict):
                    raise self.error(here, f"{name} is a table: write it as [{name}]")
                values[name] = self.table(inner, value, here)  # type: ignore[arg-type]
            else:
                values[name] = self.value(fields[name], value, here)
        return cls(**values)

    def value(self, setting: dataclasses.Field[Any], value: Any, where: tuple[str, ...]) -> Any:
        name, kind, limits = setting.name, type(setting.default), setting.metadata
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self.error(where, f"{name} must be {_WORDS[kind]}, not {value!r}")
        if limits["choices"] and value not in limits["choices"]:
            near = _nearest(str(value), limits["choices"])
            raise self.error(
                where, f"{name} must be one of {', '.join(limits['choices'])}, not {value!r}{near}"
            )
        low, high = limits["low"], limits["high"]
        if low is not None and not low <= value <= high:
            raise self.error(where, f"{name} must be between {low:g} and {high:g}, not {value}")
        return value

    def keys(self, raw: Any) -> dict[str, tuple[str, ...]]:
        """The [keys] table: command = "key" or ["key", "key"], checked against the screens' own commands."""
        if not isinstance(raw, dict):
            raise self.error(("keys",), "keys is a table: write it as [keys]")
        remap: dict[str, tuple[str, ...]] = {}
        for command, keys in raw.items():
            given = [keys] if isinstance(keys, str) else keys
            if not isinstance(given, list) or not all(isinstance(key, str) and key for key in given):
                raise self.error(("keys", command), f'{command} must be a key such as "l" or a list of keys')
            remap[command] = tuple(given)
        if remap:
            self._check_keys(remap)
        return remap

    def _check_keys(self, remap: Mapping[str, tuple[str, ...]]) -> None:
        from .tui.keys import KeyProblem, resolve_keys  # free of Textual; loaded only by those who remap

        try:
            resolve_keys(remap)
        except KeyProblem as problem:
            blamed = problem.name if problem.name in remap else _who_has(remap, problem.name)
            raise self.error(("keys", blamed), str(problem)) from problem


_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text in quotes"}


def _who_has(remap: Mapping[str, tuple[str, ...]], key: str) -> str:
    """The command that was given this key; "" when none was."""
    return next((command for command, keys in remap.items() if key in keys), "")


def _nearest(name: str, known: list[str] | tuple[str, ...]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _unknown(name: str, known: list[str], where: tuple[str, ...]) -> str:
    """Words for an unknown key; a key that exists in another table is named with its table."""
    for section in dataclasses.fields(Config):
        inner = section.default_factory
        if dataclasses.is_dataclass(inner) and name in {f.name for f in dataclasses.fields(inner)}:
            return f"unknown key {name!r} here: it belongs in [{section.name}]"
    if where and name in {f.name for f in dataclasses.fields(Config)}:
        return f"unknown key {name!r} in [{where[-1]}]: it belongs at the top, before any [table]"
    table = f" in [{where[-1]}]" if where else ""
    near = _nearest(name, known)
    return f"unknown key {name!r}{table}{near or '; known are ' + ', '.join(known)}"
