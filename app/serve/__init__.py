"""`penchant serve`: the ranking as Atom, JSON Feed and OPML for other readers.

`model` (values), `entry`, `atom`, `jsonfeed`, `page` and `doorman` are pure; `library` reads the archive,
`reasons` asks the ranking, `site` answers requests, `server` holds the sockets.

With --score: `score_ask` and `rerank` are pure, `score_taste` is the ranking's session asked about foreign documents,
`score_models` and `score_judge` hold the models' children, `score` brings them together, `score_site` answers.
"""
