-- What was done when: history, statistics and "on this day" read stretches of time. With kind and item, since of most
-- events (what was on screen) nothing else is asked.
CREATE INDEX events_at ON events(at, kind, item_id) WHERE item_id IS NOT NULL;

-- Citations. Names by which a paper is cited ("arxiv:2301.00001", "doi:10.1000/1"), and the names that a text mentions.
-- Made again from the items at any time; `cite_texts` says which text of an item was read.
CREATE TABLE paper_names (
    name    TEXT NOT NULL,
    item_id INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
    PRIMARY KEY (name, item_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX paper_names_item ON paper_names(item_id);
CREATE TABLE cited_names (
    item_id INTEGER NOT NULL REFERENCES items(id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    PRIMARY KEY (item_id, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX cited_names_name ON cited_names(name);
CREATE TABLE cite_texts (
    item_id      INTEGER PRIMARY KEY REFERENCES items(id) ON DELETE CASCADE,
    content_hash BLOB NOT NULL
) STRICT;
