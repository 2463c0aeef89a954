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
