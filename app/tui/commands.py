"""What the reader can do: each command once, for the keys, the footer, the help and the palette.

A command knows its words and which method of the screen does the work; it
imports no Textual, so that configuration and documentation can read it.
"""

from __future__ import annotations

from typing import Any, ClassVar

FEED = "feed"
ARTICLE = "article"
BOTH = (FEED, ARTICLE)


class Command:
    """One thing to do. `method` names what the screen that has the focus calls, with `arguments`."""

    id: ClassVar[str]
    keys: ClassVar[tuple[str, ...]]
    label: ClassVar[str]
    help: ClassVar[str]
    group: ClassVar[str] = "Other"
    scopes: ClassVar[tuple[str, ...]] = (FEED,)
    footer: ClassVar[bool] = False
    method: ClassVar[str] = ""
    arguments: ClassVar[tuple[Any, ...]] = ()

    @classmethod
    def run(cls, screen: Any) -> Any:
        """Do it on `screen`; the answer is whatever the screen's method answers (perhaps an awaitable)."""
        return getattr(screen, cls.method or f"do_{cls.id.replace('-', '_')}")(*cls.arguments)


class Down(Command):
    id, keys, label, group = "down", ("j", "down"), "down", "Move"
    help = "Next item; in an article, a line down"
    scopes, method, arguments = BOTH, "do_move", (1,)


class Up(Command):
    id, keys, label, group = "up", ("k", "up"), "up", "Move"
    help = "Previous item; in an article, a line up"
    scopes, method, arguments = BOTH, "do_move", (-1,)


class Top(Command):
    id, keys, label, group = "top", ("g", "home"), "top", "Move"
    help = "To the beginning"
    scopes, method = BOTH, "do_top"


class Bottom(Command):
    id, keys, label, group = "bottom", ("G", "end"), "end", "Move"
    help = "To the end"
    scopes, method = BOTH, "do_bottom"


class PageDown(Command):
    id, keys, label, group = "page-down", ("space", "pagedown"), "page", "Move"
    help = "A page down: what was on screen counts as passed"
    scopes, method, arguments, footer = BOTH, "do_page", (1,), True


class PageUp(Command):
    id, keys, label, group = "page-up", ("b", "pageup"), "page up", "Move"
    help = "A page up"
    scopes, method, arguments = BOTH, "do_page", (-1,)


class Read(Command):
    id, keys, label, group = "read", ("enter",), "read", "Read"
    help = "Read the whole item"
    footer = True


class Back(Command):
    id, keys, label, group = "back", ("escape", "q", "backspace"), "back", "Read"
    help = "Back to the list"
    scopes, footer = (ARTICLE,), True


class NextItem(Command):
    id, keys, label, group = "next-item", ("n", "right"), "next", "Read"
    help = "Read the next item of the list"
    scopes, method, arguments, footer = (ARTICLE,), "do_step", (1,), True


class PreviousItem(Command):
    id, keys, label, group = "previous-item", ("left",), "previous", "Read"
    help = "Read the previous item of the list"
    scopes, method, arguments = (ARTICLE,), "do_step", (-1,)


class Restore(Command):
    id, keys, label, group = "restore", ("R",), "restore", "Read"
    help = "Bring back a body that the gate dropped"
    scopes, method = (ARTICLE,), "do_restore"


class Browser(Command):
    id, keys, label, group = "browser", ("o",), "browser", "Read"
    help = "Open in the web browser"
    scopes, footer = BOTH, True


class Comments(Command):
    id, keys, label, group = "comments", ("c",), "comments", "Read"
    help = "Open the comments in the web browser"
    scopes = BOTH


class Original(Command):
    id, keys, label, group = "original", ("i",), "picture", "Read"
    help = "Open the picture itself in the web browser; in an article a number before it chooses which"
    scopes = BOTH


class Reveal(Command):
    id, keys, label, group = "reveal", ("v",), "show picture", "Read"
    help = "Show a sensitive picture that is blurred; again: blur it"
    scopes = BOTH


class CopyLink(Command):
    id, keys, label, group = "copy-link", ("y",), "copy link", "Read"
    help = "Copy the link to the clipboard (OSC 52, so over ssh and tmux too)"
    scopes = BOTH


