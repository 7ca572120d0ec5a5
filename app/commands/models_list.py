"""What `penchant models list` prints: a line a role, the models, the vectors they made."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from .context import Context
from .output import dumps, plain, say, table

if TYPE_CHECKING:
    from penchant.app.models.overview import Role, Row
    from penchant.app.store import Store
    from penchant.app.store.vectors import Space


def show(context: Context, *, as_json: bool, everything: bool) -> None:
    """Print all of it; `everything` has what could be pulled too."""
    from penchant.app.models.overview import overview

    roles = overview(context.config.models, context.paths.models)
    spaces = context.store.vectors.spaces()
    reads = read_spaces(context.store)
    facts = [space_facts(space, space.name in reads) for space in spaces]
    rows = [row for role in roles for row in role.rows if everything or row.here or row.in_use or row.part]
    if as_json:
        for row in rows:
            say(dumps({"model": row.name} | {key: value for key, value in asdict(row).items() if key != "name"}))
        for fact in facts:
            say(dumps(fact))
        return
    for line in _roles(context, roles):
        say(plain(line))
    if rows:
        say()
        table(["MODEL", "FOR", "SIZE", "STATE", "LICENCE", "WHAT"], [_cells(row) for row in rows], flexible=5)
    if not everything:
        say("`penchant models list --all` shows what can be pulled.")
    if facts:
        say()
        table(["SPACE", "USE", "NUMBERS", "VECTORS", "SIZE"], [_space(each) for each in facts], flexible=0)


def _roles(context: Context, roles: tuple[Role, ...]) -> list[str]:
    from penchant.app.models.progress import progress

    lines, found = [], progress(context.store)
    for role in roles:
        if not role.uses:
            said = "off" if role.fixed else "auto: none"
        else:
            said = role.uses if role.fixed or role.role != "sentence" else f"auto: {role.uses}"
        if role.lacks and (role.uses or not role.fixed):
            said += f", penchant[{role.lacks}] is not installed"
        title = {"sentence": "sentence vectors", "picture": "picture vectors", "judge": "judge"}[role.role]
        lines.append(f"{title}: {said}")
        if role.role in found and found[role.role].line:
            lines.append(found[role.role].line)
    return lines


def _cells(row: Row) -> list[str]:
    from penchant.app.models.machine import size_words

    about = row.about + ("; more than this machine's memory bears" if not row.fits else "")
    size = size_words(row.size) if row.size else ""
    return [row.name, row.role + (" + eyes" if row.sees else ""), size, state(row), row.licence, about]


def state(row: Row) -> str:
    """In one or two words."""
    if row.in_use:
        return "in use" if row.here else "in use, missing"
    if row.here:
        return "installed"
    if row.part:
        return "begun"
    return "recommended" if row.advised else ""


def _space(fact: dict[str, Any]) -> list[str]:
    return [fact["space"], fact["use"], str(fact["dim"]), f"{fact['vectors']:,}", f"{fact['bytes'] / 1e6:.1f} MB"]


def read_spaces(store: Store) -> set[str]:
    """The names of the spaces that the ranking reads, or that those are made of."""
    from penchant.app.store.spaces import EACH, PICTURES_ACTIVE, active_picture_spaces, active_sentence_space

    found = {name for name, _ in active_picture_spaces(store.db).values()}
    found.add(f"{store.control.setting(PICTURES_ACTIVE)}{EACH}")
    others = active_sentence_space(store.db), store.opinions.hidden()
    return found | {space[0] for space in others if space is not None}


def space_facts(space: Space, active: bool) -> dict[str, Any]:
    """One space of vectors, and who uses it."""
    from penchant.app import embed
    from penchant.app.store.spaces import OF_MODELS

    use = "always" if space.name == embed.space() else "ranking" if active else "not in use"
    if use == "not in use" and space.name.startswith(OF_MODELS) and not space.complete:
        use = "being made"
    # float32 and its int8 copy
    return {
        "space": space.name, "use": use, "dim": space.dim, "vectors": space.count, "bytes": 5 * space.dim * space.count
    }  # fmt: skip
