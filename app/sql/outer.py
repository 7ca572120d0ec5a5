"""What of a SELECT moves into the inner one of a plan, and what stays outside. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from .tree import MODEL, calls, cost, draws

#: The name of the inner SELECT; a LIMIT that limits nothing, but keeps SQLite from folding it into the outer one.
INNER, ALL = "_c", str(2**63 - 1)
_COMPARED = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe,
    exp.Between, exp.Neg, exp.NullSafeEQ, exp.NullSafeNEQ,
)  # fmt: skip
_NAMED_AGGREGATES = {
    "total", "group_concat", "string_agg", "json_group_array", "json_group_object", "mean_vector", "median",
}  # fmt: skip
#: Nodes that evaluate everything below them: nothing in them can spare a call.
ALWAYS = (
    *_COMPARED, exp.Not, exp.Paren, exp.Cast, exp.Round, exp.Abs, exp.Length, exp.Substring, exp.Upper, exp.Lower,
    exp.Greatest, exp.Least, exp.AggFunc, exp.Alias, exp.Ordered, exp.Order, exp.Group,
)  # fmt: skip
#: Nodes that may stay outside with their parts; any other one around a model's function is not taken apart.
_TAKEN_APART = (*ALWAYS, exp.And, exp.Or, exp.Coalesce, exp.Filter, exp.Where, exp.Having, exp.Anonymous, exp.Distinct)
_KEPT = (exp.Literal, exp.Null, exp.Boolean, exp.Star, exp.DataType, exp.Identifier, exp.Var)


class NotThisWay(Exception):
    """This SELECT cannot be taken in parts; the words say why."""


def check(tree: exp.Expression) -> None:
    """Raises `NotThisWay` for what is more than a SELECT whose own columns and conditions ask models."""
    if not isinstance(tree, exp.Select):
        raise NotThisWay("several SELECTs are joined together")
    if tree.find(exp.Window):
        raise NotThisWay("it has window functions")
    if draws(tree):
        raise NotThisWay("it draws at random")
    if any(call.find_ancestor(exp.Select) is not tree for call in calls(tree)):
        raise NotThisWay("a model is asked in a SELECT within the SELECT")
    if any(cost(join) == MODEL for join in tree.args.get("joins") or ()):
        raise NotThisWay("a model is asked in the condition of a join")
    if not (tree.args.get("from_") or tree.args.get("from")):
        raise NotThisWay("it reads from nothing")
    if any(cost(tree.args[part]) == MODEL for part in ("limit", "offset") if tree.args.get(part)):
        raise NotThisWay("a model is asked for a LIMIT")
    order = tree.args.get("order")
    if any(isinstance(term.this, exp.Literal) for term in (order.expressions if order else ())):
        raise NotThisWay("it orders by a number of a column")
    if any(tree.args.get(part) for part in ("windows", "qualify", "sample", "pivots", "hint", "locks")):
        raise NotThisWay("it has unusual parts")


def is_grouped(select: exp.Select) -> bool:
    """Whether rows are gathered before they come out."""
    if any(select.args.get(part) for part in ("group", "having", "distinct")):
        return True
    order = select.args.get("order")
    return any(_aggregates(each) for each in (*select.expressions, *([order] if order else [])))


def _aggregates(node: exp.Expression) -> bool:
    """Whether an aggregate of this very SELECT is in it."""
    if isinstance(node, (exp.Query, exp.Subquery)):
        return False
    if isinstance(node, exp.AggFunc) or (isinstance(node, exp.Anonymous) and node.name.lower() in _NAMED_AGGREGATES):
        return True
    return any(_aggregates(each) for each in node.iter_expressions())


def starless(select: exp.Select, known: Mapping[str, tuple[str, ...] | None]) -> exp.Select:
    """A copy with `*` and `alias.*` written out. Raises `NotThisWay` where the columns are not those of views."""
    select = select.copy()
    if not any(each.is_star for each in select.expressions):
        return select
    if select.args.get("joins") and any(join.args.get("using") or join.method for join in select.args["joins"]):
        raise NotThisWay("its columns are not known")
    columns: list[exp.Expression] = []
    for each in select.expressions:
        if not each.is_star:
            columns.append(each)
            continue
        table = each.table if isinstance(each, exp.Column) else ""
        for alias, names in known.items():
            if not table or table == alias:
                if names is None:
                    raise NotThisWay("its columns are not known")
                columns += [exp.column(name, table=alias) for name in names]
    select.set("expressions", columns)
    return select


def limit_of(select: exp.Select) -> int | None:
    """The number behind LIMIT, 1 where it is only known later; None without one."""
    limit = select.args.get("limit")
    if limit is None:
        return None
    value = limit.expression
    return int(value.name) if isinstance(value, exp.Literal) and value.name.isdigit() else 1


class Columns:
    """The columns of the inner SELECT, made as they are needed outside."""

    def __init__(self) -> None:
        self._made: dict[str, exp.Expression] = {}

    def inside(self) -> list[exp.Expression]:
        """What the inner SELECT selects; a constant where the outer one needs nothing of it."""
        columns = list(self._made.values()) or [exp.Literal.number(1)]
        return [exp.alias_(each.copy(), f"c{number}") for number, each in enumerate(columns)]

    def outside(self, node: exp.Expression) -> exp.Expression:
        """A copy for the outer SELECT: the largest parts that neither ask models nor gather become columns of `_c`."""
        if isinstance(node, _KEPT):
            return node.copy()
        if cost(node) < MODEL and not _aggregates(node) and not isinstance(node, (exp.Group, exp.Order, exp.Ordered)):
            return self._column(node)
        if isinstance(node, exp.Case):
            return self._case(node)
        if isinstance(node, exp.In):
            return self._in(node)
        if isinstance(node, exp.If):
            return self._parts(node)
        if not isinstance(node, _TAKEN_APART) or node.find(exp.Collate):
            raise NotThisWay(f"{type(node).__name__.upper()} around a model's answer is not taken apart")
        if isinstance(node, exp.Group) and any(node.args.get(key) for key in ("cube", "rollup", "grouping_sets")):
            raise NotThisWay("it groups in an unusual way")
        return self._parts(node)

    def _column(self, node: exp.Expression) -> exp.Expression:
        if isinstance(node, (exp.Distinct, exp.Where, exp.Tuple, exp.Alias)):
            return self._parts(node)
        key = node.sql(dialect="sqlite")
        if key not in self._made:
            self._made[key] = node
        return exp.column(f"c{list(self._made).index(key)}", table=INNER)

    def _parts(self, node: exp.Expression) -> exp.Expression:
        copy = node.copy()
        for key, value in node.args.items():
            if isinstance(value, exp.Expression):
                copy.set(key, self.outside(value))
            elif isinstance(value, list):
                copy.set(key, [self.outside(each) if isinstance(each, exp.Expression) else each for each in value])
        return copy

    def _case(self, node: exp.Case) -> exp.Expression:
        copy = node.copy()
        copy.set("ifs", [self._parts(each) for each in node.args["ifs"]])
        for key in ("this", "default"):
            if node.args.get(key):
                copy.set(key, self.outside(node.args[key]))
        return copy

    def _in(self, node: exp.In) -> exp.Expression:
        if any(node.args.get(key) for key in ("query", "unnest", "field")):
            raise NotThisWay("IN (SELECT ...) around a model's answer is not taken apart")
        return self._parts(node)
