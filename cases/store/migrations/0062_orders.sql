-- Orders for log sources (D6): where each stands, and every step with who, when and a note.

CREATE TABLE source_order (
    id BIGINT PRIMARY KEY,
    client_id BIGINT NOT NULL REFERENCES client (id),
    -- The provider that will operate the sender; NULL: the client itself.
    provider_id BIGINT REFERENCES provider (id),
    -- Short name, and the name of the source once it is there.
    name TEXT NOT NULL,
    source_type TEXT NOT NULL,
    transport TEXT NOT NULL,
    goal TEXT NOT NULL,
    expected_bytes_month BIGINT NOT NULL,
    -- siem or siem+soc.
    follow_up TEXT NOT NULL,
    wanted_day TEXT,
    -- requested, ordered, provisioned, delivered, rejected or stopped.
    state TEXT NOT NULL,
    requested_ms BIGINT NOT NULL,
    -- The order date, which is the start date (D6.5).
    ordered_ms BIGINT,
    provisioned_ms BIGINT,
    -- The first event, and when the platform saw it.
    first_event_ms BIGINT,
    delivered_ms BIGINT,
    closed_ms BIGINT,
    -- The last day of service, YYYY-MM-DD (D6.8).
    stop_day TEXT,
    source_id BIGINT REFERENCES source (id)
);

CREATE INDEX source_order_by_client ON source_order (client_id, id);
CREATE INDEX source_order_by_state ON source_order (state);

CREATE TABLE source_order_ci (
    order_id BIGINT NOT NULL REFERENCES source_order (id),
    ci_id BIGINT NOT NULL,
    PRIMARY KEY (order_id, ci_id)
);

CREATE TABLE source_order_step (
    order_id BIGINT NOT NULL REFERENCES source_order (id),
    step BIGINT NOT NULL,
    -- The state reached, or stop_planned.
    kind TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    actor TEXT NOT NULL,
    organisation TEXT NOT NULL,
    note TEXT NOT NULL,
    PRIMARY KEY (order_id, step)
);
