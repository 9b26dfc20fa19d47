-- Subscriptions, notices, closed months, invoice lines and corrections (D7). Amounts are decimal text.

CREATE TABLE subscription (
    client_id BIGINT NOT NULL REFERENCES client (id),
    -- The first month that it holds for, 202611. No row: standard.
    from_month BIGINT NOT NULL,
    -- standard or enterprise.
    kind TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_ms BIGINT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (client_id, from_month)
);

-- The client is told that its averages reach a limit, and decides; nothing moves by itself (D7.4).
CREATE TABLE threshold_notice (
    client_id BIGINT NOT NULL REFERENCES client (id),
    -- The month with whose close it was given.
    month BIGINT NOT NULL,
    months_counted BIGINT NOT NULL,
    bytes_sum BIGINT NOT NULL,
    cases_sum BIGINT NOT NULL,
    volume_reached BIGINT NOT NULL,
    cases_reached BIGINT NOT NULL,
    noticed_ms BIGINT NOT NULL,
    -- move or stay; NULL: not decided yet.
    decision TEXT,
    decided_by TEXT,
    decided_ms BIGINT,
    note TEXT,
    PRIMARY KEY (client_id, month)
);

-- A closed month never changes (D7.7). Imported: the closed months of an earlier system, so that averages have history.
CREATE TABLE month_close (
    client_id BIGINT NOT NULL REFERENCES client (id),
    month BIGINT NOT NULL,
    -- closed or imported.
    origin TEXT NOT NULL,
    subscription TEXT NOT NULL,
    events BIGINT NOT NULL,
    -- What the meter said, and the figure of the month: that plus the corrections entered in it.
    metered_bytes BIGINT NOT NULL,
    processed_bytes BIGINT NOT NULL,
    stored_bytes BIGINT NOT NULL,
    cases BIGINT NOT NULL,
    price_list TEXT NOT NULL,
    currency TEXT NOT NULL,
    closed_by TEXT NOT NULL,
    closed_ms BIGINT NOT NULL,
    PRIMARY KEY (client_id, month)
);

-- The cases that a closed month counted.
CREATE TABLE month_case (
    client_id BIGINT NOT NULL,
    month BIGINT NOT NULL,
    case_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    registered_ms BIGINT NOT NULL,
    PRIMARY KEY (client_id, month, case_id)
);

CREATE TABLE invoice_line (
    client_id BIGINT NOT NULL,
    month BIGINT NOT NULL,
    line BIGINT NOT NULL,
    item TEXT NOT NULL,
    payer TEXT NOT NULL,
    -- The line as it was shown, evidence included (JSON).
    content TEXT NOT NULL,
    amount TEXT NOT NULL,
    PRIMARY KEY (client_id, month, line)
);

-- Entries of their own, dated: what a closed month would say otherwise, credits, and amounts agreed by people.
CREATE TABLE correction (
    id BIGINT PRIMARY KEY,
    client_id BIGINT NOT NULL REFERENCES client (id),
    -- The month in which it counts, and the month that it is about.
    month BIGINT NOT NULL,
    about_month BIGINT NOT NULL,
    -- case, false_positive, volume or amount.
    kind TEXT NOT NULL,
    cases BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    amount TEXT NOT NULL,
    case_id BIGINT,
    reason TEXT NOT NULL,
    entered_by TEXT NOT NULL,
    entered_ms BIGINT NOT NULL
);

CREATE INDEX correction_by_month ON correction (client_id, month);
CREATE INDEX correction_by_case ON correction (case_id);

-- What a person decided where the price list has no answer.
CREATE TABLE hand_price (
    client_id BIGINT NOT NULL REFERENCES client (id),
    month BIGINT NOT NULL,
    item TEXT NOT NULL,
    amount TEXT NOT NULL,
    reason TEXT NOT NULL,
    priced_by TEXT NOT NULL,
    priced_ms BIGINT NOT NULL,
    PRIMARY KEY (client_id, month, item)
);
