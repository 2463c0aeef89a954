-- Every statement of the journal: a name, a sentence, the statement.

-- name: add_run
-- Write a run's row, unless the id exists.
INSERT OR IGNORE INTO runs
    (id, kind, parent, session_id, state, title, reason, created_at, changed_at, attempts, crashes, priority, "group",
     depth, principal, space_id, signal, waiting_for, wake_at, owner, epoch, input, output)
VALUES
    (:id, :kind, :parent, :session_id, :state, :title, :reason, :created_at, :changed_at, :attempts, :crashes,
     :priority, :group, :depth, :principal, :space_id, :signal, :waiting_for, :wake_at, :owner, :epoch,
     :input, :output);

-- name: get_run
-- One run's row.
SELECT * FROM runs WHERE id = :id;

-- name: find_runs
-- The runs that a query names, newest first; the program puts the conditions in.
SELECT * FROM runs WHERE /* conditions */ ORDER BY created_at DESC, number DESC LIMIT :limit;

-- name: running
-- Runs that are under way, oldest first; whether their hosts live is not known here.
SELECT * FROM runs WHERE state = 'running' ORDER BY created_at, number;

-- name: claim_run
-- Give a run to a host: a new epoch and one more attempt.
UPDATE runs SET owner = :owner, epoch = epoch + 1, attempts = attempts + 1 WHERE id = :id;

-- name: release_run
-- Take a run from its host, if it is still that host's.
UPDATE runs SET owner = NULL WHERE id = :run_id AND owner = :owner AND epoch = :epoch;

-- name: change_run
-- Bring a run into a state.
UPDATE runs SET state = :state, output = :output, reason = :reason, changed_at = :changed_at WHERE id = :id;

-- name: get_leased
-- A run's row, if the lease is its current one.
SELECT * FROM runs WHERE id = :run_id AND owner = :owner AND epoch = :epoch;

-- name: replay
-- A run's entries in the order in which they were begun.
SELECT sequence, key, digest, done, at, coalesce(body, result)
FROM entries LEFT JOIN blobs ON blobs.number = entries.blob
WHERE run = (SELECT number FROM runs WHERE id = :id) ORDER BY sequence;

-- name: place
-- Where an effect belongs: the run's number if the lease is its current one, the place of a next entry, and the entry
-- under that key if there is one. One statement, since it stands before every append.
SELECT runs.number, (SELECT coalesce(max(sequence), 0) + 1 FROM entries WHERE run = runs.number),
       sequence, key, digest, done, at, coalesce(body, result)
FROM runs
LEFT JOIN entries ON entries.run = runs.number AND key = :key
LEFT JOIN blobs ON blobs.number = entries.blob
WHERE runs.id = :run_id AND owner = :owner AND epoch = :epoch;

-- name: add_entry
-- Write an entry, with or without its result.
INSERT INTO entries (run, sequence, key, digest, done, at, blob, result)
VALUES (:run, :sequence, :key, :digest, :done, :at, :blob, :result);

-- name: finish_entry
-- Give an intent its result.
UPDATE entries SET done = 1, at = :at, blob = :blob, result = :result WHERE run = :run AND sequence = :sequence;

-- name: add_blob
-- Keep a large result, unless the same content is kept already.
INSERT OR IGNORE INTO blobs (sha256, body) VALUES (:sha256, :body);

-- name: get_blob
-- The number of a kept content.
SELECT number FROM blobs WHERE sha256 = :sha256;

-- name: collectable
-- Final runs that are too old or too many, oldest first. A run waits for its parent, which may still ask for it.
SELECT number FROM runs AS run
WHERE state IN ('done', 'failed', 'killed')
  AND (changed_at < :older_than OR number NOT IN (
      SELECT number FROM runs WHERE state IN ('done', 'failed', 'killed')
      ORDER BY changed_at DESC, number DESC LIMIT :keep))
  AND NOT EXISTS (
      SELECT 1 FROM runs AS parent
      WHERE parent.id = run.parent AND parent.state NOT IN ('done', 'failed', 'killed'))
ORDER BY changed_at, number LIMIT :chunk;

-- name: drop_entries
-- Remove a run's journal.
DELETE FROM entries WHERE run = :run;

-- name: drop_run
-- Remove a run's row.
DELETE FROM runs WHERE number = :run;

-- name: drop_blobs
-- Remove the large results that no entry names any more.
DELETE FROM blobs WHERE NOT EXISTS (SELECT 1 FROM entries WHERE entries.blob = blobs.number);
