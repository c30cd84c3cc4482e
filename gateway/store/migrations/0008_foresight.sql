-- One question in place of many: whether a commit finds what its gateway foresaw when it signed the receipts (detail/foresight.hpp).
-- Takes the locks, the numbers and the places in the order in which a commit that asks first takes them; where anything is
-- other than foreseen, the transaction ends here and nothing of it has happened: SQLSTATE IV001 where somebody else has committed,
-- IV002 where a unit belongs to another.
--   units     belong to the tax codes given
--   counters  stand at `lasts` after so many (`counts`) were taken
--   sequence  gives first_sequence and the `drawn - 1` behind it
--   log       ends at log_size with this frontier
CREATE FUNCTION ivan.as_foreseen(agencies text[], unit_codes text[], tax_codes text[], counters text[], counts bigint[], lasts bigint[],
                                 first_sequence bigint, drawn bigint, log_size bigint, log_frontier bytea) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    same bigint;
    newest record;
BEGIN
    IF cardinality(agencies) > 0 THEN
        SELECT count(*) INTO same FROM unnest(agencies, unit_codes, tax_codes) AS n(a, u, t)
        JOIN ivan.units f ON f.agency = n.a AND f.unit_code = n.u AND f.tax_code = n.t;
        IF same <> cardinality(agencies) THEN
            RAISE EXCEPTION 'a unit is not whose it was foreseen to be' USING ERRCODE = 'IV002';
        END IF;
    END IF;

    IF cardinality(counters) > 0 THEN
        WITH taken AS (
            INSERT INTO ivan.case_counters AS c (counter, last) SELECT k, n FROM unnest(counters, counts) AS n(k, n)
            ON CONFLICT (counter) DO UPDATE SET last = c.last + excluded.last RETURNING counter, last)
        SELECT count(*) INTO same FROM taken t JOIN unnest(counters, lasts) AS n(k, l) ON n.k = t.counter AND n.l = t.last;
        IF same <> cardinality(counters) THEN
            RAISE EXCEPTION 'case numbers have moved' USING ERRCODE = 'IV001';
        END IF;
        -- Drawn while the counters are locked: an agency's queue is in the order of its commits.
        SELECT count(*) INTO same FROM generate_series(first_sequence, first_sequence + drawn - 1) AS n(s) WHERE nextval('ivan.delivery_sequence') = n.s;
        IF same <> drawn THEN
            RAISE EXCEPTION 'the delivery sequence has moved' USING ERRCODE = 'IV001';
        END IF;
    END IF;

    PERFORM pg_advisory_xact_lock(hashtextextended('ivan.log', 0));
    -- A statement of its own: its snapshot is taken when the lock is ours.
    SELECT first_index + count AS size, frontier INTO newest FROM ivan.log_groups ORDER BY first_index DESC LIMIT 1;
    IF newest.size IS DISTINCT FROM log_size OR newest.frontier IS DISTINCT FROM log_frontier THEN
        RAISE EXCEPTION 'the provable log has grown' USING ERRCODE = 'IV001';
    END IF;
END $$;
