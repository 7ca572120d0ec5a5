-- Events of several machines in one order that all of them agree on: a hybrid logical clock (Kulkarni et al., "Logical
-- Physical Clocks", OPODIS 2014). It is the time, but always later than that of every event known so far, so that on
-- one machine it orders as `seq` does. `origin` names the machine that an event came from, '' for this one.
DROP TRIGGER events_no_update;
ALTER TABLE events ADD COLUMN clock REAL NOT NULL DEFAULT 0;
ALTER TABLE events ADD COLUMN origin TEXT NOT NULL DEFAULT '';
UPDATE events SET clock = e.clock
    FROM (SELECT seq, max(at) OVER (ORDER BY seq) + seq * 1e-6 AS clock FROM events) e WHERE e.seq = events.seq;
CREATE INDEX events_clock ON events(clock);
-- The clock may move: two machines that took in the same export agree on the earlier of their times.
CREATE TRIGGER events_no_update
BEFORE UPDATE OF seq, id, kind, item_id, value, view, position, shown_score, head_version, session, undoes, at, origin
ON events BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

DROP VIEW derived_state;
CREATE VIEW derived_state AS
SELECT item_id,
    1 AS seen,
    max(kind = 'open') AS opened,
    coalesce(max(CASE WHEN kind = 'like' THEN clock END)
        > coalesce(max(CASE WHEN kind = 'skip' THEN clock END), 0), 0) AS liked,
    coalesce(max(CASE WHEN kind = 'skip' THEN clock END)
        > coalesce(max(CASE WHEN kind = 'like' THEN clock END), 0), 0) AS skipped,
    max(kind = 'save') AS saved,
    coalesce(max(CASE WHEN kind = 'later' THEN clock END)
        > coalesce(max(CASE WHEN kind = 'skip' THEN clock END), 0), 0) AS later,
    max(CASE WHEN kind = 'like' THEN at END) AS liked_at,
    max(CASE WHEN kind = 'save' THEN at END) AS saved_at,
    max(CASE WHEN kind = 'later' THEN at END) AS later_at
FROM live_events
WHERE kind IN ('impression', 'open', 'dwell', 'like', 'skip', 'save', 'later')
GROUP BY item_id;
