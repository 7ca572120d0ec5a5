"""What an import costs: CPU seconds and peak memory of `penchant import` in a process of its own.

    python bench/imports.py [--tweets 10000] [--likes 10000] [--gigabytes 4]

First an archive of so many tweets and likes, imported into an empty archive, and the same again (everything is known
then). Then a zip with the same tweets beside so many gigabytes of media: a file with holes, so it takes no room on
disk, and its CRCs are not looked at unless something reads the media. Targets: 10 CPU seconds, 300 MiB, and no more
memory with the media than without. Exit code 1 when one is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

MOST_CPU, MOST_MIB = 10.0, 300.0
#: Memory that the larger archive may take beyond the smaller one: the directory of its files.
MORE_MIB = 30.0
WORDS = (Path(__file__).resolve().parents[1] / "ARCHITECTURE.md").read_text(encoding="utf-8").split()


def tweets(count: int) -> list[dict]:
    """Tweets as the archives of 2023 have them, about 2 KB each."""
    chance, found = random.Random(1), []
    for n in range(count):
        number = str(1_000_000_000_000_000_000 + n * 400_000_000_000)
        said = " ".join(chance.choices(WORDS, k=chance.randint(5, 40)))[:240]
        short = f"https://t.co/{n:010d}"
        url = {"url": short, "expanded_url": f"https://example.org/{n}", "display_url": f"example.org/{n}"}
        found.append({"tweet": {
            "edit_info": {"initial": {"editTweetIds": [number], "editableUntil": "2023-01-01T00:00:00.000Z"}},
            "retweeted": False, "source": "<a href=\"https://mobile.twitter.com\" rel=\"nofollow\">Twitter Web App</a>",
            "entities": {"hashtags": [], "symbols": [], "user_mentions": [], "urls": [url]},
            "display_text_range": ["0", str(len(said))], "favorite_count": str(n % 40), "id_str": number,
            "truncated": False, "retweet_count": "0", "id": number, "created_at": "Tue Mar 19 14:05:17 +0000 2019",
            "favorited": False, "full_text": f"{said} {short}", "lang": "en",
            **({"in_reply_to_status_id_str": str(int(number) - 400_000_000_000)} if n % 3 == 0 else {}),
        }})  # fmt: skip
    return found


def likes(count: int) -> list[dict]:
    chance = random.Random(2)
    return [
        {"like": {
            "tweetId": str(1_100_000_000_000_000_000 + n), "expandedUrl": f"https://twitter.com/i/web/status/{n}",
            "fullText": " ".join(chance.choices(WORDS, k=chance.randint(5, 40)))[:240],
        }}
        for n in range(count)
    ]  # fmt: skip


def make(path: Path, count: int, liked: int) -> None:
    """A zip as Twitter gives it."""
    account = [{"account": {"username": "ada", "accountId": "1", "accountDisplayName": "Ada"}}]
    files = {"account": account, "tweets": tweets(count), "like": likes(liked)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, entries in files.items():
            made.writestr(f"data/{name}.js", f"window.YTD.{name}.part0 = " + json.dumps(entries, indent=2))


def pad(path: Path, size: int, files: int = 4_000) -> None:
    """Put `size` bytes of holes behind the members of a zip, as stored media files, and write its directory again."""
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED, allowZip64=True) as whole:
        end = whole.start_dir
        with path.open("r+b") as raw:
            for n in range(files):
                info = zipfile.ZipInfo(f"data/tweets_media/{n}-media.mp4")
                info.CRC, info.file_size = 0, size // files
                info.compress_size = info.file_size
                info.header_offset = end
                head = info.FileHeader(zip64=False)
                raw.seek(end)
                raw.write(head)
                end += len(head) + info.file_size
                whole.filelist.append(info)
                whole.NameToInfo[info.filename] = info
            raw.truncate(end)
        whole.start_dir = end
        whole._didModify = True


def run(path: Path, home: Path) -> tuple[float, float, float, str]:
    """(CPU seconds, wall-clock seconds, peak MiB, what it printed) of one import."""
    env = {**os.environ, "PENCHANT_HOME": str(home), "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring"}
    started = time.perf_counter()
    child = subprocess.Popen([sys.executable, "-m", "penchant.app.cli", "import", str(path), "--json"],
                             env=env, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)  # fmt: skip
    assert child.stdout is not None
    said = child.stdout.read().decode()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"the import failed with exit code {child.returncode}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1024, said


def main() -> int:
    parser = argparse.ArgumentParser(description="CPU time and memory of an import.")
    parser.add_argument("--tweets", type=int, default=10_000)
    parser.add_argument("--likes", type=int, default=10_000)
    parser.add_argument("--gigabytes", type=float, default=4.0)
    args = parser.parse_args()
    missed, peaks = False, []
    with tempfile.TemporaryDirectory(prefix="imports-") as folder:
        path = Path(folder, "twitter.zip")
        make(path, args.tweets, args.likes)
        for name, home in (("first", "a"), ("again", "a"), ("large", "b")):
            if name == "large":
                pad(path, int(args.gigabytes * (1 << 30)))
            cpu, wall, peak, said = run(path, Path(folder, home))
            report = json.loads(said)
            peaks.append(peak)
            missed |= cpu > MOST_CPU or peak > MOST_MIB
            print(
                f"{name}: {path.stat().st_size / 1e6:,.0f} MB, {report['found']:,} found, {report['new']:,} new:"
                f" {cpu:.2f} CPU s (target {MOST_CPU:g}), {wall:.1f} s, peak {peak:.0f} MiB (target {MOST_MIB:g})"
            )
        print(f"with {args.gigabytes:g} GB of media: {peaks[2] - peaks[0]:+.0f} MiB (target +{MORE_MIB:g})")
        missed |= peaks[2] - peaks[0] > MORE_MIB
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
