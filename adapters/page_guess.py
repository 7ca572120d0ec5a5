"""Finding the list on a page: the links that stand in the same place again and again. Pure.

Links are grouped by the elements they stand in (tags and classes, without numbers). The group that says most wins:
many links, with long texts, in headings or articles; menus, footers and sidebars do not take part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .text import absolute

MAX_ANCHORS, MAX_DEPTH, LEAST_LINKS, LEAST_WORDS = 3000, 60, 3, 8
_OUTSIDE = frozenset(("nav", "footer", "aside", "form", "menu", "dialog"))
_SECTIONS = frozenset(("article", "li", "section", "main"))
_HEADINGS = frozenset(("h1", "h2", "h3", "h4"))
_MENUS = re.compile(
    r"\b(?:nav|menu|footer|breadcrumbs?|sidebar|pagination|pager|cookie|share|social|tags?)\b", re.IGNORECASE
)
_DIGITS = re.compile(r"\d+")
#: Classes that tell items of one list apart.
_PLACES = frozenset(("first", "last", "odd", "even", "active", "current", "featured", "sticky", "new", "alt"))


@dataclass(slots=True)
class _Group:
    """Links of one place: address -> (anchor, text)."""

    links: dict[str, tuple[Any, str]] = field(default_factory=dict)
    heading: bool = False
    article: bool = False

    def score(self) -> float:
        """Zero for what is no list. Long texts count up to a headline's length, many links up to a page's."""
        if len(self.links) < LEAST_LINKS:
            return 0.0
        mean = sum(min(len(words), 80) for _, words in self.links.values()) / len(self.links)
        return min(len(self.links), 30) * mean * (2.0 if self.heading else 1.0) * (1.5 if self.article else 1.0)


def find_list(root: Any, url: str) -> list[tuple[Any, Any, str]]:
    """(element of the item, its link's element, address) of each item in the page's order; [] without a list."""
    return _best(root, url, strict=True) or _best(root, url, strict=False)


def _best(root: Any, url: str, *, strict: bool) -> list[tuple[Any, Any, str]]:
    groups: dict[str, _Group] = {}
    for anchor in root.css("a[href]")[:MAX_ANCHORS]:
        words = " ".join((anchor.text() or "").split())
        target = absolute(url, anchor.attributes.get("href") or "").partition("#")[0]
        if len(words) < LEAST_WORDS or not target.startswith("http") or target == url.partition("#")[0]:
            continue
        above = list(_above(anchor))
        if any(_outside(element, strict) for element in above) or _in_page_header(above):
            continue
        group = groups.setdefault(_signature([anchor, *above]), _Group())
        group.heading = group.heading or any(e.tag in _HEADINGS for e in above[:3])
        group.article = group.article or any(e.tag in ("article", "main") for e in above)
        known = group.links.get(target)
        if known is None or len(words) > len(known[1]):
            group.links[target] = (anchor, words)
    best = max(groups.values(), key=_Group.score, default=_Group())
    return _items(best) if best.score() > 0 else []


def _items(group: _Group) -> list[tuple[Any, Any, str]]:
    """Each link with the largest element around it that holds no other link of the group."""
    inside: dict[int, set[str]] = {}
    for target, (anchor, _) in group.links.items():
        for element in _above(anchor):
            inside.setdefault(element.mem_id, set()).add(target)
    found = []
    for target, (anchor, _) in group.links.items():
        item = anchor
        for element in _above(anchor):
            if len(inside[element.mem_id]) > 1:
                break
            item = element
        found.append((item, anchor, target))
    return found


def _above(element: Any) -> Iterator[Any]:
    """Elements around one, nearest first, without body and html."""
    node = element.parent
    for _ in range(MAX_DEPTH):
        if node is None or node.tag in ("body", "html", "-undef", "-document"):
            return
        yield node
        node = node.parent


def _outside(element: Any, strict: bool) -> bool:
    """Whether an element is no place for a list; `strict`: by its names too, which may deceive."""
    if element.tag in _OUTSIDE or not strict or element.tag == "article":
        return element.tag in _OUTSIDE
    names = (element.attributes.get(name) or "" for name in ("class", "id", "role"))
    return bool(_MENUS.search(" ".join(names)))


def _in_page_header(above: list[Any]) -> bool:
    """Whether a link stands in the header of the page, not of an article."""
    tags = [element.tag for element in above]
    return "header" in tags and not _SECTIONS.intersection(tags[tags.index("header") :])


def _signature(elements: list[Any]) -> str:
    """Tags and classes of the nearest elements, without numbers: the same for all items of a list."""
    steps = []
    for element in elements[:5]:
        classes = (_DIGITS.sub("", name) for name in (element.attributes.get("class") or "").split()[:6])
        name = next((name for name in classes if name.lower() not in _PLACES), "")
        steps.append(f"{element.tag}.{name}{_column(element) if element.tag == 'td' else ''}")
    return ">".join(steps)


def _column(cell: Any) -> int:
    """Which cell of its row this is: links of another column are another list."""
    number, node = 0, cell.prev
    while node is not None and number < MAX_DEPTH:
        number += node.tag in ("td", "th")
        node = node.prev
    return number
