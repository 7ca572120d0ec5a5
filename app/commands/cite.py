"""`penchant cite`: items as BibTeX or Markdown; what an item cites in the archive, and what cites it."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from penchant.app.errors import UsageError
from penchant.app.types import View

from .context import Context
from .list_items import positive
from .output import dumps, note, plain, say

if TYPE_CHECKING:
    from penchant.app.scholar.work import Work
    from penchant.app.store.citations import Citations

#: Texts of which citations are looked for before answering: what a worker did not come to yet.
PATIENCE = 5_000


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "In the feed, `Y` copies the citation of an item; an article shows what it cites in your archive."
    parser.add_argument("item", nargs="*", metavar="ITEM", help="numbers of items, or beginnings of their uids")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--search", default="", metavar="QUERY", help="what a search finds (docs/search.md)")
    what.add_argument("--collection", default="", metavar="NAME", help="the items of a collection")
    what.add_argument("--saved", action="store_true", help="everything that you saved")
    what.add_argument("--liked", action="store_true", help="everything that you liked")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--bibtex", dest="form", action="store_const", const="bibtex", help="BibTeX (the default)")
    form.add_argument("--markdown", dest="form", action="store_const", const="markdown", help="a list in Markdown")
    form.add_argument("--json", dest="form", action="store_const", const="json", help="one JSON object a line")
    parser.set_defaults(form="bibtex")
    parser.add_argument(
        "--links", action="store_true", help="instead: what each cites in your archive, and is cited by"
    )
    parser.add_argument("--limit", type=positive, default=500, metavar="N", help="how many at most (default: 500)")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.memory.deeds import local
    from penchant.app.scholar import bibtex, markdown
    from penchant.app.store.citations import Citations

    ids = _chosen(args, context)[: args.limit]
    citations = Citations(context.store.db)
    works = citations.works(ids, local(time.time()).date())
    if args.links or args.form == "json":
        _catch_up(citations)
    if args.form == "json":
        for work in works:
            say(dumps(facts(work, citations)))
    elif args.links:
        _links(works, citations)
    else:
        text = (bibtex if args.form == "bibtex" else markdown).write(works)
        for line in text.splitlines():
            say(plain(line))
    if not works:
        note("There is nothing to cite.")
    return None


def _chosen(args: argparse.Namespace, context: Context) -> list[int]:
    store = context.store
    if args.item and (args.search or args.collection or args.saved or args.liked):
        raise UsageError("either items or a selection", hint="penchant cite ITEM, or penchant cite --saved")
    if args.item:
        return list(dict.fromkeys(context.item(word) for word in args.item))
    if args.collection:
        return list(store.collections.ids(store.collections.named(args.collection)))
    if args.search:
        return [hit.item_id for hit in store.search.search(args.search, limit=args.limit).hits]
    if args.saved or args.liked:
        return list(store.items.ids(View.SAVED if args.saved else View.LIKED, limit=args.limit))
    raise UsageError("cite what?", hint="Numbers of items, --saved, --liked, --collection NAME or --search QUERY.")


def _catch_up(citations: Citations) -> None:
    read = 0
    while (done := citations.catch_up()) and read < PATIENCE:
        read += done
    if done:
        note("Not every text was looked through yet; the worker goes on with it.")


def facts(work: Work, citations: Citations) -> dict[str, object]:
    """A work as JSON, with the numbers of the items it cites and is cited by."""
    from penchant.app.scholar.bibtex import key

    found = asdict(work) | {"day": work.day.isoformat() if work.day else None, "key": key(work)}
    del found["accessed"]
    return found | {"cites": citations.cites(work.item_id), "cited_by": citations.cited_by(work.item_id)}


def _links(works: list[Work], citations: Citations) -> None:
    for work in works:
        say(f"{work.item_id:>6}  {plain(work.title, 100)}")
        for words, ids in (("cites", citations.cites(work.item_id)), ("cited by", citations.cited_by(work.item_id))):
            for other in citations.works(ids):
                say(f"        {words:<8}  {other.item_id:>6}  {plain(other.title, 100)}")
