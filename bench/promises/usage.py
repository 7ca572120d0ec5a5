"""CPU seconds of a family of processes by what each of them runs, ended ones included, from Linux's own counts."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from soak import program

_TICK = os.sysconf("SC_CLK_TCK")


def load_average() -> str:
    """Processes that ran or waited for a processor: over 1, 5 and 15 minutes."""
    return ", ".join(f"{value:.1f}" for value in os.getloadavg())


def ran(pid: int) -> float:
    """Milliseconds of CPU time of all threads of a process so far, by the scheduler's own fine count."""
    return sum(int((_read(task / "schedstat") or "0").split()[0]) for task in Path(f"/proc/{pid}/task").glob("*")) / 1e6


class Usage:
    """Looked at again and again; what a process used between the last look and its end is missing.

    `names`: what to call some processes; the others are called after their module.
    """

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self._spent: dict[int, tuple[str, float]] = {}
        self._threads: dict[tuple[str, str], dict[tuple[int, int], float]] = {}

    def look(self, pids: Iterable[int]) -> None:
        for pid in pids:
            seconds = _seconds(Path(f"/proc/{pid}/stat"))
            if seconds is None:
                continue
            if pid not in self._spent or self._spent[pid][0] == "others":
                self._spent[pid] = (self.names.get(pid) or program(pid), 0.0)
            name = self._spent[pid][0]
            self._spent[pid] = (name, max(seconds, self._spent[pid][1]))
            self._look_inside(pid, name)

    def _look_inside(self, pid: int, name: str) -> None:
        for task in Path(f"/proc/{pid}/task").glob("*"):
            seconds = _seconds(task / "stat")
            if seconds is None:
                continue
            thread = "main" if int(task.name) == pid else _read(task / "comm").strip()
            self._threads.setdefault((name, thread), {})[pid, int(task.name)] = seconds

    def by_program(self) -> Counter[str]:
        """Program -> CPU seconds (user and system) of all its processes."""
        sums: Counter[str] = Counter()
        for name, seconds in self._spent.values():
            sums[name] += seconds  # type: ignore[assignment]
        return sums

    def by_thread(self) -> Counter[tuple[str, str]]:
        """(program, thread) -> CPU seconds; a thread shows its own name where Python gave it one."""
        return Counter({key: sum(each.values()) for key, each in self._threads.items()})  # type: ignore[misc]

    def total(self) -> float:
        return sum(self.by_program().values())


def told(spent: Counter[str], visits: int) -> str:
    """Where the CPU seconds went, the largest first, with milliseconds for a visit."""
    parts = [f"{name} {seconds:.1f} s" for name, seconds in spent.most_common() if seconds >= 0.05]
    whole = sum(spent.values())
    return f"CPU {whole:.0f} s, {whole * 1000 / max(visits, 1):.1f} ms a visit: {', '.join(parts)}"


def _seconds(stat: Path) -> float | None:
    """CPU seconds of a process or thread so far; None once it is gone."""
    fields = _read(stat).rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICK if fields else None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
