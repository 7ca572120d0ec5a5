"""Hostile strings in every place that shows remote text: nothing but the program's own bytes reaches the terminal.

    python bench/promises/hostile_text.py [--short] [--strings 10000] [--first 0] [--batch 2500]

`--strings` counts from `--first` on, so that a long run can be made in parts. Each batch is served as feeds, Mastodon
timelines and failing sources, fetched by `penchant sync`, printed by the listing commands (text and JSON, on a pipe)
and shown by the real program in a pty: the list, every article, Why, dialogs, search, sources, digest. Every byte is
judged by a terminal that knows only what the program itself sends.
A second archive holds the same strings as they are, past the cleaning of adapters: the last gate alone.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from common import Result, main
from hostile_screen import Window
from hostile_site import LIMITS, PLACES, subscribe
from hostile_strings import BODIES, Hostile, strings

from penchant.adapters.base import Author, Item, Media, Page, Poll
from penchant.adapters.contract_server import running
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.types import Event

#: No control character but the end of a line and of a column, nothing that reorders or splits.
BAD = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029\u2066-\u2069\ud800-\udfff]")
#: What a click on a numbered link or picture may open: what the item itself names.
CLICKED = re.compile(r"https://far\.example/[\w./]*|http://127\.0\.0\.1:\d+/[\w./@]*")
#: The beginning of a sequence that the next letter ends.
UNFINISHED = re.compile(r"(?:\x1b[ -/]*|(?:\x1b\[|\x9b)[0-?]*[ -/]*)\Z")
#: What the keys of the tour do.
KEYS = ("impression", "open", "dwell", "like", "undo")
CLI = [sys.executable, "-m", "penchant.app.cli"]


def call(env: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*CLI, *arguments], env=env, capture_output=True, timeout=300)


def commands(store_ids: list[int], words: list[str]) -> list[tuple[str, ...]]:
    """Everything that prints remote text."""
    some = [str(n) for n in store_ids[:3]]
    return [
        ("list", "--view", "newest", "--limit", "100000"),
        ("list", "--view", "newest", "--limit", "100000", "--json"),
        ("list", "--view", "for-you"),
        ("sources",),
        ("sources", "--json"),
        ("list", "--collection", "kept"),
        ("collection",),
        ("collection", "--json"),
        *((("why", n)) for n in some),
        *((("why", n, "--json")) for n in some),
        *(("search", word) for word in words),
        *(("search", word, "--json") for word in words),
        ("digest", "--day"),
        ("digest", "--markdown"),
        ("digest", "--json"),
        ("digest", "--html"),
        ("interests",),
        ("interests", "--json"),
        ("mute",),
        ("history",),
        ("history", "--json"),
        ("sql", "SELECT * FROM items LIMIT 40"),
        ("sql", "--json", "SELECT * FROM items"),
        ("sql", "--csv", "SELECT title, text FROM items LIMIT 200"),
        ("sql", "SELECT no such thing \x1b[31m"),
        ("export", "sources"),
        ("ask", "--seconds", "3", words[0]),
        ("tune",),
        ("tune", "dials"),
        ("pictures",),
        ("like", some[0]),
        ("mute", "list"),
        ("doctor",),
        ("undo",),
        ("search", "\x1b]0;x\x07"),
        ("add", "\x1b]0;x\x07"),
        ("list", "--source", "\x1b[2J"),
        ("nothing\x1b[2J",),
    ]


def judge_commands(env: dict[str, str], ids: list[int], words: list[str], result: Result) -> bytes:
    """Run every command; the bytes of the whole list in JSON."""
    listed = b""
    for arguments in commands(ids, words):
        done = call(env, *arguments)
        name = " ".join(arguments)[:40]
        for stream, data in (("out", done.stdout), ("err", done.stderr)):
            text = data.decode("utf-8", "surrogateescape")
            bad = None if arguments[0] == "export" else BAD.search(text)
            if arguments[:2] == ("sql", "--csv"):
                bad = BAD.search(text.replace("\r\n", "\n"))
            result.check(
                bad is None, f"{name!a} ({stream}): {bad and text[max(0, bad.start() - 30) : bad.end() + 30]!r}"
            )
        crashed = done.returncode == 70 or b"Traceback" in done.stderr
        result.check(not crashed, f"{name!a} ended with {done.returncode}: {done.stderr[-200:]!r}")
        if "--json" in arguments and arguments[0] != "ask":
            try:
                [json.loads(line) for line in done.stdout.split(b"\n") if line]
            except ValueError as error:
                result.check(False, f"{name!a}: {error}")
        if arguments[-2:] == ("100000", "--json"):
            listed = done.stdout
    return listed


def teach(paths: Paths) -> list[int]:
    """A collection, decisions; ids of some items."""
    with Store.open(paths.archive) as store:
        ids = [row[0] for row in store.db.rows("SELECT id FROM items ORDER BY id")]
        for number in ids[:30:3]:
            store.events.append([Event("like", number)])
        with store.db.write():  # the words of a picture stand where it would: a page of pictures holds little else
            store.db.run(
                "INSERT OR IGNORE INTO pictures(url, state, note) SELECT json_extract(media, '$[0][0]'), 'refused', ?"
                " FROM items WHERE id % 16 AND media LIKE '[[%'",
                ("refused \x1b]0;owned\x07",),
            )
        return ids


def run_batch(batch: list[Hostile], home: Path, result: Result, *, short: bool, again: bool = False) -> tuple[int, int]:
    """(bytes judged, articles shown) of a batch that comes over the network.

    What was not seen is looked at once more by itself (`again`): on a busy machine an article may be left half painted.
    """
    paths = Paths.under(home).ensure()
    env = {
        **os.environ,
        "PENCHANT_HOME": str(home),
        "PENCHANT_SECRETS_DIR": str(home / "secrets"),
        "TERM": "xterm-256color",
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
        "COLORTERM": "truecolor",
    }
    with running() as server:
        with Store.open(paths.archive) as store:
            for row in subscribe(server, batch):
                store.subscriptions.add(*row)
        synced = call(env, "sync")
        text = (synced.stdout + synced.stderr).decode("utf-8", "surrogateescape")
        result.check(not BAD.search(text), f"sync prints {BAD.search(text)}")
        result.check(b"Traceback" not in synced.stderr and synced.returncode in (0, 5), f"sync: {text[-300:]!r}")
    ids = teach(paths)
    result.check(len(ids) == 2 * len(batch), f"{len(ids)} items of {2 * len(batch)} strings came")
    listed = judge_commands(env, ids, [batch[0].words("x")[0], batch[-1].words("t")[0]], result) if not short else b""
    window = Window(env, home)
    window.tour(len(ids))
    for fault, count in Counter(window.strict.faults).most_common(5):
        result.check(False, f"terminal: {fault} ({count} times)")
    result.check(window.code == 0, f"the program ended with {window.code}")
    strange = [url for url in window.opened() if not CLICKED.fullmatch(url)]
    result.check(not strange, f"the browser was opened at {strange[:3]}")
    lost = missing(batch, window)
    if lost and not again:
        few = list(dict.fromkeys(hostile for _, hostile in lost))
        print(f"  {len(lost)} places of {len(few)} strings are looked at again", flush=True)
        run_batch(few, home.with_name(f"{home.name}-again"), result, short=True, again=True)
    else:
        some = [(place, h.number, h.family, h.attack[:40]) for place, h in lost[:6]]
        result.check(not lost, f"{len(lost)} not shown: {some}")
    done = [event.kind for _, event in _events(paths)]
    odd = Counter(kind for kind in done if kind not in KEYS)
    result.check(not odd, f"events that nobody asked for: {dict(odd)}")
    return window.bytes + len(listed), len(ids)


def _events(paths: Paths) -> list[Any]:
    with Store.open(paths.archive) as store:
        return list(store.events.live())


def missing(batch: list[Hostile], window: Window) -> list[tuple[str, Hostile]]:
    """(place, string) whose words, or whose visible attack, were on no screen."""
    return [(place, h) for h in batch for place in "".join(PLACES.values()) if not _shown(h, place, window)]


def _shown(hostile: Hostile, place: str, window: Window) -> bool:
    first, last = hostile.words(place)
    screens = [window.seen[n] for n in window.words.get(first, ())]
    if len(hostile.text(place)) > LIMITS.get(place, 1 << 30):
        return bool(screens)  # its end is cut off
    if UNFINISHED.search(hostile.attack):
        last = last[1:]  # a sequence that ends with the next letter, as every terminal takes it
        return any(last in screen for screen in screens)
    whole = "".join(hostile.seen.split()) if place in BODIES and not hostile.html else ""
    return bool(screens) and last in window.words and (not whole or any(whole in screen for screen in screens))


def raw_archive(batch: list[Hostile], home: Path) -> None:
    """The strings as they are in an archive, as if no adapter had cleaned anything."""
    paths = Paths.under(home).ensure()
    with Store.open(paths.archive) as store:
        source = store.subscriptions.add("rss", f"https://far.example/{batch[0].attack!a}", batch[0].text("s"), {})
        store.items.put_page(source, Page(tuple(_item(h) for h in batch), {}), time.time())


def _item(hostile: Hostile) -> Item:
    def text(place: str) -> str:
        return hostile.text(place).encode("utf-8", "replace").decode()

    media = (Media(f"https://far.example/{hostile.number}.png", "image", text("l")),)
    return Item(
        f"raw-{hostile.number}",
        f"https://far.example/{hostile.number}?{text('a')}",
        text("t"),
        text("x"),
        Author(f"author-{hostile.number}", text("u"), f"https://far.example/{text('h')}"),
        time.time() - 60 * hostile.number,
        media=media,
        tags=(text("g"),),
        poll=Poll(((text("o"), 1), ("no", 2))),
        content_warning="",
    )


def run_raw(batch: list[Hostile], home: Path, result: Result, *, short: bool) -> int:
    """Bytes judged of a batch that no adapter cleaned."""
    raw_archive(batch, home)
    env = {**os.environ, "PENCHANT_HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    ids = teach(Paths.under(home))
    if not short:
        judge_commands(env, ids, [batch[0].words("x")[0], batch[-1].words("t")[0]], result)
    window = Window(env, home)
    window.tour(len(ids))
    for fault, count in Counter(window.strict.faults).most_common(5):
        result.check(False, f"terminal, nothing cleaned: {fault} ({count} times)")
    result.check(window.code == 0, f"nothing cleaned: ended with {window.code}")
    return window.bytes


def run(options: argparse.Namespace, folder: Path, result: Result) -> None:
    everything = strings(options.first + options.strings, options.seed)[options.first :]
    total = shown = 0
    for start in range(0, len(everything), options.batch):
        batch = everything[start : start + options.batch]
        size, items = run_batch(batch, folder / f"served-{start}", result, short=options.short)
        total, shown = total + size, shown + items
        total += run_raw(batch, folder / f"raw-{start}", result, short=options.short)
        print(f"  {start + len(batch):,} strings, {len(result.faults)} faults, {total / 1e6:.0f} MB judged", flush=True)
    result.figure(f"{len(everything):,} strings, {shown:,} articles, {total / 1e6:.1f} MB of output judged")


if __name__ == "__main__":
    sys.exit(main(__doc__ or "", run, strings=(30, 10_000), first=(0, 0), batch=(30, 2_500)))
