-- The first tables: registry, intake journal, delivery queue, statuses. Forward only: an applied file never changes.
--
-- Intake is append-only and partitioned by month of received_at (UTC); keys are led by agency, so that agencies can be
-- spread over several databases. Bodies and receipts are packed by the gateway (first byte says how), so their columns
-- are EXTERNAL: PostgreSQL's own compression costs 100 µs a row. schema_migrations is made by migrate().

-- Registry -----------------------------------------------------------------------------------------------------------

CREATE TABLE ivan.providers (
    code                text PRIMARY KEY,
    name                text NOT NULL,
    role                text NOT NULL CHECK (role IN ('provider', 'portal', 'backend')),
    contract_from       date NOT NULL,
    contract_until      date CHECK (contract_until >= contract_from),
    requests_per_second double precision NOT NULL CHECK (requests_per_second > 0),
    burst               integer NOT NULL CHECK (burst > 0),
    in_flight_max       integer NOT NULL CHECK (in_flight_max > 0),
    website             text NOT NULL DEFAULT '',
    source              text NOT NULL,
    changed_at          timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE ivan.provider_aliases (
    alias    text PRIMARY KEY,  -- MaIVAN
    provider text NOT NULL REFERENCES ivan.providers
);
CREATE INDEX ON ivan.provider_aliases (provider);

CREATE TABLE ivan.provider_certificates (
    sha256   text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),  -- of the client certificate's DER
    provider text NOT NULL REFERENCES ivan.providers
);
CREATE INDEX ON ivan.provider_certificates (provider);

CREATE TABLE ivan.provider_keys (
    sha256   text PRIMARY KEY CHECK (sha256 ~ '^[0-9a-f]{64}$'),  -- of a bearer key; the key itself is never stored
    provider text NOT NULL REFERENCES ivan.providers
);
CREATE INDEX ON ivan.provider_keys (provider);

CREATE TABLE ivan.agencies (
    code     text PRIMARY KEY CHECK (code ~ '^0[0-9]{4}$'),
    name     text NOT NULL,
    province text NOT NULL,
    made_up  boolean NOT NULL
);

CREATE TABLE ivan.procedures (
    code         text PRIMARY KEY,
    name_vi      text NOT NULL,
    name_en      text NOT NULL,
    department   text NOT NULL,
    working_days integer NOT NULL
);

-- A unit belongs to the tax code that first filed under it.
CREATE TABLE ivan.units (
    agency     text NOT NULL,
    unit_code  text NOT NULL,
    tax_code   text NOT NULL,
    name       text NOT NULL,
    first_seen timestamptz NOT NULL,
    PRIMARY KEY (agency, unit_code)
);

-- Intake journal -----------------------------------------------------------------------------------------------------

-- Numbers of case codes: taken in the transaction that stores the dossier, so without gaps. The row's lock also makes
-- an agency's dossiers enter the delivery queue in the order of their commits.
CREATE TABLE ivan.case_counters (
    counter text PRIMARY KEY,  -- "<agency>/<year>" or "<agency>/<yymmdd>"
    last    bigint NOT NULL
) WITH (fillfactor = 50);

-- Not partitioned: a key must be unique for as long as dossiers are kept, ten years and more.
CREATE TABLE ivan.idempotency (
    provider        text NOT NULL,
    idempotency_key text NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 200),
    content_sha256  bytea NOT NULL CHECK (length(content_sha256) = 32),
    dossier_id      uuid NOT NULL,
    agency          text NOT NULL,
    received_at     timestamptz NOT NULL,
    PRIMARY KEY (provider, idempotency_key)
);
CREATE INDEX ON ivan.idempotency (provider, content_sha256);

