"""The commands of `penchant`, one module each.

A module has `configure(parser)` and `run(args, context) -> int | None`; it
imports what it needs inside `run`, so that `penchant --help` stays fast.
"""

from __future__ import annotations

#: Command -> (module of this package, one line of help), in the order of `--help`.
COMMANDS: dict[str, tuple[str, str]] = {
    "add": ("add", "follow a source: a site, a feed, mastodon:HOST, r/NAME, !NAME@HOST, hackernews:top, sample"),
    "remove": ("remove", "stop following a source"),
    "sources": ("sources", "list what you follow and how it is doing"),
    "sync": ("sync", "fetch now, with progress"),
    "worker": ("worker", "fetch and learn in the background"),
    "list": ("list_items", "show a view of the feed"),
    "search": ("search", "search the archive"),
    "searches": ("searches", "saved searches: list, add, remove, be told of what is new"),
    "sql": ("sql", "query the archive with SQL in which models can be asked"),
    "ask": ("ask", "ask the archive, or one item: an answer by the language model, with its sources"),
    "why": ("why", "explain an item's place"),
    "like": ("decide_item", "teach: more like this"),
    "skip": ("decide_item", "teach: less like this"),
    "save": ("decide_item", "keep an item"),
    "later": ("decide_item", "put an item on the Later list"),
    "mute": ("mute", "keep an author, source, domain, word, phrase or language out of For you"),
    "tune": ("tune", "see what was learned and tuned, turn dials, take tunings back"),
    "interests": ("interests", "what you read about, found in what you liked; name it"),
    "digest": ("digest", "a page of what you would have liked and missed, of a day or a week"),
    "history": ("history", "what you saw, read, liked and kept, by day; when did I read ..."),
    "stats": ("stats", "what you read, like and skip, by source, week and hour"),
    "exposure": ("exposure", "what you are not being shown, and why"),
    "cite": ("cite", "export items as BibTeX or Markdown; what an item cites, and what cites it"),
    "collection": ("collection", "named lists of items: show, add to and take from them"),
    "undo": ("undo", "take back the last decision, or the last one about an item"),
    "import": ("import_file", "take in an export of another service, or a list of feeds; undo an import"),
    "export": ("export_all", "write sources as OPML, everything as JSON Lines, or a log of events for another machine"),
    "machines": ("machines", "keep together what several machines learned, through a synced folder"),
    "backup": ("backup", "copy the archive while it is in use"),
    "serve": ("serve", "publish the ranking as feeds for other readers"),
    "web": ("web", "open the feed in a browser"),
    "gate": ("gate", "drop bodies of old items that are not worth keeping, restore them"),
    "pictures": ("pictures", "show the cache of pictures and what did not come, empty it"),
    "doctor": ("doctor", "check the archive, rebuild what is derived"),
    "models": ("models", "show, pull, choose, verify and remove models"),
    "judge": ("judge", "show what the language model does, and what it thinks of an item"),
    "plug": ("plug", "let the language model read a document once, to be asked about at once"),
    "evaluate": ("evaluate", "measure the ranking against simple recipes"),
    "config": ("config", "show, check or print the configuration"),
    "adapters": ("adapters", "list the kinds of source, check one that another package brings"),
    "reader": ("reader", "sign in to Miniflux, FreshRSS and other reader servers, keep reading in step"),
    "mail": ("mail", "keep the password of a mail account whose folder is read"),
    "mastodon": ("mastodon", "sign in to a Mastodon server"),
    "reddit": ("reddit", "sign in to Reddit with an app of your own"),
    "github": ("github", "paste a token for GitHub, or forget it"),
    "lemmy": ("lemmy", "sign in to a Lemmy or PieFed server"),
    "bluesky": ("bluesky", "sign in to Bluesky with an app password"),
}
