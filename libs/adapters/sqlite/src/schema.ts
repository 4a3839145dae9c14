/** "HCCE" in the file's header: whose file it is, readable with `file` and `PRAGMA application_id`. */
export const applicationId = 0x48434345;
/** Kept in `user_version`. Rises with every change of the tables below. */
export const formatVersion = 1;

/** The tables of format 1. Events are never changed, and the file itself refuses it. */
export const schema = `
  CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    store_id TEXT NOT NULL,
    format INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE events (
    position INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    revision INTEGER NOT NULL,
    event_id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    version INTEGER NOT NULL,
    data TEXT NOT NULL,
    recorded_at TEXT NOT NULL,
    actor TEXT NOT NULL,
    correlation_id TEXT NOT NULL,
    causation_id TEXT NOT NULL,
    traceparent TEXT,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL,
    UNIQUE (stream, revision)
  ) STRICT;

  CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;
  CREATE TRIGGER events_are_never_removed BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'events are never removed'); END;

  CREATE TABLE checkpoints (
    consumer TEXT PRIMARY KEY,
    position INTEGER
  ) STRICT;

  CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    holder TEXT,
    token INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
  ) STRICT;

  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${formatVersion};
`;

/**
 * Beside the tables of format 1: a digest of each checkpoint. A build that knows none moves a checkpoint and leaves the
 * digest, which would look like damage; the file itself takes it away then.
 */
export const checkpointDigests = `
  ALTER TABLE checkpoints ADD COLUMN digest BLOB;

  CREATE TRIGGER checkpoints_of_older_builds AFTER UPDATE ON checkpoints
    WHEN NEW.digest IS OLD.digest AND NEW.position IS NOT OLD.position
    BEGIN UPDATE checkpoints SET digest = NULL WHERE consumer = NEW.consumer; END;
`;

const latestOf = (from: string, to: string): string =>
  `SELECT max(recorded_at) FROM events WHERE position BETWEEN ${from} AND ${to}`;

/** Events between two marks of time. A question about an instant reads at most that many rows. */
export const markEveryEvents = 1_024;

/**
 * Beside the tables of format 1, for every build that has them or not: what the latest recorded time was up to every
 * 1,024th event. Clocks jump, so times alone are in no order; the latest up to a place never falls and is searched like
 * an index. The file keeps it up itself, whoever appends.
 */
export const timeMarks = `
  CREATE TABLE time_marks (
    position INTEGER PRIMARY KEY,
    latest TEXT NOT NULL
  ) STRICT;
  CREATE INDEX time_marks_by_time ON time_marks (latest, position);

  WITH RECURSIVE marked (position, latest) AS (
    SELECT 0, ''
    UNION ALL
    SELECT position + ${markEveryEvents}, max(latest, (${latestOf('marked.position + 1', `marked.position + ${markEveryEvents}`)}))
    FROM marked WHERE position + ${markEveryEvents} <= (SELECT max(position) FROM events)
  )
  INSERT INTO time_marks (position, latest) SELECT position, latest FROM marked WHERE position > 0;

  CREATE TRIGGER events_mark_the_time AFTER INSERT ON events WHEN NEW.position % ${markEveryEvents} = 0
    BEGIN
      INSERT INTO time_marks (position, latest) SELECT NEW.position, max(
        coalesce((SELECT latest FROM time_marks WHERE position = NEW.position - ${markEveryEvents}), ''),
        (${latestOf(`NEW.position - ${markEveryEvents - 1}`, 'NEW.position')})
      );
    END;
`;
