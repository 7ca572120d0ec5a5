"""The items of one story: as a list of their own, and named below the item that stands for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from penchant.app.types import Card, View

from . import words
from .cardview import title_of
from .loading import FIRST_CARDS, FirstPage
from .pager import Block

if TYPE_CHECKING:
    from .feedscreen import FeedScreen

#: Other items of a story that the article names.
NAMED = 12


async def members_of(screen: FeedScreen, item_id: int) -> list[int]:
    """Ids of the items that stand behind this one: as this window ordered them, else as the archive has it."""
    standing = screen.feed.visit.standing
    if standing is not None:
        return list(standing.stories.get(item_id, ()))
    return await screen.app.bridge.reader.do(lambda store: store.items.story(item_id))


async def show_story(screen: FeedScreen) -> None:
    """Show the selected item and the others of its story, like the results of a search; esc leads back."""
    card = screen.feed.current()
    if card is None:
        return
    others = await members_of(screen, card.item_id)
    if not others:
        screen.tell("Nothing else here tells this story")
        return
    ids = [card.item_id, *others]
    cards = await screen.app.bridge.reader.do(lambda store: store.items.cards(ids[:FIRST_CARDS]))
    if screen.feed.current() is not card:
        return
    screen.keep_place()
    screen.hide_search()
    screen.show_page(FirstPage(View.SEARCH, ids, cards))
    screen.tell(f"{len(ids):,} items tell this story; esc goes back")


def story_blocks(others: Sequence[Card], count: int) -> list[Block]:
    """What else tells the story, for the end of an article; `count` of them in all."""
    if not others:
        return []
    blocks = [Block(""), Block(f"{words.many(count, 'other item')} on this", "head")]
    blocks += [Block(f"{title_of(card)} · {card.source}", "meta", indent=2) for card in others]
    return [*blocks, Block("e in the list shows them", "meta")]
