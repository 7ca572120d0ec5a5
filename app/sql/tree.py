"""The SQL as a tree: which of its functions ask a model, what `text` stands for, which conditions are truth values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from penchant.app.store.reading import SqlError

#: What a function costs: a look at stored vectors, or a language model.
VECTOR, MODEL = 1, 2
COSTS = {
    "similarity": VECTOR, "mean_vector": VECTOR, "probability": VECTOR,
    "ask": MODEL, "summarize": MODEL, "describe": MODEL,
}  # fmt: skip
#: `describe(` begins a statement for the parser.
_RENAMED = {"describe": "describe_"}
#: Functions whose arguments stand for an item when they are the column `text` of the view `items`.
_OF_TEXTS = {"similarity", "mean_vector", "ask", "summarize"}
#: A bare ask(...) in a condition holds from this probability on.
HOLDS = 0.5
Views = Mapping[str, Sequence[str]]


def mentions(sql: str) -> bool:
    """Whether a function of models may be called in it."""
    return re.search(rf"\b({'|'.join(COSTS)})\s*\(", sql, re.IGNORECASE) is not None


def parse(sql: str) -> exp.Expression:
    """The tree of one SELECT. Raises `SqlError` in words, also for SQL that SQLite would understand."""
    try:
        tokens = sqlglot.tokenize(sql, read="sqlite")
        for token, after in reversed(list(pairwise(tokens))):
            if token.text.lower() in _RENAMED and after.token_type == TokenType.L_PAREN:
                sql = sql[: token.start] + _RENAMED[token.text.lower()] + sql[token.end + 1 :]
        trees = [tree for tree in sqlglot.parse(sql, read="sqlite") if tree is not None]
    except (SqlglotError, RecursionError) as error:
        said = str(error).split("\n")[0].split(". Line")[0]
        raise SqlError(
            f"this SQL is not understood: {said}",
            hint="Functions of models need SQL in its common forms; without them any SELECT of SQLite's will do.",
        ) from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise SqlError("this only reads: one SELECT at a time, and nothing was changed")
    return trees[0]


def sql_of(tree: exp.Expression) -> str:
    """SQL for SQLite."""
    return tree.sql(dialect="sqlite", normalize_functions=False).replace("describe_(", "describe(")


def name_of(node: exp.Expression) -> str:
    """The name of a function of models; "" for any other node."""
    name = node.name.lower().rstrip("_") if isinstance(node, exp.Anonymous) else ""
    return name if name in COSTS else ""


def calls(node: exp.Expression, cost: int = MODEL) -> list[exp.Anonymous]:
    """Calls of functions that cost at least so much, the inner ones of nested calls first."""
    return [each for each in node.find_all(exp.Anonymous, bfs=False) if COSTS.get(name_of(each), 0) >= cost][::-1]


def cost(node: exp.Expression) -> int:
    """What the dearest function in it costs; 0 for plain SQL."""
    return max((COSTS[name_of(each)] for each in node.find_all(exp.Anonymous) if name_of(each)), default=0)


def prepared(tree: exp.Expression, views: Views) -> exp.Expression:
    """A copy that means what was meant, in any order of evaluation: the starting point of every plan.

    Names given in SELECT are written out where they name a model's answer; a bare `ask` in a condition becomes a truth
    value; `text` of the view `items` becomes `hash`, which stands for the whole item.
    """
    tree = tree.copy()
    for select in list(tree.find_all(exp.Select)):
        _write_out(select, views)
    for call in calls(tree):
        if name_of(call) == "ask" and _is_condition(call):
            call.replace(exp.GTE(this=call.copy(), expression=exp.Literal.number(HOLDS)))
    for call in calls(tree, VECTOR):
        for argument in call.expressions if name_of(call) in _OF_TEXTS else ():
            if isinstance(argument, exp.Column) and argument.name.lower() == "text":
                owner = _owner(argument, views)
                if owner:
                    argument.replace(exp.column("hash", table=owner))
    return tree


# -- names
def sources(select: exp.Select, views: Views) -> dict[str, tuple[str, ...] | None]:
    """Alias -> columns of what stands in FROM, None where they are not those of a view."""
    shadowed = {cte.alias.lower() for cte in _ctes(select)}
    found: dict[str, tuple[str, ...] | None] = {}
    for each in _tables(select):
        name = each.name.lower() if isinstance(each, exp.Table) and not each.args.get("db") else ""
        plain = name in views and name not in shadowed
        listing = isinstance(each, exp.Table) and each.this.name.lower() in ("json_each", "json_tree")
        found[each.alias_or_name] = tuple(views[name]) if plain else _OF_JSON if listing else None
    return found


#: Columns of json_each and json_tree.
_OF_JSON = ("key", "value", "type", "atom", "id", "parent", "fullkey", "path", "json", "root")


def _tables(select: exp.Select) -> Iterator[exp.Expression]:
    start = select.args.get("from_") or select.args.get("from")
    if start is not None:
        yield start.this
    for join in select.args.get("joins") or ():
        yield join.this


def _ctes(select: exp.Expression) -> Iterator[exp.CTE]:
    node: exp.Expression | None = select
    while node is not None:
        yield from getattr(node, "ctes", ())
        node = node.parent


def _owner(column: exp.Column, views: Views) -> str:
    """The alias of the view `items` that a column `text` belongs to; "" where it is something else's, or unclear."""
    select = column.find_ancestor(exp.Select)
    while select is not None:
        known = sources(select, views)
        if column.table:
            if column.table in known:
                return column.table if known[column.table] == tuple(views["items"]) else ""
        else:
            if None in known.values():
                return ""
            having = [alias for alias, columns in known.items() if columns and "text" in columns]
            if having:
                return having[0] if len(having) == 1 and known[having[0]] == tuple(views["items"]) else ""
        select = select.find_ancestor(exp.Select)
    return ""


