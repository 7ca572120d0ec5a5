-- Which items a vector is of, as two numbers: a filter asks that of thousands of candidates, and by the text (a hash in
-- one index, then a hash in another) it took three times as long. Kept by triggers alone.
CREATE TABLE vector_items (
    embedding_id INTEGER NOT NULL,
    item_id      INTEGER NOT NULL,
    PRIMARY KEY (embedding_id, item_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER vector_items_vector AFTER INSERT ON embeddings
BEGIN
    INSERT INTO vector_items SELECT NEW.id, i.id FROM items i WHERE i.content_hash = NEW.content_hash;
END;
CREATE TRIGGER vector_items_gone AFTER DELETE ON embeddings
BEGIN DELETE FROM vector_items WHERE embedding_id = OLD.id; END;
CREATE TRIGGER vector_items_new AFTER INSERT ON items
BEGIN
    INSERT INTO vector_items SELECT e.id, NEW.id FROM spaces s CROSS JOIN embeddings e
    ON e.space_id = s.id AND e.content_hash = NEW.content_hash;
END;
CREATE TRIGGER vector_items_edit AFTER UPDATE OF content_hash ON items WHEN OLD.content_hash <> NEW.content_hash
BEGIN
    DELETE FROM vector_items WHERE item_id = OLD.id AND embedding_id IN (
        SELECT e.id FROM spaces s CROSS JOIN embeddings e ON e.space_id = s.id AND e.content_hash = OLD.content_hash);
    INSERT INTO vector_items SELECT e.id, NEW.id FROM spaces s CROSS JOIN embeddings e
    ON e.space_id = s.id AND e.content_hash = NEW.content_hash;
END;
CREATE TRIGGER vector_items_item AFTER DELETE ON items
BEGIN
    DELETE FROM vector_items WHERE item_id = OLD.id AND embedding_id IN (
        SELECT e.id FROM spaces s CROSS JOIN embeddings e ON e.space_id = s.id AND e.content_hash = OLD.content_hash);
END;
