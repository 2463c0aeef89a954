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
-- Give a run to a host: a new epoch, one more attempt, and one more crash if it was left by a dead one. A run that did
-- something of its own meanwhile begins to count its crashes anew.
UPDATE runs SET owner = :owner, epoch = epoch + 1, attempts = attempts + 1,
    crashes = CASE
        WHEN NOT :crashed THEN crashes
        WHEN (SELECT coalesce(max(sequence), 0) FROM entries WHERE run = runs.number) - begun_with >= :progress THEN 1
        ELSE crashes + 1 END,
    begun_with = (SELECT coalesce(max(sequence), 0) FROM entries WHERE run = runs.number)
WHERE id = :id;

-- name: release_run
-- Take a run from its host, if it is still that host's; what it was asked to do meanwhile comes back.
UPDATE runs SET owner = NULL WHERE id = :run_id AND owner = :owner AND epoch = :epoch RETURNING signal;

-- name: change_run
-- Bring a run into a state.
UPDATE runs SET state = :state, output = :output, reason = :reason, changed_at = :changed_at, signal = :signal,
    waiting_for = :waiting_for, wake_at = :wake_at
WHERE id = :id;

-- name: obey_signal
-- Do to a run on which nobody works what it is asked; whoever held it is over.
UPDATE runs SET state = :state, reason = :reason, changed_at = :at, crashes = crashes + :crashed,
    signal = NULL, owner = NULL
WHERE id = :id;

-- name: queue_waiting
-- Let a run go on if it waits.
UPDATE runs SET state = 'queued', changed_at = :at WHERE id = :id AND state = 'waiting';

-- name: queue_waiters
-- Let those go on that may wait for a run's end: its parent, and who has written to it. Found by their ids (the plus
-- keeps the index of states out), since thousands may wait.
UPDATE runs SET state = 'queued', changed_at = :at
WHERE +state = 'waiting' AND id IN (
    SELECT :parent
    UNION ALL SELECT sender FROM mail WHERE run = (SELECT number FROM runs WHERE id = :id));

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

-- name: tree
-- A run and its descendants, parents before their children.
WITH RECURSIVE tree (number, id, level) AS (
    SELECT number, id, 0 FROM runs WHERE id = :id
    UNION ALL
    SELECT runs.number, runs.id, level + 1 FROM tree JOIN runs ON runs.parent = tree.id)
SELECT runs.* FROM tree JOIN runs USING (number) ORDER BY level, created_at, runs.number;

-- name: progress
-- When something of a run or of its descendants happened last: a state changed, or the newest effect was written.
WITH RECURSIVE tree (number, id, changed_at) AS (
    SELECT number, id, changed_at FROM runs WHERE id = :id
    UNION ALL
    SELECT runs.number, runs.id, runs.changed_at FROM tree JOIN runs ON runs.parent = tree.id)
SELECT max(max(changed_at, coalesce(
    (SELECT at FROM entries WHERE run = tree.number ORDER BY sequence DESC LIMIT 1), 0))) FROM tree;

-- name: add_signal
-- Ask the host of a run for something.
UPDATE runs SET signal = :signal, reason = :reason WHERE id = :id;

-- name: signalled
-- What a host is asked for, oldest run first.
SELECT * FROM runs WHERE owner = :host AND signal IS NOT NULL ORDER BY created_at, number;

-- name: park_run
-- Let a run wait as a row, and take it from its host.
UPDATE runs SET state = :state, reason = :reason, changed_at = :at, waiting_for = :waiting_for, wake_at = :wake_at,
    owner = NULL
WHERE id = :id;

-- name: has_ended
-- Whether one of these children has ended, or is gone.
SELECT EXISTS (
    SELECT 1 FROM json_each(:children) AS child LEFT JOIN runs ON runs.id = child.value
    WHERE runs.id IS NULL OR state IN ('done', 'failed', 'killed'));

-- name: due
-- The waiting runs whose moment is there, in the order of their moments. By itself SQLite would read all that wait.
SELECT id FROM runs INDEXED BY runs_by_moment
WHERE state = 'waiting' AND wake_at IS NOT NULL AND wake_at <= :at ORDER BY wake_at, number;

-- name: next_moment
-- The earliest moment for which a run waits.
SELECT min(wake_at) FROM runs INDEXED BY runs_by_moment WHERE state = 'waiting' AND wake_at IS NOT NULL;

-- name: resume_run
-- Let a paused run go on, and take a pause back.
UPDATE runs SET state = :state, reason = :reason, changed_at = :changed_at, signal = :signal WHERE id = :id;

-- name: queued
-- The queue: the most urgent first, of equals the oldest.
SELECT * FROM runs INDEXED BY runs_by_urgency WHERE state = 'queued' ORDER BY priority DESC, created_at, number;

-- name: reprioritise_run
-- Change how urgent a run is.
UPDATE runs SET priority = :priority WHERE id = :id;

-- name: amend_run
-- Replace what a run was started with.
UPDATE runs SET input = :input WHERE id = :id;

-- name: crowd
-- How many agents have not ended.
SELECT size FROM crowd;

-- name: room
-- What decides whether an agent may be added: whether it is there, the crowd, and its parent with its going children.
SELECT EXISTS (SELECT 1 FROM runs WHERE id = :id) AS there,
       (SELECT size FROM crowd) AS crowd,
       (SELECT count(*) FROM runs WHERE parent = :parent AND state NOT IN ('done', 'failed', 'killed')) AS children,
       (SELECT state = 'killed' OR signal IS 'kill' FROM runs WHERE id = :parent) AS parent_killed;

-- name: mailbox
-- A run's number and state, how many letters it has, and the letter under that key if there is one.
SELECT runs.number, state, (SELECT coalesce(max(place), 0) FROM mail WHERE run = runs.number) AS letters,
       id, sender, text, key, answers, place, at
FROM runs LEFT JOIN mail ON mail.run = runs.number AND key = :key
WHERE id = :id;

-- name: add_letter
-- Put a letter into a mailbox.
INSERT INTO mail (run, place, sender, text, key, answers, at)
VALUES (:run, :place, :sender, :text, :key, :answers, :at);

-- name: letters
-- The letters to a run after one, oldest first.
SELECT id, sender, text, key, answers, place, at FROM mail JOIN runs ON runs.number = mail.run
WHERE id = :id AND place > :after ORDER BY place;

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

-- name: drop_mail
-- Remove a run's mailbox.
DELETE FROM mail WHERE run = :run;

-- name: drop_run
-- Remove a run's row.
DELETE FROM runs WHERE number = :run;

-- name: drop_blobs
-- Remove the large results that no entry names any more.
DELETE FROM blobs WHERE NOT EXISTS (SELECT 1 FROM entries WHERE entries.blob = blobs.number);
