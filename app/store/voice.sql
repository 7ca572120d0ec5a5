-- Texts that a model wrote for this reader. One that was judged (or stands in the feed) is an item of the kind "draft"
-- too, so that likes and skips of it are ordinary events; nothing else counts such an item as something read.
CREATE TABLE drafts (
    id        TEXT PRIMARY KEY,
    kind      TEXT NOT NULL,                       -- "reply", "post", "feed", "image"
    parent_id INTEGER,                             -- the item that a reply answers
    topic     TEXT NOT NULL DEFAULT '',
    text      TEXT NOT NULL,
    arm       TEXT NOT NULL DEFAULT '',            -- the carrier that it was written with
    model     TEXT NOT NULL DEFAULT '',
    state     TEXT NOT NULL DEFAULT 'offered',     -- "offered", "kept", "posted", "dropped"
    item_id   INTEGER REFERENCES items(id) ON DELETE SET NULL,
    facts     TEXT NOT NULL DEFAULT '{}',          -- JSON: probability, overlap, tokens, seconds, where it was posted
    made_at   REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX drafts_item ON drafts(item_id) WHERE item_id IS NOT NULL;
CREATE INDEX drafts_made ON drafts(made_at);

-- What carries a reader's taste into a model; made again from the events at any time.
CREATE TABLE carrier_states (
    name    TEXT NOT NULL,                         -- "summary", "vector", "map", "soft", ...
    model   TEXT NOT NULL,                         -- "" where it does not depend on one
    upto    INTEGER NOT NULL DEFAULT 0,            -- events.seq that it has taken in
    facts   TEXT NOT NULL DEFAULT '{}',            -- JSON
    data    BLOB,
    made_at REAL NOT NULL,
    PRIMARY KEY (name, model)
) STRICT, WITHOUT ROWID;

CREATE INDEX events_voice ON events(kind, seq) WHERE kind IN ('duel', 'voice', 'draft');
