-- Closed statements of a provider's day (gateway/ledger/statement.hpp). A signature is another each time it is made, and what we
-- signed is out in the world: whoever asks again gets the same bytes. Written once for each provider and day, by whoever is asked
-- first; never on the path of a dossier. All statements of one day end at the same size of the log.
CREATE TABLE ivan.statements (
    day       date NOT NULL,       -- of Vietnam
    provider  text NOT NULL,
    size      bigint NOT NULL,
    key_id    text NOT NULL,
    text      text NOT NULL,
    signature bytea NOT NULL,      -- over the text, as of a head
    PRIMARY KEY (day, provider)
);
