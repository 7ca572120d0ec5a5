"""Reading feeds: our reader (parse, clean, HTML to text) beside feedparser alone (parse and its own sanitising).

    python bench/parsers.py [--feeds 6] [--items 100]

Prints CPU milliseconds an item on made-up feeds and, where they lie beside the checkout, on the recorded ones.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import feedparser
from made_feeds import make_feeds

from penchant.adapters.rss_parse import parse_feed

Document = tuple[bytes, str]


def recorded() -> list[Document]:
    shared = Path(os.environ.get("PENCHANT_SHARED", Path(__file__).resolve().parents[2] / "shared"))
    folder = shared / "recordings" / "rss" / "feedjira"
    return [(file.read_bytes(), "") for file in sorted(folder.glob("*.xml"))]


def ours(document: Document) -> int:
    return len(parse_feed(document[0], "https://example.org/feed", document[1], "key", time.time()).items)


def theirs(document: Document) -> int:
    return len(feedparser.parse(document[0]).entries)


def cost(read: Callable[[Document], int], documents: list[Document]) -> float:
    """CPU milliseconds an item, after one document to warm up."""
    read(documents[0])
    start = time.process_time()
    items = sum(read(document) for document in documents)
    return 1000 * (time.process_time() - start) / items


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--feeds", type=int, default=6)
    parser.add_argument("--items", type=int, default=100)
    options = parser.parse_args()
    made = make_feeds(options.feeds, options.items, formats=("rss", "atom"))
    corpora = {"made up": [(feed.body, feed.content_type) for feed in made], "recorded": recorded()}
    print(f"{'corpus':10} {'ours':>10} {'feedparser':>12}   (CPU ms an item)")
    for name, documents in corpora.items():
        if not documents:
            print(f"{name:10} not beside this checkout: set PENCHANT_SHARED")
            continue
        mine, peer = cost(ours, documents), cost(theirs, documents)
        print(f"{name:10} {mine:10.3f} {peer:12.3f}   {mine / peer:.2f} x")


if __name__ == "__main__":
    main()
