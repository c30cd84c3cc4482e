-- The provable log (gateway/ledger): every commit adds the leaves of its dossiers and refusals. Nothing here is ever changed,
-- only added, so that a snapshot held for half an hour (a dump, a report) leaves no dead row where every commit passes.
-- Whoever adds holds pg_advisory_xact_lock(hashtextextended('ivan.log', 0)), which ends with the commit.

-- One row a commit: its leaves' hashes, 32 bytes each, and the frontier after it (ledger/frontier.hpp), which is all that the
-- next commit needs. The newest row says how many leaves there are.
CREATE TABLE ivan.log_groups (
    first_index bigint PRIMARY KEY CHECK (first_index >= 0),
    count       integer NOT NULL CHECK (count > 0),
    hashes      bytea NOT NULL CHECK (length(hashes) = 32 * count),
    frontier    bytea NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp()
) WITH (toast_tuple_target = 8160);
ALTER TABLE ivan.log_groups ALTER COLUMN hashes SET STORAGE EXTERNAL;
ALTER TABLE ivan.log_groups ALTER COLUMN frontier SET STORAGE EXTERNAL;

-- Perfect subtrees of 256 leaves and more. Smaller ones are hashed again from their group's leaves.
CREATE TABLE ivan.log_nodes (
    level smallint NOT NULL CHECK (level BETWEEN 8 AND 62),
    index bigint NOT NULL,
    hash  bytea NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (level, index)
);

-- What we have signed: it is out in the world.
CREATE TABLE ivan.log_heads (
    head_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL,
    size      bigint NOT NULL,
    key_id    text NOT NULL,
    text      text NOT NULL,      -- ledger/head.hpp
    signature bytea NOT NULL      -- over the text: DER of ECDSA, or PKCS#1 v1.5 of RSA, with SHA-256
);
CREATE INDEX ON ivan.log_heads (at);

-- What was stored before there was a log: as many rows have no place in it, and no more.
CREATE TABLE ivan.log_begin (
    at        timestamptz NOT NULL,
    dossiers  bigint NOT NULL,
    refusals  bigint NOT NULL
);
INSERT INTO ivan.log_begin SELECT now(), (SELECT count(*) FROM ivan.dossiers), (SELECT count(*) FROM ivan.refusals);

ALTER TABLE ivan.dossiers ADD COLUMN log_index bigint;  -- null: before the log
ALTER TABLE ivan.dossiers ADD COLUMN corrects uuid;     -- the dossier that this one declares to correct
ALTER TABLE ivan.refusals ADD COLUMN log_index bigint;

-- One content is one dossier: under another key it is a duplicate. `again`: it was stored before and comes as a correction,
-- or both were stored before this was so.
ALTER TABLE ivan.idempotency ADD COLUMN again boolean NOT NULL DEFAULT false;
UPDATE ivan.idempotency i SET again = true
FROM (SELECT provider, idempotency_key, row_number() OVER (PARTITION BY provider, content_sha256 ORDER BY received_at, dossier_id) AS n
      FROM ivan.idempotency) o
WHERE o.n > 1 AND o.provider = i.provider AND o.idempotency_key = i.idempotency_key;
CREATE UNIQUE INDEX idempotency_content ON ivan.idempotency (provider, content_sha256) WHERE NOT again;
DROP INDEX ivan.idempotency_provider_content_sha256_idx;