CREATE TABLE ivan.dossiers (
    agency          text NOT NULL,
    received_at     timestamptz NOT NULL,  -- the filing time, by the hub's clock
    dossier_id      uuid NOT NULL,
    case_code       text NOT NULL,
    provider        text NOT NULL,
    idempotency_key text NOT NULL,
    procedure       text NOT NULL,
    unit_code       text NOT NULL,
    tax_code        text NOT NULL,
    period          text NOT NULL,
    paper_required  boolean NOT NULL,
    trace_id        text NOT NULL,
    content_sha256  bytea NOT NULL,        -- of the envelope as received
    content_bytes   bigint NOT NULL,
    forms           jsonb NOT NULL,        -- [{code, version, file_name, bytes, sha256}]
    body            bytea NOT NULL,        -- packed: the envelope, restored byte for byte
    receipt_xml     bytea NOT NULL,        -- packed
    receipt_json    bytea NOT NULL,        -- packed
    PRIMARY KEY (agency, received_at, dossier_id)
) PARTITION BY RANGE (received_at);
ALTER TABLE ivan.dossiers ALTER COLUMN forms SET STORAGE EXTERNAL;
ALTER TABLE ivan.dossiers ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE ivan.dossiers ALTER COLUMN receipt_xml SET STORAGE EXTERNAL;
ALTER TABLE ivan.dossiers ALTER COLUMN receipt_json SET STORAGE EXTERNAL;

CREATE TABLE ivan.refusals (
    refused_at      timestamptz NOT NULL,
    refusal_id      bigint GENERATED BY DEFAULT AS IDENTITY,
    provider        text NOT NULL,
    idempotency_key text NOT NULL,
    content_sha256  bytea NOT NULL,   -- empty where the body was never read
    fault_id        text NOT NULL,
    trace_id        text NOT NULL,
    problem         text NOT NULL,
    body            bytea NOT NULL    -- packed
) PARTITION BY RANGE (refused_at);
ALTER TABLE ivan.refusals ALTER COLUMN problem SET STORAGE EXTERNAL;
ALTER TABLE ivan.refusals ALTER COLUMN body SET STORAGE EXTERNAL;
CREATE INDEX ON ivan.refusals (provider, content_sha256, refused_at);

-- Whatever no month holds lands here: nothing is ever lost for want of a partition.
CREATE TABLE ivan.dossiers_default PARTITION OF ivan.dossiers DEFAULT;
CREATE TABLE ivan.refusals_default PARTITION OF ivan.refusals DEFAULT;
ALTER TABLE ivan.dossiers_default ALTER COLUMN forms SET STORAGE EXTERNAL;
ALTER TABLE ivan.dossiers_default ALTER COLUMN body SET STORAGE EXTERNAL;
ALTER TABLE ivan.dossiers_default ALTER COLUMN receipt_xml SET STORAGE EXTERNAL;
ALTER TABLE ivan.dossiers_default ALTER COLUMN receipt_json SET STORAGE EXTERNAL;
ALTER TABLE ivan.refusals_default ALTER COLUMN problem SET STORAGE EXTERNAL;
ALTER TABLE ivan.refusals_default ALTER COLUMN body SET STORAGE EXTERNAL;

-- Makes this month's partitions and those of the months ahead; returns how many were made. Two gateways may call it at
-- once. A table is made apart and then attached, so that intake is not locked out meanwhile. Where the default partition
-- already holds rows of a month, that month stays there.
CREATE FUNCTION ivan.make_partitions(today timestamptz, months_ahead integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
    parent   text;
    starts   timestamp;
    child    text;
    made     integer := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('ivan.make_partitions', 0));
    PERFORM set_config('lock_timeout', '2s', true);
    FOREACH parent IN ARRAY ARRAY['dossiers', 'refusals'] LOOP
        FOR month IN 0 .. months_ahead LOOP
            starts := date_trunc('month', today AT TIME ZONE 'UTC') + make_interval(months => month);
            child := parent || '_' || to_char(starts, 'YYYY_MM');
            CONTINUE WHEN to_regclass('ivan.' || child) IS NOT NULL;
            BEGIN
                EXECUTE format('CREATE TABLE ivan.%I (LIKE ivan.%I INCLUDING ALL)', child, parent);
                EXECUTE format('ALTER TABLE ivan.%I ATTACH PARTITION ivan.%I FOR VALUES FROM (%L) TO (%L)', parent, child,
                               starts AT TIME ZONE 'UTC', (starts + interval '1 month') AT TIME ZONE 'UTC');
                made := made + 1;
            EXCEPTION WHEN check_violation OR lock_not_available THEN
                RAISE WARNING 'partition % was not made: %', child, SQLERRM;
            END;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;

