-- Delivery without updates: what waits and what became of it are rows that are only ever added, so that a transaction that
-- holds its snapshot for half an hour (a dump, a report) leaves nothing behind to wade through. Old rows leave by TRUNCATE,
-- a slot at a time (ivan.rotate_delivery).

-- Who delivers: one gateway at a time. It keeps the order of each unit and what is in flight in its memory.
CREATE TABLE ivan.delivery_lease (
    one    boolean PRIMARY KEY DEFAULT true CHECK (one),
    worker text NOT NULL,
    until  timestamptz NOT NULL,
    turn   bigint NOT NULL DEFAULT 1       -- counts the changes of worker
) WITH (fillfactor = 50);

ALTER TABLE ivan.delivery_queue RENAME TO delivery_queue_before;

-- 65,536 sequences a slot, four slots in a ring.
CREATE FUNCTION ivan.delivery_slot(sequence bigint) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((sequence >> 16) & 3)::smallint;

-- What the backend has still to get, and for a while what it has got. `xid` tells which rows a snapshot taken earlier could not
-- see: that is how a reader finds each new row once, whatever the order of commits.
CREATE TABLE ivan.delivery_queue (
    slot          smallint NOT NULL,       -- delivery_slot(sequence)
    sequence      bigint NOT NULL,
    xid           xid8 NOT NULL DEFAULT pg_current_xact_id(),
    unit_key      text NOT NULL,           -- "<agency>/<unit_code>"
    dossier_id    uuid NOT NULL,
    agency        text NOT NULL,
    received_at   timestamptz NOT NULL,
    content_bytes bigint NOT NULL,         -- of the envelope, so that a claim can bound its memory
    queued_at     timestamptz NOT NULL
) PARTITION BY LIST (slot);
CREATE TABLE ivan.delivery_queue_0 PARTITION OF ivan.delivery_queue FOR VALUES IN (0);
CREATE TABLE ivan.delivery_queue_1 PARTITION OF ivan.delivery_queue FOR VALUES IN (1);
CREATE TABLE ivan.delivery_queue_2 PARTITION OF ivan.delivery_queue FOR VALUES IN (2);
CREATE TABLE ivan.delivery_queue_3 PARTITION OF ivan.delivery_queue FOR VALUES IN (3);
CREATE INDEX ON ivan.delivery_queue (sequence);
CREATE INDEX ON ivan.delivery_queue (xid);

-- What still waited when its slot was emptied: a unit whose oldest dossier the backend does not take. Few rows.
CREATE TABLE ivan.delivery_parked (
    sequence      bigint PRIMARY KEY,
    unit_key      text NOT NULL,
    dossier_id    uuid NOT NULL,
    agency        text NOT NULL,
    received_at   timestamptz NOT NULL,
    content_bytes bigint NOT NULL,
    queued_at     timestamptz NOT NULL
);

-- How it ended, for good and kept for good.
CREATE TABLE ivan.deliveries (
    sequence bigint PRIMARY KEY,
    outcome  text NOT NULL CHECK (outcome IN ('delivered', 'dead')),
    at       timestamptz NOT NULL DEFAULT now()
);

-- Attempts that failed for now, so that another gateway goes on where this one stood. Only while it waits for the next.
CREATE TABLE ivan.delivery_retries (
    sequence    bigint PRIMARY KEY,
    attempts    integer NOT NULL,
    due_at      timestamptz NOT NULL,
    http_status integer NOT NULL,
    reason      text NOT NULL
) WITH (fillfactor = 70);

INSERT INTO ivan.delivery_queue (slot, sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at)
SELECT ivan.delivery_slot(sequence), sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at
FROM ivan.delivery_queue_before;
INSERT INTO ivan.delivery_retries (sequence, attempts, due_at, http_status, reason)
SELECT sequence, attempts, CASE WHEN ready_at = 'infinity' THEN now() ELSE ready_at END, http_status, reason
FROM ivan.delivery_queue_before WHERE attempts > 0;
INSERT INTO ivan.deliveries (sequence, outcome, at)
SELECT sequence, 'delivered', delivered_at FROM ivan.dossier_status WHERE delivered_at IS NOT NULL;
INSERT INTO ivan.deliveries (sequence, outcome, at) SELECT sequence, 'dead', died_at FROM ivan.dead_letters ON CONFLICT DO NOTHING;
DROP TABLE ivan.delivery_queue_before;
ALTER TABLE ivan.dossier_status DROP COLUMN delivered_at;

-- Everything not yet settled, for people, checks and a gateway that does not deliver.
CREATE VIEW ivan.delivery_waiting AS
SELECT q.sequence, q.unit_key, q.dossier_id, q.agency, q.received_at, q.content_bytes, q.queued_at, r.attempts, r.due_at
FROM (SELECT sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at FROM ivan.delivery_queue
      UNION ALL SELECT sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at FROM ivan.delivery_parked) q
LEFT JOIN ivan.delivery_retries r USING (sequence)
WHERE NOT EXISTS (SELECT FROM ivan.deliveries d WHERE d.sequence = q.sequence);

-- Empties the slots that lie behind, where at most `parked_max` of a slot's rows are not settled: those are parked, and returned.
-- Never waits long for a lock: what reads a slot now has it emptied another time. A snapshot taken before sees an emptied
-- slot as empty.
CREATE FUNCTION ivan.rotate_delivery(parked_max integer) RETURNS SETOF bigint
LANGUAGE plpgsql AS $$
DECLARE
    writing smallint;
    slot    smallint;
    child   text;
    filled  boolean;
    left_   bigint;
    parked  bigint[];
BEGIN
    PERFORM set_config('lock_timeout', '50ms', true);
    SELECT ivan.delivery_slot(last_value) INTO writing FROM ivan.delivery_sequence;
    FOR distance IN 1 .. 3 LOOP
        slot := (writing + distance) & 3;
        child := 'delivery_queue_' || slot;
        EXECUTE format('SELECT EXISTS (SELECT FROM ivan.%I)', child) INTO filled;
        CONTINUE WHEN NOT filled;
        BEGIN
            EXECUTE format('SELECT count(*) FROM (SELECT FROM ivan.%I q WHERE NOT EXISTS (SELECT FROM ivan.deliveries d '
                           'WHERE d.sequence = q.sequence) LIMIT %s) s', child, parked_max + 1) INTO left_;
            CONTINUE WHEN left_ > parked_max;
            EXECUTE format('LOCK TABLE ivan.%I IN ACCESS EXCLUSIVE MODE', child);
            EXECUTE format('WITH p AS (INSERT INTO ivan.delivery_parked (sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at) '
                           'SELECT sequence, unit_key, dossier_id, agency, received_at, content_bytes, queued_at FROM ivan.%I q '
                           'WHERE NOT EXISTS (SELECT FROM ivan.deliveries d WHERE d.sequence = q.sequence) RETURNING sequence) '
                           'SELECT array_agg(sequence) FROM p', child) INTO parked;
            EXECUTE format('TRUNCATE ivan.%I', child);
            IF parked IS NOT NULL THEN
                RETURN QUERY SELECT unnest(parked);
            END IF;
        EXCEPTION WHEN lock_not_available THEN
            NULL;
        END;
    END LOOP;
END $$;
