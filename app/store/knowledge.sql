-- What a language model said about a text, kept until model, prompt or text change.
CREATE TABLE model_answers (
    model        TEXT NOT NULL,
    prompt       BLOB NOT NULL,                    -- digest of the kind of question, its words and the way it is asked
    content_hash BLOB NOT NULL,                    -- of the text (or the picture's bytes) that it is about
    kind         TEXT NOT NULL,                    -- "ask", "summarize", "describe", "name"
    value        ANY NOT NULL,                     -- a probability or words
    at           REAL NOT NULL,
    PRIMARY KEY (model, prompt, content_hash)
) STRICT, WITHOUT ROWID;

-- What this reader reads about, as clusters of what was liked. Names given by the reader are events.
CREATE TABLE interests (
    key     TEXT PRIMARY KEY,                      -- stays while a cluster is refitted; dials and names refer to it
    space   TEXT NOT NULL,
    centre  BLOB NOT NULL,                         -- float32, a unit vector of the space
    size    INTEGER NOT NULL,                      -- liked items
    words   TEXT NOT NULL DEFAULT '',              -- a name made of its words
    name    TEXT NOT NULL DEFAULT '',              -- a name made by a language model
    made_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

-- What a saved search found since it was last looked at.
CREATE TABLE search_news (
    search  TEXT NOT NULL,                         -- its name
    item_id INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
    at      REAL NOT NULL,
    PRIMARY KEY (search, item_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX search_news_item ON search_news(item_id);

-- What was asked, beside how far the answer is (JSON: what the kind of question needs).
ALTER TABLE answers ADD COLUMN payload TEXT NOT NULL DEFAULT '{}';

-- Few among many events, and each read as a whole.
CREATE INDEX events_kept ON events(kind, seq) WHERE kind IN ('collect', 'saved-search', 'find', 'interest');
