-- Alerts, their groups, and security cases (D4).

CREATE TABLE alert_group (
    id BIGINT PRIMARY KEY,
    client_id BIGINT NOT NULL REFERENCES client (id),
    rule_id TEXT NOT NULL,
    rule_title TEXT NOT NULL,
    -- 0 informational, 1 low, 2 medium, 3 high, 4 critical.
    level BIGINT NOT NULL,
    entity TEXT NOT NULL,
    ci_id BIGINT REFERENCES ci (id),
    provider_id BIGINT REFERENCES provider (id),
    source_type TEXT NOT NULL,
    first_ms BIGINT NOT NULL,
    last_ms BIGINT NOT NULL,
    last_event_id BIGINT NOT NULL,
    -- All alerts of the group; the first of them are kept as rows.
    count BIGINT NOT NULL,
    state TEXT NOT NULL,
    case_id BIGINT,
    reason TEXT
);

CREATE INDEX alert_group_by_key ON alert_group (client_id, rule_id, entity, id);
CREATE INDEX alert_group_queue ON alert_group (state, level, last_ms, id);
CREATE INDEX alert_group_by_client ON alert_group (client_id, state, level, last_ms, id);
CREATE INDEX alert_group_by_case ON alert_group (case_id);
CREATE INDEX alert_group_by_ci ON alert_group (ci_id, last_ms);

CREATE TABLE alert (
    -- Made of rule and event, so that a replay gives the same.
    id TEXT PRIMARY KEY,
    group_id BIGINT NOT NULL REFERENCES alert_group (id),
    client_id BIGINT NOT NULL REFERENCES client (id),
    provider_id BIGINT,
    source_id BIGINT NOT NULL,
    event_id BIGINT NOT NULL,
    event_ms BIGINT NOT NULL,
    received_ms BIGINT NOT NULL,
    summary TEXT NOT NULL
);

CREATE INDEX alert_by_group ON alert (group_id, event_id);

CREATE TABLE security_case (
    id BIGINT PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    client_id BIGINT NOT NULL REFERENCES client (id),
    title TEXT NOT NULL,
    ci_id BIGINT REFERENCES ci (id),
    entity TEXT NOT NULL,
    -- The highest level of its alerts.
    level BIGINT NOT NULL,
    impact BIGINT NOT NULL,
    urgency BIGINT NOT NULL,
    proposed_priority BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    state TEXT NOT NULL,
    provider_id BIGINT REFERENCES provider (id),
    assignee TEXT,
    reassignments BIGINT NOT NULL,
    -- Whether 24/7 availability was agreed for its CI when it was registered (D5.2).
    always_on BIGINT NOT NULL,
    -- The policy, or the person, that registered it.
    registered_by TEXT NOT NULL,
    registered_ms BIGINT NOT NULL,
    acknowledged_ms BIGINT,
    contained_ms BIGINT,
    resolved_ms BIGINT,
    closed_ms BIGINT,
    -- The next target that it must meet; the year 9999 when none is left.
    due_ms BIGINT NOT NULL,
    last_alert_ms BIGINT NOT NULL,
    verdict TEXT,
    root_cause TEXT,
    merged_into_id BIGINT REFERENCES security_case (id),
    merged_ms BIGINT,
    withdrawn_ms BIGINT,
    -- Counts changes: a caller changes the version that it saw, or nothing.
    version BIGINT NOT NULL
);

CREATE INDEX security_case_by_client ON security_case (client_id, registered_ms);
CREATE INDEX security_case_queue ON security_case (state, priority, due_ms, id);
CREATE INDEX security_case_by_provider ON security_case (provider_id, registered_ms);
CREATE INDEX security_case_by_ci ON security_case (ci_id);

-- All that happened to a case, in order; never changed. Every clock is a fold over it.
CREATE TABLE case_event (
    case_id BIGINT NOT NULL REFERENCES security_case (id),
    seq BIGINT NOT NULL,
    at_ms BIGINT NOT NULL,
    actor TEXT NOT NULL,
    organisation TEXT NOT NULL,
    human BIGINT NOT NULL,
    kind TEXT NOT NULL,
    from_value TEXT,
    to_value TEXT,
    reason TEXT,
    PRIMARY KEY (case_id, seq)
);

CREATE TABLE case_note (
    id BIGINT PRIMARY KEY,
    case_id BIGINT NOT NULL REFERENCES security_case (id),
    at_ms BIGINT NOT NULL,
    author TEXT NOT NULL,
    organisation TEXT NOT NULL,
    shared BIGINT NOT NULL,
    body TEXT NOT NULL
);

CREATE INDEX case_note_by_case ON case_note (case_id, id);
