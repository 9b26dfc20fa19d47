-- What was received, by day and month of receipt in Europe/Brussels (D7.1). Added to in the transaction of the reader
-- position and never otherwise, so that each event counts once (D7.2).

CREATE TABLE usage_day (
    client_id BIGINT NOT NULL,
    -- 202611
    month BIGINT NOT NULL,
    -- Days since 1970-01-01.
    day BIGINT NOT NULL,
    source_id BIGINT NOT NULL,
    -- 0: no CI was found.
    ci_id BIGINT NOT NULL,
    -- The provider of the CI at that moment; 0: none.
    provider_id BIGINT NOT NULL,
    events BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    parsed BIGINT NOT NULL,
    partial BIGINT NOT NULL,
    raw BIGINT NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    PRIMARY KEY (client_id, day, source_id, ci_id, provider_id)
);

CREATE INDEX usage_day_month ON usage_day (month, client_id);

-- The same events by source alone, with what source health asks (D2.6). Kept by counters of its own: the two tables
-- must agree, and a check compares them.
CREATE TABLE source_day (
    source_id BIGINT NOT NULL,
    day BIGINT NOT NULL,
    client_id BIGINT NOT NULL,
    events BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    parsed BIGINT NOT NULL,
    partial BIGINT NOT NULL,
    raw BIGINT NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    -- The longest silence that ended on this day.
    gap_max_ms BIGINT NOT NULL,
    -- Events stamped more than two minutes before, and after, their receipt.
    behind BIGINT NOT NULL,
    ahead BIGINT NOT NULL,
    PRIMARY KEY (source_id, day, client_id)
);

-- Bytes on disk for the events received on a day, as the index last said; set, not added.
CREATE TABLE stored_day (
    client_id BIGINT NOT NULL,
    month BIGINT NOT NULL,
    day BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    PRIMARY KEY (client_id, day)
);
