-- KRI values of months that are over, as they were frozen (D8.1). The definition's version stands beside each.

CREATE TABLE kri_value (
    month BIGINT NOT NULL,
    kri TEXT NOT NULL,
    -- total, client or provider, and its number; 0 for total.
    subject TEXT NOT NULL,
    subject_id BIGINT NOT NULL,
    -- 0: all priorities together.
    priority BIGINT NOT NULL,
    version BIGINT NOT NULL,
    -- The value and the rows behind it (JSON).
    content TEXT NOT NULL,
    frozen_by TEXT NOT NULL,
    frozen_ms BIGINT NOT NULL,
    PRIMARY KEY (month, kri, subject, subject_id, priority)
);

CREATE INDEX kri_value_by_subject ON kri_value (kri, subject, subject_id, month);
