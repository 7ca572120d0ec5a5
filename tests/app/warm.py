"""A process that has imported what every command needs and forks for each one: to start Python takes longer than most.

Each command still runs in a process of its own, with its environment, folder, pipes and exit code. Run as a program it
takes requests on file descriptor 0: a JSON object {"argv", "environment", "folder"} with two descriptors, those of
standard output and standard error; it answers with the number of the process, then with its exit code.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Any

#: Bytes of a request at most; (number of the process), (its exit code).
MOST, NUMBER = 1 << 17, struct.Struct("<i")
#: Read as Python starts: a command with others of these starts a Python of its own.
_EARLY = ("PYTHON", "LC_", "LANG", "LD_", "OPENBLAS_", "OMP_", "MALLOC_")


class Warm:
    """The process, started with the first command; ends with this one."""

    def __init__(self) -> None:
        self._early: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None
        self._one = threading.Lock()

    def takes(self, environment: Mapping[str, str]) -> bool:
        """Whether a command with this environment would not notice; starts the process."""
        if not hasattr(socket, "SOCK_SEQPACKET") or not hasattr(os, "fork") or sys.platform != "linux":
            return False
        if self._process is None:
            self._early = _early(os.environ)
            self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(
                    # nobody reads these pipes: the streams are made for pipes, since those of commands are such
                    [sys.executable, "-P", __file__], stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                )  # fmt: skip
            atexit.register(self.close)
        return _early(environment) == self._early

    def run(self, argv: Sequence[str], environment: Mapping[str, str], seconds: float) -> tuple[int, str, str]:
        """(exit code, standard output, standard error). Raises `subprocess.TimeoutExpired`."""
        with self._one:
            assert self._channel is not None
            said = json.dumps({"argv": list(argv), "environment": dict(environment), "folder": os.getcwd()}).encode()
            ends = [os.pipe(), os.pipe()]
            try:
                socket.send_fds(self._channel, [said], [write for _, write in ends])
            finally:
                for _, write in ends:
                    os.close(write)
            found: list[str] = ["", ""]
            readers = [threading.Thread(target=_read, args=(found, n, read)) for n, (read, _) in enumerate(ends)]
            for reader in readers:
                reader.start()
            (number,) = NUMBER.unpack(self._channel.recv(NUMBER.size))
            end = time.monotonic() + seconds
            for reader in readers:
                reader.join(max(0.0, end - time.monotonic()))
            if any(reader.is_alive() for reader in readers):
                os.kill(number, signal.SIGKILL)
                self._channel.recv(NUMBER.size)
                raise subprocess.TimeoutExpired(list(argv), seconds)
            (code,) = NUMBER.unpack(self._channel.recv(NUMBER.size))
        return code, found[0], found[1]

    def close(self) -> None:
        if self._channel is not None and self._process is not None:
            self._channel.close()
            self._process.wait(10.0)


def _read(found: list[str], place: int, descriptor: int) -> None:
    with open(descriptor, encoding=sys.getfilesystemencoding(), errors="strict") as pipe:
        found[place] = pipe.read()


def _early(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_EARLY)}


def _serve(channel: socket.socket) -> dict[str, Any] | None:
    """Fork for each request. Returns it in the forked process; None at the end, in this one."""
    while True:
        said, descriptors, _, _ = socket.recv_fds(channel, MOST, 2)
        if not said:
            return None
        number = os.fork()
        if number == 0:
            channel.close()
            for place, descriptor in enumerate(descriptors, 1):
                os.dup2(descriptor, place)
                os.close(descriptor)
            return dict(json.loads(said))
        for descriptor in descriptors:
            os.close(descriptor)
        channel.send(NUMBER.pack(number))
        _, status = os.waitpid(number, 0)
        channel.send(NUMBER.pack(os.waitstatus_to_exitcode(status)))


def _main() -> int:
    from penchant.app import cli, embed, models, store, sync  # noqa: F401
    from penchant.app.commands import context, list_items, output  # noqa: F401

    for package in (store, embed, models):
        for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
            importlib.import_module(module.name)
    gc.freeze()
    with socket.socket(fileno=os.dup(0)) as channel:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        request = _serve(channel)
    if request is None:
        return 0
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.chdir(request["folder"])
    sys.argv = ["penchant", *request["argv"]]
    return cli.main(request["argv"])


if __name__ == "__main__":
    sys.exit(_main())
