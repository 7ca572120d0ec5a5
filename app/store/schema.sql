-- Version 1. Every time is Unix seconds UTC, every JSON column is valid JSON or ''.

CREATE TABLE subscriptions (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT NOT NULL,
    address      TEXT NOT NULL,
    title        TEXT NOT NULL DEFAULT '',
    named        INTEGER NOT NULL DEFAULT 0,      -- 1: the reader chose the title, the source must not change it
    settings     TEXT NOT NULL DEFAULT '{}',
    folder       TEXT NOT NULL DEFAULT '[]',
    paused       INTEGER NOT NULL DEFAULT 0,
    cursor       TEXT NOT NULL DEFAULT '{}',
    site_url     TEXT NOT NULL DEFAULT '',
    added_at     REAL NOT NULL,
    removed_at   REAL,                            -- kept as the name of items that outlive it
    last_attempt REAL,
    last_success REAL,
    next_due     REAL NOT NULL DEFAULT 0,
    interval     REAL NOT NULL DEFAULT 3600,
    failures     INTEGER NOT NULL DEFAULT 0,
    error        TEXT NOT NULL DEFAULT '',
    hint         TEXT NOT NULL DEFAULT '',
    state        TEXT NOT NULL DEFAULT 'idle' CHECK (state IN ('idle', 'queued', 'fetching')),
    done         INTEGER NOT NULL DEFAULT 0,
    total        INTEGER,
    UNIQUE (kind, address)
) STRICT;

