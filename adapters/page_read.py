"""A web page to items, by the reader's selectors or by what repeats itself on it. Pure; run in the child process."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .base import BadSettings, Item, Malformed
from .page_guess import find_list
from .rss_raw import Parsed
from .text import absolute, canonical_url, clean_line, html_to_text, parse_date
from .text_html import shallow

MAX_HTML, MAX_ITEMS, MAX_TEXT, MAX_PART = 4 << 20, 300, 4000, 200_000
_DATES = 'time[datetime], [itemprop="datePublished"], time, [class*="date"], [class*="published"], [class*="meta"]'
_ISO = re.compile(r"\b(20\d\d-[01]\d-[0-3]\d)\b")
_IN_ADDRESS = re.compile(r"/(20\d\d)[/-]([01]\d)[/-]([0-3]\d)(?:[/.-]|$)")
_FEED = re.compile(rb"\A\s*(?:<\?xml[^>]*>\s*)?<(?:rss|feed|rdf:RDF)[\s>]", re.IGNORECASE)
_LANG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")


def read_page(body: bytes, text: str, url: str, selectors: Mapping[str, str], key: str, now: float) -> Parsed:
    """Items of a page, in its order. Raises `Malformed` when there are none, `BadSettings` for a bad selector."""
    from selectolax.lexbor import LexborHTMLParser

    if _FEED.match(body[:2000]):
        raise Malformed("This is a feed, not a page.", hint=f"Add it as one: penchant add {url}")
    html = shallow(text[:MAX_HTML].encode("utf-8", "replace").decode())
    tree = LexborHTMLParser(html)
    base_tag = tree.css_first("base[href]")
    base = absolute(url, base_tag.attributes.get("href") or "") if base_tag else ""
    base = base if base.startswith("http") else url
    found = list(_chosen(tree, base, selectors) if "item" in selectors else find_list(tree.body or tree.root, base))
    title_tag = tree.css_first("title")
    html_tag = tree.css_first("html[lang]")
    lang = (html_tag.attributes.get("lang") or "").strip()[:20].lower() if html_tag else ""
    lang = lang if _LANG.fullmatch(lang) else ""
    items: dict[str, Item] = {}
    for element, anchor, target in found[:MAX_ITEMS]:
        item = _item(element, anchor, target, base, selectors, key, lang, now)
        items.setdefault(item.native_id, item)
    if not items:
        raise _nothing(selectors)
    return Parsed(clean_line(title_tag.text() if title_tag else "", 200), url, None, tuple(items.values()))


def _nothing(selectors: Mapping[str, str]) -> Malformed:
    if "item" in selectors:
        return Malformed(
            f"Nothing on the page with a link fits {clean_line(selectors['item'], 80)!r}.",
            hint="The page may have changed: look at its source and add it again with other selectors.",
        )
    return Malformed(
        "No list of links was found on the page (it may be made by scripts in a browser).",
        hint="Say where the items are: penchant add 'page:ADDRESS#item=SELECTOR'.",
    )


def _chosen(tree: Any, base: str, selectors: Mapping[str, str]) -> Iterator[tuple[Any, Any, str]]:
    """Elements that fit the item's selector and have a link."""
    for element in _css(tree, selectors["item"])[:MAX_ITEMS]:
        anchor = _first(element, selectors["link"]) if "link" in selectors else None
        if anchor is None and "link" not in selectors:
            heading = element.css_first("h1 a[href], h2 a[href], h3 a[href], h4 a[href]")
            anchor = element if element.tag == "a" else heading or element.css_first("a[href]")
        if anchor is not None and anchor.tag != "a":
            anchor = anchor.css_first("a[href]")
        target = absolute(base, anchor.attributes.get("href") or "") if anchor is not None else ""
        if target.startswith("http"):
            yield element, anchor, target


def _item(
    element: Any, anchor: Any, target: str, base: str, selectors: Mapping[str, str], key: str, lang: str, now: float
) -> Item:
    title = _title(element, anchor, selectors)
    body = _first(element, selectors["text"]) if "text" in selectors else element
    text, links, media = html_to_text((body.html or "")[:MAX_PART], base) if body is not None else ("", (), ())
    if body is element and text.startswith(title):
        rest = text[len(title) :].lstrip()
        text = re.sub(r"\A\[1\]\s*", "", rest)
    published = _date(element, target, selectors)
    return Item(
        native_id=f"{key}#{canonical_url(target)}"[:1000],
        url=target,
        title=title,
        text=text[:MAX_TEXT].strip(),
        published=published if published is not None and published < now + 86_400 else None,
        lang=lang,
        media=media[:5],
        links=links[:100],
    )


def _title(element: Any, anchor: Any, selectors: Mapping[str, str]) -> str:
    if "title" in selectors:
        chosen = _first(element, selectors["title"])
        return clean_line(_words(chosen)) if chosen is not None else clean_line(_words(anchor))
    heading = element.css_first("h1, h2, h3, h4")
    return clean_line((_words(heading) if heading is not None else "") or _words(anchor))


def _date(element: Any, target: str, selectors: Mapping[str, str]) -> float | None:
    """By the reader's selector; else by what looks like a date in the item or its address."""
    for node in _css(element, selectors.get("date", _DATES))[:10]:
        values = node.attributes
        for words in (values.get("datetime"), values.get("content"), values.get("title"), _words(node)):
            when = parse_date(words or "")
            if when is not None:
                return when
    if "date" in selectors:
        return None
    written = _ISO.search(element.text(separator=" ")[:2000])
    dated = _IN_ADDRESS.search(target)
    return parse_date(written[1] if written else "-".join(dated.groups()) if dated else "")


def _words(node: Any) -> str:
    return " ".join((node.text() or "").split())[:2000]


def _first(node: Any, selector: str) -> Any:
    found = _css(node, selector)
    return found[0] if found else None


def _css(node: Any, selector: str) -> list[Any]:
    try:
        return list(node.css(selector))
    except Exception as error:  # selectolax raises its own kinds
        raise BadSettings(
            f"{clean_line(selector, 80)!r} is no CSS selector penchant understands.",
            hint="Such as article.post, li > h3 or #news a.",
        ) from error
