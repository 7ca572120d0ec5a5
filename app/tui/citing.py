"""Papers in the article view: versions and code, what one cites in the archive; `Y` copies a citation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from penchant.app.types import Article, Card

from . import words
from .cardview import title_of
from .pager import Block

if TYPE_CHECKING:
    from penchant.app.scholar.work import Work
    from penchant.app.store import Store

    from .actions import ItemActions
    from .article import ArticleScreen


class Cited(NamedTuple):
    """An item as a work, the cards of what it cites in the archive, and of what cites it."""

    work: Work | None = None
    cites: Sequence[Card] = ()
    cited_by: Sequence[Card] = ()

    @property
    def cards(self) -> list[Card]:
        """Everything with a number, in the order shown."""
        return [*self.cites, *self.cited_by]


def read(store: Store, item_id: int) -> Cited:
    """For an article, in the reader's thread; some tenths of a millisecond for what is no paper."""
    from penchant.app.store.citations import Citations

    citations = Citations(store.db)
    works = citations.works([item_id])
    cites, cited_by = citations.cites(item_id), citations.cited_by(item_id)
    cards = {card.item_id: card for card in store.items.cards([*cites, *cited_by])} if cites or cited_by else {}
    return Cited(
        works[0] if works else None,
        [cards[each] for each in cites if each in cards], [cards[each] for each in cited_by if each in cards],
    )  # fmt: skip


def first_number(article: Article) -> int:
    """The number of the first citation: links and attachments of the article come before."""
    return len(article.links) + len(article.media) + 1


def blocks(article: Article, cited: Cited) -> list[Block]:
    """Lines below an article. Pure."""
    out: list[Block] = []
    if cited.work is not None and cited.work.paper:
        out += [
            Block(""),
            Block("Paper (Y copies its citation)", "head"),
            Block(words.one_line(cited.work.paper), "meta"),
        ]
        out += [Block(f"Code: {words.one_line(code)}", "meta") for code in cited.work.code]
    number = first_number(article)
    for said, cards in ((f"Cites {len(cited.cites)} in your archive", cited.cites),
                        (f"Cited by {len(cited.cited_by)} in your archive", cited.cited_by)):  # fmt: skip
        if cards:
            out += [Block(""), Block(f"{said} (type the number, then enter)", "head")]
        for card in cards:
            out.append(Block(f"[{number}] {title_of(card)}", "link", link=number))
            number += 1
    return out


def chosen(article: Article | None, cited: Cited, number: int) -> Card | None:
    """The item of the archive that a number stands for."""
    at = number - first_number(article) if article is not None else -1
    return cited.cards[at] if 0 <= at < len(cited.cards) else None


def follow(screen: ArticleScreen, number: int) -> bool:
    """Open the cited item of this number above the article; whether there is one."""
    card = chosen(screen.article, screen.cited, number)
    if card is None:
        return False
    from .article import ArticleScreen
    from .deeds import Place

    screen.app.push_screen(ArticleScreen(card, Place("citation", None, card.probability), screen.feed_screen))
    return True


async def copy_citation(screen: ItemActions, card: Card) -> None:
    """Put the BibTeX entry into the clipboard of the reader's own terminal."""
    from penchant.app.memory.deeds import local
    from penchant.app.scholar.bibtex import keys, write
    from penchant.app.store.citations import Citations

    item_id, today = card.item_id, local(time.time()).date()
    works = await screen.app.bridge.reader.do(lambda store: Citations(store.db).works([item_id], today))
    if not works:
        screen.tell("This item is no longer in the archive", "error")
        return
    screen.app.copy_to_clipboard(write(works))
    screen.tell(f"Copied the citation {keys(works)[0]} as BibTeX")
