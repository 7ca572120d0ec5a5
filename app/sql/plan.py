"""A plan for one SELECT: what is cheap in an inner one, what asks models outside of it. Pure: a tree in, SQL out.

    SELECT title, summarize(text) FROM items WHERE ask(text, 'q') AND is_unseen ORDER BY similarity(text, 'x') LIMIT 5
becomes
    SELECT _c.c0 AS title, summarize(_c.c1, 1) FROM (
        SELECT title AS c0, hash AS c1 FROM items WHERE is_unseen
        ORDER BY similarity(hash, 'x') LIMIT 9223372036854775807
    ) AS _c WHERE ask(_c.c1, 'q', 0) >= 0.5 LIMIT 5

SQLite does not fold a SELECT with a LIMIT into the one around it, and reads it row by row in its order: so models are
asked about what passed everything else, in the order wished, until the LIMIT is met. A last argument numbers the calls,
so that each can look ahead and ask about several rows at once (`Atom.rows`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlglot import exp

from . import outer
from .order import all_of, cheap_first, conjuncts, guarded
from .outer import ALL, INNER, NotThisWay
from .tree import MODEL, VECTOR, Views, calls, cost, name_of, sources, sql_of


@dataclass(frozen=True, slots=True)
class Atom:
    """One call of a model in the rewritten SQL. `rows` gives the arguments of the rows that will come to it, in their
    order. `certain`: each of them is one that a reader of the next row needs; otherwise a LIMIT may spare it.
    """

    number: int
    kind: str
    rows: str
    certain: bool
    words: str


@dataclass(frozen=True, slots=True)
class Plan:
    """`sql` gives the rows. `flows`: each row that models are asked about comes out next, or not at all; `limit`: so
    many are wanted then.

    `cheap`, `near`, `dear`: the conditions in words of SQL. `order`: what the rows are ordered by before models are
    asked. `whole`: why it runs in one piece ("" where it does not).
    """

    sql: str
    atoms: tuple[Atom, ...] = ()
    flows: bool = False
    limit: int | None = None
    cheap: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    dear: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    whole: str = ""
    uses: tuple[str, ...] = ()


def made(tree: exp.Expression, names: Sequence[str], views: Views, sound: Callable[[str], bool]) -> Plan:
    """The plan for a tree of `tree.prepared`; `names` are those of its columns, `sound` says whether SQLite takes SQL.

    Gives the rows of the tree run as it is. What cannot be split safely is only put in order (`order.guarded`).
    """
    uses = tuple(dict.fromkeys(name_of(call) for call in calls(tree, VECTOR)))
    if not calls(tree):
        return Plan(sql_of(tree), uses=uses)
    try:
        plan = _parted(tree, names, views, uses)
        if not all(sound(sql) for sql in (plan.sql, *(atom.rows for atom in plan.atoms if atom.rows))):
            raise NotThisWay("SQLite does not take it in parts")
        return plan
    except NotThisWay as reason:
        whole = guarded(tree)
        return Plan(sql_of(whole), whole=str(reason), uses=uses, dear=tuple(_in_words(each) for each in calls(tree)))


def _parted(tree: exp.Expression, names: Sequence[str], views: Views, uses: tuple[str, ...]) -> Plan:
    outer.check(tree)
    assert isinstance(tree, exp.Select)
    select = outer.starless(tree, sources(tree, views))
    if len(names) != len(select.expressions):
        raise NotThisWay("its columns are not known")
    where = sorted((cheap_first(each) for each in conjuncts(_this(select, "where"))), key=cost)
    cheap, dear = [each for each in where if cost(each) < MODEL], [each for each in where if cost(each) == MODEL]
    order = select.args.get("order")
    grouped = outer.is_grouped(select)
    late = bool(order) and (grouped or cost(order) == MODEL)
    flows = not grouped and not late
    columns = outer.Columns()
    inside = exp.Select()
    outside = exp.Select()
    kept = [columns.outside(each) for each in dear]
    shown = [
        exp.alias_(columns.outside(each.unalias()), name, quoted=True)
        for each, name in zip(select.expressions, names, strict=True)
    ]
    outside.set("expressions", shown)
    for part in ("group", "having"):
        if select.args.get(part):
            outside.set(part, columns.outside(select.args[part]))
    if order is not None and late:
        outside.set("order", columns.outside(order))
    elif order is not None:
        inside.set("order", order.copy())
    for part in ("distinct", "limit", "offset"):
        if select.args.get(part):
            outside.set(part, select.args[part].copy())
    for part in ("from_", "from", "joins", "laterals"):
        if select.args.get(part):
            value = select.args[part]
            inside.set(part, [each.copy() for each in value] if isinstance(value, list) else value.copy())
    if cheap:
        inside.set("where", exp.Where(this=all_of([each.copy() for each in cheap])))
    inside.set("expressions", columns.inside())
    inside.set("limit", exp.Limit(expression=exp.Literal.number(ALL)))
    atoms = _Atoms(select, inside)
    numbered = [atoms.condition(each, kept[:place]) for place, each in enumerate(kept)]
    for each in outside.expressions:
        atoms.walk(each, kept, certain=True)
    for part in ("group", "having", "order"):
        if outside.args.get(part):
            atoms.walk(outside.args[part], kept, certain=True)
    if numbered:
        outside.set("where", exp.Where(this=all_of(numbered)))
    _around(select, inside, outside)
    return Plan(
        sql_of(outside), tuple(atoms.found), flows, outer.limit_of(select) if flows else None,
        cheap=tuple(_in_words(each) for each in cheap if cost(each) == 0),
        near=tuple(_in_words(each) for each in cheap if cost(each) == VECTOR),
        dear=tuple(_in_words(each) for each in (*dear, *(one for each in select.expressions for one in calls(each)))),
        order=tuple(_in_words(each) for each in order.expressions) if order is not None and not late else (),
        uses=uses,
    )  # fmt: skip


def _around(select: exp.Select, inside: exp.Select, outside: exp.Select) -> None:
    """FROM (inside) AS _c, behind the WITH of the original."""
    alias = exp.TableAlias(this=exp.to_identifier(INNER))
    outside.set("from_", exp.From(this=exp.Subquery(this=inside.copy(), alias=alias)))
    for key in ("with_", "with"):
        if select.args.get(key):
            outside.set(key, select.args[key].copy())


def _this(select: exp.Select, part: str) -> exp.Expression | None:
    node = select.args.get(part)
    return node.this if node is not None else None


def _in_words(node: exp.Expression) -> str:
    """As it was written: `hash` stands for the item, which `text` was written for."""
    return re.sub(r"\b\w+\.hash\b", "text", sql_of(node)).replace("\n", " ")


class _Atoms:
    """Numbers the calls of the outer SELECT and says which rows come to each."""

    def __init__(self, select: exp.Select, inside: exp.Select) -> None:
        self.select, self.inside = select, inside
        self.found: list[Atom] = []

    def condition(self, node: exp.Expression, before: Sequence[exp.Expression]) -> exp.Expression:
        """Number the calls in one condition of WHERE; those `before` it have their numbers."""
        self.walk(node, list(before), certain=True)
        return node

    def walk(self, node: exp.Expression, before: list[exp.Expression], *, certain: bool) -> None:
        """Down through what is always evaluated; `before` are the conditions that a row must pass to come here."""
        if cost(node) < MODEL:
            return
        inner = node.unnest()
        if isinstance(inner, exp.And):
            for place, part in enumerate(parts := [inner.left, inner.right]):
                self.walk(part, [*before, *parts[:place]], certain=certain and place == 0)
        elif isinstance(inner, exp.Or):
            self.walk(inner.left, before, certain=certain)
            untrue = exp.Not(this=exp.paren(exp.Is(this=exp.paren(inner.left.copy()), expression=exp.true())))
            self.walk(inner.right, [*before, untrue], certain=False)
        elif name_of(inner) and cost(inner) == MODEL and isinstance(inner, exp.Anonymous):
            for argument in inner.expressions:
                self.walk(argument, before, certain=certain)
            self._number(inner, before, certain)
        elif isinstance(inner, outer.ALWAYS):
            for child in inner.iter_expressions():
                self.walk(child, before, certain=certain)
        else:
            for call in calls(inner):
                self._number(call, None, False)

    def _number(self, call: exp.Anonymous, before: Sequence[exp.Expression] | None, certain: bool) -> None:
        number, words = len(self.found), _in_words(call)
        rows = ""
        if before is not None:
            asked = exp.Select(expressions=[each.copy() for each in call.expressions])
            if before:
                asked.set("where", exp.Where(this=all_of([each.copy() for each in before])))
            _around(self.select, self.inside, asked)
            rows = sql_of(asked)
        self.found.append(Atom(number, name_of(call), rows, certain, words))
        call.append("expressions", exp.Literal.number(number))
