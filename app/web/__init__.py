"""`penchant web`: the feed in a browser, through textual-serve's terminal page and process protocol.

`page` is pure; `session` owns the child process of the reader, `desk` decides whose it is, `server` speaks HTTP;
`child` is what runs in the process.
"""
