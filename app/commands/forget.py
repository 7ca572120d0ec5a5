"""`penchant forget SOURCE | --author NAME | --since D --until D | --item ITEM`: remove for good."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from penchant.app.errors import NoSuchSource, PenchantError, UsageError

from .context import Context
from .output import dumps, note, plain, say

if TYPE_CHECKING:
    from penchant.app.store.forget import Gone
    from penchant.app.store.forget_choice import Wish

_EPILOG = """Unlike `remove` and `mute`, this deletes what you liked and did as well, and it cannot be undone. What the
archive learned from it is unlearned. docs/promises.md says what is not promised (file systems that keep old blocks,
copies made by hand, other machines)."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = _EPILOG
    parser.add_argument("source", nargs="?", help="a source: its number, address or title, removed ones by address too")
    parser.add_argument("--author", metavar="NAME", help="everything by one author: name, handle or address")
    parser.add_argument("--item", action="append", default=[], metavar="ITEM", help="one item (may be repeated)")
    parser.add_argument("--since", metavar="DATE", help="what came, and what you did, from this day on")
    parser.add_argument("--until", metavar="DATE", help="... up to the end of this day")
    parser.add_argument("--backups", action="store_true", help="delete the archive's backups as well")
    parser.add_argument("--dry-run", action="store_true", help="say what would go, change nothing")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument("--json", action="store_true", help="one JSON object")


def run(args: argparse.Namespace, context: Context) -> int | None:
    from penchant.app.forgetting import backups_of
    from penchant.app.lock import WorkerLock
    from penchant.app.store.forget import look

    _finish(args, context)
    wish, words = _wish(args, context)
    gone = look(context.store.db, wish)
    backups = len(backups_of(context.paths, context.config.backup.folder))
    if not args.json:
        say(f"{words}: {_counts(gone)}" + (" and the source itself" if wish.whole_source else ""))
        if backups:
            say(f"{backups} backups " + ("go too" if args.backups else "stay (--backups deletes them)"))
    if args.dry_run:
        if args.json:
            say(dumps({**_facts(gone), "backups": backups, "forgotten": False}))
        return None
    if not (gone.items or gone.events or wish.whole_source):
        raise PenchantError(f"there is nothing to forget: {words}", hint="`penchant search` shows what there is.")
    if not args.yes and not _agreed():
        raise PenchantError("nothing was forgotten", hint="Answer yes, or give --yes where nobody can be asked.")
    with WorkerLock(context.paths.lock_file):
        _carry_out(args, context, wish)
    return None


def _finish(args: argparse.Namespace, context: Context) -> None:
    """An earlier forgetting that was interrupted after the archive had forgotten is brought to its end first."""
    from penchant.app.forgetting import finish, unfinished
    from penchant.app.lock import WorkerLock

    if not args.dry_run and unfinished(context.store) is not None:
        with WorkerLock(context.paths.lock_file):
            done = finish(context.store, context.paths)
        note("an earlier `penchant forget` was interrupted; its files are done now")
        for line in done.told:
            note(plain(line))


def _carry_out(args: argparse.Namespace, context: Context, wish: Wish) -> None:
    from penchant.app.forgetting import carry_out
    from penchant.app.ranking import RankSession

    source = context.store.subscriptions.get(wish.source) if wish.whole_source and wish.source else None
    done = carry_out(
        context.store, context.paths, wish, machines=context.config.machines.folder, backups=args.backups,
        folder=context.config.backup.folder,
    )
    if source is not None and source.kind == "script":
        from penchant.adapters import secrets
        from penchant.adapters.script_place import forbid

        secrets.configure(context.paths.secrets)
        forbid(source.settings)
    session = RankSession(context.paths.archive)
    session.load()
    try:
        session.publish(context.store)
    finally:
        session.close()
    context.store.db.checkpoint()
    if args.json:
        say(dumps({**_facts(done.gone), "files": done.removed, "told": done.told, "forgotten": True}))
        return
    files = ", ".join(f"{count} {what}" for what, count in done.removed.items() if count)
    say(f"forgotten: {_counts(done.gone)}" + (f"; files: {files}" if files else ""))
    for line in done.told:
        note(plain(line))


def _wish(args: argparse.Namespace, context: Context) -> tuple[Wish, str]:
    """What is meant, and in words. Raises `UsageError`, `NoSuchSource`, `NoSuchItem`, `PenchantError`."""
    from penchant.app.store.forget_choice import Wish, authors_named
    from penchant.app.store.when import period

    if bool(args.source) + bool(args.author) + bool(args.item) > 1 or (args.item and (args.since or args.until)):
        raise UsageError("name one thing: a source, --author or --item")
    if not (args.source or args.author or args.item or args.since or args.until):
        raise UsageError("nothing is named", hint="A source, --author, --item, or --since and --until.")
    ends: list[float | None] = []
    for place, text in enumerate((args.since, args.until)):
        found = period(text, time.time()) if text else None
        if text and found is None:
            raise UsageError(f"{plain(text)} is no date", hint="2025-01-31, 2025-01, 2025, yesterday or 7d.")
        ends.append(found[place] if found else None)
    when = "".join(f" {word} {plain(text)}" for word, text in (("since", args.since), ("until", args.until)) if text)
    if args.source:
        number, title = _source(args.source, context)
        return Wish(source=number, since=ends[0], until=ends[1]), f"the source {plain(title)}{when}"
    if args.author:
        found_authors = authors_named(context.store.db, args.author)
        if not found_authors:
            raise PenchantError(
                f"nobody is called {plain(args.author)}", hint="The name, the handle, or the profile's address."
            )
        names = ", ".join(plain(f"{name or handle or key} ({handle or key})") for key, name, handle in found_authors)
        return Wish(authors=tuple(key for key, *_ in found_authors), since=ends[0], until=ends[1]), f"by {names}{when}"
    items = tuple(context.item(text) for text in args.item)
    return Wish(items=items, since=ends[0], until=ends[1]), f"{len(items)} items" if items else f"everything{when}"


def _source(name: str, context: Context) -> tuple[int, str]:
    """(number, title); of removed sources whose items stayed by their whole address, title or number."""
    try:
        found = context.source(name)
        return found.id, found.title or found.address
    except NoSuchSource:
        row = context.store.db.row(
            "SELECT id, iif(title = '', address, title) FROM subscriptions WHERE removed_at IS NOT NULL"
            " AND (address = ?1 OR title = ?1 OR CAST(id AS TEXT) = ?1)",
            (name.strip(),),
        )
        if row is None:
            raise
        return int(row[0]), str(row[1])


def _counts(gone: Gone) -> str:
    said = f"{gone.items:,} items, {gone.events:,} events, {gone.texts:,} texts, {gone.pictures:,} pictures"
    return said + (f", {gone.drafts:,} drafts" if gone.drafts else "")


def _facts(gone: Gone) -> dict[str, int]:
    facts = asdict(gone)
    return {key: facts[key] for key in ("items", "events", "texts", "pictures", "drafts")}


def _agreed() -> bool:
    if not sys.stdin.isatty():
        return False
    return input("This cannot be undone. Forget it? [y/N] ").strip().casefold() in ("y", "yes")
