-- Every statement of the ledger: a name, a sentence, the statement.

-- name: limits_of
-- The limits of one scope with their running totals, the longest window first; 0 seconds stand for no end.
SELECT * FROM ledger_limits WHERE scope = :scope ORDER BY seconds = 0 DESC, seconds DESC;

-- name: all_limits
-- All limits, by scope and window.
SELECT * FROM ledger_limits ORDER BY scope, seconds = 0 DESC, seconds DESC;

-- name: set_limit
-- Write a limit with its running total, in place of the scope's limit with the same window.
INSERT OR REPLACE INTO ledger_limits
    (scope, seconds, most_tokens, most_calls, most_micro_usd, on_exhausted, since, tokens, calls, micro_usd, unpriced,
     announced)
VALUES
    (:scope, :seconds, :most_tokens, :most_calls, :most_micro_usd, :on_exhausted, :since, :tokens, :calls, :micro_usd,
     :unpriced, :announced);

-- name: keep_meter
-- Write a limit's running total.
UPDATE ledger_limits
SET since = :since, tokens = :tokens, calls = :calls, micro_usd = :micro_usd, unpriced = :unpriced,
    announced = :announced
WHERE scope = :scope AND seconds = :seconds;

-- name: remove_limit
-- Remove the limit of a scope with a window.
DELETE FROM ledger_limits WHERE scope = :scope AND seconds = :seconds;

-- name: spent
-- What a scope spent from one moment until before another.
SELECT coalesce(sum(tokens), 0), coalesce(sum(calls), 0), coalesce(sum(micro_usd), 0), coalesce(sum(unpriced), 0)
FROM ledger_charges WHERE scope = :scope AND at >= :since AND at < :until;

-- name: reserved
-- What calls under way hold of a scope.
SELECT coalesce(sum(tokens), 0), coalesce(sum(calls), 0), coalesce(sum(micro_usd), 0), coalesce(sum(unpriced), 0)
FROM ledger_held WHERE scope = :scope;

-- name: hold
-- Reserve for one payer of a call.
INSERT INTO ledger_held (scope, call_id, host, tokens, calls, micro_usd, unpriced)
VALUES (:scope, :call_id, :host, :tokens, :calls, :micro_usd, :unpriced);

-- name: let_go
-- Give back what a call holds.
DELETE FROM ledger_held WHERE call_id = :call_id;

-- name: pay
-- Write a paid call, unless it is there already.
INSERT OR IGNORE INTO ledger_calls
    (id, run_id, model, at, input_tokens, output_tokens, cached_tokens, calls, cost_micro_usd)
VALUES
    (:id, :run_id, :model, :at, :input_tokens, :output_tokens, :cached_tokens, :calls, :cost_micro_usd);

-- name: charge
-- Write what a call cost one of its payers.
INSERT INTO ledger_charges (scope, at, call, tokens, calls, micro_usd, unpriced)
VALUES (:scope, :at, :call, :tokens, :calls, :micro_usd, :unpriced);

-- name: paid
-- Paid calls, the newest first.
SELECT * FROM ledger_calls ORDER BY number DESC LIMIT :limit;

-- name: paid_by_run
-- Paid calls of one run, the newest first.
SELECT * FROM ledger_calls WHERE run_id = :run_id ORDER BY number DESC LIMIT :limit;

-- name: holders
-- The hosts whose calls hold something.
SELECT DISTINCT host FROM ledger_held;

-- name: count_held
-- How many calls of a host hold something.
SELECT count(DISTINCT call_id) FROM ledger_held WHERE host = :host;

-- name: drop_held
-- Give back what the calls of a host hold.
DELETE FROM ledger_held WHERE host = :host;