class Cite(Command):
    id, keys, label, group = "cite", ("Y",), "copy citation", "Read"
    help = "Copy the citation of the item as BibTeX"
    scopes = BOTH


class DraftReply(Command):
    id, keys, label, group = "draft-reply", ("p",), "draft a reply", "Write"
    help = "Draft your reply to it: several, in your taste and voice; nothing is posted without two more keys"
    scopes = BOTH


class DraftPost(Command):
    id, keys, label, group = "draft-post", ("P",), "draft a post", "Write"
    help = "Draft a post of yours: on a topic, or from items of the list, what you liked of it, a collection"
    scopes = BOTH


class Drafts(Command):
    id, keys, label, group = "drafts", ("V",), "drafts", "Write"
    help = "Your drafts: those kept and offered, posted and dropped; edit, copy or post them"
    scopes = BOTH


class Like(Command):
    id, keys, label, group = "like", ("l", "f"), "like", "Teach"
    help = "Like it: more of this. Again: take the like back"
    scopes, method, arguments, footer = BOTH, "do_decide", ("like",), True


class Skip(Command):
    id, keys, label, group = "skip", ("x", "h"), "skip", "Teach"
    help = "Skip it: less of this. Again: take it back"
    scopes, method, arguments, footer = BOTH, "do_decide", ("skip",), True


class Save(Command):
    id, keys, label, group = "save", ("s",), "save", "Teach"
    help = "Save it for good. Again: take it back"
    scopes, method, arguments, footer = BOTH, "do_decide", ("save",), True


class Later(Command):
    id, keys, label, group = "later", ("t",), "later", "Teach"
    help = "Keep it for later: teaches nothing. Again: take it back"
    scopes, method, arguments, footer = BOTH, "do_decide", ("later",), True


class Mute(Command):
    id, keys, label, group = "mute", ("m",), "mute", "Teach"
    help = "Mute its author, source, site or language, or a word; for ever or for a while"
    scopes = BOTH


class Mutes(Command):
    id, keys, label, group = "mutes", ("M",), "what is muted", "Teach"
    help = "What is muted and how long still; take a mute back"
    scopes = BOTH


class Collect(Command):
    id, keys, label, group = "collect", ("L",), "collect", "Teach"
    help = "Put it into a collection (a named list of items), or take it out; teaches nothing"
    scopes = BOTH


class Tuning(Command):
    id, keys, label, group = "tuning", ("T",), "tuning", "Teach"
    help = "Tuning: what it learned of you, a dial for everything, what it tuned by itself"
    footer = True


class Choice(Command):
    id, keys, label, group = "choice", ("C",), "which of these?", "Teach"
    help = "Which of these twelve would you read? A first guess that fades as you like and skip"


class Undo(Command):
    id, keys, label, group = "undo", ("u",), "undo", "Teach"
    help = "Undo the last like, skip, save, later or mute; any number of times"
    scopes, footer = BOTH, True


class Story(Command):
    id, keys, label, group = "story", ("e",), "story", "Read"
    help = "The other items of the same story (\"and 4 more\"), as a list; esc goes back"


class Why(Command):
    id, keys, label, group = "why", ("w",), "why", "Teach"
    help = "Why is it here? The parts that add up to its number"
    scopes, footer = BOTH, True


class ForYou(Command):
    id, keys, label, group = "view-for-you", ("1",), "For you", "Views"
    help = "For you: what you have not seen, best first"
    method, arguments = "do_view", ("for-you",)


class Newest(Command):
    id, keys, label, group = "view-newest", ("2",), "Newest", "Views"
    help = "Newest: everything, by date"
    method, arguments = "do_view", ("newest",)


class Following(Command):
    id, keys, label, group = "view-following", ("3",), "Following", "Views"
    help = "Following: one source; again: choose another"
    method, arguments = "do_view", ("following",)


class Saved(Command):
    id, keys, label, group = "view-saved", ("4",), "Saved", "Views"
    help = "Saved"
    method, arguments = "do_view", ("saved",)


class Liked(Command):
    id, keys, label, group = "view-liked", ("5",), "Liked", "Views"
    help = "Liked"
    method, arguments = "do_view", ("liked",)


class LaterView(Command):
    id, keys, label, group = "view-later", ("6",), "Later", "Views"
    help = "Later"
    method, arguments = "do_view", ("later",)


