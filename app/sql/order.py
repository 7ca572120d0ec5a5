"""Conditions in the order of their cost. AND and OR may be evaluated in any order, NULL included; CASE may not."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from .tree import MODEL, cost


def conjuncts(node: exp.Expression | None) -> list[exp.Expression]:
    """The parts of a chain of ANDs, as copies."""
    if node is None:
        return []
    node = node.unnest()
    if isinstance(node, exp.And):
        return conjuncts(node.left) + conjuncts(node.right)
    return [node.copy()]


def disjuncts(node: exp.Expression) -> list[exp.Expression]:
    """The parts of a chain of ORs, as copies."""
    node = node.unnest()
    if isinstance(node, exp.Or):
        return disjuncts(node.left) + disjuncts(node.right)
    return [node.copy()]


def all_of(parts: list[exp.Expression]) -> exp.Expression | None:
    """AND in this very order; None for nothing."""
    return _chain(exp.And, parts)


def any_of(parts: list[exp.Expression]) -> exp.Expression | None:
    return _chain(exp.Or, parts)


def cheap_first(node: exp.Expression) -> exp.Expression:
    """The same condition with what costs less before what costs more, at every depth; equals keep their order."""
    if cost(node) < MODEL:
        return node
    inner = node.unnest()
    if isinstance(inner, exp.And):
        found = all_of(sorted((cheap_first(each) for each in conjuncts(inner)), key=cost))
    elif isinstance(inner, exp.Or):
        found = any_of(sorted((cheap_first(each) for each in disjuncts(inner)), key=cost))
    elif isinstance(inner, exp.Not):
        found = exp.Not(this=exp.paren(cheap_first(inner.this.copy())))
    else:
        return node
    assert found is not None
    return found


def guarded(tree: exp.Expression) -> exp.Expression:
    """A copy in which each SELECT asks models last, wherever it stands; the SELECTs themselves stay as they are.

    SQLite evaluates a condition as soon as it knows the columns in it, in a join too early: so what asks a model is
    wrapped in a CASE that mentions all that is cheap, the conditions of inner joins included. It stands behind WHEN,
    too: only there does SQLite leave out what an AND or OR needs no more, behind THEN it evaluates both sides.
    """
    tree = tree.copy()
    for select in reversed(list(tree.find_all(exp.Select))):  # the inner ones first: the outer ones are copied
        where = select.args.get("where")
        if where is None or cost(where) < MODEL:
            continue
        parts = sorted((cheap_first(each) for each in conjuncts(where.this)), key=cost)
        cheap = [each for each in parts if cost(each) < MODEL]
        before = [*_joined(select), *cheap]
        dear = [_after(before, each) for each in parts if cost(each) == MODEL]
        where.set("this", all_of([*cheap, *dear]))
    return tree


def _after(before: list[exp.Expression], condition: exp.Expression) -> exp.Expression:
    if not before:
        return condition
    both = all_of([*(each.copy() for each in before), condition])
    return exp.Case(ifs=[exp.If(this=both, true=exp.Literal.number(1))])


def _joined(select: exp.Select) -> Iterator[exp.Expression]:
    """Conditions of inner joins, where no outer join makes them mean something else."""
    joins = select.args.get("joins") or []
    if any(join.side for join in joins):
        return
    for join in joins:
        on = join.args.get("on")
        if on is not None and cost(on) < MODEL:
            yield from conjuncts(on)


def _chain(kind: type[exp.Connector], parts: list[exp.Expression]) -> exp.Expression | None:
    found: exp.Expression | None = None
    for part in parts:
        part = exp.paren(part) if isinstance(part, (exp.Connector, exp.Not, exp.Case)) else part
        found = part if found is None else kind(this=found, expression=part)
    return found
