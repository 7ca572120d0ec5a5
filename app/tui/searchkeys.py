"""What a search adds to the main screen: its order, what narrows it, saving it, what was found in it. A mixin."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from penchant.app.types import View

from .finds import Finds
from .searchnews import News

if TYPE_CHECKING:
    from .app import PenchantApp
    from .facetpanel import FacetPanel
    from .feedlist import FeedList
    from .search import SearchPanel


#: Screens of so many columns have room for what narrows a search all the time.
WIDE = 110


class SearchKeys:
    """Of the feed screen. Its keys work in the search line and among the results."""

    app: PenchantApp
    view: View
    feed: FeedList
    query_text: str
    SEARCH_BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave_search", "Leave the search", show=False),
        Binding("ctrl+s", "save_search", "Save the search", show=False),
        Binding("ctrl+o", "turn_search", "Another order of the search", show=False),
        Binding("tab", "facets", "Narrow the search", show=False),
    ]
    _said = ""
    search_title = ""
    search_unseen = 0

    if TYPE_CHECKING:
        is_mounted: bool

        def tell(self, text: str, role: str = "") -> None: ...
        def show_tabs(self) -> None: ...

    @property
    def finds(self) -> Finds:
        """The results that were chosen."""
        if not hasattr(self, "_finds"):
            self._finds = Finds(self.app)
        return self._finds

    @property
    def news(self) -> News:
        """What is new in saved searches."""
        if not hasattr(self, "_news"):
            self._news = News(self.app)
        return self._news

    def search_shown(self, text: str, said: str, title: str, unseen: int = 0) -> None:
        """The results of a query are there: `said` of them, `title` and unseen items of a saved search."""
        self.query_text, self._said = text, said
        if (title, unseen) != (self.search_title, self.search_unseen):
            self.search_title, self.search_unseen = title, unseen
            self.show_tabs()

    async def search_looked_at(self, name: str) -> None:
        """A saved search is on screen: nothing in it is new any more."""
        if name:
            cleared = await self.app.bridge.clerk.do(lambda store: store.saved.looked(name))
            if cleared:
                await self.news.look()

    def on_resize(self) -> None:
        """Room for the facets came, or went."""
        if self._facet_panel() is not None and self.is_mounted:
            self.app.call_after_refresh(self.facets)

    def panel(self) -> SearchPanel | None:
        """The search panel while it is shown."""
        found = self.app.feed_screen.query("SearchPanel")
        panel: SearchPanel | None = found.first() if found else None  # type: ignore[assignment]
        return panel if panel is not None and panel.display else None

    # -- keys
    def action_turn_search(self) -> None:
        """The next order, as a term of the line."""
        from . import queryline

        panel = self.panel()
        if panel is not None and panel.text.strip():
            panel.put(queryline.turned(panel.text))
            self.tell(f"Search: {queryline.ORDERS[queryline.order_of(panel.text)]}")

    def action_save_search(self) -> None:
        """Save what is searched for under a name."""
        panel = self.panel()
        if panel is not None:
            from .savebox import save

            save(self.app, panel)

    def do_saved_searches(self) -> None:
        """The list of saved searches."""
        from .savedlist import show_saved

        self.app.spawn(show_saved(self.app))

    # -- what narrows it
    def facets(self) -> FacetPanel | None:
        """The panel of facets, where there is room for it or the reader asked for it."""
        screen, panel = self.app.feed_screen, self._facet_panel()
        shown = self.view == View.SEARCH and self.panel() is not None and bool(self.query_text)
        if not shown or (screen.size.width < WIDE and (panel is None or not panel.has_focus)):
            if panel is not None:
                panel.display = False
            return None
        return self._open_facets()

    def _facet_panel(self) -> FacetPanel | None:
        if "FacetPanel" not in {type(child).__name__ for child in self.app.feed_screen.children}:
            return None
        from .facetpanel import FacetPanel

        return self.app.feed_screen.query_one(FacetPanel)

    def _open_facets(self) -> FacetPanel:
        from .facetpanel import FacetPanel

        panel = self._facet_panel()
        if panel is None:
            panel = FacetPanel(self._facet_chosen, self._facets_left)
            self.app.feed_screen.mount(panel, before=0)
        panel.display = True
        return panel

    def action_facets(self) -> None:
        """Into the panel of facets; on a narrow screen it comes with that."""
        search = self.panel()
        if self.view != View.SEARCH or search is None or not self.query_text:
            return
        self._open_facets().focus()
        self.app.call_after_refresh(search.count_again)

    def _facet_chosen(self, term: str) -> None:
        from . import queryline

        search = self.panel()
        if search is not None:
            search.put(queryline.toggled(search.text, term))

    def _facets_left(self) -> None:
        self.feed.focus()
        self.app.call_after_refresh(self.facets)
