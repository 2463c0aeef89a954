-- The first schema of the ledger. Times are microseconds since 1970 in UTC; a scope is written `agent:ID` or `global`.

-- Which of these schemas the file has: its `user_version` belongs to the journal.
CREATE TABLE ledger_schema (version INTEGER NOT NULL);
INSERT INTO ledger_schema VALUES (1);

-- Calls that were paid.
CREATE TABLE ledger_calls (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    run_id TEXT NOT NULL,
    model TEXT NOT NULL,
    at INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    cost_micro_usd INTEGER
);
CREATE INDEX ledger_calls_by_run ON ledger_calls (run_id, number);

-- What each of them cost each of its payers, so that a sum over a scope and a time reads nothing else.
CREATE TABLE ledger_charges (
    scope TEXT NOT NULL,
    at INTEGER NOT NULL,
    call INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    micro_usd INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    PRIMARY KEY (scope, at, call)
) WITHOUT ROWID;

-- What calls under way hold, once for each payer.
CREATE TABLE ledger_held (
    scope TEXT NOT NULL,
    call_id TEXT NOT NULL,
    host TEXT NOT NULL,
    tokens INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    micro_usd INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    PRIMARY KEY (scope, call_id)
) WITHOUT ROWID;
CREATE INDEX ledger_held_by_call ON ledger_held (call_id);

-- The limits, each with the running total of one window: it is summed up anew when the clock shows another window.
CREATE TABLE ledger_limits (
    scope TEXT NOT NULL,
    seconds INTEGER NOT NULL,
    most_tokens INTEGER,
    most_calls INTEGER,
    most_micro_usd INTEGER,
    on_exhausted TEXT NOT NULL,
    since INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    micro_usd INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    announced INTEGER NOT NULL,
    PRIMARY KEY (scope, seconds)
) WITHOUT ROWID;
