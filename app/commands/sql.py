"""`penchant sql "SELECT ..."`: SQL over the archive, with models as functions. docs/sql.md"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from penchant.app.errors import PenchantError, UsageError

from .context import Context
from .list_items import positive
from .output import note, plain, say

if TYPE_CHECKING:
    from penchant.app.sql.model import LocalModel
    from penchant.app.sql.running import Query
    from penchant.app.sql.vectors import Meaning, Sentences

#: Rows of a table, and of CSV and JSON; seconds without those of the model.
TABLE, STREAM, SECONDS = 1_000, 1_000_000, 60.0


def configure(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        'penchant sql "SELECT title FROM items WHERE is_unseen AND ask(text, \'is this about compilers?\')\n'
        "  ORDER BY similarity(text, 'type inference') DESC LIMIT 20\""
    )
    parser.add_argument("sql", nargs="?", help="one SELECT; - reads it from standard input")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_const", dest="form", const="csv", help="comma-separated values")
    form.add_argument("--json", "--jsonl", action="store_const", dest="form", const="json", help="a JSON object a line")
    form.add_argument("--explain", action="store_true", help="say what would be asked of which model, and run nothing")
    form.add_argument("--views", action="store_true", help="list the views and their columns")
    form.add_argument("--copy", metavar="FILE", help="write the views into a new SQLite file, for other programs")
    form.add_argument("--forget", action="store_true", help="drop what models answered, so that they are asked again")
    parser.add_argument("--rows", type=positive, metavar="N", help="rows at most (1,000; CSV and JSON 1,000,000)")
    parser.add_argument("--seconds", type=_seconds, default=SECONDS, metavar="S", help="without the models' time (60)")
    parser.add_argument("--model", default="", metavar="NAME", help="another language model than the chosen one")


def run(args: argparse.Namespace, context: Context) -> int | None:
    if args.views:
        _views()
    elif args.copy:
        from penchant.app.store.public_copy import copy_views

        size = copy_views(context.store.path, Path(args.copy).expanduser())
        say(f"{plain(args.copy)}: {size / 1e6:.1f} MB")
    elif args.forget:
        say(f"forgot {context.store.model_answers.forget(('ask', 'summarize', 'describe')):,} answers")
    else:
        sql = sys.stdin.read() if args.sql == "-" else args.sql
        if not sql or not sql.strip():
            raise UsageError("no SQL was given", hint='penchant sql "SELECT title FROM items"; --views says more.')
        _query(sql, args, context)
    return None


def _query(sql: str, args: argparse.Namespace, context: Context) -> None:
    from penchant.app.pictures.files import PictureFiles
    from penchant.app.sql.model import LocalModel
    from penchant.app.sql.running import Query

    from .sql_output import Asking, cut, show, tell

    model, meanings, asking = LocalModel(context.config, context.paths, args.model), _Meanings(context), Asking()
    files = PictureFiles(context.paths.cache / "pictures")
    query = Query(context.store, model, files, meanings, seconds=args.seconds, tell=asking)
    rows = args.rows or (STREAM if args.form else TABLE)
    try:
        if args.explain:
            _explain(sql, query, model)
            return
        plan = query.plan(sql)
        names = query.names(sql)
        given = show(names, _clearing(query.run(plan, rows), asking), args.form or "table")
        asking.clear()
        if not given and not args.form:
            note("No rows.")
        tell([*cut(given, rows), *query.notes])
    except KeyboardInterrupt:
        asking.clear()
        if query.book.progress.asked:
            note(f"{query.book.progress.asked:,} texts were asked about, and what was answered is kept.")
        raise
    finally:
        asking.clear()
        query.close()
        model.close()
        meanings.close()


def _clearing(rows, asking):  # type: ignore[no-untyped-def]
    """Rows, with the line of progress out of their way."""
    for row in rows:
        asking.clear()
        yield row


def _explain(sql: str, query: Query, model: LocalModel) -> None:
    from penchant.app.sql.explain import in_words

    plan = query.plan(sql)
    name = ""
    if plan.atoms or plan.dear:
        try:
            name = model.name("ask")
        except PenchantError as error:
            name = f"({error})"
    expected = query.expected(plan) if name.startswith("gguf:") else []
    for line in in_words(plan, expected, name):
        say(plain(line))


def _views() -> None:
    from penchant.app.store.public_views import COLUMNS

    for name, columns in COLUMNS.items():
        say(f"{name}: {', '.join(columns)}")


class _Meanings:
    """The space of vectors that `similarity` compares in, made on first use; its model ends with the command."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sentences: Sentences | None = None

    def __call__(self) -> Meaning:
        from penchant.app.models.choice import chosen
        from penchant.app.sql.vectors import Sentences, meaning_of

        file = chosen("sentence", self._context.config.models, self._context.paths)
        self._sentences = Sentences(file) if file else None
        return meaning_of(self._context.store, self._sentences)

    def close(self) -> None:
        if self._sentences is not None:
            self._sentences.close()


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 86_400.0:
        raise argparse.ArgumentTypeError("a number of seconds, up to a day")
    return value