def _write_out(select: exp.Select, views: Views) -> None:
    """Replace names and numbers of SELECT's columns in WHERE, GROUP BY, HAVING and ORDER BY by what they stand for.

    As SQLite: a column of FROM hides such a name, except for a whole term of ORDER BY. Only where a model's function is
    in the SELECT, since nothing else is rewritten, and not where drawing twice would be another draw.
    """
    if not cost(select) or draws(select):
        return
    named = {each.alias.lower(): each.this for each in select.expressions if isinstance(each, exp.Alias)}
    known = sources(select, views)
    columns = {column for each in known.values() for column in each or ()}
    for part in ("order", "group"):
        node = select.args.get(part)
        for term in list(node.expressions) if node is not None else ():
            value = term.this if isinstance(term, exp.Ordered) else term
            found = _numbered(value, select)
            if found is None and part == "order" and isinstance(value, exp.Column) and not value.table:
                found = named.get(value.name.lower())
            if found is not None:
                value.replace(exp.paren(found.copy()) if cost(found) else found.copy())
    for part in ("where", "group", "having", "order"):
        node = select.args.get(part)
        for column in list(node.find_all(exp.Column)) if node is not None and None not in known.values() else ():
            name = column.name.lower()
            if column.table or name in columns or name not in named or column.find_ancestor(exp.Select) is not select:
                continue
            column.replace(exp.paren(named[name].copy()))


def draws(tree: exp.Expression) -> bool:
    """Whether it says something else each time."""
    return any(
        isinstance(each, exp.Rand) or each.name.lower() in ("random", "randomblob") for each in tree.find_all(exp.Func)
    )


def _numbered(place: exp.Expression, select: exp.Select) -> exp.Expression | None:
    """ORDER BY 2: the second column."""
    if isinstance(place, exp.Literal) and not place.is_string and place.name.isdigit():
        number = int(place.name)
        if 1 <= number <= len(select.expressions) and not any(each.is_star for each in select.expressions):
            return select.expressions[number - 1].unalias()
    return None


# -- truth values
def _is_condition(call: exp.Expression) -> bool:
    node: exp.Expression = call
    while isinstance(node.parent, exp.Paren):
        node = node.parent
    above = node.parent
    if isinstance(above, (exp.And, exp.Or, exp.Not, exp.Where, exp.Having)):
        return True
    if isinstance(above, exp.Join):
        return node.arg_key == "on"
    if isinstance(above, exp.If):
        operand = above.parent.args.get("this") if isinstance(above.parent, exp.Case) else None
        return node.arg_key == "this" and operand is None
    return False
