"""What a language model makes of texts after a history: likelihoods, hidden states, yes or no, words of its own.

A history (prefix) is evaluated once and kept as a block of memory; texts then run as parallel sequences over it:

    judge = Judge(Path("model.gguf"), context_tokens=1024)
    liked = judge.prefix("Posts:\\n- A post\\n-")                               # seconds, once
    judge.loglik(liked, [" Is this one next?\\n", " Or this?\\n"])             # mean log p of a token, float64 [2]
    judge.hidden(["a text"])                                                   # float32 [1, 2 * width]
    chat = judge.chat_prefix("You know this reader.", "They liked: ...\\n")
    judge.yes_no(chat, ["A post.\\nWould they like it?"], "You know this reader.")   # logit of yes against no [1]
    judge.generate(judge.chat_tokens("...", "..."), 60, print)

llama.cpp ends its process on what it does not expect, so this runs in a child process only (`child`, `runner`).
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from .library import DAMAGED, Model, library
from .likelihood import log_softmax, log_sum, picked, sampled
from .placing import BLOCK, SEQUENCES, placed
from .tap import OUTPUT, Tap, of_layer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: Tokens in one call at most, and bytes of logits that one call may leave behind.
BATCH, LOGITS = 512, 128 << 20
#: Tokens read of one text.
LONGEST = 256
#: What stands before a text that is read without a history: the beginning of a line of a list.
PLAIN = "-"
#: The sequence of tokens that only fill places.
FILLING = SEQUENCES + 1
#: Ways to begin an answer; the probabilities of those that are one token are added up.
YES, NO = ("Yes", "yes", " Yes", " yes", "YES"), ("No", "no", " No", " no", "NO")
#: Tokens of the end of a question that a long item must not push out.
_QUESTION = 48
#: Stands in a prefix for a virtual token, and for a token of a deep prefix.
VIRTUAL = -1

#: (token, position, sequence, whether its logits are wanted)
Entry = tuple[int, int, int, bool]


@dataclass(frozen=True, slots=True, eq=False)
class Prefix:
    """An evaluated history: its ids (VIRTUAL for what is no word), what the model remembers of it, and log p of each
    token after it [words]."""

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
        self.batch_tokens = max(BLOCK, min(BATCH, LOGITS // (4 * self.model.words)) // BLOCK * BLOCK)
        self.longest = min(LONGEST, self.batch_tokens)
        self.context_tokens = max(BLOCK, min(context_tokens, self.model.trained - self.longest))
        self.tap = Tap(self.model.width)
        settings = llama.llama_context_default_params()
        self.spare = self.batch_tokens + 2 * BLOCK  # places beyond the history
        settings.n_ctx = self.context_tokens + self.spare
        settings.n_batch = settings.n_ubatch = self.batch_tokens
        settings.n_seq_max = FILLING + 1
        settings.kv_unified = True
        settings.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_AUTO
        settings.n_threads = settings.n_threads_batch = threads
        settings.no_perf = True
        settings.cb_eval = self.tap.callback
        self.context = llama.llama_init_from_model(self.model.pointer, settings)
        if not self.context:
            raise PenchantError(f"llama.cpp has no room for the model {path}", hint="A smaller one will do.")
        self._batch = llama.llama_batch_init(self.batch_tokens, 0, 1)
        self.memory = llama.llama_get_memory(self.context)
        self._held: Prefix | None = None
        self._plain: Prefix | None = None
        self._filling: NDArray[np.uint8] | None = None

    def tokens(self, text: str) -> list[int]:
        """The ids of a text; control tokens written in it are mere letters."""
        return self.model.tokens(text)

    def history(self, text: str) -> tuple[int, ...]:
        """The ids of a history as a document, no longer than `context_tokens`: what is too much goes at the start."""
        before, ids = self.model.before(), self.model.tokens(text, start=True)
        inside = ids[len(before) :][-(self.context_tokens - len(before)) :]
        return (*before, *inside) if inside else tuple(self.model.opening())

    def prefix(self, history: str | Sequence[int]) -> Prefix:
        """Evaluate a history (text or ids)."""
        ids = self.history(history) if isinstance(history, str) else tuple(history)[-self.context_tokens :]
        prefix = self.read_prefix(ids)
        assert prefix is not None
        return prefix

    def read_prefix(self, ids: Sequence[int], go_on: Callable[[], bool] = lambda: True) -> Prefix | None:
        """Evaluate ids, asking before each call whether to; None where the answer was no."""
        self.forget()
        return self.kept(ids) if self.feed(ids, go_on) else None

    def kept(self, ids: Sequence[int]) -> Prefix:
        """What sequence 0 holds, just evaluated and with logits of its last token, as a prefix of these ids."""
        self._held = Prefix(tuple(ids), self.state(0), log_softmax(self.logits(1)[0]))
        return self._held

    def loglik(self, prefix: Prefix, texts: Sequence[str]) -> NDArray[np.float64]:
        """The mean log-probability (nats) of a token of each text as what goes on from a history, to the letter [n].

        NaN for an empty text. A text is cut at `longest` tokens.
        """
        return self.read(prefix, texts)[0]

    def read(
        self, prefix: Prefix, texts: Sequence[str], layer: int | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float32] | None]:
        """`loglik`, and from the same pass what a layer makes of each text (None: nothing).

        That is the state of its last token, then the mean of all [n, 2 * width]. Layers count from 0; OUTPUT is what
        the model's output is computed of.
        """
        import numpy as np

        rows = [self.model.onward(text, self.longest) for text in texts]
        found = np.full(len(rows), np.nan)
        states = None if layer is None else np.full((len(rows), 2 * self.model.width), np.nan, np.float32)
        told_by = None if layer is None else min(layer, self.model.layers - 2)
        with self.tap.open(*(() if told_by is None else (of_layer(told_by),))):
            for group in self.groups(prefix, rows, last_only=False):
                logits = self.logits(sum(len(rows[row]) for row, _ in group))
                for row, start in group:
                    ids = rows[row]
                    told = picked(logits[start : start + len(ids) - 1], ids[1:])
                    found[row] = (float(prefix.after[ids[0]]) + told.sum()) / len(ids)
                    if states is not None and told_by is not None:
                        states[row] = self.tap.summary(told_by, start, len(ids))
        return found, states

    def hidden(self, texts: Sequence[str], layer: int = OUTPUT) -> NDArray[np.float32]:
        """What a layer makes of texts without a history, as in `read`; the same whatever the reader likes."""
        states = self.read(self.plain(), [f" {text}\n" for text in texts], layer)[1]
        assert states is not None
        return states

    def plain(self) -> Prefix:
        """What stands before a text that is read without a history."""
        if self._plain is None:
            self._plain = self.prefix(PLAIN)
        return self._plain

    def chat_tokens(self, system: str, user: str) -> list[int]:
        """A whole chat prompt, up to where the answer begins."""
        before, after = self.model.around(system)
        room = max(0, self.context_tokens - len(before) - len(after))
        return [*before, *self.model.tokens(user)[:room], *after]

    def chat_history(self, system: str, history: str) -> tuple[int, ...]:
        """The ids of a chat up to the middle of what the user says; the beginning of `history` counts."""
        before, _ = self.model.around(system)
        return (*before, *self.model.tokens(history)[: max(0, self.context_tokens - len(before))])

    def chat_prefix(self, system: str, history: str) -> Prefix:
        """`chat_history`, evaluated; `yes_no` goes on from there under the same `system`."""
        return self.prefix(self.chat_history(system, history))

    def yes_no(self, prefix: Prefix, questions: Sequence[str], system: str) -> NDArray[np.float64]:
        """log p(yes) - log p(no) as the answer to the rest of what the user says [n]."""
        import numpy as np

        _, after = self.model.around(system)
        yes, no = self._beginnings(YES), self._beginnings(NO)
        room = self.longest - len(after)
        asked = [self.model.tokens(question) for question in questions]
        rows = [[*(ids if len(ids) <= room else ids[: room - _QUESTION] + ids[-_QUESTION:]), *after] for ids in asked]
        found = np.empty(len(rows))
        for group in self.groups(prefix, rows, last_only=True):
            for (row, _), logits in zip(group, self.logits(len(group)), strict=True):
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
        begin: int = 0,
    ) -> str:
        """Let the model write on; `on_text` gets pieces as they come, "" while the prompt is read; False ends it.

        It also ends where the model does, before `stop`, and where the context is full. Temperature 0 takes the
        likeliest token. The prompt goes on from the `begin` tokens that sequence 0 holds already.
        """
        import numpy as np

        rng, said, decoder = np.random.default_rng(seed), "", codecs.getincrementaldecoder("utf-8")("replace")
        ids = tuple(prompt)[-(self.context_tokens - begin) :]
        if not begin:
            self.forget()
        self._held = None
        if not self.feed(ids, lambda: on_text("") is not False, begin):
            return ""
        end = begin + len(ids)
        for place in range(end, min(end + max_tokens, self.context_tokens + self.spare)):
            token = sampled(self.logits(1)[0], temperature, rng)
            if self.model.ends(token):
                break
            before, said = said, said + decoder.decode(self.model.piece(token))
            ended = bool(stop) and stop in said
            if ended:
                said = said[: max(said.index(stop), len(before))]
            if on_text(said[len(before) :]) is False or ended:
                break
            self.decode([(token, place, 0, True)])
        self.forget()
        return said

    def forget(self) -> None:
        """Empty the context."""
        library().llama_memory_clear(self.memory, True)
        self._held = None

    def feed(self, ids: Sequence[int], go_on: Callable[[], bool] = lambda: True, begin: int = 0) -> bool:
        """Evaluate ids as sequence 0 from place `begin` on, with logits of the last; False where it was told to end."""
        last = begin + len(ids) - 1
        entries: list[Entry] = [(token, at, 0, at == last) for at, token in enumerate(ids, begin)]
        for start in range(0, len(entries), self.batch_tokens):
            if not go_on():
                return False
            self.decode(entries[start : start + self.batch_tokens])
        return True

    def decode(self, entries: Sequence[Entry]) -> None:
        """One call of llama.cpp with up to `batch_tokens` tokens. Raises `PenchantError`."""
        batch = self._batch
        for place, (token, position, sequence, wanted) in enumerate(entries):
            batch.token[place] = token
            batch.pos[place] = position
            batch.n_seq_id[place] = 1
            batch.seq_id[place][0] = sequence
            batch.logits[place] = wanted
        batch.n_tokens = len(entries)
        self.run(batch)

    def run(self, batch: Any) -> None:
        """Decode a filled batch of up to `batch_tokens`. Raises `PenchantError`."""
        self._give_way()
        code = library().llama_decode(self.context, batch)
        if code:
            self.forget()
            raise PenchantError(f"llama.cpp answers with the code {code}", hint=DAMAGED)

    def logits(self, rows: int) -> NDArray[np.float32]:
        """The logits of the last call, [rows, words]: a view that the next call overwrites."""
        import numpy as np

        if not rows:
            return np.empty((0, self.model.words), np.float32)
        return np.ctypeslib.as_array(library().llama_get_logits(self.context), (rows, self.model.words))

    def groups(
        self, prefix: Prefix, rows: Sequence[Sequence[int]], *, last_only: bool
    ) -> Iterator[list[tuple[int, int]]]:
        """Decode rows beside one another over a prefix; yields which rows the logits are now of, in their order.

        Each with the number of its first token in the call. Logits are those of each row's last token, or of all. Rows
        without a token are left out.
        """
        llama = library()
        begin = len(prefix.tokens)
        for group in placed([len(row) for row in rows], self.batch_tokens):
            self.hold(prefix)
            self._make_places(begin, [(start, len(rows[row])) for row, start in group])
            entries: list[Entry] = []
            found: list[tuple[int, int]] = []
            for sequence, (row, _) in enumerate(group, 1):
                llama.llama_memory_seq_cp(self.memory, 0, sequence, -1, -1)
                last = len(rows[row]) - 1
                found.append((row, len(entries)))
                entries += [
                    (token, begin + at, sequence, at == last or not last_only) for at, token in enumerate(rows[row])
                ]
            # the kernel for the rest of a block rounds otherwise: what follows a text cannot change it
            token, position, sequence, _ = entries[-1]
            rest = -len(entries) % BLOCK
            entries += [(token, position + more, sequence, False) for more in range(1, rest + 1)]
            try:
                self.decode(entries)
                yield found
            finally:
                for sequence in range(1, FILLING + 1):
                    llama.llama_memory_seq_rm(self.memory, sequence, -1, -1)

    def _make_places(self, begin: int, places: Sequence[tuple[int, int]]) -> None:
        """Leave free, beyond a history of `begin` tokens, what lies at (start, length) of blocks, and what follows.

        llama.cpp takes the free places in order, so all others are filled with a memory that nobody reads.
        """
        llama, at = library(), 0
        self.restore(self._filler(), FILLING)
        shift = -begin % BLOCK
        for start, length in places:
            llama.llama_memory_seq_rm(self.memory, FILLING, shift + start, shift + start + length)
            at = shift + start + length
        llama.llama_memory_seq_rm(self.memory, FILLING, at, -1)

    def _filler(self) -> NDArray[np.uint8]:
        """The memory of any tokens; computed once, and only beside a history that is then put back."""
        if self._filling is None:
            held = self._held
            self.forget()
            entries: list[Entry] = [(0, at, FILLING, False) for at in range(self.spare)]
            for start in range(0, len(entries), self.batch_tokens):
                self.decode(entries[start : start + self.batch_tokens])
            self._filling = self.state(FILLING)
            self.forget()
            if held is not None:
                self.hold(held)
        return self._filling

    def hold(self, prefix: Prefix) -> None:
        """Put a history into the context as sequence 0, unless it is there."""
        if self._held is not prefix:
            self.forget()
            self.restore(prefix.state, 0)
            self._held = prefix

    def restore(self, state: NDArray[np.uint8], sequence: int) -> None:
        """Give a sequence the memory that `state` is, beside the others."""
        llama = library()
        pointer = state.ctypes.data_as(llama.llama_state_seq_set_data.argtypes[1])
        if state.size and not llama.llama_state_seq_set_data(self.context, pointer, state.size, sequence):
            raise PenchantError("llama.cpp does not take a history back", hint=DAMAGED)

    def state(self, sequence: int) -> NDArray[np.uint8]:
        """What the model remembers of a sequence; empty where it has none."""
        import numpy as np

        llama = library()
        if llama.llama_memory_seq_pos_max(self.memory, sequence) < 0:
            return np.empty(0, np.uint8)
        state = np.empty(llama.llama_state_seq_get_size(self.context, sequence), np.uint8)
        pointer = state.ctypes.data_as(llama.llama_state_seq_get_data.argtypes[1])
        state = state[: llama.llama_state_seq_get_data(self.context, pointer, state.size, sequence)]
        if not state.size:
            raise PenchantError("llama.cpp does not give its memory of a history", hint=DAMAGED)
        return state

    def _give_way(self) -> None:
        """One thread while others want the processors: two that wait for each other are slower than one."""
        busy = hasattr(os, "getloadavg") and os.getloadavg()[0] > 1
        now = 1 if busy else self.threads
        library().llama_set_n_threads(self.context, now, now)

    def _beginnings(self, words: Sequence[str]) -> list[int]:
        """The tokens with which an answer may begin: whole words only, no piece shared with others."""
        found = {ids[0] for word in words if len(ids := self.model.tokens(word)) == 1}
        if not found:
            raise PenchantError("the model has no word for yes and no", hint="Another model can be asked.")
        return sorted(found)
