-- The gate: items whose bodies were dropped, and every decision about one.

-- `body` is the attic: zlib-compressed JSON of the dropped columns, NULL once the grace is over.
CREATE TABLE dropped (
    item_id     INTEGER PRIMARY KEY REFERENCES items(id) ON DELETE CASCADE,
    at          REAL NOT NULL,
    reason      TEXT NOT NULL,
    probability REAL NOT NULL,                 -- that it is worth keeping
    bytes       INTEGER NOT NULL,              -- of the body, uncompressed
    error       TEXT NOT NULL DEFAULT '',      -- why fetching it again failed
    hint        TEXT NOT NULL DEFAULT '',
    tried_at    REAL,
    body        BLOB
) STRICT;
CREATE INDEX dropped_attic ON dropped(at) WHERE body IS NOT NULL;

CREATE TABLE gate_log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    item_id     INTEGER NOT NULL,              -- no foreign key: a decision outlives its item
    at          REAL NOT NULL,
    action      TEXT NOT NULL CHECK (action IN ('dropped', 'restored')),
    reason      TEXT NOT NULL,
    probability REAL,
    bytes       INTEGER NOT NULL DEFAULT 0,
    gate        TEXT NOT NULL DEFAULT ''       -- which gate decided: labels and time of its fit
) STRICT;
CREATE INDEX gate_log_item ON gate_log(item_id, id);

-- An edit at the source, or another source's copy, brings the text back: then the item is whole again.
CREATE TRIGGER items_refilled AFTER UPDATE OF content_hash, text ON items
WHEN (OLD.content_hash <> NEW.content_hash OR NEW.text <> '')
    AND EXISTS (SELECT 1 FROM dropped d WHERE d.item_id = NEW.id)
BEGIN
    INSERT INTO gate_log(item_id, at, action, reason, bytes)
    SELECT NEW.id, unixepoch('subsec'), 'restored', 'its source sent it anew', bytes FROM dropped WHERE item_id = NEW.id;
    DELETE FROM dropped WHERE item_id = NEW.id;
    INSERT INTO changes(item_id, action) VALUES (NEW.id, 'edit');
END;
