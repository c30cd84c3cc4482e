-- Dossiers accepted under grace: a signer's revocation evidence had ended when they came (signing/trust.hpp, AnchorPolicy).
-- Written in the transaction that accepts them; looked at again when fresh evidence is there. Settled rows stay: they say
-- when and by what a doubt was settled.

CREATE TABLE ivan.grace_dossiers (
    dossier_id      uuid PRIMARY KEY,
    case_code       text NOT NULL,
    provider        text NOT NULL,
    agency          text NOT NULL,
    received_at     timestamptz NOT NULL,
    state           text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'cleared', 'revoked')),
    looked_at       timestamptz NOT NULL DEFAULT '-infinity',  -- when it was last taken for a look
    leased_until    timestamptz NOT NULL DEFAULT '-infinity',
    settled_at      timestamptz,
    revoked_at      timestamptz,          -- as the CA says
    evidence        text NOT NULL DEFAULT '',   -- what settled it: "crl:<issuer CN>"
    this_update     timestamptz,
    acknowledged_at timestamptz,          -- by an operator, where state is revoked
    acknowledged_by text NOT NULL DEFAULT ''
) WITH (fillfactor = 80);
CREATE INDEX ON ivan.grace_dossiers (looked_at) WHERE state = 'pending';
CREATE INDEX ON ivan.grace_dossiers (settled_at) WHERE state = 'revoked' AND acknowledged_at IS NULL;

-- One row for each different signer of such a dossier.
CREATE TABLE ivan.grace_signers (
    dossier_id  uuid NOT NULL,
    signer      bigint NOT NULL,
    path        bytea NOT NULL,           -- certificate, issuers, anchor: each 4 bytes of length, most significant first, then its DER
    source      text NOT NULL,            -- the evidence it was accepted by, which had ended
    this_update timestamptz NOT NULL,
    next_update timestamptz NOT NULL,
    PRIMARY KEY (dossier_id, signer)
);
