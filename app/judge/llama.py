"""What a language model makes of texts after a history: likelihoods, hidden states, yes or no, a sentence of reason.

A history (prefix) is evaluated once and kept as a block of memory; texts then run as parallel sequences over it:

    judge = Judge(Path("model.gguf"), context_tokens=1024)
    liked = judge.prefix("Things this reader liked:\\nA post\\nAnother\\n")    # seconds, once
    judge.loglik(liked, ["Is this one next?", "Or this?"])                    # mean log p of a token, float64 [2]
    judge.hidden(["a text"], layer=20)                                        # float32 [1, 2 * width]
    chat = judge.chat_prefix("You know this reader.", "They liked: ...\\n")
    judge.yes_no(chat, ["A post.\\nWould they like it?"])                      # logit of yes against no, float64 [1]
    judge.generate(judge.chat_tokens("...", "..."), 60, print)

llama.cpp ends its process on what it does not expect, so this runs in a child process only (`child`, `runner`).
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError

from .library import DAMAGED, Model, library
from .tap import Tap

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Texts that run beside one another over a history; more were no faster (16, 32).
SEQUENCES = 8
#: Tokens in one call at most, and bytes of logits that one call may leave behind.
BATCH, LOGITS = 512, 96 << 20
#: Tokens read of one text.
LONGEST = 256
#: Ways to begin an answer; those that are one token (or begin with one of their own) are added up.
YES, NO = ("Yes", "yes", " Yes", " yes", "YES"), ("No", "no", " No", " no", "NO")


@dataclass(frozen=True, slots=True, eq=False)
class Prefix:
    """An evaluated history: its tokens, the model's memory of them, and log p of every token after them [words]."""

    tokens: tuple[int, ...]
    state: NDArray[np.uint8]
    after: NDArray[np.float32]


