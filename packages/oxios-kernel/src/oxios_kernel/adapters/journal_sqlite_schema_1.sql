-- The first schema. Times are microseconds since 1970 in UTC, documents are JSON in UTF-8.
BEGIN IMMEDIATE;

-- The rows of runs. `input` and `output` come last, so that a list by state or age does not read through them.
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    parent TEXT,
    session_id TEXT,
    state TEXT NOT NULL,
    title TEXT NOT NULL,
    reason TEXT,
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    begun_with INTEGER NOT NULL DEFAULT 0, -- how many effects it had when it was taken last
    priority INTEGER NOT NULL,
    "group" TEXT,
    depth INTEGER NOT NULL,
    principal TEXT NOT NULL,
    space_id TEXT,
    signal TEXT,
    waiting_for BLOB NOT NULL,
    wake_at INTEGER,
    owner TEXT,
    epoch INTEGER NOT NULL,
    input BLOB NOT NULL,
    output BLOB
);
CREATE INDEX runs_by_age ON runs (created_at);
CREATE INDEX runs_by_state ON runs (state, created_at);
CREATE INDEX runs_by_session ON runs (session_id, created_at) WHERE session_id IS NOT NULL;
CREATE INDEX runs_by_parent ON runs (parent, created_at) WHERE parent IS NOT NULL;
-- These hold only the rows that they are for, so that thousands of waiting runs cost the others nothing.
CREATE INDEX runs_by_urgency ON runs (priority DESC, created_at) WHERE state = 'queued';
CREATE INDEX runs_by_moment ON runs (wake_at) WHERE state = 'waiting' AND wake_at IS NOT NULL;
CREATE INDEX runs_signalled ON runs (owner, created_at) WHERE signal IS NOT NULL;
CREATE INDEX runs_going_by_parent ON runs (parent)
WHERE parent IS NOT NULL AND state NOT IN ('done', 'failed', 'killed');

-- How many agents have not ended, in one row: counting ten thousand would cost a fork more than all the rest of it.
CREATE TABLE crowd (size INTEGER NOT NULL);
INSERT INTO crowd VALUES (0);
CREATE TRIGGER agent_joins AFTER INSERT ON runs
WHEN NEW.kind = 'agent' AND NEW.state NOT IN ('done', 'failed', 'killed')
BEGIN UPDATE crowd SET size = size + 1; END;
CREATE TRIGGER agent_leaves AFTER UPDATE OF state ON runs
WHEN NEW.kind = 'agent' AND NEW.state IN ('done', 'failed', 'killed') AND OLD.state NOT IN ('done', 'failed', 'killed')
BEGIN UPDATE crowd SET size = size - 1; END;

-- Letters to runs; `place` counts those of one mailbox from 1.
CREATE TABLE mail (
    number INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    place INTEGER NOT NULL,
    sender TEXT NOT NULL,
    text TEXT NOT NULL,
    key TEXT NOT NULL,
    answers TEXT,
    at INTEGER NOT NULL,
    UNIQUE (run, key),
    UNIQUE (run, place)
);

-- The effects of runs: an ordinary rowid table, since WITHOUT ROWID doubles the file for payloads of this size.
CREATE TABLE entries (
    number INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    key TEXT NOT NULL,
    digest TEXT NOT NULL,
    done INTEGER NOT NULL,
    at INTEGER NOT NULL,
    blob INTEGER,
    result BLOB,
    UNIQUE (run, key),
    UNIQUE (run, sequence)
);
CREATE INDEX entries_by_blob ON entries (blob) WHERE blob IS NOT NULL;

-- Results that are too large for a row of `entries`, each content once.
CREATE TABLE blobs (
    number INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    body BLOB NOT NULL
);

PRAGMA user_version = 1;
COMMIT;
