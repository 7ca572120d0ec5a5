"""The Models screen as rows: a heading for each role, how far it is, what it adds, its models. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from penchant.app.models.machine import size_words
from penchant.app.models.overview import TITLES

from . import words
from .tuningrows import Row

if TYPE_CHECKING:
    from penchant.app.models.overview import Role
    from penchant.app.models.overview import Row as Model
    from penchant.app.models.progress import Progress
    from penchant.app.ranking_adds import Adds

#: Cells of a bar.
BAR = 10
#: What `opens` of a row begins with, before "role name".
MODEL = "model "
#: Rows are told apart by their names.
FAR = {
    "sentence": "  how far sentence vectors are",
    "picture": "  how far picture vectors are",
    "judge": "  how far the judge is",
}
ADDS = {
    "sentence": "  what sentence vectors add for you",
    "picture": "  what picture vectors add for you",
    "judge": "  what the judge adds for you",
}
UNITS = {"sentence": "texts", "picture": "pictures", "judge": "texts"}


def rows_of(
    roles: tuple[Role, ...], progress: Mapping[str, Progress], adds: Mapping[str, Adds] | None,
    pulling: tuple[str, int, int] | None,
) -> list[Row]:  # fmt: skip
    """All rows. `adds` None: not known yet; `pulling`: (name, bytes done, of all) of a pull under way."""
    rows = []
    for role in roles:
        title, about = TITLES[role.role]
        named = words.one_line(role.uses) or "none"
        rows.append(Row(f"{title}: {named}", "by the configuration" if role.fixed else "", heading=True))
        if role.lacks:
            said = (
                f"Models of this kind need a library: pip install '.[{role.lacks}]' in the checkout, then start again."
            )
            rows.append(Row(f"penchant[{role.lacks}] is not installed", "✗", "liked", said))
        if role.uses:
            rows.append(_far(role.role, progress.get(role.role)))
            rows.append(_adds(role.role, about, adds))
        rows += [_model(row, pulling) for row in role.rows]
    return rows


def key_of(row: Row | None) -> tuple[str, str] | None:
    """(role, name) of the model on a row; None where there is none."""
    if row is None or not row.opens.startswith(MODEL):
        return None
    role, _, name = row.opens.removeprefix(MODEL).partition(" ")
    return role, name


def _far(role: str, found: Progress | None) -> Row:
    if found is None:
        return Row(FAR[role], "has not worked yet", "meta", "The worker begins within seconds of its start.")
    about = words.one_line(found.line).rstrip(".")
    if found.wrong:
        return Row(FAR[role], "✗ failed", "liked", about)
    if not found.total:
        return Row(FAR[role], "waits", "meta", about or "There is nothing to do for it yet.")
    done = found.done >= found.total
    figures = "done" if done else f"{found.done:,}/{found.total:,}"
    about = about or f"Everything is done: {words.many(found.total, UNITS[role][:-1])}"
    if found.speed:
        speed = f"{found.speed:,.0f}" if found.speed >= 10 else f"{found.speed:.1f}"
        figures += f"  {speed}/s"
        about += f". Here it does {speed} {UNITS[role]} a second"
    return Row(FAR[role], figures, "high" if done else "middle", about + ".")


def _adds(role: str, about: str, adds: Mapping[str, Adds] | None) -> Row:
    name = ADDS[role]
    found = (adds or {}).get(role)
    if found is None:
        why = "being measured" if adds is None else "too early to say"
        return Row(name, why, "meta", f"{about} Likes and skips that came after it began to work show what it adds.")
    figures = f"AUC {found.without:.2f} → {found.with_it:.2f}  {100 * found.gain:+.1f}"
    role_ = ("high" if found.gain > 0 else "low") if found.clear else "meta"
    sure = "more than chance" if found.clear else "which may be chance"
    told = (
        f"Of 100 pairs of a liked and a skipped item the order has {100 * found.with_it:.0f} right with it and"
        f" {100 * found.without:.0f} without ({100 * found.gain:+.1f} ±{100 * found.half:.1f}, {sure}), over your last"
        f" {found.labels} labels."
    )
    return Row(name, figures, role_, told)


def _model(row: Model, pulling: tuple[str, int, int] | None) -> Row:
    state, role = _state(row)
    size = size_words(row.size) if row.size else ""
    figures = f"{size:>7}  {state}"
    if pulling is not None and pulling[0] == row.name:
        _, done, total = pulling
        figures, role = f"{size:>7}  {words.bar(done, total, BAR)} {100 * done // max(1, total)} %", "middle"
    parts = [row.about, "with eyes for pictures" if row.sees and row.here else "", f"licence {row.licence}"]
    about = "; ".join(words.one_line(part) for part in parts if part and not part.endswith("licence "))
    if not row.fits:
        about += "; it takes more memory than this machine can spare"
    return Row("  " + words.one_line(row.name), figures, role, about, opens=f"{MODEL}{row.role} {row.name}")


def _state(row: Model) -> tuple[str, str]:
    if row.in_use:
        return ("● in use", "high") if row.here else ("✗ in use, missing", "liked")
    if row.here:
        return "○ installed", "title"
    if row.part:
        return f"begun ({size_words(row.part)})", "middle"
    return ("recommended", "bar") if row.advised else ("", "meta")
