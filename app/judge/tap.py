"""Takes hidden states while llama.cpp computes (`cb_eval` on the tensors "l_out-N")."""

from __future__ import annotations

import contextlib
import ctypes
import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from penchant.app.errors import PenchantError

from .library import library

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@functools.cache
def _ggml() -> ctypes.CDLL:
    """The tensor library that llama.cpp has already loaded."""
    folder = Path(str(library().__file__)).parent / "lib"
    names = ("libggml-base.so", "libggml-base.dylib", "ggml-base.dll")
    found = ctypes.CDLL(str(next(folder / name for name in names if (folder / name).exists())))
    found.ggml_get_name.argtypes, found.ggml_get_name.restype = [ctypes.c_void_p], ctypes.c_char_p
    found.ggml_nbytes.argtypes, found.ggml_nbytes.restype = [ctypes.c_void_p], ctypes.c_size_t
    found.ggml_backend_tensor_get.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_size_t]
    found.ggml_backend_tensor_get.restype = None
    return found


#: Instead of a layer: the normed state of which the output is computed, of the tokens whose logits are wanted.
OUTPUT = -1
#: What the first layer is given; where several are there, the last.
GIVEN = (b"embd", b"inp_embd", b"inp_scaled")


def of_layer(layer: int) -> bytes:
    """What llama.cpp calls the state that a layer (from 0, or OUTPUT) leaves behind."""
    return b"result_norm" if layer == OUTPUT else b"l_out-%d" % layer


class Tap:
    """Closed, it costs a call of nothing for each tensor: about a millisecond in two seconds."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._wanted: frozenset[bytes] = frozenset()
        self._states: dict[bytes, NDArray[np.float32]] = {}
        self.callback: Any = library().ggml_backend_sched_eval_callback(self._seen)

    @contextlib.contextmanager
    def open(self, *names: bytes) -> Iterator[None]:
        """Keep what each call of llama.cpp computes under these names (`of_layer`, GIVEN)."""
        self._wanted, self._states = frozenset(names), {}
        try:
            yield
        finally:
            self._wanted, self._states = frozenset(), {}

    def rows(self, *names: bytes) -> NDArray[np.float32]:
        """What the last call left under the last of these names [tokens, width]. Raises `PenchantError`: nothing."""
        found = [self._states[name] for name in names if name in self._states]
        if not found:
            raise PenchantError("this kind of model shows no hidden states", hint="Another model can be chosen.")
        return found[-1]

    def summary(self, layer: int, start: int, count: int) -> NDArray[np.float32]:
        """Of the tokens from `start` of the last call: the state of the last one, then the mean [2 * width]."""
        import numpy as np

        states = self.rows(of_layer(layer))[start : start + count]
        return np.concatenate([states[-1], states.mean(axis=0)])

    def _seen(self, tensor: int | None, asked: bool, data: object) -> bool:
        if not self._wanted or tensor is None:
            return not asked
        ggml = _ggml()
        name = ggml.ggml_get_name(tensor)
        if name not in self._wanted:
            return not asked
        if not asked:
            import numpy as np

            size = ggml.ggml_nbytes(tensor)
            states = np.empty((size // (4 * self.width), self.width), np.float32)
            ggml.ggml_backend_tensor_get(tensor, states.ctypes.data, 0, states.nbytes)
            self._states[name] = states
        return True