class Judge:
    """One loaded model with one context that is used again and again. Belongs to one thread.

    `context_tokens`: the longest history; `threads`: how many at most, one while others want the processors.
    """

    def __init__(self, path: Path, *, context_tokens: int = 1024, threads: int = 1) -> None:
        llama = library()
        self.model = Model(path)
        self.threads = threads
        self.batch_tokens = max(LONGEST // 4, min(BATCH, LOGITS // (4 * self.model.words)))
        self.longest = min(LONGEST, self.batch_tokens)
        self.context_tokens = min(context_tokens, max(64, self.model.trained - self.longest))
        self._tap = Tap(self.model.width)
        settings = llama.llama_context_default_params()
        settings.n_ctx = self.context_tokens + self.batch_tokens
        settings.n_batch = settings.n_ubatch = self.batch_tokens
        settings.n_seq_max = SEQUENCES + 1
        settings.kv_unified = True
        settings.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO
        settings.n_threads = settings.n_threads_batch = threads
        settings.no_perf = True
        settings.cb_eval = self._tap.callback
        self.context = llama.llama_init_from_model(self.model.pointer, settings)
        if not self.context:
            raise PenchantError(f"llama.cpp has no room for the model {path}", hint="A smaller one will do.")
        self._batch = llama.llama_batch_init(self.batch_tokens, 0, 1)
        self._memory = llama.llama_get_memory(self.context)
        self._held: Prefix | None = None

    def tokens(self, text: str) -> list[int]:
        """The ids of a text; control tokens written in it are mere letters."""
        return self.model.tokens(text)

    def prefix(self, history: str | Sequence[int]) -> Prefix:
        """Evaluate a history (text or ids); no longer than `context_tokens`, the end counts."""
        if isinstance(history, str):
            opening = self.model.opening()
            inside = self.model.tokens(history, start=True) or opening
            history = inside[: len(opening)] + inside[len(opening) :][-(self.context_tokens - len(opening)) :]
        ids = tuple(history)[-self.context_tokens :] or tuple(self.model.opening())
        self.forget()
        self._read(ids)
        after = log_softmax(self._logits(1))[0]
        self._held = Prefix(ids, self._state(), after)
        return self._held

    def loglik(self, prefix: Prefix, texts: Sequence[str]) -> NDArray[np.float64]:
        """The mean log-probability of a token of each text as the next line, its line break included [n], nats."""
        return self.read(prefix, texts)[0]

    def read(
        self, prefix: Prefix, texts: Sequence[str], layer: int | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float32] | None]:
        """`loglik`, and from the same pass the hidden states of a layer (None: none), as `hidden` gives them."""
        import numpy as np

        rows = [self.model.line(text, self.longest) for text in texts]
        found = np.empty(len(rows))
        states = None if layer is None else np.empty((len(rows), 2 * self.model.width), np.float32)
        with self._tap.open(layer):
            for group in self._groups(prefix, rows, last_only=False):
                logits, place = self._logits(sum(len(rows[row]) for row in group)), 0
                for row in group:
                    ids = rows[row]
                    told = picked(logits[place : place + len(ids) - 1], ids[1:])
                    found[row] = (float(prefix.after[ids[0]]) + told.sum()) / len(ids)
                    if states is not None:
                        states[row] = self._tap.summary(place, len(ids))
                    place += len(ids)
        return found, states

    def hidden(self, texts: Sequence[str], layer: int) -> NDArray[np.float32]:
        """What a layer makes of texts that stand alone: the last token's state, then the mean [n, 2 * width].

        `layer` counts from 0; the last two are cut down to few tokens by llama.cpp: up to `layers - 2`.
        """
        import numpy as np

        layer = max(0, min(layer, self.model.layers - 2))
        rows = [self.model.line(text, self.longest) for text in texts]
        states = np.empty((len(rows), 2 * self.model.width), np.float32)
        with self._tap.open(layer):
            for group in self._groups(None, rows, last_only=True):
                place = 0
                for row in group:
                    states[row] = self._tap.summary(place, len(rows[row]))
                    place += len(rows[row])
        return states

    def chat_tokens(self, system: str, user: str) -> list[int]:
        """A whole chat prompt, up to where the answer begins."""
        before, after = self.model.around(system)
        room = self.context_tokens - len(before) - len(after)
        return [*before, *self.model.tokens(user)[: max(0, room)], *after]

    def chat_prefix(self, system: str, history: str) -> Prefix:
        """A chat up to the middle of what the user says; `yes_no` goes on from there under the same `system`."""
        before, _ = self.model.around(system)
        return self.prefix([*before, *self.model.tokens(history)[: self.context_tokens - len(before)]])

    def yes_no(self, prefix: Prefix, questions: Sequence[str], system: str = "") -> NDArray[np.float64]:
        """log p(yes) - log p(no) as the answer to the rest of what the user says [n]. `system`: as in `chat_prefix`."""
        import numpy as np

        _, after = self.model.around(system)
        yes, no = self._beginnings(YES), self._beginnings(NO)
        rows = []
        for question in questions:
            ids = self.model.tokens(question)
            room = self.longest - len(after)
            # a long item loses its middle: the question stands at the end
            rows.append([*(ids if len(ids) <= room else ids[: room - 40] + ids[-40:]), *after])
        found = np.empty(len(rows))
        for group in self._groups(prefix, rows, last_only=True):
            for row, logits in zip(group, self._logits(len(group)), strict=True):
                found[row] = log_sum(logits[yes]) - log_sum(logits[no])
        return found

    def generate(
        self,
        prompt: Sequence[int],
        max_tokens: int,
        on_text: Callable[[str], bool | None],
        *,
        stop: str = "",
        temperature: float = 0.0,
        seed: int = 0,
    ) -> str:
        """Let the model write on; `on_text` gets pieces as they come, "" while the prompt is read; False ends it.

        It also ends at the model's own end, and before `stop`. Temperature 0 takes the likeliest token.
        """
        import numpy as np

        rng, said, decoder = np.random.default_rng(seed), "", codecs.getincrementaldecoder("utf-8")("replace")
        ids = list(prompt)[-self.context_tokens :]
        self.forget()
        if not self._read(ids, lambda: on_text("") is not False):
            return ""
        for place in range(len(ids), len(ids) + min(max_tokens, self.batch_tokens)):
            token = sampled(self._logits(1)[0], temperature, rng)
            if self.model.ends(token):
                break
            text = decoder.decode(self.model.piece(token))
            if stop and stop in said + text:
                text = (said + text)[: (said + text).index(stop)][len(said) :]
                said += text
                on_text(text)
                break
            said += text
            if on_text(text) is False:
                break
            self._decode([(token, place, 0, True)])
        self.forget()
        return said

    def forget(self) -> None:
        """Empty the context."""
        library().llama_memory_clear(self._memory, True)
        self._held = None

    def _groups(
        self, prefix: Prefix | None, rows: Sequence[Sequence[int]], *, last_only: bool
    ) -> Iterator[list[int]]:
        """Decode rows beside one another over a prefix; yields which rows the logits are now of."""
        llama = library()
        for group in packed([len(row) for row in rows], self.batch_tokens):
            if prefix is None:
                self.forget()
            else:
                self._hold(prefix)
            start = len(prefix.tokens) if prefix else 0
            entries: list[tuple[int, int, int, bool]] = []
            for sequence, row in enumerate(group, 1):
                if prefix is not None:
                    llama.llama_memory_seq_cp(self._memory, 0, sequence, -1, -1)
                last = len(rows[row]) - 1
                entries += [
                    (token, start + at, sequence, at == last or not last_only) for at, token in enumerate(rows[row])
                ]
            self._decode(entries)
            yield group
            for sequence in range(1, len(group) + 1):
                llama.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def _hold(self, prefix: Prefix) -> None:
        """Put a history into the context, as sequence 0, unless it is there."""
        if self._held is prefix:
            return
        import numpy as np

        self.forget()
        llama = library()
        pointer = prefix.state.ctypes.data_as(llama.llama_state_seq_set_data.argtypes[1])
        if not llama.llama_state_seq_set_data(self.context, pointer, np.uintp(prefix.state.size).item(), 0):
            raise PenchantError("llama.cpp does not take a history back", hint=DAMAGED)
        self._held = prefix

    def _state(self) -> NDArray[np.uint8]:
        import numpy as np

        llama = library()
        state = np.empty(llama.llama_state_seq_get_size(self.context, 0), np.uint8)
        pointer = state.ctypes.data_as(llama.llama_state_seq_get_data.argtypes[1])
        state = state[: llama.llama_state_seq_get_data(self.context, pointer, state.size, 0)]
        if not state.size:
            raise PenchantError("llama.cpp does not give its memory of a history", hint=DAMAGED)
        return state

    def _read(self, ids: Sequence[int], go_on: Callable[[], bool] = lambda: True) -> bool:
        """Evaluate ids as sequence 0, with logits of the last; False where it was told to end."""
        for start in range(0, len(ids), self.batch_tokens):
            if not go_on():
                return False
            part = ids[start : start + self.batch_tokens]
            self._decode([(token, at, 0, at == len(ids) - 1) for at, token in enumerate(part, start)])
        return True

    def _decode(self, entries: Sequence[tuple[int, int, int, bool]]) -> None:
        """One call: (token, position, sequence, whether its logits are wanted) each."""
        llama, batch = library(), self._batch
        self._give_way()
        for place, (token, position, sequence, wanted) in enumerate(entries):
            batch.token[place] = token
            batch.pos[place] = position
            batch.n_seq_id[place] = 1
            batch.seq_id[place][0] = sequence
            batch.logits[place] = wanted
        batch.n_tokens = len(entries)
        code = llama.llama_decode(self.context, batch)
        if code:
            self.forget()
            raise PenchantError(f"llama.cpp answers with the code {code}", hint=DAMAGED)

    def _logits(self, rows: int) -> NDArray[np.float32]:
        """The logits of the last call, [rows, words]: a view that the next call overwrites."""
        import numpy as np

        return np.ctypeslib.as_array(library().llama_get_logits(self.context), (rows, self.model.words))

    def _give_way(self) -> None:
        """One thread while others want the processors: two that wait for each other are slower than one."""
        busy = hasattr(os, "getloadavg") and os.getloadavg()[0] > 1
        now = 1 if busy else self.threads
        library().llama_set_n_threads(self.context, now, now)

    def _beginnings(self, words: Sequence[str]) -> list[int]:
        """The tokens with which an answer may begin: the whole words, and no piece shared with other words."""
        found = {ids[0] for word in words if len(ids := self.model.tokens(word)) == 1}
        if not found:
            raise PenchantError("the model has no word for yes and no", hint="Another model can be asked.")
        return sorted(found)