-- Wide columns last: a list reads the first ones without touching overflow pages.
CREATE TABLE items (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,   -- never reused: events name it for ever
    uid             TEXT NOT NULL UNIQUE,                -- blake2b(kind, native_id): equal on every machine
    kind            TEXT NOT NULL,
    native_id       TEXT NOT NULL,
    subscription_id INTEGER REFERENCES subscriptions(id) ON DELETE SET NULL,
    sort_at         REAL NOT NULL,                       -- published, never in the future
    published       REAL,
    updated         REAL,
    first_seen      REAL NOT NULL,
    deleted_at      REAL,                                -- gone at the source, kept because the reader acted on it
    points          INTEGER,
    comments        INTEGER,
    people          INTEGER NOT NULL DEFAULT 0,          -- distinct sightings.by_key
    also_in         INTEGER NOT NULL DEFAULT 0,          -- further subscriptions that brought it
    media_count     INTEGER NOT NULL DEFAULT 0,
    sensitive       INTEGER NOT NULL DEFAULT 0,
    text_len        INTEGER NOT NULL DEFAULT 0,          -- characters of text
    content_hash    BLOB NOT NULL,
    lang            TEXT NOT NULL DEFAULT '',
    author_key      TEXT NOT NULL DEFAULT '',
    author          TEXT NOT NULL DEFAULT '',
    author_handle   TEXT NOT NULL DEFAULT '',
    author_url      TEXT NOT NULL DEFAULT '',
    title           TEXT NOT NULL DEFAULT '',
    url             TEXT NOT NULL DEFAULT '',
    canonical_url   TEXT NOT NULL DEFAULT '',            -- '' where the address does not identify the item
    domain          TEXT NOT NULL DEFAULT '',
    content_warning TEXT NOT NULL DEFAULT '',
    comments_url    TEXT NOT NULL DEFAULT '',
    in_reply_to     TEXT NOT NULL DEFAULT '',            -- native id of the same kind
    thread          TEXT NOT NULL DEFAULT '',
    tags            TEXT NOT NULL DEFAULT '',
    excerpt         TEXT NOT NULL DEFAULT '',
    alt             TEXT NOT NULL DEFAULT '',            -- every media alt text, one a line (searched)
    poll            TEXT NOT NULL DEFAULT '',
    media           TEXT NOT NULL DEFAULT '',
    links           TEXT NOT NULL DEFAULT '',
    extra           TEXT NOT NULL DEFAULT '',
    text            TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX items_newest ON items(sort_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX items_canonical ON items(canonical_url) WHERE canonical_url <> '';
CREATE INDEX items_thread ON items(kind, thread) WHERE thread <> '';
CREATE INDEX items_reply ON items(kind, in_reply_to) WHERE in_reply_to <> '';
CREATE INDEX items_hash ON items(content_hash);
CREATE INDEX items_subscription ON items(subscription_id);

-- Every name under which an item is known. `body` marks the one whose text the item shows.
CREATE TABLE aliases (
    kind         TEXT NOT NULL,
    native_id    TEXT NOT NULL,
    item_id      INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
    content_hash BLOB NOT NULL,
    points       INTEGER,
    comments     INTEGER,
    body         INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (kind, native_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX aliases_item ON aliases(item_id);

CREATE TABLE sightings (
    item_id         INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
    subscription_id INTEGER NOT NULL REFERENCES subscriptions(id) ON DELETE CASCADE,
    how             TEXT NOT NULL,
    by_key          TEXT NOT NULL DEFAULT '',
    by_name         TEXT NOT NULL DEFAULT '',
    at              REAL NOT NULL,
    native_id       TEXT NOT NULL,
    PRIMARY KEY (item_id, subscription_id, how, by_key, native_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX sightings_subscription ON sightings(subscription_id, at DESC, item_id);

-- 64-bit text fingerprints, only of texts long enough to be told apart; read in one sequential scan.
CREATE TABLE fingerprints (
    item_id INTEGER PRIMARY KEY REFERENCES items(id) ON DELETE CASCADE,
    simhash INTEGER NOT NULL
) STRICT;

CREATE TABLE events (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    id           TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    item_id      INTEGER,                          -- no foreign key: an event outlives its item
    value        TEXT NOT NULL DEFAULT '{}',
    view         TEXT NOT NULL DEFAULT '',
    position     INTEGER,
    shown_score  REAL,
    head_version INTEGER,
    session      TEXT NOT NULL DEFAULT '',
    undoes       TEXT,
    at           REAL NOT NULL
) STRICT;
CREATE INDEX events_item ON events(item_id, seq) WHERE item_id IS NOT NULL;
CREATE INDEX events_undoes ON events(undoes) WHERE undoes IS NOT NULL;
CREATE INDEX events_mute ON events(seq) WHERE kind = 'mute';

CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
-- Also keeps INSERT OR REPLACE from replacing a row: that fires no delete trigger.
CREATE TRIGGER events_once BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE id = NEW.id OR seq = NEW.seq)
BEGIN SELECT RAISE(IGNORE); END;

CREATE VIEW live_events AS
SELECT * FROM events e
WHERE e.kind <> 'undo' AND NOT EXISTS (SELECT 1 FROM events u WHERE u.undoes = e.id AND u.kind = 'undo');

-- What the live events say of each item. Times are of the event that set the mark, NULL where unset.
CREATE TABLE item_state (
    item_id  INTEGER PRIMARY KEY REFERENCES items(id) ON DELETE CASCADE,
    seen     INTEGER NOT NULL,
    opened   INTEGER NOT NULL,
    liked    INTEGER NOT NULL,
    skipped  INTEGER NOT NULL,
    saved    INTEGER NOT NULL,
    later    INTEGER NOT NULL,
    liked_at REAL,
    saved_at REAL,
    later_at REAL
) STRICT;
CREATE INDEX state_liked ON item_state(liked_at DESC, item_id DESC) WHERE liked;
CREATE INDEX state_saved ON item_state(saved_at DESC, item_id DESC) WHERE saved;
CREATE INDEX state_later ON item_state(later_at DESC, item_id DESC) WHERE later;

-- like and skip replace one another, skip also takes an item off the Later list; the last one counts.
CREATE VIEW derived_state AS
SELECT item_id,
    1 AS seen,
    max(kind = 'open') AS opened,
    coalesce(max(CASE WHEN kind = 'like' THEN seq END) > coalesce(max(CASE WHEN kind = 'skip' THEN seq END), 0), 0)
        AS liked,
    coalesce(max(CASE WHEN kind = 'skip' THEN seq END) > coalesce(max(CASE WHEN kind = 'like' THEN seq END), 0), 0)
        AS skipped,
    max(kind = 'save') AS saved,
    coalesce(max(CASE WHEN kind = 'later' THEN seq END) > coalesce(max(CASE WHEN kind = 'skip' THEN seq END), 0), 0)
        AS later,
    max(CASE WHEN kind = 'like' THEN at END) AS liked_at,
    max(CASE WHEN kind = 'save' THEN at END) AS saved_at,
    max(CASE WHEN kind = 'later' THEN at END) AS later_at
FROM live_events
WHERE kind IN ('impression', 'open', 'dwell', 'like', 'skip', 'save', 'later')
GROUP BY item_id;

-- The worker's queue: consumed by sequence, filled by triggers only.
CREATE TABLE changes (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    item_id INTEGER NOT NULL,
    action  TEXT NOT NULL CHECK (action IN ('new', 'edit', 'delete'))
) STRICT;
CREATE TRIGGER items_new AFTER INSERT ON items
BEGIN INSERT INTO changes(item_id, action) VALUES (NEW.id, 'new'); END;
CREATE TRIGGER items_edit AFTER UPDATE OF content_hash ON items WHEN OLD.content_hash <> NEW.content_hash
BEGIN INSERT INTO changes(item_id, action) VALUES (NEW.id, 'edit'); END;

-- Full text. External content: snippet() and highlight() work, nothing is stored twice.
CREATE VIRTUAL TABLE search USING fts5(
    title, text, author, alt, content = 'items', content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2'
);
-- Nothing inserts into these two by trigger: whoever stores items calls `text_index.add` in the same transaction. A
-- trigger's statement savepoint makes FTS5 write a segment a row (twice the CPU, and merges of 50 ms under the lock);
-- one statement for a chunk writes one. Merging is left to `text_index.merge`, a few ms at a time.
INSERT INTO search(search, rank) VALUES ('automerge', 0);
INSERT INTO search(search, rank) VALUES ('crisismerge', 1900);
INSERT INTO search(search, rank) VALUES ('usermerge', 16);
CREATE TRIGGER search_delete AFTER DELETE ON items
BEGIN
    INSERT INTO search(search, rowid, title, text, author, alt)
    VALUES ('delete', OLD.id, OLD.title, OLD.text, OLD.author, OLD.alt);
END;
CREATE TRIGGER search_update AFTER UPDATE OF title, text, author, alt ON items
WHEN OLD.title <> NEW.title OR OLD.text <> NEW.text OR OLD.author <> NEW.author OR OLD.alt <> NEW.alt
BEGIN
    INSERT INTO search(search, rowid, title, text, author, alt)
    VALUES ('delete', OLD.id, OLD.title, OLD.text, OLD.author, OLD.alt);
    INSERT INTO search(rowid, title, text, author, alt) VALUES (NEW.id, NEW.title, NEW.text, NEW.author, NEW.alt);
END;

-- Scripts that put no spaces between words (Chinese, Japanese, Thai, Khmer ...; Korean compounds), found by three
-- neighbouring characters. Only items that hold such characters are in it. GLOB costs 33 us for 500 characters, so
-- a text is looked through only where its UTF-8 is 1/16 longer than its characters (curly quotes add less); an
-- English text with a Japanese word or two is left to `search`.
CREATE VIEW unspaced AS
SELECT id, title, text, author, alt FROM items
WHERE (octet_length(title) > length(title) AND title GLOB '*[぀-ヿ㐀-鿿가-힣豈-﫿ｦ-ﾝ฀-໿က-႟ក-៿𠀀-𲎯]*')
    OR (16 * (octet_length(text) - length(text)) > length(text) AND text GLOB '*[぀-ヿ㐀-鿿가-힣豈-﫿ｦ-ﾝ฀-໿က-႟ក-៿𠀀-𲎯]*')
    OR (octet_length(author) > length(author) AND author GLOB '*[぀-ヿ㐀-鿿가-힣豈-﫿ｦ-ﾝ฀-໿က-႟ក-៿𠀀-𲎯]*')
    OR (octet_length(alt) > length(alt) AND alt GLOB '*[぀-ヿ㐀-鿿가-힣豈-﫿ｦ-ﾝ฀-໿က-႟ក-៿𠀀-𲎯]*');
CREATE VIRTUAL TABLE search_unspaced USING fts5(
    title, text, author, alt, content = 'unspaced', content_rowid = 'id', tokenize = 'trigram'
);
INSERT INTO search_unspaced(search_unspaced, rank) VALUES ('automerge', 0);
INSERT INTO search_unspaced(search_unspaced, rank) VALUES ('crisismerge', 1900);
INSERT INTO search_unspaced(search_unspaced, rank) VALUES ('usermerge', 16);
CREATE TRIGGER search_unspaced_delete BEFORE DELETE ON items
BEGIN
    INSERT INTO search_unspaced(search_unspaced, rowid, title, text, author, alt)
    SELECT 'delete', id, title, text, author, alt FROM unspaced WHERE id = OLD.id;
END;
CREATE TRIGGER search_unspaced_before BEFORE UPDATE OF title, text, author, alt ON items
WHEN OLD.title <> NEW.title OR OLD.text <> NEW.text OR OLD.author <> NEW.author OR OLD.alt <> NEW.alt
BEGIN
    INSERT INTO search_unspaced(search_unspaced, rowid, title, text, author, alt)
    SELECT 'delete', id, title, text, author, alt FROM unspaced WHERE id = OLD.id;
END;
CREATE TRIGGER search_unspaced_after AFTER UPDATE OF title, text, author, alt ON items
WHEN OLD.title <> NEW.title OR OLD.text <> NEW.text OR OLD.author <> NEW.author OR OLD.alt <> NEW.alt
BEGIN
    INSERT INTO search_unspaced(rowid, title, text, author, alt)
    SELECT id, title, text, author, alt FROM unspaced WHERE id = NEW.id;
END;

-- Vectors and word statistics belong to a text (content_hash), not to an item: equal texts share one row.
CREATE TABLE spaces (
    id      INTEGER PRIMARY KEY,
    name    TEXT NOT NULL UNIQUE,                  -- the model that made the vectors
    dim     INTEGER NOT NULL,
    made_at REAL NOT NULL,
    complete INTEGER NOT NULL DEFAULT 0            -- 1: every item had its vector once; until then a search says so
) STRICT;
CREATE TABLE embeddings (
    id           INTEGER PRIMARY KEY,
    space_id     INTEGER NOT NULL REFERENCES spaces(id) ON DELETE CASCADE,
    content_hash BLOB NOT NULL,
    vector       BLOB NOT NULL,                    -- dim little-endian float32, unit length
    UNIQUE (space_id, content_hash)
) STRICT;
-- The same vectors as two bits a number in blocks of 1,024 that are read in sequence (`planes`), without keeping
-- anything in memory (`bench/search.py` has the figures beside vec0 and others). Places of a block
-- are filled from the first; an id of 0 is free.
CREATE TABLE coarse (
    id       INTEGER PRIMARY KEY,
    space_id INTEGER NOT NULL REFERENCES spaces(id) ON DELETE CASCADE,
    ids      BLOB NOT NULL,                        -- int64, embeddings.id
    inverse  BLOB NOT NULL,                        -- float32, see planes.encode
    vectors  BLOB NOT NULL
) STRICT;
CREATE INDEX coarse_space ON coarse(space_id, id);
-- In order of arrival: kept in order of their hash, every new row would dirty a page of its own.
CREATE TABLE features (
    id           INTEGER PRIMARY KEY,
    content_hash BLOB NOT NULL UNIQUE,
    words        BLOB NOT NULL
) STRICT;

CREATE TABLE scores (
    item_id      INTEGER PRIMARY KEY REFERENCES items(id) ON DELETE CASCADE,
    logit        REAL NOT NULL,
    probability  REAL NOT NULL,
    parts        TEXT NOT NULL DEFAULT '{}',
    head_version INTEGER NOT NULL
) STRICT;
-- The For you order. A new generation is written beside the old one in short transactions, then shown at once.
CREATE TABLE ranking (
    generation INTEGER NOT NULL,
    position   INTEGER NOT NULL,
    item_id    INTEGER NOT NULL,
    PRIMARY KEY (generation, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX ranking_item ON ranking(item_id, generation);
CREATE TRIGGER items_gone AFTER DELETE ON items
BEGIN
    INSERT INTO changes(item_id, action) VALUES (OLD.id, 'delete');
    DELETE FROM ranking WHERE item_id = OLD.id;
END;
CREATE TABLE heads (
    version     INTEGER PRIMARY KEY,
    through_seq INTEGER NOT NULL,
    made_at     REAL NOT NULL,
    meta        TEXT NOT NULL DEFAULT '{}',
    blob        BLOB NOT NULL
) STRICT;

-- A cache: threads around items as their servers had them, for the article view. `replies` is JSON.
CREATE TABLE threads (
    item_id    INTEGER PRIMARY KEY REFERENCES items(id) ON DELETE CASCADE,
    fetched_at REAL NOT NULL,
    error      TEXT NOT NULL DEFAULT '',
    hint       TEXT NOT NULL DEFAULT '',
    replies    TEXT NOT NULL DEFAULT '[]'
) STRICT;

CREATE TABLE control (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    kind    TEXT NOT NULL,
    payload TEXT NOT NULL DEFAULT '{}',
    at      REAL NOT NULL
) STRICT;
CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value ANY
) STRICT, WITHOUT ROWID;
