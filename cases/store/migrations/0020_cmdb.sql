-- Configuration items (D3.1, D3.2). Each origin CMDB's word is kept whole in ci_claim; ci and ci_identifier hold what
-- the claims come to under the precedence rules, so that queries and the resolver never reconcile.

CREATE TABLE ci (
    id BIGINT PRIMARY KEY,
    client_id BIGINT NOT NULL REFERENCES client (id),
    class TEXT NOT NULL,
    name TEXT NOT NULL,
    provider_id BIGINT REFERENCES provider (id),
    environment TEXT,
    -- 1 (highest) to 4.
    criticality BIGINT,
    -- Flemish information classification, 1 to 5.
    confidentiality BIGINT,
    integrity BIGINT,
    availability BIGINT,
    -- Whether 24/7 availability was agreed (D5.2).
    always_on BIGINT NOT NULL DEFAULT 0,
    support_group TEXT,
    lifecycle TEXT NOT NULL,
    -- Whether it should send logs.
    logging BIGINT NOT NULL DEFAULT 0,
    changed_ms BIGINT NOT NULL,
    retired_ms BIGINT
);

CREATE INDEX ci_by_client ON ci (client_id, name, id);
CREATE INDEX ci_by_provider ON ci (provider_id, name, id);
CREATE INDEX ci_by_name ON ci (name, id);

-- What one origin CMDB says about a CI, under the origin's own id: a JSON object of attributes and relations.
CREATE TABLE ci_claim (
    origin TEXT NOT NULL,
    origin_key TEXT NOT NULL,
    ci_id BIGINT NOT NULL REFERENCES ci (id),
    claim TEXT NOT NULL,
    imported_ms BIGINT NOT NULL,
    PRIMARY KEY (origin, origin_key)
);

CREATE INDEX ci_claim_by_ci ON ci_claim (ci_id);

CREATE TABLE ci_identifier (
    ci_id BIGINT NOT NULL REFERENCES ci (id),
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (ci_id, kind, value)
);

CREATE INDEX ci_identifier_by_value ON ci_identifier (value, kind);

CREATE TABLE ci_relation (
    from_ci BIGINT NOT NULL REFERENCES ci (id),
    kind TEXT NOT NULL,
    to_ci BIGINT NOT NULL REFERENCES ci (id),
    origin TEXT NOT NULL,
    PRIMARY KEY (from_ci, kind, to_ci, origin)
);

CREATE INDEX ci_relation_by_target ON ci_relation (to_ci, kind);

-- The reconciled record as it was from valid_from_ms up to, not including, valid_to_ms (empty: still).
CREATE TABLE ci_version (
    ci_id BIGINT NOT NULL REFERENCES ci (id),
    version BIGINT NOT NULL,
    valid_from_ms BIGINT NOT NULL,
    valid_to_ms BIGINT,
    record TEXT NOT NULL,
    PRIMARY KEY (ci_id, version)
);

-- Which origin's word counts for what: the highest rank of the most specific rule. '*' stands for all.
CREATE TABLE cmdb_precedence (
    origin TEXT NOT NULL,
    class TEXT NOT NULL,
    attribute TEXT NOT NULL,
    rank BIGINT NOT NULL,
    PRIMARY KEY (origin, class, attribute)
);

CREATE TABLE cmdb_import (
    version BIGINT PRIMARY KEY,
    origin TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    actor TEXT NOT NULL,
    added BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    retired BIGINT NOT NULL
);
