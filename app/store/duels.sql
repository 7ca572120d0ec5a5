-- Jokes and captions are there to be compared, and in no list: whichever way they came, they count as gone.
CREATE TRIGGER jokes_hidden AFTER INSERT ON items
WHEN NEW.kind = 'export' AND substr(NEW.native_id, 1, 5) = 'joke:'
BEGIN UPDATE items SET deleted_at = NEW.first_seen WHERE id = NEW.id; END;
CREATE TRIGGER jokes_stay_hidden AFTER UPDATE OF deleted_at ON items
WHEN NEW.deleted_at IS NULL AND NEW.kind = 'export' AND substr(NEW.native_id, 1, 5) = 'joke:'
BEGIN UPDATE items SET deleted_at = NEW.first_seen WHERE id = NEW.id; END;
