-- Version 6: pictures, what models say of pictures and items, and answers that stream to a screen. All of it is derived.

-- A picture by its address. The files made of it are named by `hash` and lie in the cache folder, never in here.
CREATE TABLE pictures (
    id            INTEGER PRIMARY KEY,
    url           TEXT NOT NULL UNIQUE,
    state         TEXT NOT NULL CHECK (state IN ('wanted', 'there', 'failed', 'refused')),
    hash          BLOB,                            -- 16 bytes, blake2b of the bytes as they came; NULL until then
    format        TEXT NOT NULL DEFAULT '',        -- jpeg, png, gif, webp; "small jpeg": of the smaller copy
    width         INTEGER NOT NULL DEFAULT 0,      -- of the original, in pixels
    height        INTEGER NOT NULL DEFAULT 0,
    frames        INTEGER NOT NULL DEFAULT 1,
    size          INTEGER NOT NULL DEFAULT 0,      -- bytes as they came
    preview       BLOB,                            -- RGB of 4 by 3 pixels: what stands there until the file is read
    fingerprint   INTEGER,                         -- 64-bit difference hash, signed
    etag          TEXT NOT NULL DEFAULT '',
    last_modified TEXT NOT NULL DEFAULT '',
    fetched_at    REAL,
    used_at       REAL,
    retry_at      REAL,
    failures      INTEGER NOT NULL DEFAULT 0,
    note          TEXT NOT NULL DEFAULT ''         -- why there is none, in words
) STRICT;
CREATE INDEX pictures_hash ON pictures(hash) WHERE hash IS NOT NULL;
CREATE INDEX pictures_used ON pictures(used_at) WHERE state = 'there';
CREATE INDEX pictures_wanted ON pictures(id) WHERE state = 'wanted';

-- Which items show a picture, in which place (from 0). Filled when a picture is first asked for.
CREATE TABLE item_pictures (
    item_id    INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
    place      INTEGER NOT NULL,
    picture_id INTEGER NOT NULL REFERENCES pictures(id) ON DELETE CASCADE,
    PRIMARY KEY (item_id, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX item_pictures_picture ON item_pictures(picture_id);

-- What machines say of a picture, by the hash of its bytes. `maker`: "tags", "ocr", "model:NAME".
CREATE TABLE descriptions (
    hash  BLOB NOT NULL,
    maker TEXT NOT NULL,
    text  TEXT NOT NULL,                           -- '' where there is nothing to say
    at    REAL NOT NULL,
    PRIMARY KEY (hash, maker)
) STRICT, WITHOUT ROWID;

-- The text shadow of an item's pictures as it is searched: made of descriptions, alt texts and file names.
CREATE TABLE shadows (
    item_id INTEGER PRIMARY KEY REFERENCES items(id) ON DELETE CASCADE,
    text    TEXT NOT NULL
) STRICT;
CREATE VIRTUAL TABLE search_shadows USING fts5(
    text, content = 'shadows', content_rowid = 'item_id', tokenize = 'unicode61 remove_diacritics 2'
);
CREATE TRIGGER shadows_new AFTER INSERT ON shadows
BEGIN INSERT INTO search_shadows(rowid, text) VALUES (NEW.item_id, NEW.text); END;
CREATE TRIGGER shadows_gone AFTER DELETE ON shadows
BEGIN INSERT INTO search_shadows(search_shadows, rowid, text) VALUES ('delete', OLD.item_id, OLD.text); END;
CREATE TRIGGER shadows_edit AFTER UPDATE OF text ON shadows WHEN OLD.text <> NEW.text
BEGIN
    INSERT INTO search_shadows(search_shadows, rowid, text) VALUES ('delete', OLD.item_id, OLD.text);
    INSERT INTO search_shadows(rowid, text) VALUES (NEW.item_id, NEW.text);
END;

-- A judge's opinions of texts: the newest of each kind. `history` names the likes and skips it was formed with.
CREATE TABLE opinions (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT, -- grows with every change: "what came since" is a query
    model        TEXT NOT NULL,
    kind         TEXT NOT NULL,                     -- "likelihood", "yes"
    content_hash BLOB NOT NULL,
    history      TEXT NOT NULL,
    value        REAL NOT NULL,                     -- nats a token of likelihood ratio; logit of yes against no
    at           REAL NOT NULL,
    UNIQUE (model, kind, content_hash)
) STRICT;

-- Words of a model on their way to a screen: the worker appends, the screen reads. Dropped after a day.
CREATE TABLE answers (
    id      TEXT PRIMARY KEY,                       -- chosen by whoever asked
    item_id INTEGER,
    kind    TEXT NOT NULL,                          -- "reason"
    text    TEXT NOT NULL DEFAULT '',
    done    INTEGER NOT NULL DEFAULT 0,
    error   TEXT NOT NULL DEFAULT '',
    hint    TEXT NOT NULL DEFAULT '',
    at      REAL NOT NULL
) STRICT, WITHOUT ROWID;