-- Delivery -----------------------------------------------------------------------------------------------------------

CREATE SEQUENCE ivan.delivery_sequence;

-- What the backend has still to get. Only the oldest row of a unit can be claimed: the others wait with ready_at
-- 'infinity' until it is settled. Whoever adds, settles or replays rows of a unit holds the unit's advisory lock.
CREATE TABLE ivan.delivery_queue (
    sequence      bigint PRIMARY KEY,
    unit_key      text NOT NULL,           -- "<agency>/<unit_code>"
    dossier_id    uuid NOT NULL,
    agency        text NOT NULL,
    received_at   timestamptz NOT NULL,
    content_bytes bigint NOT NULL,         -- of the envelope, so that a claim can bound its memory
    queued_at     timestamptz NOT NULL,
    ready_at      timestamptz NOT NULL,    -- claimable from; while leased, the end of the lease
    worker        text,                    -- who holds the lease
    attempts      integer NOT NULL DEFAULT 0,
    http_status   integer NOT NULL DEFAULT 0,
    reason        text NOT NULL DEFAULT ''
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 2000,
        autovacuum_vacuum_cost_delay = 0);
CREATE INDEX ON ivan.delivery_queue (unit_key, sequence);
CREATE INDEX ON ivan.delivery_queue (ready_at, sequence) WHERE ready_at < 'infinity';

CREATE TABLE ivan.dead_letters (
    dossier_id    uuid PRIMARY KEY,
    sequence      bigint NOT NULL,
    unit_key      text NOT NULL,
    agency        text NOT NULL,
    received_at   timestamptz NOT NULL,
    content_bytes bigint NOT NULL,
    attempts      integer NOT NULL,
    http_status   integer NOT NULL,
    reason        text NOT NULL,
    died_at       timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON ivan.dead_letters (died_at);

-- Statuses -----------------------------------------------------------------------------------------------------------

-- The present state of every dossier; small rows, updated in place.
CREATE TABLE ivan.dossier_status (
    dossier_id   uuid PRIMARY KEY,
    case_code    text NOT NULL UNIQUE,
    provider     text NOT NULL,
    agency       text NOT NULL,
    procedure    text NOT NULL,
    received_at  timestamptz NOT NULL,
    sequence     bigint NOT NULL,          -- in delivery_queue, while it is there
    status       text NOT NULL DEFAULT 'received'
                 CHECK (status IN ('received', 'processing', 'done', 'returned', 'refused')),
    department   text NOT NULL DEFAULT '',
    result_due   timestamptz,
    result_at    timestamptz,
    delivered_at timestamptz
) WITH (fillfactor = 80);

CREATE TABLE ivan.status_history (
    dossier_id uuid NOT NULL,
    at         timestamptz NOT NULL,
    recorded   bigint GENERATED ALWAYS AS IDENTITY,
    status     text NOT NULL,
    department text NOT NULL,
    note       text NOT NULL,
    PRIMARY KEY (dossier_id, recorded)
);

CREATE TABLE ivan.workflow_events (
    event_id    text PRIMARY KEY,
    case_code   text NOT NULL,
    status      text NOT NULL,
    body_sha256 text NOT NULL,
    at          timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

-- The cursor is drawn under an advisory lock of the provider, held until commit: nothing ever appears below a cursor
-- that somebody has read.
CREATE TABLE ivan.notices (
    provider   text NOT NULL,
    cursor     bigint GENERATED ALWAYS AS IDENTITY,
    dossier_id uuid NOT NULL,
    case_code  text NOT NULL,
    kind       text NOT NULL,
    status     text NOT NULL,
    at         timestamptz NOT NULL,
    note       text NOT NULL,
    PRIMARY KEY (provider, cursor)
);

CREATE TABLE ivan.probe (
    id boolean PRIMARY KEY DEFAULT true CHECK (id),
    at timestamptz NOT NULL
) WITH (fillfactor = 50);

SELECT ivan.make_partitions(now(), 3);
