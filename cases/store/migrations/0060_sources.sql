-- Registered log sources, what they show to prove who they are, and the CIs that they log for (D2, D6.7).

CREATE TABLE source (
    id BIGINT PRIMARY KEY,
    client_id BIGINT NOT NULL REFERENCES client (id),
    -- The provider that operates the sender; NULL: the client itself.
    provider_id BIGINT REFERENCES provider (id),
    name TEXT NOT NULL,
    -- The catalogue entry that was registered or ordered.
    source_type TEXT NOT NULL,
    -- udp, tcp, tls, http or file.
    transport TEXT NOT NULL,
    -- IANA zone of times that name none.
    zone TEXT NOT NULL,
    -- The parser to use whatever a line looks like; NULL: recognise.
    parser TEXT,
    -- active or stopped.
    state TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    stopped_ms BIGINT,
    UNIQUE (client_id, name)
);

-- What came from senders that belong to nobody.
INSERT INTO source (id, client_id, provider_id, name, source_type, transport, zone, parser, state, created_ms)
VALUES (0, 0, NULL, 'unknown', 'raw', 'tcp', 'UTC', NULL, 'active', 0);

CREATE TABLE source_credential (
    id BIGINT PRIMARY KEY,
    source_id BIGINT NOT NULL REFERENCES source (id),
    -- token (hash), certificate (fingerprint), address (network) or listener (name).
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    revoked_ms BIGINT
);

-- Two sources that show the same could not be told apart.
CREATE UNIQUE INDEX source_credential_live ON source_credential (kind, value) WHERE revoked_ms IS NULL;

CREATE TABLE source_ci (
    source_id BIGINT NOT NULL REFERENCES source (id),
    ci_id BIGINT NOT NULL,
    PRIMARY KEY (source_id, ci_id)
);

CREATE INDEX source_ci_by_ci ON source_ci (ci_id);
