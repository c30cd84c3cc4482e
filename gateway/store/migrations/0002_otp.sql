-- One-time passwords of individuals (QĐ 352 art. 17, NĐ 166/2016 art. 3 cl. 4): registered contacts with their history,
-- challenges, and limits that all gateways share. Persons and addresses stand here as keyed hashes, and once sealed for
-- sending: without the gateway's key these tables name nobody. Codes are never stored, only their keyed hashes.

CREATE TABLE ivan.otp_contacts (
    contact_id    text PRIMARY KEY CHECK (contact_id ~ '^[0-9a-f]{32}$'),
    person_key    text NOT NULL CHECK (person_key ~ '^[0-9a-f]{64}$'),
    channel       text NOT NULL CHECK (channel IN ('sms', 'email')),
    address_key   text NOT NULL CHECK (address_key ~ '^[0-9a-f]{64}$'),
    address       bytea NOT NULL,           -- sealed
    provider      text NOT NULL,            -- who asked for it, and alone may confirm it
    state         text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'active', 'replaced', 'retired')),
    asked_at      timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    code_hash     bytea NOT NULL CHECK (length(code_hash) = 32),
    approver      text REFERENCES ivan.otp_contacts,  -- the contact in force that must approve this one
    approval_hash bytea NOT NULL CHECK (length(approval_hash) = 32),
    tries         integer NOT NULL DEFAULT 0,
    confirmed_at  timestamptz,
    ended_at      timestamptz
);
-- One address in force for each person and channel.
CREATE UNIQUE INDEX ON ivan.otp_contacts (person_key, channel) WHERE state = 'active';
CREATE INDEX ON ivan.otp_contacts (person_key, asked_at);
CREATE INDEX ON ivan.otp_contacts (expires_at) WHERE state = 'asked';

CREATE TABLE ivan.otp_challenges (
    challenge_id      text PRIMARY KEY CHECK (challenge_id ~ '^[0-9a-f]{32}$'),
    person_key        text NOT NULL CHECK (person_key ~ '^[0-9a-f]{64}$'),
    content_sha256    text NOT NULL CHECK (content_sha256 ~ '^[0-9a-f]{64}$'),
    channel           text NOT NULL,
    provider          text NOT NULL,
    made_at           timestamptz NOT NULL,
    expires_at        timestamptz NOT NULL,
    code_hash         bytea NOT NULL CHECK (length(code_hash) = 32),  -- random where the person is not known
    tries             integer NOT NULL DEFAULT 0,
    replaced_at       timestamptz,
    redeemed_at       timestamptz,          -- with the dossier's own commit
    redeemed_key      text,                 -- its idempotency key
    dossier_id        uuid
);
CREATE INDEX ON ivan.otp_challenges (person_key, content_sha256) WHERE redeemed_at IS NULL AND replaced_at IS NULL;
CREATE INDEX ON ivan.otp_challenges (expires_at) WHERE redeemed_at IS NULL;

-- One row for whatever is limited: `full_until` moves on by the interval with each use (GCRA), so a limit costs one row
-- whatever its rate, and no window's edge lets twice as much through.
CREATE TABLE ivan.otp_limits (
    subject    text PRIMARY KEY,
    full_until timestamptz NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX ON ivan.otp_limits (full_until);

-- Takes one use of `burst` at once and one more each interval. 0: taken; else after how many milliseconds there will be one.
-- The row stays locked until the transaction ends: a use that is rolled back was not taken.
CREATE FUNCTION ivan.otp_take(subject_ text, at timestamptz, interval_ms bigint, burst bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    step  CONSTANT interval := make_interval(secs => interval_ms / 1000.0);
    until timestamptz;
BEGIN
    INSERT INTO ivan.otp_limits AS l (subject, full_until) VALUES (subject_, at + step)
    ON CONFLICT (subject) DO UPDATE SET full_until = greatest(l.full_until, at) + step
    WHERE greatest(l.full_until, at) + step <= at + burst * step
    RETURNING l.full_until INTO until;
    IF FOUND THEN
        RETURN 0;
    END IF;
    SELECT l.full_until INTO until FROM ivan.otp_limits l WHERE l.subject = subject_;
    RETURN greatest(1, ceil(extract(epoch FROM until + step - burst * step - at) * 1000))::bigint;
END $$;

-- How the hub knew the sender of a dossier: 'signature', or a one-time password by 'otp/sms' or 'otp/email'.
ALTER TABLE ivan.dossiers ADD COLUMN authenticated text NOT NULL DEFAULT 'signature'
    CHECK (authenticated IN ('signature', 'otp/sms', 'otp/email'));
