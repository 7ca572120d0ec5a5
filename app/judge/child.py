"""The child process of the judge: `python -m penchant.app.judge.child MODEL THREADS PARENT SETTINGS`.

MODEL is a path to a GGUF file; SETTINGS are those of `Settings`, as JSON. Speaks frames over its own pipes: 4 bytes of
length (big endian), then the body. A request is a JSON object whose "do" names one of `Answers`. An answer begins
with a letter: R and JSON (`runner.Ready`) once the model is ready; V, the CPU seconds spent so far (float64), then
float64 (little endian), a row for each text; W and a piece of text, as often as it comes, then V without numbers;
E and JSON {"what", "hint"} for a failure in words. {"do": "stop"} ends the writing that goes on, if any.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import struct
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from penchant.app.embed.child import OUT_OF_MEMORY, be_humble, limit_memory, read, watch, words, write
from penchant.app.errors import PenchantError

from .eyes_requests import DOES, Looking, size_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .carrying import Carrying, Put
    from .plugged import Plugs
    from .state import Histories

READY, VALUES, WRITTEN, FAILED = b"R", b"V", b"W", b"E"
#: Address space beyond the imports and twice the file: logits, the context, evaluated histories.
ROOM = 3 << 30
STOP = "stop"


@dataclass(frozen=True, slots=True)
class Settings:
    """Folders: `states` for evaluated histories, `copies` for a copy of the model in a faster format (of up to
    `copy_bytes`), `sights` for encoded pictures; `eyes` is an mmproj file. "" is none of it."""

    context_tokens: int = 1024
    states: str = ""
    copies: str = ""
    copy_bytes: int = 0
    eyes: str = ""
    sights: str = ""


def main(argv: list[str]) -> int:
    """Load, then answer until the pipe closes or the parent is gone."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)  # a library that prints must not write into the pipe
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is the parent's affair
    threading.Thread(target=watch, args=(int(argv[3]),), daemon=True).start()
    be_humble()
    try:
        served = load(Path(argv[1]), int(argv[2]), Settings(**json.loads(argv[4])))
    except (PenchantError, OSError, MemoryError) as error:
        write(answers, FAILED + words(error))
        return 1
    write(answers, READY + json.dumps(served.facts).encode())
    waiting: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, waiting, served.stopped), daemon=True).start()
    while (request := waiting.get()) is not None:
        try:
            values = served.answer(request, lambda text: write(answers, WRITTEN + text.encode()))
            said = VALUES + struct.pack("<d", time.process_time()) + values.astype("<f8", copy=False).tobytes()
        except MemoryError:
            return OUT_OF_MEMORY
        except PenchantError as error:
            said = FAILED + words(error)
        write(answers, said)
    return 0


def _listen(pipe: BinaryIO, waiting: queue.SimpleQueue[dict[str, Any] | None], stopped: threading.Event) -> None:
    """Take requests while another is answered, so that a writing can be stopped."""
    while (frame := read(pipe)) is not None:
        request = json.loads(frame)
        if request["do"] == STOP:
            stopped.set()
        else:
            stopped.clear()  # here, in their order: a stop that comes before the request is begun must not be lost
            waiting.put(request)
    stopped.set()
    waiting.put(None)


def load(path: Path, threads: int, settings: Settings) -> Served:
    """The judge of a file. Raises `PenchantError`, `OSError`, `MemoryError`."""
    try:
        import llama_cpp
    except Exception as error:  # a wheel for another processor raises what it likes
        raise PenchantError(
            f"llama.cpp cannot be loaded: {type(error).__name__}: {error}",
            hint='Install penchant[judge] again, or set `judge = ""` in [models] to go without.',
        ) from error
    from .gguf_file import check_file, layout, model_name, remembered

    header = check_file(path)
    room = 2 * max(path.stat().st_size, settings.copy_bytes) + ROOM + 2 * size_of(settings.eyes)
    limit_memory(room + 3 * remembered(header, settings.context_tokens))
    name, used = model_name(path, header, Path(settings.copies) if settings.copies else None), path
    if settings.copies and settings.copy_bytes:
        from .quantise import fast_copy

        used = fast_copy(path, header, name, Path(settings.copies), settings.copy_bytes) or path
    from .carrying import Carrying
    from .llama import Judge
    from .plugged import Plugs
    from .quantise import weights_of
    from .state import Histories, StateFiles

    judge = Judge(used, context_tokens=settings.context_tokens, threads=threads)
    states = StateFiles(Path(settings.states)) if settings.states else None
    weights = weights_of(header if used == path else check_file(used))
    maker = {
        "model": name, "weights": weights, "library": llama_cpp.__version__, "layout": layout(header, judge),
    }  # fmt: skip
    looking = Looking(judge.model, name, settings.eyes, settings.sights, threads)
    carrying = Carrying(judge, name)
    return Served(
        Histories(judge, "\n".join(maker.values()), states, carrying), carrying, Plugs(judge, maker), used, looking
    )


