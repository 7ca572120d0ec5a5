"""Which picture is fetched next: what was looked at last comes first, and no host is hurried. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from penchant.app.store.pictures_rows import Wanted

#: Requests to one host at a time.
PER_HOST = 2
#: Pictures that wait; the reader has long gone on from those behind.
MOST = 400
#: A host that wants a longer pause is not waited for (seconds).
PATIENCE = 120.0
#: Seconds of the first pause after a host did not answer; each further one is `GROWTH` times as long.
FIRST_PAUSE, GROWTH, LONGEST_PAUSE = 5.0, 3.0, 3_600.0


class Line:
    """Pictures in the order in which they are wanted. Times are of one clock, in seconds."""

    def __init__(self) -> None:
        self._waiting: dict[int, Wanted] = {}
        self._running: dict[int, str] = {}
        self._busy: Counter[str] = Counter()
        self._paused: dict[str, tuple[float, str]] = {}
        self._strikes: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, jobs: Iterable[Wanted], *, last: bool = False) -> list[Wanted]:
        """Put pictures first, in their order (`last`: behind all others); returns those there is no room for.

        One that is being fetched is left alone, one that waits already moves up.
        """
        fresh = {job.id: job for job in jobs if job.id not in self._running}
        for number in fresh.keys() & self._waiting.keys():
            if not self._waiting[number].prefer_small:  # an article waits for the whole picture
                fresh[number] = fresh[number]._replace(prefer_small=False)
        if last:
            self._waiting |= {number: job for number, job in fresh.items() if number not in self._waiting}
        else:
            self._waiting = fresh | {n: job for n, job in self._waiting.items() if n not in fresh}
        over = list(self._waiting)[MOST:]
        return [self._waiting.pop(number) for number in over]

    def take(self, now: float) -> Wanted | None:
        """The next picture whose host has a place free; None when there is none at the moment."""
        for number, job in self._waiting.items():
            host = host_of(job.address)
            if self._busy[host] < PER_HOST and now >= self._until(host):
                del self._waiting[number]
                self._running[number] = host
                self._busy[host] += 1
                return job
        return None

    def done(self, job: Wanted) -> None:
        """It is fetched, or failed: its place is free."""
        host = self._running.pop(job.id, None)
        if host is not None:
            self._busy[host] -= 1
            if self._busy[host] <= 0:
                del self._busy[host]

    def reached(self, host: str) -> None:
        """The host answered."""
        self._strikes.pop(host, None)
        self._paused.pop(host, None)

    def pause(self, host: str, now: float, note: str, seconds: float | None) -> None:
        """Ask the host nothing for so long; None: longer each time. `note` says why."""
        if now >= self._until(host):  # two that failed at once are one strike
            self._strikes[host] += 1
        if seconds is None:
            seconds = min(FIRST_PAUSE * GROWTH ** (self._strikes[host] - 1), LONGEST_PAUSE)
        self._paused[host] = (max(self._until(host), now + seconds), note)

    def hopeless(self, now: float) -> list[tuple[Wanted, float, str]]:
        """Take out what would have to wait too long: (picture, seconds from now, why)."""
        found = []
        for job in list(self._waiting.values()):
            until, note = self._paused.get(host_of(job.address), (0.0, ""))
            if until - now > PATIENCE:
                del self._waiting[job.id]
                found.append((job, until - now, note))
        return found

    def next_at(self, now: float) -> float | None:
        """When the first pause ends that something waits for; None where nothing does."""
        ends = [until for job in self._waiting.values() if (until := self._until(host_of(job.address))) > now]
        return min(ends, default=None)

    def _until(self, host: str) -> float:
        return self._paused.get(host, (0.0, ""))[0]


def host_of(url: str) -> str:
    """host[:port] in small letters; "" where there is none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def typed(url: str, addresses: Sequence[str]) -> bool:
    """Whether the reader named the host of this picture himself, in the address of a source that shows it.

    Only then may it be inside a private network: any other address was chosen by whoever writes the feed.
    """
    host = host_of(url)
    return bool(host) and host in {named for address in addresses for named in _hosts(address)}


def _hosts(address: str) -> tuple[str, ...]:
    """Hosts in the address of a source: https://HOST/..., mastodon:HOST/..., !NAME@HOST."""
    if "://" in address:
        start = max(address.rfind(mark, 0, address.index("://")) for mark in (":", " ")) + 1
        return (host_of(address[start:]),)
    _, colon, rest = address.partition(":")
    named = rest if colon and not rest[:1].isdigit() else address
    return tuple(part.partition("/")[0].lower() for part in (named, named.rpartition("@")[2]) if part)