def packed(lengths: Sequence[int], room: int) -> Iterator[list[int]]:
    """Rows for one call each, in order: up to SEQUENCES of them with up to `room` tokens."""
    group: list[int] = []
    used = 0
    for row, length in enumerate(lengths):
        if group and (used + length > room or len(group) == SEQUENCES):
            yield group
            group, used = [], 0
        group.append(row)
        used += length
    if group:
        yield group


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Log-probabilities along the last axis."""
    import numpy as np

    away = logits - logits.max(axis=-1, keepdims=True)
    found: NDArray[np.float32] = away - np.log(np.exp(away).sum(axis=-1, keepdims=True))
    return found


def picked(logits: NDArray[np.float32], ids: Sequence[int]) -> NDArray[np.float64]:
    """log p of one token of each row [len(ids)], in float64 where it is added up."""
    import numpy as np

    found = np.empty(len(ids))
    for row, token in enumerate(ids):  # row by row: 200 KB stay in the cache
        found[row] = float(logits[row, token]) - log_sum(logits[row])
    return found


def log_sum(logits: NDArray[np.float32]) -> float:
    """log of the sum of exponentials."""
    import numpy as np

    top = float(logits.max())
    return top + float(np.log(np.exp(logits - np.float32(top)).sum(dtype=np.float64)))


def sampled(logits: NDArray[np.float32], temperature: float, rng: np.random.Generator) -> int:
    """The likeliest token, or a draw from the 40 likeliest."""
    import numpy as np

    if temperature <= 0:
        return int(logits.argmax())
    top = np.argpartition(logits, -min(40, len(logits)))[-40:]
    weights = np.exp(log_softmax(logits[top].astype(np.float32) / temperature).astype(np.float64))
    return int(rng.choice(top, p=weights / weights.sum()))