class Served:
    """One judge and what may be asked of it."""

    def __init__(self, histories: Histories, carrying: Carrying, plugs: Plugs, path: Path, looking: Looking) -> None:
        self.looking, self.plugs, self.carrying = looking, plugs, carrying
        self.judge, self.histories, self.stopped = histories.judge, histories, threading.Event()
        model = self.judge.model
        self.facts = {
            "name": plugs.maker["model"], **{key: plugs.maker[key] for key in ("weights", "library", "layout")},
            "width": model.width, "layers": model.layers, "parameters": model.parameters,
            "chat": model.chat, "context": self.judge.context_tokens, "file": str(path), "cpu": time.process_time(),
        }  # fmt: skip
        self._sound()

    def answer(self, request: dict[str, Any], say: Any) -> NDArray[np.float64]:
        """Numbers for a request; `say` gets the pieces of a writing."""
        import numpy as np

        from . import deep
        from .behind import answered
        from .states import embeddings, states

        judge, do = self.judge, request["do"]
        put = self.carrying.put(request.get("carried"))
        if do == "loglik" and put.behind is not None:
            return answered(judge, self.carrying.virtual, put.behind, request["texts"])
        if do == "loglik":
            return judge.loglik(self.histories.of(judge.history(request["history"]), put), request["texts"])
        if do == "hidden":
            return judge.hidden(request["texts"]).astype(np.float64)
        if do == "states":
            return states(judge, request["texts"], request["layers"]).ravel().astype(np.float64)
        if do == "embeddings":
            found = embeddings(judge, self.carrying.virtual, request["texts"], request["parts"])
            return found.ravel().astype(np.float64)
        if do == "memory":
            return np.array([deep.rows(judge.plain().state).shape[1]], np.float64)
        if do == "memories":
            return deep.memories(judge, request["texts"], request["tokens"]).ravel().astype(np.float64)
        if do == "ask":
            ids = judge.chat_history(request["system"], request["history"])
            return judge.yes_no(self.histories.of(ids), request["texts"], request["system"])
        if do == "count":
            return np.array([len(judge.tokens(text)) for text in request["texts"]], np.float64)
        if do in ("write", "plug", "tune"):
            {"write": self._write, "plug": self._plug, "tune": self._tune}[do](request, put, say)
            return np.empty(0)
        if do in DOES:
            return np.array(self.looking.answer(request, say, lambda: not self.stopped.is_set()))
        raise PenchantError(f"the judge does not know how to {do!r}")

    def _write(self, request: dict[str, Any], put: Put, say: Any) -> None:
        def on_text(text: str) -> bool:
            say(text)  # nothing is a sign of life
            return not self.stopped.is_set()

        system, user = request["system"], request["user"]
        begin = self.plugs.begin(request["plugs"], exact=request["exact"])
        if begin and put.tokens:
            raise PenchantError("virtual tokens and a plug cannot be used together", hint="Leave one of them out.")
        if begin:
            prompt = self.plugs.question(system, user, begin)
        else:
            turns = [(str(said), str(answered)) for said, answered in request.get("turns", ())]
            prompt, begin = self.carrying.chat(system, user, put, turns)
        ways = {key: request[key] for key in ("stop", "temperature", "seed")}
        self.judge.generate(prompt, request["tokens"], on_text, begin=begin, **ways)

    def _plug(self, request: dict[str, Any], put: Put, say: Any) -> None:
        self.plugs.make(request, say, lambda: not self.stopped.is_set())

    def _tune(self, request: dict[str, Any], put: Put, say: Any) -> None:
        from .tune import opened

        virtual, maker = self.carrying.virtual, self.plugs.maker
        with opened(self.judge, virtual, maker, request["job"], lambda: say("")) as tuning:
            try:
                tuning.run(Path(request["checkpoint"]), say, lambda: not self.stopped.is_set())
            except OSError as error:
                raise PenchantError(
                    f"what was tuned cannot be written: {error.strerror or error}",
                    hint="Make room on the disk; it goes on from where it was last kept.",
                ) from error

    def _sound(self) -> None:
        """Damaged weights mostly load, and then answer nothing or the same to everything."""
        import numpy as np

        from .library import DAMAGED

        one, other = self.judge.hidden(["a garden in the rain", "interest rates rise"])
        if not (np.isfinite(one).all() and np.isfinite(other).all()) or np.array_equal(one, other):
            raise PenchantError(f"the model in {self.facts['file']} answers nonsense", hint=DAMAGED)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