class SearchView(Command):
    id, keys, label, group = "view-search", ("7",), "Search", "Views"
    help = "The results of the last search"
    method, arguments = "do_view", ("search",)


class Digest(Command):
    id, keys, label, group = "digest", ("d",), "digest", "Views"
    help = "Digest: what you would have liked and missed today or this week, with reasons"


class History(Command):
    id, keys, label, group = "history", ("H",), "history", "Views"
    help = "History: what you saw, read and liked, by day; when did I read ...; on this day"


class Numbers(Command):
    id, keys, label, group = "numbers", ("N",), "numbers", "Views"
    help = "Statistics: what you read, like and skip, by source, week and hour"


class Exposure(Command):
    id, keys, label, group = "exposure", ("E",), "exposure", "Views"
    help = "Exposure: what you are not being shown, why, and what to turn"


class Effects(Command):
    id, keys, label, group = "effects", ("W",), "effects", "Views"
    help = "What the ranking and the writing do to you: shares, narrowing, generated text; w widens"


class Blind(Command):
    id, keys, label, group = "generated", ("B",), "generated items", "Views"
    help = "Generated items in For you: how many, by which arms; a blind test, its report, unblinding"
    method = "do_blind"


class Duels(Command):
    id, keys, label, group = "duels", ("J",), "duels", "Teach"
    help = "Duels: of two jokes, captions or posts, which is funnier to you; the ranking learns from each answer"


class Ask(Command):
    id, keys, label, group = "ask", ("a",), "ask", "Views"
    help = "Ask your archive, this view of it, or the item you read: an answer with its sources"
    scopes, footer = BOTH, True


class Search(Command):
    id, keys, label, group = "search", ("/",), "search", "Views"
    help = "Search by words and by meaning; in it tab completes or narrows, ctrl+o turns the order, ctrl+s saves it"
    footer = True


class SavedSearches(Command):
    id, keys, label, group = "searches", ("F",), "saved searches", "Views"
    help = "Saved searches: open one as a view, be told of what is new in it, delete it; ctrl+s in a search saves it"
    method = "do_saved_searches"


class Alike(Command):
    id, keys, label, group = "alike", (".",), "alike", "Views"
    help = "More like this: items near it in their pictures and in meaning"


class Refresh(Command):
    id, keys, label, group = "refresh", ("r",), "refresh", "Program"
    help = "Fetch every source now, and show what has arrived below what you have seen"


class Sources(Command):
    id, keys, label, group = "sources", ("S",), "sources", "Program"
    help = "Your sources: health, pause, remove, add"


class Add(Command):
    id, keys, label, group = "add", ("A",), "add", "Program"
    help = "Add sources: starter list, any address, OPML, Mastodon, topics"


class Models(Command):
    id, keys, label, group = "models", ("O",), "models", "Program"
    help = "Models: what is installed, how far it is, what it adds for you; pull others, switch them on and off"


class PictureColumn(Command):
    id, keys, label, group = "picture-column", ("I",), "pictures", "Program"
    help = "Switch the pictures beside the items on and off"


class Theme(Command):
    id, keys, label, group = "theme", ("D",), "light or dark", "Program"
    help = "Switch between the light and the dark theme"
    scopes = BOTH


class Help(Command):
    id, keys, label, group = "help", ("?",), "help", "Program"
    help = "This help"
    scopes, footer = BOTH, True


class Quit(Command):
    id, keys, label, group = "quit", ("q",), "quit", "Program"
    help = "Quit; everything is already on disk"
    footer = True


COMMANDS: tuple[type[Command], ...] = (
    Down, Up, PageDown, PageUp, Top, Bottom,
    Read, Story, NextItem, PreviousItem, Restore, Browser, Comments, Original, Reveal, CopyLink, Cite,
    DraftReply, DraftPost, Drafts,
    Like, Skip, Save, Later, Undo, Why, Mute, Mutes, Collect, Tuning, Choice, Duels,
    ForYou, Newest, Following, Saved, Liked, LaterView, SearchView, Search, SavedSearches, Ask, Alike, Digest,
    History, Numbers, Exposure, Effects, Blind,
    Refresh, Sources, Add, Models, PictureColumn, Theme, Help, Back, Quit,
)  # fmt: skip

GROUPS = ("Move", "Read", "Write", "Teach", "Views", "Program")
