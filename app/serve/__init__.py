"""`penchant serve`: the ranking as Atom, JSON Feed and OPML for other readers.

`model` (values), `entry`, `atom`, `jsonfeed`, `page` and `doorman` are pure; `library` reads the archive,
`reasons` asks the ranking, `site` answers requests, `server` holds the sockets.
"""
