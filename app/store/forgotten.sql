-- What `penchant forget` took away, by names that say nothing of it: digests of items (items.uid) and ids of events.
-- Neither a source, nor an import, nor another machine's log brings such an item or event back. `source` is a digest of
-- the source that was forgotten as a whole: who follows it again gets its items again.
CREATE TABLE forgotten (
    name   TEXT PRIMARY KEY,
    source TEXT NOT NULL DEFAULT '',
    at     REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX forgotten_source ON forgotten(source) WHERE source <> '';
CREATE TRIGGER events_forgotten BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM forgotten WHERE name = NEW.id)
BEGIN SELECT RAISE(IGNORE); END;
