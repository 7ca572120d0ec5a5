"""An archive that holds a real reader's past, for `penchant lab run --experiment past`.

    python bench/lab_past.py DATA/hn_one_user HOME
    PENCHANT_HOME=HOME penchant lab run --experiment past --model FILE

The data set is a folder with items.jsonl and ratings.csv (see bench/judge.py); HOME is an empty folder. Every rating
becomes a like (the upper half) or a skip at its time, or in the order of the file where there is none.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
from pathlib import Path

from penchant.adapters.base import Item, Page
from penchant.app.paths import Paths
from penchant.app.store import Store
from penchant.app.types import Event

#: Unix seconds of the first rating where no time is known, and between two of them.
BEGAN, APART = 1.6e9, 60.0


def ratings(folder: Path) -> list[tuple[str, bool, float]]:
    """(item, whether liked, Unix seconds), in the order of time."""
    with (folder / "ratings.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    liked = 2 if max(float(row["rating"]) for row in rows) > 1 else 1
    found = [
        (row["item"], float(row["rating"]) >= liked, float(row.get("timestamp") or BEGAN + APART * place))
        for place, row in enumerate(rows)
    ]
    return sorted(found, key=lambda each: each[2])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("home", type=Path)
    args = parser.parse_args()
    if args.home.exists() and any(args.home.iterdir()):
        print(f"{args.home} is not empty", file=sys.stderr)
        return 2
    os.environ["PENCHANT_HOME"] = str(args.home)
    given = ratings(args.data)
    wanted = {item: at for item, _, at in given}
    with (args.data / "items.jsonl").open(encoding="utf-8") as lines:
        rows = [row for row in map(json.loads, lines) if row["id"] in wanted]
    with Store.open(Paths.from_environment().ensure().archive, role="cli") as store:
        source = store.subscriptions.add("rss", f"https://{args.data.name}.invalid/feed", args.data.name)
        for at in range(0, len(rows), 200):
            items = tuple(
                Item(row["id"], str(row.get("url") or ""), str(row.get("title") or ""), str(row.get("text") or ""),
                     published=wanted[row["id"]])
                for row in rows[at : at + 200]
            )  # fmt: skip
            store.items.put_page(source, Page(items, {}), max(wanted.values()))
        known = {item: store.items.by_native("rss", item) for item in wanted}
        store.events.append(
            [Event("like" if liked else "skip", known[item], at=at) for item, liked, at in given if known[item]]
        )
    likes = sum(liked for _, liked, _ in given)
    print(f"{len(rows)} items, {likes} likes, {len(given) - likes} skips in {args.home}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
